"""Welch's test of two means from their sufficient statistics, and the sample that it needs.

A controller that keeps sums per window needs no samples; a policy passes what it has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_ratio, require_sample
from simab.stats.interval import Interval, normal_quantile
from simab.stats.proportions import Alternative, require_alternative

__all__ = [
    "Moments",
    "WelchTest",
    "moments",
    "trials_for_means",
    "welch_spread",
    "welch_test",
]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and variance (divisor n - 1) of a sample; NaN where it is too small for them."""

    count: int
    mean: float
    variance: float

    def __post_init__(self) -> None:
        """Refuse a negative count or variance."""
        if self.count < 0 or self.variance < 0.0:
            raise InvalidInput(
                f"count = {self.count!r}, variance = {self.variance!r}: must not be negative. "
                "A variance from sums may round below 0: take it as 0."
            )


@dataclass(frozen=True, slots=True)
class WelchTest:
    """Mean b - mean a, its t, degrees of freedom, p-value and two-sided interval."""

    difference: float
    t: float
    degrees_of_freedom: float
    p_value: float
    interval: Interval
    reason: str | None = None


def moments(values: ArrayLike) -> Moments:
    """The moments of a sample (shape: n). Raises InvalidInput for values that are not finite."""
    sample = require_sample("values", values)
    mean = float(sample.mean()) if sample.size else math.nan
    variance = float(sample.var(ddof=1)) if sample.size > 1 else math.nan
    return Moments(sample.size, mean, variance)


def welch_spread(a: Moments, b: Moments) -> tuple[float, float]:
    """Variance of mean b - mean a, each arm with its own, and Satterthwaite's degrees of freedom.

    NaN with fewer than two values in an arm; degrees are NaN where the variance is 0.
    """
    if min(a.count, b.count) < 2:
        return math.nan, math.nan
    part_a, part_b = a.variance / a.count, b.variance / b.count
    variance = part_a + part_b
    if not variance > 0.0:
        return variance, math.nan
    squares = part_a**2 / (a.count - 1) + part_b**2 / (b.count - 1)
    return variance, variance**2 / squares


def welch_test(
    a: Moments, b: Moments, *, alternative: Alternative = "two-sided", level: float = 0.95
) -> WelchTest:
    """Test of equal means without equal variances; "larger" asks whether b's mean is larger.

    Welch 1947 with Satterthwaite's degrees of freedom. Values must be independent: requests of one
    busy queue are not. Fewer than two values in an arm, or variance 0 in both, gives NaN and a
    reason. Raises InvalidInput for another alternative or a level not strictly between 0 and 1.
    """
    from scipy.special import stdtr, stdtrit

    require_alternative(alternative)
    require_level("level", level)
    difference = b.mean - a.mean
    reason = _undefined(a, b)
    if reason is not None:
        undefined = Interval.undefined(level, reason)
        return WelchTest(difference, math.nan, math.nan, math.nan, undefined, reason)
    variance, degrees = welch_spread(a, b)
    error = math.sqrt(variance)
    t = difference / error
    margin = float(stdtrit(degrees, 0.5 + level / 2.0)) * error
    below = {"two-sided": -abs(t), "larger": -t, "smaller": t}[alternative]
    p_value = float(stdtr(degrees, below)) * (2.0 if alternative == "two-sided" else 1.0)
    interval = Interval(difference - margin, difference + margin, level)
    return WelchTest(difference, t, degrees, p_value, interval)


def trials_for_means(
    variances: tuple[float, float],
    difference: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
) -> float:
    """Trials of the first arm for a two-sided z-test of two means, not rounded.

    The second arm has `ratio` times as many: (z + z')^2 (v + v' / ratio) / difference^2; Chow, Shao
    and Wang 2008, section 3.2, each arm with its own variance. Inf beyond the range of floats.
    Raises InvalidInput for a negative
    variance, no difference, alpha or power not strictly between 0 and 1, or a ratio that is not
    above 0 and finite.
    """
    require_ratio(ratio)
    require_level("alpha", alpha)
    require_level("power", power)
    if min(variances) < 0.0 or not difference:
        raise InvalidInput(
            f"variances = {variances!r}, difference = {difference!r}: variances must not be "
            "negative, nor the difference 0. Give the variances of single values, and the smallest "
            "difference that matters."
        )
    quantiles = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power)
    return quantiles**2 * (variances[0] + variances[1] / ratio) / difference / difference


def _undefined(a: Moments, b: Moments) -> str | None:
    for arm, sample in (("a", a), ("b", b)):
        if sample.count < 2:
            return f"arm {arm} has {sample.count} values: at least 2 are needed for a variance"
    if not a.variance + b.variance > 0.0:
        return "the variance of both arms is 0 or unknown"
    return None
