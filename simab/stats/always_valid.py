"""Tests and intervals that stay valid however often one looks and whenever one stops.

A mixture of likelihood ratios over a normal law of effects exceeds 1 / alpha at any time with
probability at most alpha (Robbins 1970; Johari, Pekelis and Walsh 2022, the mSPRT). For means and
shares this holds as the requests grow many: a normal law stands for theirs, and an estimated
variance for the true one. Only `math` loads with this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_successes
from simab.stats.interval import Interval

__all__ = [
    "MixtureTest",
    "confidence_sequence",
    "mixture_interval",
    "mixture_log_ratio",
    "mixture_test",
    "mixture_z_bound",
    "running_p_value",
    "tuned_mixing_variance",
    "two_proportion_mixture_test",
]


@dataclass(frozen=True, slots=True)
class MixtureTest:
    """A look of the mixture test; `p_value` is 1 / likelihood ratio, at most 1.

    The always-valid p-value is the smallest of all looks so far: `running_p_value` keeps it. Where
    a look says nothing `log_ratio` and `p_value` are NaN and `reason` says why.
    """

    difference: float
    log_ratio: float
    p_value: float
    reason: str | None = None


def mixture_log_ratio(difference: float, variance: float, mixing_variance: float) -> float:
    """Log of the likelihood ratio of effects from N(0, mixing_variance) against none.

    1/2 log(V / (V + t)) + d^2 t / (2 V (V + t)), with V the variance of the estimated difference d
    and t the mixing variance: Johari, Pekelis and Walsh 2022 with V = 2 sigma^2 / n
    for n pairs. NaN for a variance of 0. Raises InvalidInput for a negative variance or a mixing
    variance not above 0.
    """
    _require_variances(variance, mixing_variance)
    if not variance > 0.0:
        return math.nan
    total = variance + mixing_variance
    return 0.5 * (
        math.log(variance / total) + difference * difference / variance * (mixing_variance / total)
    )


def mixture_test(difference: float, variance: float, *, mixing_variance: float) -> MixtureTest:
    """One look at an estimated difference and its variance.

    Reject when the p-value is at most alpha, at any look. `mixing_variance` must be chosen before
    the data: the square of a typical effect, or `tuned_mixing_variance`. Raises InvalidInput as
    `mixture_log_ratio`.
    """
    log_ratio = mixture_log_ratio(difference, variance, mixing_variance)
    if math.isnan(log_ratio):
        reason = "the difference is unknown, or its variance 0 or unknown"
        return MixtureTest(difference, math.nan, math.nan, reason)
    return MixtureTest(difference, log_ratio, math.exp(min(-log_ratio, 0.0)))


def running_p_value(previous: float, p_value: float) -> float:
    """The smaller of the p-value up to the last look (1 before the first) and that of this look.

    A look that says nothing (NaN) changes nothing.
    """
    return p_value if p_value < previous else previous


def two_proportion_mixture_test(
    successes_a: int,
    trials_a: int,
    successes_b: int,
    trials_b: int,
    *,
    mixing_variance: float,
    pooled: bool = False,
) -> MixtureTest:
    """One look at two independent arms of 0/1 outcomes, for share b - share a.

    The variance is either each arm's own, p_a (1 - p_a) / n_a + p_b (1 - p_b) / n_b, as in Johari,
    Pekelis and Walsh 2022, section 6 (n_a = n_b there), or `pooled` from both arms, as some codes
    have it. Early on the arms' own variance is too small where hardly anything failed yet, and the
    test rejects too often: begin looking after some ten failures an arm, or pool. An arm without
    trials, or variance 0, says nothing. Raises InvalidInput as `mixture_test`, or unless
    0 <= successes <= trials.
    """
    require_successes("successes_a", successes_a, trials_a)
    require_successes("successes_b", successes_b, trials_b)
    if not (trials_a and trials_b):
        reason = f"arm {'b' if trials_a else 'a'} has no trials"
        return MixtureTest(math.nan, math.nan, math.nan, reason)
    share_a, share_b = successes_a / trials_a, successes_b / trials_b
    if pooled:
        share = (successes_a + successes_b) / (trials_a + trials_b)
        variance = share * (1.0 - share) * (1.0 / trials_a + 1.0 / trials_b)
    else:
        variance = share_a * (1.0 - share_a) / trials_a + share_b * (1.0 - share_b) / trials_b
    return mixture_test(share_b - share_a, variance, mixing_variance=mixing_variance)


def mixture_z_bound(variance: float, mixing_variance: float, *, alpha: float = 0.05) -> float:
    """The abs(z) from which the mixture test rejects when its estimate has this variance.

    Solves `mixture_log_ratio` = log(1 / alpha). Raises InvalidInput for variances not above 0 or
    an alpha not strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    _require_variances(variance, mixing_variance)
    if not variance > 0.0:
        raise InvalidInput(
            f"variance = {variance!r}: must be above 0. Begin looking when both outcomes occurred."
        )
    ratio = mixing_variance / variance
    return math.sqrt((1.0 + 1.0 / ratio) * (math.log1p(ratio) - 2.0 * math.log(alpha)))


