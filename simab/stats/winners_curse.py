"""By how much the estimate of a chosen or significant arm is too good, and a corrected one.

An arm is chosen because its estimate is high, which luck makes it as well as merit. Estimates are
normal with known standard errors.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_same_length, require_sample

__all__ = [
    "conditional_estimate",
    "excess_of_the_best",
    "excess_of_the_better_of_two",
    "excess_where_significant",
]

Floats = NDArray[np.float64]
_REACH: Final = 9.0  # standard errors beyond which the law of an estimate is left out
_PANELS: Final = 40
_UNIT_NODES, _UNIT_WEIGHTS = np.polynomial.legendre.leggauss(16)


def excess_of_the_better_of_two(difference: float, standard_error: float) -> float:
    """E[estimate of the arm with the higher estimate - its truth], for two independent arms.

    s phi(d / s), with d the true difference and s the standard error of the estimated one
    (E max by Clark 1961, Operations Research 9:145, less the truth of whichever is chosen). With
    equal arms of standard error sigma each s = sigma sqrt 2, which gives sigma / sqrt pi. Raises
    InvalidInput for a standard error not above 0.
    """
    _require_error(standard_error)
    return standard_error * _density(difference / standard_error)


def excess_of_the_best(means: ArrayLike, standard_errors: ArrayLike) -> float:
    """E[estimate of the arm with the highest estimate - its truth], for independent arms.

    `means` are the true ones (shapes: arms, arms). The sum over arms of the integral of
    (x - mean) times the density of its estimate times the others' probabilities to lie below x.
    For equal arms it is their standard error times the expected largest of as many normal values:
    1.163 for five (Teichroew 1956, Annals of Mathematical Statistics 27:410). Raises InvalidInput
    without arms, for unequal lengths, or for a standard error not above 0.
    """
    from scipy.special import ndtr

    truth, errors = (
        require_sample("means", means),
        require_sample("standard_errors", standard_errors),
    )
    require_same_length("means and standard_errors", truth, errors)
    if not truth.size:
        raise InvalidInput("means has no entries: must have one an arm. Give one arm at least.")
    for error in errors:
        _require_error(float(error))
    # Panels between the ends of all laws, so that no narrow law falls between two nodes.
    edges = np.unique(
        np.concatenate(
            [mean + error * np.linspace(-_REACH, _REACH, _PANELS + 1)
             for mean, error in zip(truth, errors, strict=True)]
        )
    )  # fmt: skip
    half = np.diff(edges) / 2.0
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * _UNIT_NODES
    weights = half[:, None] * _UNIT_WEIGHTS
    z = (nodes[..., None] - truth) / errors
    below = ndtr(z)
    total = 0.0
    for arm in range(truth.size):
        others = np.delete(below, arm, axis=2).prod(axis=2)
        density = np.exp(-0.5 * z[..., arm] ** 2) / math.sqrt(2.0 * math.pi)
        # (x - mean) times the density by x: both in standard errors, which cancel but for one.
        total += float((weights * z[..., arm] * density * others).sum())
    return total


def excess_where_significant(
    effect: float, standard_error: float, critical: float, *, two_sided: bool = True
) -> float:
    """E[estimate - effect given that z is beyond `critical`], of a normal law cut off.

    `critical` is of z = estimate / standard error: 1.96 for a two-sided .05. One-sided only high z
    is significant. The inflation grows as power falls: with power 50 % the estimate is 40 % too
    large (Zöllner and Pritchard 2007, American Journal of Human Genetics 80:605). Raises
    InvalidInput for a standard error not above 0.
    """
    _require_error(standard_error)
    drift = effect / standard_error
    upper, lower = _density(critical - drift), _density(-critical - drift)
    if not two_sided:
        # The hazard of a normal law: far out it is the distance and a little more.
        return standard_error * _hazard(critical - drift)
    beyond = _above(critical - drift) + _above(critical + drift)
    return standard_error * (upper - lower) / beyond


def conditional_estimate(
    estimate: float, standard_error: float, critical: float, *, two_sided: bool = True
) -> float:
    """The effect under which a significant estimate is most likely, given that it is significant.

    The maximum of phi(z - drift) / P(significant at the drift): where the expected z, given that it
    is significant, is the z that was seen (Zöllner and Pritchard 2007; Zhong and Prentice 2008,
    Biostatistics 9:621). Far beyond `critical` it is the estimate, just beyond it a quarter of
    that; one-sided it falls without bound there. Raises InvalidInput for an estimate that is not
    significant, or a standard error not above 0.
    """
    from scipy.optimize import brentq

    _require_error(standard_error)
    z = estimate / standard_error
    if not (abs(z) if two_sided else z) > critical:
        raise InvalidInput(
            f"estimate = {estimate!r}: must be beyond {critical!r} standard errors of "
            f"{standard_error!r}. Only what was reported because it is significant is corrected."
        )
    size = abs(z)

    def shortfall(drift: float) -> float:
        return drift + excess_where_significant(drift, 1.0, critical, two_sided=two_sided) - size

    # Two-sided the answer lies between 0 and the estimate, one-sided anywhere below it.
    low = 0.0
    if not two_sided:
        low = -1.0
        while shortfall(low) > 0.0:
            low *= 2.0
    drift = float(brentq(shortfall, low, size, xtol=1e-12))
    return math.copysign(drift * standard_error, z) if two_sided else drift * standard_error


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _above(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def _hazard(z: float) -> float:
    from scipy.special import erfcx

    return math.sqrt(2.0 / math.pi) / float(erfcx(z / math.sqrt(2.0)))


def _require_error(standard_error: float) -> None:
    if not 0.0 < standard_error < math.inf:
        raise InvalidInput(
            f"standard_error = {standard_error!r}: must be above 0 and finite. "
            "Give that of the estimate, such as sqrt(p (1 - p) / n)."
        )
