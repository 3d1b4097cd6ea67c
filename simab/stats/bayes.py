"""Two arms from a Bayesian's view: the probability that b is better, and the loss of choosing it.

What is believed of an arm is a `Beta` law of its share (0/1 outcomes) or a `Normal` law of its
mean. Only `math` loads with this module: a controller may ask at every tick. More arms:
`simab.stats.best_arm`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab.errors import InvalidInput
from simab.stats.checks import require_successes

__all__ = [
    "FLAT",
    "Beta",
    "Normal",
    "expected_loss",
    "expected_loss_normal",
    "probability_better",
    "probability_better_normal",
]


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta law of a share; Beta(1, 1) is flat, Beta(1/2, 1/2) is Jeffreys' prior."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        """Refuse parameters that are not finite numbers above 0."""
        for field in ("alpha", "beta"):
            value = getattr(self, field)
            if not (value > 0.0 and math.isfinite(value)):
                raise InvalidInput(
                    f"{field} = {value!r}: must be a finite number above 0. "
                    "Use Beta(1, 1) for a flat prior."
                )

    @property
    def mean(self) -> float:
        """Expected share."""
        return self.alpha / (self.alpha + self.beta)

    def after(self, successes: int, trials: int) -> Beta:
        """The law after these trials too. Raises InvalidInput unless 0 <= successes <= trials."""
        require_successes("successes", successes, trials)
        return Beta(self.alpha + successes, self.beta + trials - successes)


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal law of a mean, in the units of the mean."""

    mean: float
    standard_deviation: float

    def __post_init__(self) -> None:
        """Refuse a mean that is not finite, or a standard deviation below 0."""
        if not (math.isfinite(self.mean) and 0.0 <= self.standard_deviation < math.inf):
            raise InvalidInput(
                f"mean = {self.mean!r}, standard_deviation = {self.standard_deviation!r}: must be "
                "finite, and the latter not negative. Give the estimate and its standard error."
            )


FLAT: Final = Beta(1.0, 1.0)


def probability_better(a: Beta, b: Beta) -> float:
    """P(share b > share a) for independent Beta laws, with an absolute error below 1e-8.

    Small parameters are first raised to 8 by exact steps (Cook 2005). Then the characteristic
    function of logit b - logit a, a product of four Gamma functions, is inverted (Gil-Pelaez 1951)
    in 10 to 20 terms, however many requests were counted; the sum over the successes (Miller 2014)
    takes as many terms as successes, and whole numbers.
    """
    gained, a, b = _with_no_small_parameter(a, b)
    return min(max(_invert_characteristic(a, b) - gained, 0.0), 1.0)


def expected_loss(a: Beta, b: Beta) -> float:
    """E[max(share a - share b, 0)]: what choosing b costs on average, with error below 1e-8.

    mean a x P(a' > b) - mean b x P(a > b'), where a' and b' have seen one success more (Stucchi,
    VWO 2015). Small where b is better or as good, which is when a test may stop for b.
    """
    a_more, b_more = Beta(a.alpha + 1.0, a.beta), Beta(b.alpha + 1.0, b.beta)
    loss = a.mean * probability_better(b, a_more) - b.mean * probability_better(b_more, a)
    return max(loss, 0.0)


def probability_better_normal(a: Normal, b: Normal) -> float:
    """P(mean b > mean a) for independent normal laws; 1/2 if both are the same certain number."""
    spread = math.hypot(a.standard_deviation, b.standard_deviation)
    difference = b.mean - a.mean
    if spread == 0.0:
        return 0.5 if difference == 0.0 else float(difference > 0.0)
    return 0.5 * math.erfc(-difference / (spread * math.sqrt(2.0)))


def expected_loss_normal(a: Normal, b: Normal) -> float:
    """E[max(mean a - mean b, 0)] for independent normal laws, in the units of the means.

    s phi(u) - d Phi(-u) with d = b - a, s the standard deviation of d and u = d / s (the
    opportunity cost of Chick and Inoue 2001).
    """
    spread = math.hypot(a.standard_deviation, b.standard_deviation)
    difference = b.mean - a.mean
    if spread == 0.0:
        return max(-difference, 0.0)
    u = difference / spread
    density = math.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi)
    return max(spread * density - difference * 0.5 * math.erfc(u / math.sqrt(2.0)), 0.0)


