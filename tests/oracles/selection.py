"""How many requests pick the best of k arms with a given probability, taking the highest estimate.

The arms are in the least favourable configuration: all but the best are worse by `difference`
(Bechhofer 1954). Means are normal with a known common standard deviation; shares are binomial.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_trials

__all__ = [
    "bechhofer_constant",
    "bernoulli_selection_probability",
    "bernoulli_selection_trials",
    "normal_selection_probability",
]


def normal_selection_probability(arms: int, shift: float) -> float:
    """Probability that the best of `arms` has the highest mean; `shift` is in standard errors.

    The integral of Phi(x + shift)^(arms - 1) phi(x) (Bechhofer 1954), where the
    standard error is that of one arm's mean. Raises InvalidInput for fewer than two arms.
    """
    from scipy.special import ndtr

    _require_arms(arms)
    return float(_WEIGHTS @ ndtr(_POINTS + shift) ** (arms - 1))


def bechhofer_constant(arms: int, probability: float) -> float:
    """Difference x sqrt(requests an arm) / standard deviation that selects with `probability`.

    Bechhofer 1954, table I: 2.2302 for 3 arms at .90; square it to get the requests. Raises
    InvalidInput for fewer than two arms, or a probability not between a blind pick's and 1.
    """
    from scipy.optimize import brentq

    _require_probability(arms, probability)

    def excess(shift: float) -> float:
        return normal_selection_probability(arms, shift) - probability

    return float(brentq(excess, 0.0, _LARGEST_SHIFT, xtol=1e-11))


def bernoulli_selection_probability(arms: int, trials: int, difference: float) -> float:
    """Probability that the arm with the most successes is the best, ties broken by lot.

    Shares .5 + difference / 2 for the best and .5 - difference / 2 for the others, the hardest
    case for a given difference as trials grow (Sobel and Huyett 1957). Exact. Raises InvalidInput
    for fewer than two arms, no trials, or a difference not strictly between 0 and 1.
    """
    from scipy.special import bdtr, betaln, xlog1py, xlogy

    _require_arms(arms)
    require_trials("trials", trials)
    require_level("difference", difference)
    successes = np.arange(trials + 1)
    at_most = np.asarray(bdtr(successes, trials, 0.5 - difference / 2.0))
    below = np.concatenate(([0.0], at_most[:-1]))
    best = 0.5 + difference / 2.0
    ways = -betaln(successes + 1, trials - successes + 1) - math.log(trials + 1)
    chance = np.exp(ways + xlogy(successes, best) + xlog1py(trials - successes, -best))
    # The mean of 1 / (1 + ties) over the ties among the others is (F^k - F-^k) / (k (F - F-)).
    equal = at_most - below
    tied = np.where(equal > 0.0, equal, 1.0)
    win = np.where(equal > 0.0, (at_most**arms - below**arms) / (arms * tied), below ** (arms - 1))
    return float(chance @ win)


def bernoulli_selection_trials(arms: int, difference: float, *, probability: float) -> int:
    """The fewest trials an arm that select the best arm with at least `probability`.

    Raises InvalidInput as `bernoulli_selection_probability` and `bechhofer_constant`.
    """
    _require_probability(arms, probability)
    require_level("difference", difference)

    def enough(trials: int) -> bool:
        return bernoulli_selection_probability(arms, trials, difference) >= probability

    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _require_arms(arms: int) -> None:
    if arms < 2 or arms != math.floor(arms):
        raise InvalidInput(f"arms = {arms!r}: must be a whole number of at least 2.")


def _require_probability(arms: int, probability: float) -> None:
    _require_arms(arms)
    if not 1.0 / arms < probability <= 0.999999:
        raise InvalidInput(
            f"probability = {probability!r}: must lie between {1.0 / arms:g}, that of a blind pick "
            "among the arms, and 0.999999. Ask for 0.9 or 0.95."
        )


_LARGEST_SHIFT: Final = 20.0
_nodes, _weights = hermegauss(96)
_POINTS: Final = _nodes
_WEIGHTS: Final = _weights / math.sqrt(2.0 * math.pi)
