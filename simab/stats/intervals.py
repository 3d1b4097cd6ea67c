"""Confidence intervals of a share, a difference of shares, a mean, a paired difference, a quantile.

Units are those of the values passed in; a sample is one value a replication, never one a request.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from simab.stats.checks import (
    require_level,
    require_same_length,
    require_sample,
    require_successes,
)
from simab.stats.interval import Interval, two_sided_normal_quantile

__all__ = [
    "Estimate",
    "Interval",
    "MeanEstimate",
    "PairedDifference",
    "QuantileEstimate",
    "independent_difference",
    "mean_interval",
    "mean_p_value",
    "newcombe_interval",
    "paired_difference",
    "quantile_interval",
    "share_interval",
    "wilson_interval",
]


_FEW = 15  # successes or failures: fewer make Wilson's coverage uneven


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A mean over replications, its Student t interval and standard error (units of the values)."""

    estimate: float
    interval: Interval
    standard_error: float
    count: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean of b - a over common replications, and what the pairing gained.

    `variance_reduction` is (Var a + Var b) / Var(a - b): how many times more replications two
    independent sets would need for the same interval. NaN, with `reason`, where Var(a - b) is 0.
    """

    estimate: float
    interval: Interval
    standard_error: float
    variance_reduction: float
    count: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QuantileEstimate:
    """A sample quantile and its interval, of which an end is infinite where values are too few."""

    estimate: float
    interval: Interval
    reason: str | None = None


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Score interval of a share (Wilson 1927; Newcombe 1998a, method 3).

    No trials give the whole range [0, 1] with a reason. Raises InvalidInput unless
    0 <= successes <= trials and 0 < level < 1.
    """
    require_successes("successes", successes, trials)
    low, high = _wilson_ends(successes, trials, two_sided_normal_quantile(level))
    return Interval(low, high, level, None if trials else "no trials")


