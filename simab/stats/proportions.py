"""Tests of two proportions, unpaired and paired, and the requests or the power that they need.

Only `math` loads with this module: the z-test runs at every controller tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from simab.errors import InvalidInput
from simab.stats.checks import (
    require_level,
    require_probability,
    require_trials,
)
from simab.stats.interval import Interval, normal_quantile
from simab.stats.intervals import newcombe_interval
from simab.stats.sample_size import pooled_trials

__all__ = [
    "Alternative",
    "McNemarTest",
    "PooledTest",
    "TwoProportionTest",
    "mcnemar_chi_square",
    "mcnemar_exact",
    "normal_p_value",
    "pooled_test",
    "power_two_proportions",
    "require_alternative",
    "sample_size_two_proportions",
    "two_proportion_test",
]

Alternative = Literal["two-sided", "larger", "smaller"]


@dataclass(frozen=True, slots=True)
class TwoProportionTest:
    """Share b - share a, its z and p-value, and its two-sided 95 % Newcombe interval.

    Where the test is undefined `z` and `p_value` are NaN (so `p_value < alpha` is false) and
    `reason` says why.
    """

    difference: float
    z: float
    p_value: float
    interval: Interval
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class McNemarTest:
    """A test on the rows where two paired classifiers disagree: `only_b` against `only_c` rows."""

    only_b: int
    only_c: int
    statistic: float
    p_value: float
    reason: str | None = None


class PooledTest(NamedTuple):
    """Share b - share a with its z and two-sided p-value; what is undefined is NaN."""

    difference: float
    z: float
    p_value: float


def pooled_test(successes_a: int, trials_a: int, successes_b: int, trials_b: int) -> PooledTest:
    """What `two_proportion_test` tests by default, without its interval and without its checks.

    For counts that are known to be counts: a rule may ask at every controller tick.
    """
    if not (trials_a and trials_b):
        return PooledTest(math.nan, math.nan, math.nan)
    difference = successes_b / trials_b - successes_a / trials_a
    share = (successes_a + successes_b) / (trials_a + trials_b)
    variance = share * (1.0 - share) * (1.0 / trials_a + 1.0 / trials_b)
    if variance <= 0.0:
        return PooledTest(difference, math.nan, math.nan)
    z = difference / math.sqrt(variance)
    return PooledTest(difference, z, normal_p_value(z, "two-sided"))


def two_proportion_test(
    successes_a: int,
    trials_a: int,
    successes_b: int,
    trials_b: int,
    *,
    pooled: bool = True,
    alternative: Alternative = "two-sided",
) -> TwoProportionTest:
    """z-test of share b = share a for two independent arms; "larger" asks whether b is larger.

    `pooled` takes the variance from both arms together (the score test, whose square is Pearson's
    chi-square; Fleiss, Levin and Paik 2003, section 3.2), else from each arm (the Wald test). The
    interval inverts neither and may disagree with the p-value at the border. An arm without trials,
    or variance 0, gives NaN and a reason. Raises InvalidInput unless 0 <= successes <= trials.
    """
    interval = newcombe_interval(successes_a, trials_a, successes_b, trials_b)
    require_alternative(alternative)
    if interval.reason is not None:
        return TwoProportionTest(math.nan, math.nan, math.nan, interval, interval.reason)
    share_a, share_b = successes_a / trials_a, successes_b / trials_b
    difference = share_b - share_a
    if pooled:
        share = (successes_a + successes_b) / (trials_a + trials_b)
        variance = share * (1.0 - share) * (1.0 / trials_a + 1.0 / trials_b)
    else:
        variance = share_a * (1.0 - share_a) / trials_a + share_b * (1.0 - share_b) / trials_b
    if variance <= 0.0:
        reason = "each arm had only successes or only failures: the variance is 0"
        return TwoProportionTest(difference, math.nan, math.nan, interval, reason)
    z = difference / math.sqrt(variance)
    return TwoProportionTest(difference, z, normal_p_value(z, alternative), interval)


def mcnemar_exact(b: int, c: int) -> McNemarTest:
    """Exact McNemar test: given b + c discordant pairs, b is binomial with share one half.

    `b` and `c` count the rows that only the first and only the second classifier gets right
    (McNemar 1947; Agresti 2013, section 11.1.4). Two-sided p: twice the smaller tail, at most 1;
    no discordant pair gives 1, for nothing speaks against equality. Statistic: min(b, c).
    Raises InvalidInput for a negative count.
    """
    from scipy.special import bdtr

    _require_discordant(b, c)
    smaller = min(b, c)
    p_value = min(1.0, 2.0 * float(bdtr(smaller, b + c, 0.5))) if b + c else 1.0
    return McNemarTest(b, c, float(smaller), p_value)


def mcnemar_chi_square(b: int, c: int, *, continuity: bool = True) -> McNemarTest:
    """McNemar's chi-square test with 1 degree of freedom, by default continuity corrected.

    (|b - c| - 1)^2 / (b + c), or (b - c)^2 / (b + c) (McNemar 1947; Edwards 1948). The correction
    never turns a difference of 0 into one of 1. Meant for b + c of at least 25. No discordant pair
    gives NaN and a reason. Raises InvalidInput for a negative count.
    """
    _require_discordant(b, c)
    if b + c == 0:
        return McNemarTest(b, c, math.nan, math.nan, "the classifiers never disagree: 0 / 0")
    distance = max(abs(b - c) - (1 if continuity else 0), 0)
    statistic = distance**2 / (b + c)
    # P(chi-square with 1 degree of freedom > x) = P(|Z| > sqrt x).
    return McNemarTest(b, c, statistic, math.erfc(math.sqrt(statistic / 2.0)))


def sample_size_two_proportions(
    p1: float, p2: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Trials per arm for a two-sided pooled z-test of two independent arms of equal size.

    Fleiss, Levin and Paik 2003, equation 4.14 (no continuity correction), rounded up: variance of
    the pooled share under equality, of each share under the alternative, and the far tail left
    out. 320/334 against 318/334 needs 18,778. Raises InvalidInput for equal shares, a share
    outside [0, 1], or alpha or power not strictly between 0 and 1, or power not above alpha / 2.
    """
    return max(1, math.ceil(pooled_trials(p1, p2, alpha=alpha, power=power)))


