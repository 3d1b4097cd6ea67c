"""Did the router split as asked? The tests other than the chi-square: exact, and for many looks.

`chi_square_shares` in simab.stats.goodness_of_fit is the usual test, for one look at many requests.
Test each phase of constant weights by itself: a ramp mixes ratios that never held at once.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_probability, require_trials
from simab.stats.goodness_of_fit import require_counts_and_shares

__all__ = [
    "MultinomialTest",
    "SequentialShareTest",
    "mixed_share_test",
    "multinomial_exact",
    "one_share_power",
    "sequential_share_test",
    "share_test_power",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MultinomialTest:
    """Exact test of counts against shares: the probability of the counts, and the p-value."""

    probability: float
    p_value: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SequentialShareTest:
    """A look of the sequential test; `p_value` is 1 / Bayes factor, at most 1.

    `running_p_value` in simab.stats.always_valid keeps the smallest of all looks so far.
    """

    log_bayes_factor: float
    p_value: float
    reason: str | None = None


def multinomial_exact(counts: ArrayLike, shares: ArrayLike) -> MultinomialTest:
    """Exact test that `counts` are multinomial with `shares`, for small counts (shapes: k and k).

    The p-value adds every outcome at most as likely as the one seen, within a relative 1e-7 for
    ties that rounding splits (R's multinomial.test; with two categories `binomial_exact`). A
    category of share 0 that was counted gives p 0 and a reason; nothing counted gives p 1. Raises
    InvalidInput as `chi_square_shares`, for counts that are not whole numbers, or for more than
    five million outcomes: then the chi-square is good.
    """
    observed, wanted = require_counts_and_shares(counts, shares)
    if (observed != np.floor(observed)).any():
        raise InvalidInput(f"counts = {observed.tolist()!r}: must be whole numbers of requests.")
    impossible = np.flatnonzero((wanted == 0.0) & (observed > 0.0))
    if impossible.size:
        first = int(impossible[0])
        reason = f"category {first} has share 0 and was counted {int(observed[first])} times"
        return MultinomialTest(0.0, 0.0, reason)
    possible = wanted > 0.0
    observed, wanted = observed[possible], wanted[possible]
    total = int(observed.sum())
    if total == 0 or wanted.size == 1:
        reason = "nothing was counted" if total == 0 else "one category only: nothing can deviate"
        return MultinomialTest(1.0, 1.0, reason)
    outcomes = math.comb(total + wanted.size - 1, wanted.size - 1)
    if outcomes > _MOST_OUTCOMES:
        raise InvalidInput(
            f"counts sum to {total} in {wanted.size} categories: {outcomes} outcomes, must be at "
            f"most {_MOST_OUTCOMES}. Use chi_square_shares for counts that large."
        )
    logs = _log_probabilities(total, wanted)
    from scipy.special import gammaln

    seen = gammaln(total + 1.0) + float((observed * np.log(wanted) - gammaln(observed + 1)).sum())
    p_value = float(np.exp(logs[logs <= seen + math.log1p(1e-7)]).sum())
    return MultinomialTest(math.exp(seen), min(p_value, 1.0))


def sequential_share_test(
    counts: ArrayLike,
    shares: ArrayLike,
    *,
    concentration: float = 10_000.0,
) -> SequentialShareTest:
    """One look at the counts so far; rejecting at p <= alpha errs at most alpha over all looks.

    Bayes factor of Dirichlet(concentration x shares) against the shares themselves (Lindon and
    Malek 2022, Anytime-valid inference for multinomial count data). The concentration must be
    fixed beforehand: 10,000, the default of Optimizely's ssrm, is quickest for mismatches of half
    a percentage point; 100 for those of five. No smallest count is needed. A category of share 0
    that was counted gives p 0 and a reason. Raises InvalidInput as `chi_square_shares`, or for a
    concentration not above 0.
    """
    observed, wanted = require_counts_and_shares(counts, shares)
    if not (concentration > 0.0 and math.isfinite(concentration)):
        raise InvalidInput(
            f"concentration = {concentration!r}: must be a finite number above 0. "
            "Use 10,000 for mismatches of half a percentage point, 100 for those of five."
        )
    return _sequential_test(observed, wanted, (concentration,))


def mixed_share_test(counts: ArrayLike, shares: ArrayLike) -> SequentialShareTest:
    """The same test where it is not known how large a mismatch there may be, nor how many counts.

    Its Bayes factor is the mean of those at the concentrations 100, 1,000 and 10,000, which is one
    as well. Against the best of the three it loses a factor of 3 at most: quick for a few hundred
    users of whom a third goes astray, and for half a percentage point of a million requests.
    """
    observed, wanted = require_counts_and_shares(counts, shares)
    return _sequential_test(observed, wanted, (100.0, 1_000.0, 10_000.0))


def _sequential_test(
    observed: Floats, wanted: Floats, concentrations: Sequence[float]
) -> SequentialShareTest:
    impossible = np.flatnonzero((wanted == 0.0) & (observed > 0.0)).tolist()
    if impossible:
        count = int(observed[impossible[0]])
        fault = f"category {impossible[0]} has share 0 and was counted {count} times"
        return SequentialShareTest(math.inf, 0.0, fault)
    counted = [
        (count, share)
        for count, share in zip(observed.tolist(), wanted.tolist(), strict=True)
        if share > 0.0
    ]
    factors = [_log_bayes_factor(counted, each) for each in concentrations]
    largest = max(factors)
    mean = math.fsum(math.exp(each - largest) for each in factors) / len(factors)
    log_factor = largest + math.log(mean)
    reason = None if observed.any() else "nothing was counted"
    return SequentialShareTest(log_factor, math.exp(min(-log_factor, 0.0)), reason)


def _log_bayes_factor(counted: Sequence[tuple[float, float]], concentration: float) -> float:
    total = math.fsum(count for count, _ in counted)
    log_factor = math.lgamma(concentration) - math.lgamma(concentration + total)
    for count, share in counted:
        prior = concentration * share
        log_factor += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return log_factor


def share_test_power(
    total: int, actual: ArrayLike, planned: ArrayLike, *, alpha: float = 0.001
) -> float:
    """Probability that the chi-square test of the planned shares rejects under the actual ones.

    By the noncentral chi-square with total x sum of (actual - planned)^2 / planned (Cohen 1988,
    chapter 7). NaN for one category. Raises InvalidInput for shares that are not all above 0 where
    planned, do not sum to 1, a total below 1 or an alpha not strictly between 0 and 1.
    """
    from scipy.special import chdtri, chndtr

    require_trials("total", total)
    require_level("alpha", alpha)
    true, wanted = require_counts_and_shares(actual, planned)
    if not (wanted > 0.0).all() or abs(float(true.sum()) - 1.0) > 1e-9:
        raise InvalidInput(
            f"actual sums to {float(true.sum())!r} and planned is {wanted.tolist()!r}: actual must "
            "sum to 1 and planned be above 0. Leave out variants of weight 0."
        )
    degrees = wanted.size - 1
    if degrees == 0:
        return math.nan
    noncentrality = total * float(((true - wanted) ** 2 / wanted).sum())
    critical = float(chdtri(degrees, alpha))
    return 1.0 - float(chndtr(critical, degrees, noncentrality))


def one_share_power(total: int, actual: float, planned: float, *, alpha: float = 0.001) -> float:
    """Probability that the exact test of one planned share rejects under the actual one.

    It rejects where a tail of the planned binomial law is at most alpha / 2. `share_test_power`
    takes the planned share's variance for both, which is wrong for small shares (.92 for .96 at
    5.56 % where 10 % was planned of 1,000). Raises InvalidInput unless 0 < planned < 1,
    0 <= actual <= 1, 0 < alpha < 1 and total is 1 at least.
    """
    from scipy.special import bdtr, bdtrc

    require_trials("total", total)
    require_level("planned", planned)
    require_level("alpha", alpha)
    require_probability("actual", actual)
    low, high = _critical_counts(total, planned, alpha)
    below = float(bdtr(low - 1, total, actual)) if low else 0.0
    above = float(bdtrc(high, total, actual)) if high < total else 0.0
    return below + above


@lru_cache(maxsize=256)
def _critical_counts(total: int, planned: float, alpha: float) -> tuple[int, int]:
    """Counts below the first, and above the second, are in tails of at most alpha / 2."""
    from scipy.special import bdtr, bdtrc

    counts = range(total + 1)
    low = bisect_right(counts, alpha / 2.0, key=lambda each: float(bdtr(each, total, planned)))
    high = bisect_left(counts, -alpha / 2.0, key=lambda each: -float(bdtrc(each, total, planned)))
    return low, high


_MOST_OUTCOMES: Final = 5_000_000


def _log_probabilities(total: int, shares: Floats) -> Floats:
    """Log probability of every way to spread `total` over the categories, one category a time."""
    from scipy.special import gammaln

    left = np.array([total])
    logs = np.array([gammaln(total + 1.0)])
    for share in shares[:-1]:
        # Row i is continued by 0, 1, ..., left[i] in this category.
        rows = np.repeat(np.arange(left.size), left + 1)
        starts = np.cumsum(left + 1) - (left + 1)
        counts = np.arange(rows.size) - starts[rows]
        logs = logs[rows] + counts * math.log(share) - gammaln(counts + 1.0)
        left = left[rows] - counts
    outcomes: Floats = logs + left * math.log(shares[-1]) - gammaln(left + 1.0)
    return outcomes
