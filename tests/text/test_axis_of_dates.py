"""Axes of time where a run starts at a date: ticks by the clock there, worked out by hand."""

from __future__ import annotations

from simab.text.dates import start_of
from simab.text.time_ticks import axis_ticks, axis_title

HOUR_S = 3_600.0


def test_hours_are_those_of_the_clock() -> None:
    start = start_of("2026-03-02T12:30")
    assert axis_ticks(8 * HOUR_S, 8, start) == [
        (HOUR_S * (hour - 12.5), f"{hour}:00") for hour in range(13, 21)
    ]


def test_a_midnight_is_a_day() -> None:
    start = start_of("2026-03-02T18:00")
    found = axis_ticks(24 * HOUR_S, 5, start)
    assert [words for _, words in found] == ["18:00", "3 Mar", "06:00", "12:00", "18:00"]


def test_days_begin_at_midnight() -> None:
    start = start_of("2026-02-27T09:00")
    found = axis_ticks(4 * 24 * HOUR_S, 5, start)
    assert found[:2] == [(15 * HOUR_S, "28 Feb"), (39 * HOUR_S, "1 Mar")]


def test_an_hour_that_is_skipped_has_no_tick_and_later_ones_come_sooner() -> None:
    """On 29 March 2026 the clock in Berlin goes from 2 to 3."""
    start = start_of("2026-03-29T00:00", "Europe/Berlin")
    found = axis_ticks(5 * HOUR_S, 8, start)
    assert found == [
        (0.0, "29 Mar"),
        (HOUR_S, "01:00"),
        (2 * HOUR_S, "03:00"),
        (3 * HOUR_S, "04:00"),
        (4 * HOUR_S, "05:00"),
        (5 * HOUR_S, "06:00"),
    ]
    assert axis_title(5 * HOUR_S, start) == "from Sun 29 Mar 2026, 00:00 (Europe/Berlin)"


def test_without_a_date_or_in_a_short_span_time_is_since_the_start() -> None:
    assert axis_ticks(8 * HOUR_S, 8)[1] == (HOUR_S, "1")
    assert axis_title(8 * HOUR_S) == "time since the start"
    start = start_of("2026-03-02")
    assert axis_ticks(HOUR_S, 8, start)[-1] == (HOUR_S, "60\u202fmin")
    assert axis_title(HOUR_S, start) == "time since Mon 2 Mar 2026, 00:00"
