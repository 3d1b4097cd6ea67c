"""Do counts follow the shares asked for? Chi-square for many categories, exact for two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_probability, require_sample, require_successes

__all__ = [
    "BinomialTest",
    "ShareTest",
    "binomial_exact",
    "chi_square_shares",
    "require_counts_and_shares",
]


@dataclass(frozen=True, slots=True)
class ShareTest:
    """Pearson's chi-square of counts against shares.

    `smallest_expected` says whether the approximation can be trusted: 5 is the usual rule.
    `reason` says why the p-value is NaN, or is 0 without any computation.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    smallest_expected: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BinomialTest:
    """Two-sided exact test of one share: its estimate and p-value."""

    estimate: float
    p_value: float
    reason: str | None = None


def chi_square_shares(counts: ArrayLike, shares: ArrayLike) -> ShareTest:
    """Pearson's chi-square test that `counts` are multinomial with `shares` (shapes: k and k).

    The shares must sum to 1: divide weights by their sum. A category of share 0 is not a category;
    if it was counted nevertheless, p is 0 with a reason. No counts, or one category, gives NaN and
    a reason. Pearson 1900; Agresti 2013, section 1.5.2. Raises InvalidInput for negative counts or
    shares, shares that do not sum to 1 within 1e-9, or unequal lengths.
    """
    from scipy.special import chdtrc

    observed, wanted = require_counts_and_shares(counts, shares)
    total = float(observed.sum())
    possible = wanted > 0.0
    degrees = int(np.count_nonzero(possible)) - 1
    expected = total * wanted[possible]
    smallest = float(expected.min())
    impossible = np.flatnonzero(~possible & (observed > 0.0))
    if impossible.size:
        first = int(impossible[0])
        reason = f"category {first} has share 0 and was counted {int(observed[first])} times"
        return ShareTest(math.inf, degrees, 0.0, smallest, reason)
    if total == 0.0 or degrees == 0:
        reason = "nothing was counted" if total == 0.0 else "one category only: nothing can deviate"
        return ShareTest(math.nan, degrees, math.nan, smallest, reason)
    statistic = float((((observed[possible] - expected) ** 2) / expected).sum())
    return ShareTest(statistic, degrees, float(chdtrc(degrees, statistic)), smallest)


def binomial_exact(successes: int, trials: int, share: float) -> BinomialTest:
    """Exact two-sided test that each trial succeeds with probability `share`.

    The p-value adds every outcome at most as likely as the one seen, within a relative 1e-7 for
    ties that rounding splits (the method of R's binom.test and of scipy.stats.binomtest). No
    trials: estimate NaN, p 1, and a reason. Raises InvalidInput unless 0 <= successes <= trials
    and 0 <= share <= 1.
    """
    from scipy.special import bdtr, bdtrc

    require_successes("successes", successes, trials)
    require_probability("share", share)
    if trials == 0:
        return BinomialTest(math.nan, 1.0, "no trials: nothing speaks against the share")
    estimate = successes / trials
    if share in (0.0, 1.0):
        certain = estimate == share
        reason = None if certain else f"share {share:g} allows no such outcome"
        return BinomialTest(estimate, 1.0 if certain else 0.0, reason)
    # Both tails are of the kind "at most k": mirror the outcome if it lies above the mean.
    if successes > trials * share:
        successes, share = trials - successes, 1.0 - share
    far = _far_end(successes, trials, share)
    near_tail = float(bdtr(successes, trials, share))
    far_tail = float(bdtrc(far - 1, trials, share)) if far <= trials else 0.0
    # The tails overlap where every outcome is at most as likely as the one seen.
    return BinomialTest(estimate, min(1.0, near_tail + far_tail))


def require_counts_and_shares(
    counts: ArrayLike, shares: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as arrays: as many counts as shares, none negative, and the shares sum to 1."""
    observed, wanted = require_sample("counts", counts), require_sample("shares", shares)
    if observed.size != wanted.size or observed.size == 0:
        raise InvalidInput(
            f"counts and shares have {observed.size} and {wanted.size} entries: must be as many, "
            "and at least one. Give every category a count and a share."
        )
    for field, array in (("counts", observed), ("shares", wanted)):
        if (array < 0.0).any():
            first = int(np.argmax(array < 0.0))
            raise InvalidInput(
                f"{field}[{first}] = {array[first]}: must not be negative. Count each request once."
            )
    if abs(float(wanted.sum()) - 1.0) > 1e-9:
        raise InvalidInput(
            f"shares sum to {float(wanted.sum())!r}: must sum to 1. Divide weights by their sum."
        )
    return observed, wanted


def _far_end(successes: int, trials: int, share: float) -> int:
    """Smallest outcome above the mode that is at most as likely as `successes`; else trials + 1."""
    limit = _log_probability(successes, trials, share) + math.log1p(1e-7)
    low, high = math.ceil(trials * share), trials + 1
    while low < high:
        middle = (low + high) // 2
        if _log_probability(middle, trials, share) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def _log_probability(successes: int, trials: int, share: float) -> float:
    from scipy.special import gammaln, xlog1py, xlogy

    failures = trials - successes
    ways = gammaln(trials + 1) - gammaln(successes + 1) - gammaln(failures + 1)
    return float(ways + xlogy(successes, share) + xlog1py(failures, -share))
