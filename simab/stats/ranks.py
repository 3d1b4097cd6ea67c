"""Rank tests of two independent samples: Mann-Whitney, and the Hodges-Lehmann shift.

Both follow R's wilcox.test without exact p-values, on which Spinnaker's Kayenta builds its
judgement, down to the root finder: its tolerance of 1e-4 shows in the results.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.stats.checks import require_level, require_sample
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.proportions import Alternative, normal_p_value, require_alternative

__all__ = ["LocationShift", "MannWhitneyTest", "location_shift", "mann_whitney", "middle_ranks"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MannWhitneyTest:
    """The pairs in which b is larger (ties counted half), their z and p-value."""

    pairs_won: float
    z: float
    p_value: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LocationShift:
    """By how much b lies above a: the Hodges-Lehmann estimate and its interval."""

    estimate: float
    interval: Interval
    reason: str | None = None


def mann_whitney(
    a: ArrayLike, b: ArrayLike, *, alternative: Alternative = "two-sided"
) -> MannWhitneyTest:
    """Normal approximation with continuity and tie correction; "larger" asks whether b is larger.

    Mann and Whitney 1947; ties as in Hollander and Wolfe 1999, section 4.1. Good from some ten
    values a sample. An empty sample, or only equal values, gives NaN and a reason. Raises
    InvalidInput for values that are NaN, or another shape.
    """
    require_alternative(alternative)
    sample_a, sample_b = _require_samples(a, b)
    reason = _undefined(sample_a, sample_b)
    if reason is not None:
        return MannWhitneyTest(math.nan, math.nan, math.nan, reason)
    excess, spread = _excess_of_pairs(sample_a, sample_b)
    correction = {"larger": 0.5, "smaller": -0.5}.get(alternative, math.copysign(0.5, excess))
    if alternative == "two-sided" and excess == 0.0:
        correction = 0.0
    z = (excess - correction) / spread
    pairs_won = excess + sample_a.size * sample_b.size / 2.0
    return MannWhitneyTest(pairs_won, z, normal_p_value(z, alternative))


def location_shift(
    a: ArrayLike, b: ArrayLike, *, level: float = 0.95, corrected_estimate: bool = False
) -> LocationShift:
    """The d for which b - d and a have equal rank sums, and its interval (shapes: n and m).

    The ends are where the two-sided test, continuity and ties corrected, reaches the quantiles of
    `level` (Bauer 1972; R's wilcox.test with exact = FALSE, conf.int = TRUE). The estimate leaves
    the continuity correction out as R does, or keeps it as Kayenta does. The rank sum is a step
    function of d: an end is a jump of it, found to within 1e-4 of the values' unit, so scale values
    that are themselves that small. An empty sample, or only equal values, gives NaN and a reason.
    Raises InvalidInput for values that are not finite, another shape, or a level not strictly
    between 0 and 1.
    """
    require_level("level", level)
    sample_a, sample_b = require_sample("a", a), require_sample("b", b)
    reason = _undefined(sample_a, sample_b)
    if reason is not None:
        return LocationShift(math.nan, Interval.undefined(level, reason), reason)
    least = float(sample_b.min() - sample_a.max())
    most = float(sample_b.max() - sample_a.min())

    def z_at(shift: float, continuity: float) -> float:
        excess, spread = _excess_of_pairs(sample_a, sample_b - shift)
        return (excess - continuity * float(np.sign(excess))) / spread

    def end(quantile: float) -> float:
        if z_at(least, 0.5) <= quantile:
            return least
        if z_at(most, 0.5) >= quantile:
            return most
        return _zero(lambda shift: z_at(shift, 0.5) - quantile, least, most)

    z = two_sided_normal_quantile(level)
    interval = Interval(end(z), end(-z), level)
    kept = 0.5 if corrected_estimate else 0.0
    return LocationShift(_zero(lambda shift: z_at(shift, kept), least, most), interval)


def middle_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(size) - (size - 1) / 2.0)[group]
    return ranks


def _excess_of_pairs(a: Floats, b: Floats) -> tuple[float, float]:
    """Pairs won by b beyond half of them, and the standard deviation of that number."""
    total, ordered = a.size + b.size, np.sort(a)
    won = np.searchsorted(ordered, b, "left").sum() + np.searchsorted(ordered, b, "right").sum()
    excess = float(won) / 2.0 - a.size * b.size / 2.0
    together = np.sort(np.concatenate((ordered, b)))
    ties = 0.0
    if (together[1:] == together[:-1]).any():  # seldom, of measured times
        cubes = np.unique(together, return_counts=True)[1].astype(np.float64)
        ties = float((cubes**3 - cubes).sum()) / (total * (total - 1.0))
    return excess, math.sqrt(a.size * b.size / 12.0 * (total + 1.0 - ties))


def _undefined(a: Floats, b: Floats) -> str | None:
    if a.size == 0 or b.size == 0:
        return f"sample {'b' if a.size else 'a'} is empty"
    least, most = min(float(a.min()), float(b.min())), max(float(a.max()), float(b.max()))
    return "all values are equal: ranks cannot distinguish the samples" if least == most else None


def _zero(function: Callable[[float], float], low: float, high: float) -> float:
    """Brent's zero finder as in R's uniroot at tolerance 1e-4 (Brent 1973, chapter 4).

    On a step function the answer depends on the steps that the search takes, so SciPy's variant
    would differ from R in the fifth digit. The function falls from above 0 at `low`.
    """
    a, b = low, high
    at_a, at_b = function(a), function(b)
    if at_a == 0.0:
        return a
    c, at_c = a, at_a
    for _ in range(_MOST_STEPS):
        previous = b - a
        if abs(at_c) < abs(at_b):
            a, b, c = b, c, b
            at_a, at_b, at_c = at_b, at_c, at_b
        tolerance = 2.0 * _EPSILON * abs(b) + _TOLERANCE / 2.0
        step = (c - b) / 2.0
        if abs(step) <= tolerance or at_b == 0.0:
            return b
        if abs(previous) >= tolerance and abs(at_a) > abs(at_b):
            p, q = _interpolation((a, b, c), (at_a, at_b, at_c))
            room = 0.75 * (c - b) * q - abs(tolerance * q) / 2.0
            if p < room and p < abs(previous * q / 2.0):
                step = p / q
        if abs(step) < tolerance:
            step = math.copysign(tolerance, step)
        a, at_a = b, at_b
        b += step
        at_b = function(b)
        if (at_b > 0.0) == (at_c > 0.0) and at_b != 0.0 and at_c != 0.0:
            c, at_c = a, at_a
    return b


def _interpolation(
    points: tuple[float, float, float], values: tuple[float, float, float]
) -> tuple[float, float]:
    """Step p / q from the best point: secant with two points, inverse quadratic with three."""
    (a, b, c), (at_a, at_b, at_c) = points, values
    ratio = at_b / at_a
    if a == c:
        p, q = (c - b) * ratio, 1.0 - ratio
    else:
        other, outer = at_a / at_c, at_b / at_c
        p = ratio * ((c - b) * other * (other - outer) - (b - a) * (outer - 1.0))
        q = (other - 1.0) * (outer - 1.0) * (ratio - 1.0)
    return (p, -q) if p > 0.0 else (-p, q)


def _require_samples(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    return require_sample("a", a, infinite=True), require_sample("b", b, infinite=True)


_EPSILON: Final = float(np.finfo(np.float64).eps)
_TOLERANCE: Final = 1e-4
_MOST_STEPS: Final = 1_000
