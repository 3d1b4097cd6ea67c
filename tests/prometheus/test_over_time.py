"""Rates by hand, and beside a second implementation in fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.prometheus.over_time import OVER_TIME, Span

rate, irate, increase = OVER_TIME["rate"], OVER_TIME["irate"], OVER_TIME["increase"]


def span(length_s: float, *samples: tuple[float, float]) -> Span:
    """Samples of the last seconds before 1,000 s."""
    times_ms = [round((1_000 - length_s + at_s) * 1_000) for at_s, _ in samples]
    return Span(round((1_000 - length_s) * 1_000), 1_000_000, times_ms, [v for _, v in samples])


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        # 45 s seen, 15 s to the start (up to 16.5 count as near): 30 / 45 * 60.
        (((15, 100), (30, 110), (45, 120), (60, 130)), 40.0),
        # 5 s and 10 s to the ends: all of the minute again.
        (((5, 100), (20, 110), (35, 120), (50, 130)), 40.0),
        # The first is 30 s from the start, more than 1.1 times 15 s: half a distance, 7.5 s.
        (((30, 100), (45, 110), (60, 120)), 20 * 37.5 / 30),
        # The last is 20 s from the end: half a distance.
        (((10, 100), (25, 110), (40, 120)), 20 * (30 + 10 + 7.5) / 30),
        # The counter would be 0 only 3 s before the first sample: 30 * (2 / 20).
        (((10, 2), (25, 12), (40, 22)), 20 * (30 + 3 + 7.5) / 30),
        # It began at 0: nothing before the first sample.
        (((15, 0), (30, 10), (45, 20), (60, 30)), 30.0),
        # A counter that began again at 0: 80 in all, and 10 of 80 of 45 s to its zero.
        (((15, 10), (30, 50), (45, 0), (60, 40)), 80 * (45 + 5.625) / 45),
        # It stands still.
        (((15, 7), (30, 7), (45, 7), (60, 7)), 0.0),
        (((60, 7),), None),
        ((), None),
    ],
)
def test_an_increase_by_hand(samples: tuple[tuple[float, float], ...], expected: float) -> None:
    found = increase(span(60, *samples))
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))
    if expected is not None:
        assert rate(span(60, *samples)) == pytest.approx(expected / 60, rel=1e-12)


def test_the_last_rate_is_of_the_last_two() -> None:
    assert irate(span(60, (15, 1), (30, 2), (45, 32))) == 2
    assert irate(span(60, (15, 1), (30, 50), (45, 30))) == 2
    assert irate(span(60, (15, 1))) is None


def test_the_threshold_of_nearness_is_not_near() -> None:
    """16.5 s is 1.1 times 15 s: no more near."""
    assert increase(span(46.5, (16.5, 100), (31.5, 110), (46.5, 120))) == pytest.approx(
        20 * 37.5 / 30
    )


def second_increase(found: Span) -> Fraction | None:
    """By the words of the documentation, in whole milliseconds and fractions."""
    points = [(t, Fraction(v)) for t, v in zip(found.times_ms, found.values, strict=True)]
    if len(points) < 2:
        return None
    steps = [b - a if b >= a else b for (_, a), (_, b) in pairwise(points)]
    growth, first_t, last_t = sum(steps, Fraction(0)), points[0][0], points[-1][0]
    mean = Fraction(last_t - first_t, len(points) - 1)

    def reach(gap_ms: int) -> Fraction:
        return Fraction(gap_ms) if gap_ms * 10 < mean * 11 else mean / 2

    left, right = reach(first_t - found.start_ms), reach(found.end_ms - last_t)
    if growth:
        left = min(left, (last_t - first_t) * points[0][1] / growth)
    return growth * (last_t - first_t + left + right) / (last_t - first_t)


COUNTS = st.lists(st.tuples(st.integers(1, 40_000), st.integers(0, 1_000)), min_size=0, max_size=12)


@given(COUNTS, st.integers(0, 40_000))
def test_increase_is_that_of_a_second_implementation(
    steps: list[tuple[int, int]], after_ms: int
) -> None:
    times_ms, values, at_ms = [], [], 0
    for gap_ms, value in steps:
        at_ms += gap_ms
        times_ms.append(at_ms)
        values.append(float(value))
    found = Span(0, at_ms + after_ms + 1, times_ms, values)
    expected, got = second_increase(found), increase(found)
    if expected is None:
        assert got is None
        return
    mean = (times_ms[-1] - times_ms[0]) / (len(times_ms) - 1)
    edges = (times_ms[0], found.end_ms - times_ms[-1])
    if any(math.isclose(edge, mean * 1.1, rel_tol=1e-9) for edge in edges):
        return  # 1.1 is not a number of binary fractions: the edge itself may fall to either side
    assert got == pytest.approx(float(expected), rel=1e-9)


@given(st.lists(st.integers(0, 50), min_size=5, max_size=60))
def test_a_rate_times_the_span_is_near_the_true_count(growths: list[int]) -> None:
    """Between scrapes at both ends the increase is the count, when the counter was well above 0."""
    values, at = [], 10_000
    for growth in growths:
        at += growth
        values.append(float(at))
    length_s = 15 * len(values)
    found = span(length_s, *((15.0 * (n + 1), value) for n, value in enumerate(values)))
    true = values[-1] - values[0]
    assert rate(found) * length_s == pytest.approx(true * len(values) / (len(values) - 1))


def test_simple_functions_of_a_span() -> None:
    found = span(60, (15, 3), (30, math.nan), (45, 1))
    values = {name: of(found) for name, of in OVER_TIME.items() if name.endswith("_over_time")}
    assert values["min_over_time"] == 1
    assert values["max_over_time"] == 3
    assert values["last_over_time"] == 1
    assert values["count_over_time"] == 3
    assert math.isnan(values["sum_over_time"])
    assert math.isnan(values["avg_over_time"])
    assert all(of(span(60)) is None for of in OVER_TIME.values())
