"""An always-valid t test: the mixture of likelihood ratios where the variance is not known.

Effects are mixed in units of the unknown standard deviation, and both hypotheses leave location and
scale free, so that the ratio depends on t alone: a martingale without an effect for normal values
of one variance, from the second value on (Lai 1976; Wang and Ramdas 2025, arXiv 2310.03722, with
the normal mixture; Lindon, Ham, Tingley and Bojinov 2022, arXiv 2210.08589). Arms that may have a
variance each are taken by Welch's t and Satterthwaite's degrees of freedom instead, with which it
holds nearly. The mixture of `always_valid`, which takes an estimated variance for the true one,
errs early.
"""

from __future__ import annotations

import math

from simab.errors import InvalidInput
from simab.stats.always_valid import MixtureTest
from simab.stats.checks import require_level
from simab.stats.interval import Interval
from simab.stats.means import Moments, welch_spread

__all__ = ["mixture_t_bound", "mixture_t_interval", "mixture_t_log_ratio", "mixture_t_test"]


def mixture_t_log_ratio(
    t: float, degrees_of_freedom: float, effective_count: float, mixing_variance: float
) -> float:
    """Log of the ratio of the laws of t: effect / deviation from N(0, mixing variance), or 0.

    -1/2 log r + (f + 1) / 2 (log(1 + t^2 / f) - log(1 + t^2 / (f r))) with f degrees of freedom and
    r = 1 + effective count x mixing variance; the effective count is n of one sample, and
    n_a n_b / (n_a + n_b) of two (Gönen, Johnson, Lu and Westfall 2005, The American Statistician
    59:252). NaN where t is. Raises InvalidInput for other numbers that are not above 0.
    """
    _require_design(degrees_of_freedom, effective_count, mixing_variance)
    ratio = 1.0 + effective_count * mixing_variance
    squared = t * t / degrees_of_freedom
    gain = math.log1p(squared) - math.log1p(squared / ratio)
    return 0.5 * ((degrees_of_freedom + 1.0) * gain - math.log(ratio))


def mixture_t_test(
    a: Moments, b: Moments, *, mixing_variance: float, equal_variances: bool = False
) -> MixtureTest:
    """One look at two arms of normal values, for mean b - mean a.

    Reject when the p-value is at most alpha, at any look; `always_valid.running_p_value` keeps the
    smallest. `mixing_variance` is the square of a typical effect in standard deviations, such as
    .01 for a tenth, chosen before the data. `equal_variances` pools one variance over both arms
    (Student's t): exact where they have one, as equal shares have, and far too certain where the
    smaller arm varies more. An arm of one value (with equal variances: fewer than three in both),
    or no variance, says nothing. Raises InvalidInput for a mixing variance not above 0.
    """
    degrees, effective, variance = _spread(a, b, equal_variances=equal_variances)
    difference = b.mean - a.mean
    if not variance > 0.0:
        reason = "too few values for a variance, or a variance of 0"
        return MixtureTest(difference, math.nan, math.nan, reason)
    t = difference / math.sqrt(variance)
    log_ratio = mixture_t_log_ratio(t, degrees, effective, mixing_variance)
    return MixtureTest(difference, log_ratio, math.exp(min(-log_ratio, 0.0)))


def mixture_t_bound(
    degrees_of_freedom: float,
    effective_count: float,
    mixing_variance: float,
    *,
    alpha: float = 0.05,
) -> float:
    """The abs(t) from which the mixture test rejects; inf where no t suffices yet.

    t^2 = f (A - 1) / (1 - A / r) with A = (r / alpha^2)^(1 / (f + 1)), the root of
    `mixture_t_log_ratio` = log(1 / alpha). Raises InvalidInput as that, or for an alpha not
    strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    _require_design(degrees_of_freedom, effective_count, mixing_variance)
    ratio = 1.0 + effective_count * mixing_variance
    exponent = (math.log(ratio) - 2.0 * math.log(alpha)) / (degrees_of_freedom + 1.0)
    left = -math.expm1(exponent - math.log(ratio))
    if left <= 0.0:
        return math.inf
    return math.sqrt(degrees_of_freedom * math.expm1(exponent) / left)


def mixture_t_interval(
    a: Moments,
    b: Moments,
    *,
    mixing_variance: float,
    level: float = 0.95,
    equal_variances: bool = False,
) -> Interval:
    """Confidence sequence of mean b - mean a: at all looks together it covers with `level`.

    The differences that `mixture_t_test` would not reject. Infinite ends while no t suffices, NaN
    without a variance; each with a reason. Raises InvalidInput as `mixture_t_bound`.
    """
    require_level("level", level)
    degrees, effective, variance = _spread(a, b, equal_variances=equal_variances)
    if not variance > 0.0:
        return Interval.undefined(level, "too few values for a variance, or a variance of 0")
    bound = mixture_t_bound(degrees, effective, mixing_variance, alpha=1.0 - level)
    margin = bound * math.sqrt(variance)
    reason = "too few values: no t is large enough yet" if math.isinf(margin) else None
    difference = b.mean - a.mean
    return Interval(difference - margin, difference + margin, level, reason)


def _spread(a: Moments, b: Moments, *, equal_variances: bool) -> tuple[float, float, float]:
    """Degrees of freedom, effective count and the difference's variance; NaN if unknown."""
    if not (a.count and b.count):
        return math.nan, math.nan, math.nan
    effective = a.count * b.count / (a.count + b.count)
    if equal_variances:
        degrees = a.count + b.count - 2.0
        # A single value has no variance and no degree of freedom: its squares are 0.
        squares = sum((arm.count - 1) * arm.variance for arm in (a, b) if arm.count > 1)
        return degrees, effective, squares / degrees / effective if degrees else math.nan
    variance, degrees = welch_spread(a, b)
    return degrees, effective, variance


def _require_design(degrees: float, effective: float, mixing_variance: float) -> None:
    for field, value in (
        ("degrees_of_freedom", degrees),
        ("effective_count", effective),
        ("mixing_variance", mixing_variance),
    ):
        if not 0.0 < value < math.inf:
            raise InvalidInput(
                f"{field} = {value!r}: must be a finite number above 0. The mixing variance is the "
                "square of a typical effect in standard deviations."
            )
