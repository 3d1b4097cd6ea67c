"""Probabilities of crossing boundaries at several looks at growing data, by numerical integration.

Looks are on the z scale: at a look with information t the statistic has mean drift x sqrt(t) and
variance 1, and the scores z sqrt(t) have independent normal increments (Armitage, McPherson and
Rowe 1969; Jennison and Turnbull 2000, chapters 2 and 19). Information is in any unit; with t = 1
at the last look the drift is the mean of the last z. Proportions and means follow this law
approximately, with requests as information, the better the more requests lie between looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_sample

__all__ = [
    "Crossing",
    "Survivors",
    "advance",
    "crossing_probabilities",
    "drift_for_power",
    "expected_information",
    "require_information",
    "tails",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Probabilities that the first crossing is at look k, of the upper or of the lower bound."""

    upper: Floats
    lower: Floats

    @property
    def total(self) -> float:
        """Probability to cross a bound at any look."""
        return float(self.upper.sum() + self.lower.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Survivors:
    """The law of the score z sqrt(information) of the tests that go on after a look.

    `masses` are densities times quadrature weights: they sum to the probability of going on.
    """

    information: float
    scores: Floats
    masses: Floats


_START: Final = Survivors(0.0, np.zeros(1), np.ones(1))


def crossing_probabilities(
    information: ArrayLike, upper: ArrayLike, lower: ArrayLike | None = None, *, drift: float = 0.0
) -> Crossing:
    """Probability of each first crossing of z >= upper or z <= lower (shapes: k, k and k).

    Without `lower` only the upper bound stops; infinite bounds stop nothing. Absolute error below
    1e-7 up to 1,000 looks. Raises InvalidInput for information that does not rise from above 0,
    unequal lengths, or looks so near each other that they should be merged.
    """
    times = require_information(information)
    above = require_sample("upper", upper, infinite=True)
    below = (
        np.full(times.size, -math.inf)
        if lower is None
        else require_sample("lower", lower, infinite=True)
    )
    if not times.size == above.size == below.size:
        raise InvalidInput(
            f"information, upper and lower have {times.size}, {above.size} and {below.size} "
            "entries: must be as many. Give each look one of each."
        )
    survivors = _START
    out_above, out_below = np.zeros(times.size), np.zeros(times.size)
    for look, time in enumerate(times):
        bounds = (float(below[look]), float(above[look]))
        out_below[look], out_above[look] = tails(survivors, float(time), bounds, drift)
        if look + 1 < times.size:
            gap = float(times[look + 1] - time)
            survivors = advance(survivors, float(time), bounds, drift, next_gap=gap)
    return Crossing(out_above, out_below)


def expected_information(information: ArrayLike, crossing: Crossing) -> float:
    """Mean information when the test stops: at its crossing, else at the last look."""
    times = require_information(information)
    stopped = crossing.upper + crossing.lower
    return float(times @ stopped + times[-1] * (1.0 - stopped.sum()))


def drift_for_power(
    information: ArrayLike, upper: ArrayLike, lower: ArrayLike | None = None, *, power: float
) -> float:
    """The drift at which the upper bound is crossed with probability `power`.

    Raises InvalidInput as `crossing_probabilities`, or for a power not strictly between the one
    at drift 0 and 1.
    """
    from scipy.optimize import brentq

    require_level("power", power)

    def excess(drift: float) -> float:
        crossing = crossing_probabilities(information, upper, lower, drift=drift)
        return float(crossing.upper.sum()) - power

    at_no_drift = excess(0.0)
    if at_no_drift >= 0.0:
        raise InvalidInput(
            f"power = {power!r}: must exceed {power + at_no_drift:.6g}, the error without drift. "
            "Ask for a power such as 0.8."
        )
    times = require_information(information)
    largest = 1.0 / math.sqrt(float(times[-1]))
    while excess(largest) < 0.0:
        largest *= 2.0
    return float(brentq(excess, 0.0, largest, xtol=1e-10 * largest))


def tails(
    survivors: Survivors, information: float, bounds: tuple[float, float], drift: float
) -> tuple[float, float]:
    """Probabilities to go on up to a look, and to be at or below, at or above its z bounds."""
    from scipy.special import ndtr

    gap = information - survivors.information
    means = survivors.scores + drift * gap
    low, high = (bound * math.sqrt(information) for bound in bounds)
    spread = math.sqrt(gap)
    below = float(survivors.masses @ ndtr((low - means) / spread)) if low > -math.inf else 0.0
    above = float(survivors.masses @ ndtr((means - high) / spread)) if high < math.inf else 0.0
    return below, above


def advance(
    survivors: Survivors,
    information: float,
    bounds: tuple[float, float],
    drift: float,
    *,
    next_gap: float,
) -> Survivors:
    """The law of the scores strictly within a look's bounds, on nodes fine enough for the next."""
    gap = information - survivors.information
    root = math.sqrt(information)
    low = max(bounds[0] * root, drift * information - _REACH * root)
    high = min(bounds[1] * root, drift * information + _REACH * root)
    if low >= high:
        return Survivors(information, np.zeros(0), np.zeros(0))
    # The density varies on the scale of the last step, the next kernel on that of the next.
    scores, weights = _nodes(low, high, _PANEL * math.sqrt(min(gap, next_gap)))
    density = _after_step(survivors, scores, drift * gap, math.sqrt(gap))
    return Survivors(information, scores, density * weights)


def require_information(information: ArrayLike) -> Floats:
    """The information at the looks: one look at least, above 0 and rising."""
    times = require_sample("information", information)
    if times.size == 0 or times[0] <= 0.0 or (np.diff(times) <= 0.0).any():
        raise InvalidInput(
            f"information = {times.tolist()!r}: must rise from above 0 with every look. "
            "Give the requests, or their shares of the total, at each look."
        )
    return times


_REACH: Final = 8.5  # standard deviations beyond which a normal law is left out: 2e-17 of it
_PANEL: Final = 2.0  # a panel of 8 Gauss nodes spans 2 of them: relative error 2e-9
_MOST_PANELS: Final = 4_000
_UNIT_NODES, _UNIT_WEIGHTS = leggauss(8)


def _nodes(low: float, high: float, width: float) -> tuple[Floats, Floats]:
    panels = math.ceil((high - low) / width)
    if panels > _MOST_PANELS:
        raise InvalidInput(
            f"two looks lie too near each other for {panels} panels of integration: must be at "
            f"most {_MOST_PANELS}. Merge looks that add less than a thousandth of the information."
        )
    half = (high - low) / (2.0 * panels)
    middles = low + half * (2.0 * np.arange(panels) + 1.0)
    nodes = (middles[:, None] + half * _UNIT_NODES).ravel()
    return nodes, np.tile(half * _UNIT_WEIGHTS, panels)


def _after_step(survivors: Survivors, scores: Floats, shift: float, spread: float) -> Floats:
    """Density at `scores` after a normal step of mean `shift`, from sources within reach only."""
    origins = scores - shift
    sources = survivors.scores
    if sources.size == 0:
        return np.zeros(scores.size)
    first = np.searchsorted(sources, origins - _REACH * spread)
    last = np.searchsorted(sources, origins + _REACH * spread)
    band = max(int((last - first).max()), 1)
    # Moved into the range rather than cut off at its end, so that no source counts twice.
    first = np.minimum(first, sources.size - band)
    picked = first[:, None] + np.arange(band)
    kernel = np.exp(-0.5 * ((origins[:, None] - sources[picked]) / spread) ** 2)
    density: Floats = (kernel * survivors.masses[picked]).sum(axis=1)
    return density / (spread * math.sqrt(2.0 * math.pi))
