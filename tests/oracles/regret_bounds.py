"""What regret a bandit must or may have: the lower bound of Lai and Robbins, the upper one of UCB1.

Regret is the sum over the requests of best share - share of the arm chosen; outcomes are 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simab.errors import InvalidInput
from simab.stats.checks import require_probability, require_trials

__all__ = ["bernoulli_divergence", "lai_robbins_constant", "ucb1_regret_bound"]


def bernoulli_divergence(p: float, q: float) -> float:
    """Kullback-Leibler divergence of Bernoulli(p) from Bernoulli(q), in nats; inf if q rules p out.

    Raises InvalidInput for a share outside 0 to 1.
    """
    require_probability("p", p)
    require_probability("q", q)
    total = 0.0
    for observed, assumed in ((p, q), (1.0 - p, 1.0 - q)):
        if observed > 0.0:
            if assumed == 0.0:
                return math.inf
            total += observed * math.log(observed / assumed)
    return total


def lai_robbins_constant(shares: Sequence[float]) -> float:
    """Limit that regret / log(requests) of no consistent policy stays below.

    The sum over the worse arms of gap / divergence from the best arm (Lai and Robbins 1985). An
    asymptotic bound: at a few thousand requests good policies are below constant x log. Raises
    InvalidInput for no arms or a share outside 0 to 1.
    """
    best = _best(shares)
    return sum(
        (best - share) / bernoulli_divergence(share, best) for share in shares if share < best
    )


def ucb1_regret_bound(shares: Sequence[float], requests: int) -> float:
    """Upper bound of UCB1's expected regret after `requests` requests.

    The sum over the worse arms of 8 log(requests) / gap + (1 + pi^2 / 3) gap (Auer, Cesa-Bianchi
    and Fischer 2002, theorem 1); far above what happens. Raises InvalidInput as
    `lai_robbins_constant`, or for fewer than 1 request.
    """
    best = _best(shares)
    require_trials("requests", requests)
    gaps = [best - share for share in shares if share < best]
    logarithm = math.log(requests)
    return sum(8.0 * logarithm / gap + (1.0 + math.pi**2 / 3.0) * gap for gap in gaps)


def _best(shares: Sequence[float]) -> float:
    if not shares:
        raise InvalidInput("shares is empty: must name one arm at least. Give each arm's share.")
    for share in shares:
        require_probability("shares", share)
    return max(shares)