def share_interval(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Interval of a share that covers rare shares too: at least 93 % at a level of 95 %.

    Wilson's, or Clopper and Pearson's (1934) where there are fewer than 15 successes or failures:
    Wilson's alone covers .84 where one success in n is expected now and then (Brown, Cai and
    DasGupta 2001, Statistical Science 16:101-133, section 4.1.1). Raises InvalidInput as
    `wilson_interval`.
    """
    wilson = wilson_interval(successes, trials, level=level)
    failures = trials - successes
    if not trials or min(successes, failures) >= _FEW:
        return wilson
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1.0 - tail)) if failures else 1.0
    return Interval(low, high, level)


def newcombe_interval(
    successes_a: int, trials_a: int, successes_b: int, trials_b: int, *, level: float = 0.95
) -> Interval:
    """Interval of share b - share a, independent arms: square-and-add of the two Wilson intervals.

    Newcombe 1998b (Statistics in Medicine 17:873-890), method 10, without continuity correction.
    An arm without trials gives [-1, 1] with a reason. Raises InvalidInput as `wilson_interval`.
    """
    require_successes("successes_a", successes_a, trials_a)
    require_successes("successes_b", successes_b, trials_b)
    z = two_sided_normal_quantile(level)
    if not (trials_a and trials_b):
        return Interval(-1.0, 1.0, level, f"arm {'b' if trials_a else 'a'} has no trials")
    low_a, high_a = _wilson_ends(successes_a, trials_a, z)
    low_b, high_b = _wilson_ends(successes_b, trials_b, z)
    share_a, share_b = successes_a / trials_a, successes_b / trials_b
    difference = share_b - share_a
    return Interval(
        difference - math.hypot(share_b - low_b, high_a - share_a),
        difference + math.hypot(high_b - share_b, share_a - low_a),
        level,
    )


Estimate: TypeAlias = tuple[float, float, float]
"""A value and the two ends of its interval."""


def independent_difference(
    a: Estimate, b: Estimate, *, level: float = 0.95
) -> tuple[Interval, float]:
    """Interval of b - a of two independent estimates, of theirs; and a p-value of no difference.

    Each end recovers the variance that the two intervals have on its side (Zou and Donner 2008,
    Statistics in Medicine 27:1693-1702): of two Wilson intervals it is Newcombe's. The p-value is
    that of the normal law with half the interval's width towards 0 (Altman and Bland 2011, BMJ
    343:d2304); 1 where the values are equal. NaN, with a reason, where an end is not finite.
    """
    z = two_sided_normal_quantile(level)
    if not all(math.isfinite(each) for each in (*a, *b)):
        return Interval.undefined(level, "one of the two has no interval"), math.nan
    difference = b[0] - a[0]
    low = difference - math.hypot(b[0] - b[1], a[2] - a[0])
    high = difference + math.hypot(b[2] - b[0], a[0] - a[1])
    towards_zero = difference - low if difference > 0 else high - difference
    if difference == 0.0 or towards_zero <= 0.0:
        return Interval(low, high, level), float(difference == 0.0)
    away = z * abs(difference) / towards_zero
    return Interval(low, high, level), math.erfc(away / math.sqrt(2.0))


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> MeanEstimate:
    """Student t interval of the mean of independent values, one a replication (shape: n).

    Requests within one run are not independent: pass run means, not requests. Fewer than two
    values have no spread: the interval is NaN with a reason, and so is the estimate for none.
    Raises InvalidInput for a value that is not finite, another shape, or a level outside 0 to 1.
    """
    require_level("level", level)
    sample = require_sample("values", values)
    count = sample.size
    if count < 2:
        reason = f"{count} replication{'' if count else 's'}: at least 2 are needed for an interval"
        estimate = float(sample[0]) if count else math.nan
        undefined = Interval.undefined(level, reason)
        return MeanEstimate(estimate, undefined, math.nan, count, reason)
    estimate = float(sample.mean())
    standard_error = float(sample.std(ddof=1)) / math.sqrt(count)
    margin = _student_quantile(0.5 + level / 2.0, count - 1) * standard_error
    interval = Interval(estimate - margin, estimate + margin, level)
    return MeanEstimate(estimate, interval, standard_error, count)


def mean_p_value(values: ArrayLike) -> float:
    """Two-sided p-value that independent values have the mean 0, by Student's t (shape: n).

    NaN for fewer than two values, and for values that are all alike. Raises InvalidInput as
    `mean_interval`.
    """
    from scipy.special import stdtr

    found = mean_interval(values)
    if not found.standard_error > 0.0:
        return math.nan
    statistic = abs(found.estimate) / found.standard_error
    return 2.0 * float(stdtr(found.count - 1, -statistic))


def paired_difference(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> PairedDifference:
    """Mean of b - a where entry i of both comes from replication i (common random numbers).

    Student t interval of the differences; shapes: n and n. Variance reduction: Law, Simulation
    Modeling and Analysis (5th ed.), section 11.2. Raises InvalidInput as `mean_interval`, and if
    the lengths differ.
    """
    sample_a, sample_b = require_sample("a", a), require_sample("b", b)
    require_same_length("a and b", sample_a, sample_b)
    mean = mean_interval(sample_b - sample_a, level=level)
    gain, reason = math.nan, mean.reason
    if reason is None:
        variance = mean.standard_error**2 * mean.count
        # A constant shift such as b = a + 0.1 leaves differences that vary by rounding only.
        largest = max(float(np.abs(sample_a).max()), float(np.abs(sample_b).max()))
        rounding = 4.0 * float(np.finfo(np.float64).eps) * largest
        if variance > rounding**2:
            gain = float(sample_a.var(ddof=1) + sample_b.var(ddof=1)) / variance
        else:
            reason = "every pair differs by the same amount: the variance of the difference is 0"
    return PairedDifference(
        mean.estimate, mean.interval, mean.standard_error, gain, mean.count, reason
    )


def quantile_interval(
    values: ArrayLike, probability: float, *, level: float = 0.95
) -> QuantileEstimate:
    """Distribution-free interval of a quantile, from order statistics (shape of values: n).

    Each end misses with probability at most (1 - level) / 2 whatever the law (Conover 1999,
    Practical Nonparametric Statistics, section 3.2). The estimate is the smallest value whose
    empirical share reaches `probability`. Values may be infinite (not finished by the horizon).
    Raises InvalidInput for NaN, or a probability or level not strictly between 0 and 1.
    """
    require_level("probability", probability)
    require_level("level", level)
    ordered = np.sort(require_sample("values", values, infinite=True))
    count = ordered.size
    if count == 0:
        return QuantileEstimate(math.nan, Interval.undefined(level, "no values"), "no values")
    low_rank, high_rank = _quantile_ranks(count, probability, (1.0 - level) / 2.0)
    low = float(ordered[low_rank - 1]) if low_rank >= 1 else -math.inf
    high = float(ordered[high_rank - 1]) if high_rank <= count else math.inf
    open_ended = low_rank < 1 or high_rank > count
    reason = f"{count} values are too few to bound this quantile" if open_ended else None
    estimate = float(np.quantile(ordered, probability, method="inverted_cdf"))
    return QuantileEstimate(estimate, Interval(low, high, level, reason), reason)


def _wilson_ends(successes: int, trials: int, z: float) -> tuple[float, float]:
    # Wilson 1927, multiplied by n: no division by the trials, so that n = 0 gives [0, 1].
    z_square = z * z
    scale = trials + z_square
    centre = (successes + z_square / 2.0) / scale
    failures = trials - successes
    spread = successes * failures / trials if trials else 0.0
    margin = z * math.sqrt(spread + z_square / 4.0) / scale
    # Exactly 0 and 1 at the borders, where rounding would leave 1e-17 or step outside.
    return (
        centre - margin if successes else 0.0,
        centre + margin if failures else 1.0,
    )


def _quantile_ranks(count: int, probability: float, tail: float) -> tuple[int, int]:
    """Ranks l and u with P(X_(l) > q) <= tail and P(X_(u) < q) <= tail; 0 or count + 1 if none."""
    from scipy.special import bdtr

    # at_most[k] = P(Binomial(count, probability) <= k): values below or at the quantile.
    at_most = np.asarray(bdtr(np.arange(count + 1), count, probability))
    low_rank = int(np.count_nonzero(at_most <= tail))
    high_rank = int(np.count_nonzero(at_most < 1.0 - tail)) + 1
    return low_rank, high_rank


def _student_quantile(probability: float, degrees_of_freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, probability))
