"""How probable it is that b exceeds a by more than a margin, falls short by more, or neither.

For independent laws of two shares or two means, with a region of practical equivalence around 0
(Kruschke 2018, "Rejecting or accepting parameter values in Bayesian estimation").
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

from simab.errors import InvalidInput
from simab.stats.bayes import Beta, Normal

__all__ = ["GainOdds", "gain_odds", "gain_odds_normal"]

_TAILS: Final = (1e-14, 1e-9, 1e-5, 1e-2, 0.2, 0.5)


class GainOdds(NamedTuple):
    """P(b - a > margin), P(abs(b - a) <= margin) and P(b - a < -margin), which sum to 1."""

    above: float
    within: float
    below: float


def gain_odds(a: Beta, b: Beta, margin: float) -> GainOdds:
    """Of shares, by quadrature; absolute error below 1e-8, or 1e-6 with a parameter below 1.

    Raises InvalidInput for a margin below 0.
    """
    _require_margin(margin)
    above = _exceeds(a, b, margin)
    below = _exceeds(b, a, margin)
    return GainOdds(above, max(1.0 - above - below, 0.0), below)


def gain_odds_normal(a: Normal, b: Normal, margin: float) -> GainOdds:
    """Of means; the difference is normal. Raises InvalidInput for a margin below 0."""
    _require_margin(margin)
    spread = math.hypot(a.standard_deviation, b.standard_deviation)
    gain = b.mean - a.mean
    if spread == 0.0:
        above, below = float(gain > margin), float(gain < -margin)
        return GainOdds(above, 1.0 - above - below, below)
    above = 0.5 * math.erfc((margin - gain) / (spread * math.sqrt(2.0)))
    below = 0.5 * math.erfc((margin + gain) / (spread * math.sqrt(2.0)))
    return GainOdds(above, max(1.0 - above - below, 0.0), below)


def _exceeds(a: Beta, b: Beta, margin: float) -> float:
    """P(b > a + margin): the mean of P(a < y - margin), over y by the law of b."""
    import numpy as np  # neither loads with a scenario
    from scipy.special import betainc, betaincinv, betaln, xlog1py, xlogy

    tails = np.concatenate((_TAILS, 1.0 - np.array(_TAILS)))
    breaks = (
        betaincinv(b.alpha, b.beta, tails),
        betaincinv(a.alpha, a.beta, tails) + margin,
        (margin, 1.0),
    )
    edges = np.unique(np.clip(np.concatenate(breaks), min(margin, 1.0), 1.0))
    nodes, weights = _rule()
    unbounded = min(b.alpha, b.beta) < 1.0  # its density: then by steps of its quantiles
    ends = betainc(b.alpha, b.beta, edges) if unbounded else edges
    middles, halves = (ends[1:] + ends[:-1]) / 2.0, np.diff(ends) / 2.0
    places = (middles[:, None] + halves[:, None] * nodes).ravel()
    masses = (halves[:, None] * weights).ravel()
    if unbounded:
        shares = betaincinv(b.alpha, b.beta, places)
    else:
        shares = places
        logs = xlogy(b.alpha - 1.0, shares) + xlog1py(b.beta - 1.0, -shares)
        masses = masses * np.exp(logs - betaln(b.alpha, b.beta))
    below = betainc(a.alpha, a.beta, np.clip(shares - margin, 0.0, 1.0))
    return min(max(float(masses @ below), 0.0), 1.0)


@lru_cache(maxsize=1)
def _rule() -> tuple[Any, Any]:
    """Gauss-Legendre nodes and weights of one step."""
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(24)
    return nodes, weights


def _require_margin(margin: float) -> None:
    if not margin >= 0.0:
        raise InvalidInput(f"margin = {margin!r}: must be at least 0. Give its size.")