def power_two_proportions(
    p1: float,
    p2: float,
    trials_a: int,
    trials_b: int,
    *,
    alpha: float = 0.05,
    pooled: bool = True,
) -> float:
    """Power of the two-sided z-test by the normal approximation, both tails counted.

    `pooled` as in `two_proportion_test`; the pooled share weighs the arms by their trials (Fleiss,
    Levin and Paik 2003, section 4.3). At p1 = p2 this is alpha. NaN where both shares are the same
    0 or 1, for the test is then undefined. Raises InvalidInput as `sample_size_two_proportions`,
    and for an arm below 1 trial.
    """
    _require_design(p1, p2, alpha)
    require_trials("trials_a", trials_a)
    require_trials("trials_b", trials_b)
    own = math.sqrt(p1 * (1.0 - p1) / trials_a + p2 * (1.0 - p2) / trials_b)
    assumed = own
    if pooled:
        mean = (trials_a * p1 + trials_b * p2) / (trials_a + trials_b)
        assumed = math.sqrt(mean * (1.0 - mean) * (1.0 / trials_a + 1.0 / trials_b))
    critical = normal_quantile(1.0 - alpha / 2.0) * assumed
    difference = abs(p2 - p1)
    if own == 0.0:
        # The shares are 0 and 1: the data are certain, and so is the test's answer.
        return math.nan if assumed == 0.0 else float(difference > critical)
    return _upper_tail((critical - difference) / own) + _upper_tail((critical + difference) / own)


def normal_p_value(z: float, alternative: Alternative) -> float:
    """The p-value of a standard normal z; "larger" counts what lies above it."""
    if alternative == "two-sided":
        return math.erfc(abs(z) / math.sqrt(2.0))
    return _upper_tail(z if alternative == "larger" else -z)


def require_alternative(alternative: Alternative) -> None:
    """Refuse what is not one of the three alternatives."""
    if alternative not in _TAILS:
        raise InvalidInput(
            f"alternative = {alternative!r}: must be one of {', '.join(_TAILS)}. "
            "Use 'larger' to ask whether b is larger than a."
        )


_TAILS: tuple[Alternative, ...] = ("two-sided", "larger", "smaller")


def _upper_tail(z: float) -> float:
    # erfc keeps its relative precision far out, where 1 - cdf is 0.
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def _require_discordant(b: int, c: int) -> None:
    for field, rows in (("b", b), ("c", c)):
        if not rows >= 0:
            raise InvalidInput(
                f"{field} = {rows!r}: must be a count of at least 0. "
                "Count the rows that only one of the two classifiers gets right."
            )


def _require_design(p1: float, p2: float, alpha: float) -> None:
    require_probability("p1", p1)
    require_probability("p2", p2)
    require_level("alpha", alpha)