def _with_no_small_parameter(a: Beta, b: Beta) -> tuple[float, Beta, Beta]:
    """Laws with every parameter at least 8, and by how much P(b > a) is higher there.

    A success more for b adds H / alpha_b with H = B(alpha_a + alpha_b, beta_a + beta_b) /
    (B(alpha_a, beta_a) B(alpha_b, beta_b)), and likewise for the others (Cook 2005, Exact
    calculation of beta inequalities).
    """
    parameters = [a.alpha, a.beta, b.alpha, b.beta]
    if min(parameters) >= _SMALL:
        return 0.0, a, b
    overlap = math.exp(
        _log_beta(a.alpha + b.alpha, a.beta + b.beta)
        - _log_beta(a.alpha, a.beta)
        - _log_beta(b.alpha, b.beta)
    )
    gained = 0.0
    for i, sign in enumerate((-1.0, 1.0, 1.0, -1.0)):
        while (value := parameters[i]) < _SMALL:
            gained += sign * overlap / value
            # i ^ 1 is the other parameter of the same law, i ^ 2 the same one of the other law.
            same_law = value + parameters[i ^ 1]
            both_laws = value + parameters[i ^ 2]
            overlap *= both_laws / sum(parameters) * same_law / value
            parameters[i] = value + 1.0
    return gained, Beta(parameters[0], parameters[1]), Beta(parameters[2], parameters[3])


def _log_beta(alpha: float, beta: float) -> float:
    return math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)


def _invert_characteristic(a: Beta, b: Beta) -> float:
    """P(b > a), as the integral of the sine of the characteristic function's angle."""
    middle = _logit_mean(b) - _logit_mean(a)
    spread = math.sqrt(_logit_variance(a) + _logit_variance(b))
    # 1e-10 of the difference lies farther than this from its middle: what a normal law leaves out,
    # and the exponential tails, which are heavier the fewer successes or failures are known.
    reach = math.hypot(7.5 * spread, 23.0 / min(a.alpha, a.beta, b.alpha, b.beta))
    if abs(middle) > reach:
        return 1.0 if middle > 0.0 else 0.0
    step = 2.0 * math.pi / (abs(middle) + reach)
    total, term = 0.0, 0
    while True:
        at = (term + 0.5) * step
        log_size, angle = _log_gamma_ratio(b.alpha, at)
        for parameter, sign in ((b.beta, -1.0), (a.alpha, -1.0), (a.beta, 1.0)):
            size, turn = _log_gamma_ratio(parameter, at)
            log_size += size
            angle += sign * turn
        if log_size < _NEGLIGIBLE:
            return min(max(0.5 + total / math.pi, 0.0), 1.0)
        total += math.exp(log_size) * math.sin(angle) / (term + 0.5)
        term += 1


def _logit_mean(law: Beta) -> float:
    # Digamma(x) is log x - 1 / (2 x) but for 1 / (12 x^2): enough to place a grid.
    return math.log(law.alpha / law.beta) - 0.5 / law.alpha + 0.5 / law.beta


def _logit_variance(law: Beta) -> float:
    return sum(1.0 / x + 0.5 / (x * x) + 1.0 / (6.0 * x**3) for x in (law.alpha, law.beta))


def _log_gamma_ratio(a: float, t: float) -> tuple[float, float]:
    """Log of the modulus, and the angle, of Gamma(a + i t) / Gamma(a).

    By Stirling's series (NIST DLMF 5.11.1) as a difference, which loses no digits however large a
    is; for a of at least 8. The angle is not reduced.
    """
    slope = t / a
    turn = math.atan(slope)
    stretch = 0.5 * math.log1p(slope * slope)
    inverse, real = 1.0 / complex(a, t), 1.0 / a
    series = _stirling(inverse, inverse * inverse) - _stirling(real, real * real)
    log_size = (a - 0.5) * stretch - t * turn + series.real
    return log_size, (a - 0.5) * turn + t * (math.log(a) + stretch - 1.0) + series.imag


def _stirling(inverse: complex, square: complex) -> complex:
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))


_SMALL: Final = 8.0
_NEGLIGIBLE: Final = math.log(1e-11)
