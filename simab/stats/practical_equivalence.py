"""A difference of two arms under informative priors, and a region of practical equivalence (rope).

The region holds the differences from -rope to rope, too small to matter. Kruschke 2018 (Advances
in Methods and Practices in Psychological Science 1:270) decides by the posterior mass in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simab.errors import InvalidInput
from simab.stats.bayes import Beta, Normal, expected_loss, expected_loss_normal

__all__ = [
    "Equivalence",
    "equivalence_of_means",
    "equivalence_of_shares",
    "normal_posterior",
]

_PANELS: Final = 24
_UNIT_NODES, _UNIT_WEIGHTS = np.polynomial.legendre.leggauss(16)
_TAIL: Final = 1e-13
_HALVINGS: Final = 48


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Posterior probabilities that b - a is below, within and above the region, and two losses.

    `loss` is E[max(a - b, 0)], what choosing b costs on average, and `loss_of_a` the other way.
    """

    below: float
    within: float
    above: float
    loss: float
    loss_of_a: float


def normal_posterior(prior: Normal, estimate: float, standard_error: float) -> Normal:
    """What is believed after an estimate with this error: precisions add up.

    Gelman, Carlin, Stern, Dunson, Vehtari and Rubin 2013, Bayesian Data Analysis, equation 2.12. A
    prior without spread stays as it is. Raises InvalidInput for an error not above 0 and finite.
    """
    if not 0.0 < standard_error < math.inf:
        raise InvalidInput(
            f"standard_error = {standard_error!r}: must be above 0 and finite. "
            "Give that of the estimated difference, and begin when it is known."
        )
    # As a weight, which a prior of spread 0 or of very large spread does not break.
    spread, error = prior.standard_deviation, standard_error
    whole = math.hypot(spread, error)
    weight = (spread / whole) ** 2
    return Normal(prior.mean + weight * (estimate - prior.mean), spread / whole * error)


def equivalence_of_means(difference: Normal, rope: float) -> Equivalence:
    """Of a normal law of mean b - mean a, such as `normal_posterior` of the estimated difference.

    Raises InvalidInput for a rope that is negative or infinite.
    """
    _require_rope(rope)
    none = Normal(0.0, 0.0)
    below = _mass_below(difference, -rope)
    above = _mass_below(Normal(-difference.mean, difference.standard_deviation), -rope)
    loss, loss_of_a = expected_loss_normal(none, difference), expected_loss_normal(difference, none)
    return Equivalence(below, max(1.0 - below - above, 0.0), above, loss, loss_of_a)


def equivalence_of_shares(a: Beta, b: Beta, rope: float) -> Equivalence:
    """Of independent Beta laws of both shares: `Beta.after` gives them from priors and counts.

    P(b - a > rope) is the integral of a's density times P(b > x + rope), by Gauss's rule on the
    logit scale, where a Beta law is smooth however small its parameters; absolute error below
    3e-8. Raises InvalidInput for a rope that is negative or infinite.
    """
    _require_rope(rope)
    above = _probability_larger_by(a, b, rope)
    below = _probability_larger_by(b, a, rope)
    within = max(1.0 - below - above, 0.0)
    return Equivalence(below, within, above, expected_loss(a, b), expected_loss(b, a))


def _probability_larger_by(a: Beta, b: Beta, margin: float) -> float:
    """P(b > a + margin)."""
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
    half = np.diff(edges)[:, None] / 2.0
    at = edges[:-1, None] + half * (1.0 + _UNIT_NODES)
    # log x = -log(1 + e^-t) and log(1 - x) = -log(1 + e^t) keep their digits at both ends.
    log_density = -a.alpha * np.logaddexp(0.0, -at) - a.beta * np.logaddexp(0.0, at)
    density = np.exp(log_density - betaln(a.alpha, a.beta))
    larger = betaincc(b.alpha, b.beta, np.clip(expit(at) + margin, 0.0, 1.0))
    found = float((half * _UNIT_WEIGHTS * density * larger).sum())
    # Below `start` lies what floats cannot place: of Beta(0.02, 0.5) a share of 7e-7 below 1e-308.
    beyond = float(betainc(a.alpha, a.beta, expit(start)))
    found += beyond * float(betaincc(b.alpha, b.beta, min(expit(start) + margin, 1.0)))
    return min(max(found, 0.0), 1.0)


def _mass_below(law: Normal, value: float) -> float:
    if law.standard_deviation == 0.0:
        return float(law.mean < value)
    z = (value - law.mean) / law.standard_deviation
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _require_rope(rope: float) -> None:
    if not 0.0 <= rope < math.inf:
        raise InvalidInput(
            f"rope = {rope!r}: must be at least 0 and finite. "
            "Give the largest difference that is too small to matter, such as 0.005."
        )


_FARTHEST: Final = 700.0
_MARKS: Final = (1e-12, 1e-6, 0.001, 0.02, 0.16, 0.5, 0.84, 0.98, 0.999, 1.0 - 1e-6, 1.0 - 1e-12)
