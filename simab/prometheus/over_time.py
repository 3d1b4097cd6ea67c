"""Functions of the samples of one series in a span of time: rates, and simple ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["OVER_TIME", "Span", "largest", "smallest", "total"]

_FAR: Final = 1.1


class Span(NamedTuple):
    """The samples of a series later than `start_ms` and up to `end_ms`."""

    start_ms: int
    end_ms: int
    times_ms: Sequence[int]
    values: Sequence[float]


def _increase(span: Span) -> float | None:
    """The growth of a counter, drawn out to the ends of the span; None of fewer than two samples.

    As Prometheus does: to each end where a sample is near, which is within 1.1 times the mean
    distance of samples, else by half that distance; and not to where the counter would be below 0.
    """
    times_ms, values = span.times_ms, span.values
    if len(values) < 2:
        return None
    growth = values[-1] - values[0]
    for before, after in pairwise(values):
        if after < before:  # it began again at 0
            growth += before
    sampled_s = (times_ms[-1] - times_ms[0]) / 1_000
    distance_s = sampled_s / (len(values) - 1)
    before_s = (times_ms[0] - span.start_ms) / 1_000
    after_s = (span.end_ms - times_ms[-1]) / 1_000
    if before_s >= distance_s * _FAR:
        before_s = distance_s / 2
    if growth > 0 and values[0] >= 0:
        before_s = min(before_s, sampled_s * (values[0] / growth))
    if after_s >= distance_s * _FAR:
        after_s = distance_s / 2
    return growth * ((sampled_s + before_s + after_s) / sampled_s)


def _rate(span: Span) -> float | None:
    growth = _increase(span)
    return None if growth is None else growth / ((span.end_ms - span.start_ms) / 1_000)


def _last_rate(span: Span) -> float | None:
    """The growth between the last two samples, per second."""
    if len(span.values) < 2:
        return None
    before, after = span.values[-2:]
    growth = after if after < before else after - before
    return growth / ((span.times_ms[-1] - span.times_ms[-2]) / 1_000)


def total(values: Sequence[float]) -> float:
    """A sum that is exact before it is rounded once."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # it leaves the numbers, or has both infinities
        return float(sum(values))


def smallest(values: Sequence[float]) -> float:
    """The least number; NaN where there is none."""
    return min((each for each in values if not math.isnan(each)), default=math.nan)


def largest(values: Sequence[float]) -> float:
    """The greatest number; NaN where there is none."""
    return max((each for each in values if not math.isnan(each)), default=math.nan)


def _of_values(of: Callable[[Sequence[float]], float]) -> Callable[[Span], float | None]:
    return lambda span: of(span.values) if span.values else None


OVER_TIME: Final[Mapping[str, Callable[[Span], float | None]]] = {
    "rate": _rate,
    "irate": _last_rate,
    "increase": _increase,
    "avg_over_time": _of_values(lambda values: total(values) / len(values)),
    "min_over_time": _of_values(smallest),
    "max_over_time": _of_values(largest),
    "sum_over_time": _of_values(total),
    "count_over_time": _of_values(lambda values: float(len(values))),
    "last_over_time": _of_values(lambda values: values[-1]),
}
"""By the name of the function."""