def mixture_interval(
    estimate: float, variance: float, *, mixing_variance: float, level: float = 0.95
) -> Interval:
    """Confidence sequence of any estimate that is normal as data grow: what the test leaves.

    estimate -+ `mixture_z_bound` standard errors: means, differences of arms of any size, ratios
    with the variance of the delta method (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021,
    theorem 2.2). Begin looking once the normal law holds: from 100 exponential values on it errs
    as rarely as it says, but takes 1,000 of their squares, whose skewness is 6.6. A variance of 0
    or NaN gives NaN and a reason. Raises InvalidInput for a negative variance, a mixing variance
    not above 0, or a level not strictly between 0 and 1.
    """
    require_level("level", level)
    _require_variances(variance, mixing_variance)
    if not variance > 0.0:
        return Interval.undefined(level, "the variance is 0 or unknown")
    margin = mixture_z_bound(variance, mixing_variance, alpha=1.0 - level) * math.sqrt(variance)
    return Interval(estimate - margin, estimate + margin, level)


def confidence_sequence(
    estimate: float,
    standard_deviation: float,
    count: int,
    *,
    target_count: float,
    level: float = 0.95,
) -> Interval:
    """Asymptotic confidence sequence of a mean: at every count at once it covers with `level`.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021 (arXiv 2103.06476), narrowest
    near `target_count` values by their equation for rho (GrowthBook's formula); the boundary is the
    normal mixture of Howard, Ramdas, McAuliffe and Sekhon 2021. For a difference of arms count
    pairs, and pass the standard deviation of a pair's difference. The normal law is good from some
    tens of values on. No value, or a standard deviation that is 0 or NaN, gives NaN and a reason.
    Raises InvalidInput for a negative count or standard deviation, a target not above 0, or a level
    not strictly between 0 and 1.
    """
    require_level("level", level)
    mixing = tuned_mixing_variance(1.0, target_count, alpha=1.0 - level)
    if count < 0 or standard_deviation < 0.0:
        raise InvalidInput(
            f"count = {count!r}, standard_deviation = {standard_deviation!r}: must not be negative."
            " Give the values seen so far and their spread."
        )
    if count == 0 or not standard_deviation > 0.0:
        reason = "no values" if count == 0 else "the standard deviation is 0 or unknown"
        return Interval.undefined(level, reason)
    bound = mixture_z_bound(1.0 / count, mixing, alpha=1.0 - level)
    margin = bound * standard_deviation / math.sqrt(count)
    return Interval(estimate - margin, estimate + margin, level)


def tuned_mixing_variance(
    unit_variance: float, target_count: float, *, alpha: float = 0.05
) -> float:
    """The mixing variance whose bounds are tightest near `target_count` values of `unit_variance`.

    unit_variance (-2 log alpha + log(1 - 2 log alpha)) / target_count (Waudby-Smith et al. 2021,
    close to the optimum). Raises InvalidInput for a variance or a target not above 0,
    or an alpha not strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    for field, value in (("unit_variance", unit_variance), ("target_count", target_count)):
        if not (value > 0.0 and math.isfinite(value)):
            raise InvalidInput(
                f"{field} = {value!r}: must be a finite number above 0. "
                "Give the variance of one value, and the number of values to be tight at."
            )
    twice = -2.0 * math.log(alpha)
    return unit_variance * (twice + math.log1p(twice)) / target_count


def _require_variances(variance: float, mixing_variance: float) -> None:
    # NaN passes as a variance: an undefined look says nothing, which is the caller's answer.
    if variance < 0.0:
        raise InvalidInput(f"variance = {variance!r}: must not be negative. Square the error.")
    if not (mixing_variance > 0.0 and math.isfinite(mixing_variance)):
        raise InvalidInput(
            f"mixing_variance = {mixing_variance!r}: must be a finite number above 0. "
            "Give the square of a typical effect."
        )
