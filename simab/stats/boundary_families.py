"""Classic two-sided boundaries for equally spaced looks: Pocock, O'Brien-Fleming, Wang-Tsiatis.

Look k of K rejects where abs(z) >= C (k / K)^(shape - 1/2): shape 1/2 is Pocock's flat boundary
(1977), shape 0 that of O'Brien and Fleming (1979), between them Wang and Tsiatis (1987).
Notation and tables: Jennison and Turnbull 2000, chapter 2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.group_sequential import (
    crossing_probabilities,
    drift_for_power,
    expected_information,
)
from simab.stats.interval import normal_quantile

__all__ = [
    "expected_share_of_fixed",
    "inflation_factor",
    "obrien_fleming_bounds",
    "obrien_fleming_constant",
    "pocock_bounds",
    "pocock_constant",
    "repeated_looks_error",
    "wang_tsiatis_bounds",
    "wang_tsiatis_constant",
]


def repeated_looks_error(looks: int, *, alpha: float = 0.05) -> float:
    """Probability that one of `looks` equally spaced two-sided z-tests at `alpha` rejects equality.

    Armitage, McPherson and Rowe 1969, table 2: .142 for 5 looks at .05, .193 for 10. Raises
    InvalidInput for fewer than 1 look or an alpha not strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    bound = np.full(_require_looks(looks), normal_quantile(1.0 - alpha / 2.0))
    return crossing_probabilities(np.arange(1.0, looks + 1.0), bound, -bound).total


def wang_tsiatis_constant(looks: int, shape: float, *, alpha: float = 0.05) -> float:
    """C such that the bounds C (k / K)^(shape - 1/2) reject equality with probability `alpha`.

    Raises InvalidInput for fewer than 1 look, an alpha not strictly between 0 and 1, or a shape
    not within -10 and 1.
    """
    from scipy.optimize import brentq

    require_level("alpha", alpha)
    if not -10.0 <= shape <= 1.0:
        raise InvalidInput(
            f"shape = {shape!r}: must lie within -10 and 1. "
            "Use 0.5 (Pocock) to 0 (O'Brien-Fleming)."
        )
    times = np.arange(1.0, _require_looks(looks) + 1.0) / looks
    profile = times ** (shape - 0.5)

    def excess(constant: float) -> float:
        bound = constant * profile
        return crossing_probabilities(times, bound, -bound).total - alpha

    # The last look alone must not reject more often; all looks at most sum up (Bonferroni).
    smallest = normal_quantile(1.0 - alpha / 2.0) - 1e-6
    largest = normal_quantile(1.0 - alpha / (2.0 * looks)) / float(profile.min()) + 1e-6
    return float(brentq(excess, smallest, largest, xtol=1e-9))


def wang_tsiatis_bounds(looks: int, shape: float, *, alpha: float = 0.05) -> NDArray[np.float64]:
    """The upper z bounds of the looks (shape: looks); the lower ones are their negatives."""
    constant = wang_tsiatis_constant(looks, shape, alpha=alpha)
    bounds: NDArray[np.float64] = constant * (np.arange(1.0, looks + 1.0) / looks) ** (shape - 0.5)
    return bounds


def pocock_constant(looks: int, *, alpha: float = 0.05) -> float:
    """Pocock's z bound of every look: 2.413 for 5 looks at .05."""
    return wang_tsiatis_constant(looks, 0.5, alpha=alpha)


def pocock_bounds(looks: int, *, alpha: float = 0.05) -> NDArray[np.float64]:
    """Pocock's upper z bounds: the same at every look."""
    return wang_tsiatis_bounds(looks, 0.5, alpha=alpha)


def obrien_fleming_constant(looks: int, *, alpha: float = 0.05) -> float:
    """O'Brien and Fleming's z bound of the last look: 2.040 for 5 looks at .05."""
    return wang_tsiatis_constant(looks, 0.0, alpha=alpha)


def obrien_fleming_bounds(looks: int, *, alpha: float = 0.05) -> NDArray[np.float64]:
    """O'Brien and Fleming's upper z bounds: constant x sqrt(looks / k) at look k."""
    return wang_tsiatis_bounds(looks, 0.0, alpha=alpha)


def inflation_factor(bounds: NDArray[np.float64], *, alpha: float, power: float) -> float:
    """Largest sample over the fixed one of the same alpha and power, for equally spaced looks.

    `bounds` are the upper ones of a two-sided design (Jennison and Turnbull 2000, section 2.3).
    Raises InvalidInput for alpha or power not strictly between 0 and 1.
    """
    require_level("alpha", alpha)
    drift = _design_drift(bounds, power)
    fixed = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power)
    return (drift / fixed) ** 2


def expected_share_of_fixed(
    bounds: NDArray[np.float64], effect: float, *, alpha: float, power: float
) -> float:
    """Expected sample over the fixed one, where the true effect is `effect` x the design's.

    0 is equality, 1 the effect that the design detects with `power`. Raises InvalidInput as
    `inflation_factor`.
    """
    times = _equal_looks(bounds)
    crossing = crossing_probabilities(
        times, bounds, -bounds, drift=effect * _design_drift(bounds, power)
    )
    inflation = inflation_factor(bounds, alpha=alpha, power=power)
    return inflation * expected_information(times, crossing)


def _equal_looks(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arange(1.0, bounds.size + 1.0) / bounds.size


def _design_drift(bounds: NDArray[np.float64], power: float) -> float:
    return drift_for_power(_equal_looks(bounds), bounds, -bounds, power=power)


def _require_looks(looks: int) -> int:
    if looks < 1 or looks != math.floor(looks):
        raise InvalidInput(
            f"looks = {looks!r}: must be a whole number of at least 1. Count the last look too."
        )
    return looks
