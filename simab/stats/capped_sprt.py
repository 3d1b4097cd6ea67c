"""A sequential probability ratio test of two arms that ends at a largest sample.

After SPRT-z of Ho and Thomas 2026 (arXiv 2606.24871, known here from its abstract): the likelihood
ratio of z statistics, looked at a few times, with an end for futility and a cap that keeps the
power. They calibrate the cap by simulated paths, here the probabilities are integrals of
`group_sequential`; their ratio is of an effect of either sign (Hajnal 1961), here of a gain.

Information is in units of the fixed-size test with the same errors, z of two arms has mean
drift x sqrt information, and the drift of the effect to be detected is z of alpha + z of beta.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.group_sequential import (
    Crossing,
    crossing_probabilities,
    expected_information,
    require_information,
)
from simab.stats.interval import normal_quantile
from simab.stats.sprt import sprt_bounds

__all__ = ["CappedSprt", "calibrated_cap", "capped_sprt", "sprt_information"]

_MOST: Final = 4  # fixed sizes: the cap hardly ever decides there
_MOST_LOOKS: Final = 250  # in a fixed size: the integrals hold for 1,000 looks in all


@dataclass(frozen=True, slots=True, eq=False)
class CappedSprt:
    """z bounds of each look: effect found at `upper` or above, given up at `lower` or below.

    At the last look, which is the cap, a test between them ends without having found the effect.
    `drift` is the mean of z at information 1 under the effect to be detected.
    """

    information: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    drift: float

    def crossing(self, effect: float = 0.0) -> Crossing:
        """Probabilities of each end where the true effect is so many times the planned one."""
        drift = effect * self.drift
        return crossing_probabilities(self.information, self.upper, self.lower, drift=drift)

    def power(self, effect: float = 1.0) -> float:
        """Probability to find the effect: `alpha` at most at 0, and 1 - beta wanted at 1."""
        return float(self.crossing(effect).upper.sum())

    def expected_size(self, effect: float) -> float:
        """Mean information at the end, in units of the fixed-size test."""
        return expected_information(self.information, self.crossing(effect))


def capped_sprt(information: ArrayLike, *, alpha: float = 0.05, beta: float = 0.2) -> CappedSprt:
    """The one-sided test with Wald's bounds at looks with this information; the last is the cap.

    log ratio = drift sqrt(t) z - drift^2 t / 2, found at log((1 - beta) / alpha) and given up at
    log(beta / (1 - alpha)) (Wald 1947). The ends overshoot the bounds from look to look, so that
    fewer errors are made than stated, but the cap misses effects: `calibrated_cap`. Raises
    InvalidInput for information that does not rise from above 0, or errors that are not strictly
    between 0 and 1 or sum to 1 or more.
    """
    times = require_information(information)
    bounds = sprt_bounds(alpha, beta)
    drift = normal_quantile(1.0 - alpha) + normal_quantile(1.0 - beta)
    root = drift * np.sqrt(times)
    middle = root / 2.0
    return CappedSprt(times, middle + bounds.upper / root, middle + bounds.lower / root, drift)


def sprt_information(
    effect: float, variance: float, *, alpha: float = 0.05, beta: float = 0.2
) -> float:
    """Of an estimated difference with this variance, in units of the fixed-size test of `effect`.

    effect^2 / variance / (z of alpha + z of beta)^2. Raises InvalidInput for an effect of 0 or a
    variance not above 0.
    """
    if not (effect and variance > 0.0):
        raise InvalidInput(
            f"effect = {effect!r}, variance = {variance!r}: must not be 0, and the variance above "
            "it. Give the smallest difference that matters, and begin when both arms vary."
        )
    drift = normal_quantile(1.0 - alpha) + normal_quantile(1.0 - beta)
    return effect * effect / variance / drift**2


def calibrated_cap(
    looks_per_fixed_size: int, *, alpha: float = 0.05, beta: float = 0.2
) -> CappedSprt:
    """The test with the fewest looks that finds the effect with probability 1 - beta.

    Looks are evenly spaced, `looks_per_fixed_size` of them in a fixed-size test with the same
    errors; the cap needs no effect and no variance of the metric, for it is a multiple of that
    size. Power by integration, exact to 1e-6. Raises InvalidInput for less than one look or more
    than 250, as `capped_sprt`, or where even a cap of 4 fixed sizes does not reach the power.
    """
    if not 1 <= looks_per_fixed_size <= _MOST_LOOKS:
        raise InvalidInput(
            f"looks_per_fixed_size = {looks_per_fixed_size!r}: must be from 1 to {_MOST_LOOKS}. "
            "Give the days that the fixed-size test takes, for a look a day."
        )
    most = _MOST * looks_per_fixed_size
    all_looks = capped_sprt(np.arange(1, most + 1) / looks_per_fixed_size, alpha=alpha, beta=beta)
    # What a cap at each look would have found up to it: the bounds do not depend on the cap.
    found = np.cumsum(all_looks.crossing(1.0).upper)
    enough = np.flatnonzero(found >= 1.0 - beta)
    if not enough.size:
        raise InvalidInput(
            f"alpha = {alpha!r}, beta = {beta!r}: power {found[-1]:.4f} is all that {most} looks "
            "reach, must be 1 - beta. Look more often, or ask for a larger beta."
        )
    last = int(enough[0]) + 1
    return CappedSprt(
        all_looks.information[:last],
        all_looks.upper[:last],
        all_looks.lower[:last],
        all_looks.drift,
    )
