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

_PANELS: Final = 24
_TAIL: Final = 1e-13
_HALVINGS: Final = 48
_FARTHEST: Final = 700.0
_MARKS: Final = (1e-12, 1e-6, 0.001, 0.02, 0.16, 0.5, 0.84, 0.98, 0.999, 1.0 - 1e-6, 1.0 - 1e-12)


class GainOdds(NamedTuple):
    """P(b - a > margin), P(abs(b - a) <= margin) and P(b - a < -margin), which sum to 1."""

    above: float
    within: float
    below: float


def gain_odds(a: Beta, b: Beta, margin: float) -> GainOdds:
    """Of shares, by quadrature; absolute error below 3e-8.

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
    """P(b > a + margin): the mean over a of P(b > x + margin), by Gauss's rule on the logit scale.

    There a Beta law is smooth however small its parameters.
    """
    import numpy as np  # neither loads with a scenario
    from scipy.special import betainc, betaincc, betaincinv, betaln, expit, logit

    if margin >= 1.0:
        return 0.0
    # From where next to nothing lies of a, to where b cannot be larger by the margin.
    low = float(betaincinv(a.alpha, a.beta, _TAIL))
    high = 1.0 - float(betaincinv(a.beta, a.alpha, _TAIL))
    start = float(logit(low)) if low > 0.0 else -_FARTHEST / a.alpha
    end = min(float(logit(high)) if high < 1.0 else _FARTHEST / a.beta, _FARTHEST)
    if margin > 0.0:
        end = min(end, float(logit(1.0 - margin)))
    if end <= start:
        return 0.0
    edges = np.linspace(start, end, _PANELS + 1)
    # Where b lies: a narrow law of b is a step there, which a rule of few panels would miss.
    marks = betaincinv(b.alpha, b.beta, np.array(_MARKS)) - margin
    inside = marks[(marks > 0.0) & (marks < 1.0)]
    places = np.clip(logit(inside), start, end)
    # At the end b has no room left, and its tail may be as steep as a root there.
    nearer = end - (end - start) * 0.5 ** np.arange(1, _HALVINGS)
    edges = np.unique(np.concatenate((edges, places, nearer)))
    unit_nodes, unit_weights = _rule()
    half = np.diff(edges)[:, None] / 2.0
    at = edges[:-1, None] + half * (1.0 + unit_nodes)
    # log x = -log(1 + e^-t) and log(1 - x) = -log(1 + e^t) keep their digits at both ends.
    log_density = -a.alpha * np.logaddexp(0.0, -at) - a.beta * np.logaddexp(0.0, at)
    density = np.exp(log_density - betaln(a.alpha, a.beta))
    larger = betaincc(b.alpha, b.beta, np.clip(expit(at) + margin, 0.0, 1.0))
    found = float((half * unit_weights * density * larger).sum())
    # Below `start` lies what floats cannot place: of Beta(0.02, 0.5) a share of 7e-7 below 1e-308.
    beyond = float(betainc(a.alpha, a.beta, expit(start)))
    found += beyond * float(betaincc(b.alpha, b.beta, min(expit(start) + margin, 1.0)))
    return min(max(found, 0.0), 1.0)


@lru_cache(maxsize=1)
def _rule() -> tuple[Any, Any]:
    """Gauss-Legendre nodes and weights of one panel."""
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(16)
    return nodes, weights


def _require_margin(margin: float) -> None:
    if not margin >= 0.0:
        raise InvalidInput(f"margin = {margin!r}: must be at least 0. Give its size.")
