"""One-sided designs that also stop early for futility: by spending alpha above and beta below.

Pampallona, Tsiatis and Kim 2001; the bounds are those of gsDesign's test.type 4 (not binding) and
3 (binding). With bounds that do not bind, alpha holds even if a team plays on below the futility
bound; with binding ones the efficacy bounds are lower, and alpha is lost when someone plays on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.group_sequential import Survivors, advance, require_information
from simab.stats.interval import normal_quantile
from simab.stats.spending import Spending, bound_for_tail, spending_bounds, spending_increments

__all__ = ["FutilityDesign", "futility_design"]


@dataclass(frozen=True, slots=True, eq=False)
class FutilityDesign:
    """z bounds of each look: reject at `upper` or above, stop for futility at `lower` or below.

    They meet at the last look. `drift` is the mean of the last z at the effect that the design
    detects with the power asked for; `inflation` is the largest sample over the fixed one.
    """

    information: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    drift: float
    inflation: float


def futility_design(
    information: ArrayLike, alpha: Spending, beta: Spending, *, binding: bool = False
) -> FutilityDesign:
    """Bounds at rising information fractions that end in 1, for two one-sided spending functions.

    `alpha` counts the false promotions without an effect, `beta` the missed ones at the design's
    effect, which is what the drift is solved for. Raises InvalidInput for information that does
    not rise from above 0 to 1, spending that falls, or errors that sum to 1 or more.
    """
    from scipy.optimize import brentq

    times = require_information(information)
    if abs(float(times[-1]) - 1.0) > 1e-12:
        raise InvalidInput(
            f"information ends in {float(times[-1])!r}: must end in 1, where both errors are spent."
            " Divide it by the planned total."
        )
    errors = spending_increments(times, alpha)
    misses = spending_increments(times, beta)
    if sum(errors) + sum(misses) >= 1.0:
        raise InvalidInput(
            f"alpha and beta spend {sum(errors):g} and {sum(misses):g}: must sum to less than 1. "
            "Ask for errors such as 0.025 and 0.1."
        )
    fixed = normal_quantile(1.0 - sum(errors)) + normal_quantile(1.0 - sum(misses))
    upper = spending_bounds(times, alpha, two_sided=False)

    def bounds(drift: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if binding:
            return _binding_bounds(times, errors, misses, drift)
        return upper, _futility_bounds(times, upper, misses, drift)

    def gap(drift: float) -> float:
        above, below = bounds(drift)
        # Far off the solution no run goes on to the last look, and its bounds are infinite.
        return float(np.clip(below[-1] - above[-1], -_FAR, _FAR))

    drift = float(brentq(gap, 0.9 * fixed, _bracket(gap, fixed), xtol=1e-9))
    above, below = bounds(drift)
    # They are equal but for the solver's last digit: at the last look one of the two happens.
    below[-1] = above[-1]
    return FutilityDesign(times, above, below, drift, (drift / fixed) ** 2)


def _bracket(gap: Callable[[float], float], fixed: float) -> float:
    largest = 1.1 * fixed
    while gap(largest) < 0.0:
        largest *= 1.2
    return largest


def _futility_bounds(
    times: NDArray[np.float64], upper: NDArray[np.float64], misses: list[float], drift: float
) -> NDArray[np.float64]:
    """Lower bounds that spend the misses at `drift`; as high as the upper one where they cross."""
    survivors = _beginning()
    lower = np.empty(times.size)
    for look, miss in enumerate(misses):
        time = float(times[look])
        lower[look] = _bound_for_lower_tail(survivors, time, miss, drift)
        if look + 1 < times.size:
            within = (min(float(lower[look]), float(upper[look])), float(upper[look]))
            gap = float(times[look + 1]) - time
            survivors = advance(survivors, time, within, drift, next_gap=gap)
    return lower


def _binding_bounds(
    times: NDArray[np.float64], errors: list[float], misses: list[float], drift: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both bounds look by look: the tests that gave up can no longer reject by mistake."""
    without_effect = with_effect = _beginning()
    upper, lower = np.empty(times.size), np.empty(times.size)
    for look, (error, miss) in enumerate(zip(errors, misses, strict=True)):
        time = float(times[look])
        upper[look] = bound_for_tail(without_effect, time, error)
        lower[look] = _bound_for_lower_tail(with_effect, time, miss, drift)
        if look + 1 < times.size:
            within = (min(float(lower[look]), float(upper[look])), float(upper[look]))
            gap = float(times[look + 1]) - time
            without_effect = advance(without_effect, time, within, 0.0, next_gap=gap)
            with_effect = advance(with_effect, time, within, drift, next_gap=gap)
    return upper, lower


def _bound_for_lower_tail(
    survivors: Survivors, information: float, miss: float, drift: float
) -> float:
    # The lower tail at a drift is the upper tail of the mirrored scores at its negative.
    mirrored = Survivors(survivors.information, -survivors.scores[::-1], survivors.masses[::-1])
    return -bound_for_tail(mirrored, information, miss, drift=-drift)


def _beginning() -> Survivors:
    return Survivors(0.0, np.zeros(1), np.ones(1))


_FAR: Final = 50.0
