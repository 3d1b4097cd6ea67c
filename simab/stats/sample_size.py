"""Trials per arm for comparing two shares, by each of the usual formulas, and the exact power.

Formulas return a number that is not rounded; `sample_size_two_proportions` in
simab.stats.proportions is the first of them, rounded up. Two-sided; arms are equal but for a ratio.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_probability, require_ratio, require_trials
from simab.stats.interval import normal_quantile

__all__ = [
    "arcsine_trials",
    "continuity_corrected_trials",
    "exact_power_two_proportions",
    "pooled_trials",
    "unpooled_trials",
]

Floats = NDArray[np.float64]


def pooled_trials(
    p1: float, p2: float, *, alpha: float = 0.05, power: float = 0.8, ratio: float = 1.0
) -> float:
    """Trials of the first arm, where the second has `ratio` times as many.

    Variance of the pooled share under equality, own variances else: R's power.prop.test for equal
    arms. Fleiss, Levin and Paik 2003, equations 4.14 and 4.17; Fleiss 1981, equation 3.14. Inf for
    a difference that no number in the range of floats would show. Raises InvalidInput for equal
    shares, a share outside [0, 1], alpha or power not strictly between 0 and 1, a power not above
    alpha / 2, or a ratio that is not above 0 and finite.
    """
    z_alpha, z_power = _quantiles(p1, p2, alpha, power)
    require_ratio(ratio)
    mean = (p1 + ratio * p2) / (1.0 + ratio)
    under_equality = math.sqrt((1.0 + 1.0 / ratio) * mean * (1.0 - mean))
    own = math.sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2) / ratio)
    root = (z_alpha * under_equality + z_power * own) / (p1 - p2)
    return root * root  # inf beyond the range of floats, where ** raises


def unpooled_trials(p1: float, p2: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Own variances throughout, as for the Wald test: the formula of most online calculators.

    Chow, Shao and Wang 2008, section 4.2. Raises InvalidInput as `pooled_trials`.
    """
    z_alpha, z_power = _quantiles(p1, p2, alpha, power)
    own = p1 * (1.0 - p1) + p2 * (1.0 - p2)
    return ((z_alpha + z_power) / (p1 - p2)) ** 2 * own


def continuity_corrected_trials(
    p1: float, p2: float, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """With Yates' correction: n / 4 (1 + sqrt(1 + 4 / (n abs(p1 - p2))))^2, n the pooled number.

    For the z-test with Yates' correction and for Fisher's exact test (Fleiss, Levin and Paik 2003,
    equation 4.19). Raises InvalidInput as `pooled_trials`.
    """
    trials = pooled_trials(p1, p2, alpha=alpha, power=power)
    return trials / 4.0 * (1.0 + math.sqrt(1.0 + 4.0 / (trials * abs(p1 - p2)))) ** 2


def arcsine_trials(p1: float, p2: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """2 ((z + z') / h)^2 with Cohen's h = 2 asin sqrt p1 - 2 asin sqrt p2.

    Cohen 1988, section 6.4; R's pwr.2p.test and statsmodels' proportion_effectsize. Raises
    InvalidInput as `pooled_trials`.
    """
    z_alpha, z_power = _quantiles(p1, p2, alpha, power)
    effect = 2.0 * (math.asin(math.sqrt(p1)) - math.asin(math.sqrt(p2)))
    return 2.0 * ((z_alpha + z_power) / effect) ** 2


def exact_power_two_proportions(
    p1: float,
    p2: float,
    trials_a: int,
    trials_b: int,
    *,
    alpha: float = 0.05,
    pooled: bool = True,
) -> float:
    """Probability that the two-sided z-test rejects, summed over all outcomes of both arms.

    At p1 = p2 this is the test's true size, which differs from alpha: counts are whole numbers.
    An outcome without variance does not reject, as in `two_proportion_test`. Outcomes of total
    probability below 1e-12 are left out. Raises InvalidInput for a share outside [0, 1], an arm
    below 1 trial, or an alpha not strictly between 0 and 1.
    """
    for field, share in (("p1", p1), ("p2", p2)):
        require_probability(field, share)
    require_trials("trials_a", trials_a)
    require_trials("trials_b", trials_b)
    require_level("alpha", alpha)
    critical = normal_quantile(1.0 - alpha / 2.0)
    a, chance_a = _likely_successes(trials_a, p1)
    b, chance_b = _likely_successes(trials_b, p2)
    rows = max(_CELLS // b.size, 1)
    power = 0.0
    for start in range(0, a.size, rows):
        part = slice(start, start + rows)
        rejects = _rejects(
            a[part, None] / trials_a,
            b[None, :] / trials_b,
            critical,
            (trials_a, trials_b),
            pooled=pooled,
        )
        power += float(chance_a[part] @ (rejects @ chance_b))
    return min(power, 1.0)  # rounding may leave 1e-13 above it


def _rejects(
    share_a: Floats, share_b: Floats, critical: float, trials: tuple[int, int], *, pooled: bool
) -> NDArray[np.bool_]:
    trials_a, trials_b = trials
    if pooled:
        share = (trials_a * share_a + trials_b * share_b) / (trials_a + trials_b)
        variance = share * (1.0 - share) * (1.0 / trials_a + 1.0 / trials_b)
    else:
        variance = share_a * (1.0 - share_a) / trials_a + share_b * (1.0 - share_b) / trials_b
    # Rounding leaves 1e-20 for the variance of arms that only succeeded.
    rejects: NDArray[np.bool_] = ((share_b - share_a) ** 2 >= critical**2 * variance) & (
        variance > 1e-18
    )
    return rejects


def _likely_successes(trials: int, share: float) -> tuple[Floats, Floats]:
    """The outcomes of a binomial but for tails below 1e-13, and their probabilities."""
    from scipy.special import bdtrik, betaln, xlog1py, xlogy

    if share in (0.0, 1.0):
        return np.array([trials * share]), np.ones(1)
    low = max(math.floor(float(bdtrik(1e-13, trials, share))) - 1, 0)
    high = trials - max(math.floor(float(bdtrik(1e-13, trials, 1.0 - share))) - 1, 0)
    successes = np.arange(low, high + 1.0)
    failures = trials - successes
    ways = -betaln(successes + 1.0, failures + 1.0) - math.log(trials + 1.0)
    return successes, np.exp(ways + xlogy(successes, share) + xlog1py(failures, -share))


def _quantiles(p1: float, p2: float, alpha: float, power: float) -> tuple[float, float]:
    require_probability("p1", p1)
    require_probability("p2", p2)
    require_level("alpha", alpha)
    require_level("power", power)
    if p1 == p2:
        raise InvalidInput(
            f"p1 = p2 = {p1!r}: must differ, for no sample finds a difference of equal shares. "
            "Give the smallest difference that would matter."
        )
    if power <= alpha / 2.0:
        raise InvalidInput(
            f"power = {power!r}: must exceed alpha / 2 = {alpha / 2.0!r}, what a blind guess has. "
            "Ask for a power such as 0.8."
        )
    return normal_quantile(1.0 - alpha / 2.0), normal_quantile(power)


_CELLS: Final = 1 << 20  # outcomes looked at in one go: 30 MB
