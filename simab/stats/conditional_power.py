"""How a test will end, from a look on its way: conditional and predictive power.

z scores as in `group_sequential`: at information t, a fraction of the planned total, z has mean
drift x sqrt t. One-sided: large z rejects.
"""

from __future__ import annotations

import math

from simab.errors import InvalidInput
from simab.stats.bayes import Normal

__all__ = ["conditional_power", "current_trend", "predictive_power"]


def conditional_power(z: float, fraction: float, bound: float, drift: float) -> float:
    """P(z at the end >= bound | z now) where the drift, the mean of the last z, is as given.

    Phi((z sqrt t + drift (1 - t) - bound) / sqrt(1 - t)) (Lan, Simon and Halperin 1982; Jennison
    and Turnbull 2000, chapter 10). The drift is that of the planned effect, of none, or
    `current_trend`. Raises InvalidInput for a fraction not strictly between 0 and 1.
    """
    _require_fraction(fraction)
    left = 1.0 - fraction
    return _below((z * math.sqrt(fraction) + drift * left - bound) / math.sqrt(left))


def current_trend(z: float, fraction: float) -> float:
    """The drift that makes the z of now its mean: z / sqrt t.

    Raises InvalidInput for a fraction not strictly between 0 and 1.
    """
    _require_fraction(fraction)
    return z / math.sqrt(fraction)


def predictive_power(z: float, fraction: float, bound: float, prior: Normal | None = None) -> float:
    """Conditional power averaged over what is believed of the drift after the look.

    Without a prior the drift is as the data say, N(z / sqrt t, 1 / t): Phi((z / sqrt t - bound)
    sqrt(t / (1 - t))) (Spiegelhalter, Freedman and Blackburn 1986; Jennison and Turnbull 2000,
    chapter 10). With one, precisions add up: data of fraction t know the drift with precision t.
    Raises InvalidInput for a fraction not strictly between 0 and 1.
    """
    _require_fraction(fraction)
    mean, variance = z / math.sqrt(fraction), 1.0 / fraction
    if prior is not None:
        spread = prior.standard_deviation**2
        weight = spread / (spread + variance)
        mean, variance = prior.mean + weight * (mean - prior.mean), weight * variance
    left = 1.0 - fraction
    # The last score is that of now, plus drift x left, plus noise of variance left.
    expected = z * math.sqrt(fraction) + mean * left
    return _below((expected - bound) / math.sqrt(left + left * left * variance))


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _require_fraction(fraction: float) -> None:
    if not 0.0 < fraction < 1.0:
        raise InvalidInput(
            f"fraction = {fraction!r}: must lie strictly between 0 and 1. "
            "Give the share of the planned requests that has been seen."
        )
