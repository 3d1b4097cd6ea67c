"""Where an axis of time has its ticks, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from simab.text.dates import UTC_NAME, after, date_text
from simab.text.typeset import THIN

__all__ = ["SINCE_START", "axis_ticks", "axis_title", "time_ticks"]

SINCE_START: Final = "time since the start"
_HOUR_S: Final = 3_600.0
_CLOCK_STEPS_H: Final = (1, 2, 3, 6, 12)
_DAY_STEPS: Final = (1, 2, 7, 14, 28, 56, 112, 364)
_SHORTEST_S: Final = 3 * _HOUR_S
"""Spans that are shorter are told from the start on, also where that has a date."""


def axis_ticks(end_s: float, most: int, start: datetime | None = None) -> list[tuple[float, str]]:
    """Ticks in seconds since the start with their words: by the clock where the start has a date.

    Hours are 14:00, days 5 Jul; where daylight saving skips an hour it has no tick.
    """
    if start is None or end_s < _SHORTEST_S:
        unit_s, ticks = time_ticks(end_s, most)
        return [(at * unit_s, words) for at, words in ticks]
    for hours in _CLOCK_STEPS_H:
        if end_s / (_HOUR_S * hours) <= most:
            return list(_clock_ticks(end_s, start, hours))
    days = next((each for each in _DAY_STEPS if end_s / (24 * _HOUR_S * each) <= most), 728)
    return list(_clock_ticks(end_s, start, 24 * days))


def _clock_ticks(end_s: float, start: datetime, hours: int) -> Iterator[tuple[float, str]]:
    """Instants at which the clock shows whole multiples of so many hours since a midnight."""
    naive = start.replace(tzinfo=None)
    at = naive.replace(hour=0, minute=0, second=0, microsecond=0)
    if hours > 24 and at < naive:
        at += timedelta(days=1)
    while (since_s := _since(start, at)) <= end_s:
        if since_s >= 0 and after(start, since_s).replace(tzinfo=None) == at:
            midnight = at.hour == 0
            yield since_s, f"{at.day} {at:%b}" if midnight else f"{at:%H:%M}"
        at += timedelta(hours=hours)


def _since(start: datetime, clock: datetime) -> float:
    """Seconds from the start to when the clock there shows a time."""
    return clock.replace(tzinfo=start.tzinfo).timestamp() - start.timestamp()


def axis_title(end_s: float, start: datetime | None = None) -> str:
    """What the axis shows: time since the start, or by the clock from a date on."""
    if start is None:
        return SINCE_START
    zone = str(start.tzinfo)
    where = "" if zone == UTC_NAME else f" ({zone})"
    since = f"{date_text(start)}{where}"
    return f"time since {since}" if end_s < _SHORTEST_S else f"from {since}"


def time_ticks(end_s: float, most: int) -> tuple[float, list[tuple[float, str]]]:
    """The seconds in one unit of an axis from 0 to `end_s`, and its ticks in units with words."""
    unit_s, name = next(
        (size, name)
        for size, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
        if end_s >= 3 * size or size == 1.0
    )
    end = max(end_s / unit_s, 1e-9)
    steps = [m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5)]
    if name in ("h", "min", "s"):
        steps = (
            [0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24] if name == "h" else [0.1, 0.5, 1, 2, 5, 10, 20, 30]
        )
        steps += [60.0 * 2**e for e in range(12)]
    step = next((step for step in steps if end / step <= most), end)
    ticks = [at * step for at in range(math.floor(end / step + 1e-9) + 1)]
    named = [f"{each:g}{THIN}{name}" if each == ticks[-1] else f"{each:g}" for each in ticks]
    return unit_s, list(zip(ticks, named, strict=True))
