"""Several candidates compared with one control at several looks: their family-wise error, bounds.

Candidates that fall to a lower bound are dropped; the first that reaches the upper one ends it all.
Given the control's means at all looks the candidates are independent, so that the error is the mean
over the control's course of what one candidate does (Magirr, Jaki and Whitehead 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_sample
from simab.stats.group_sequential import require_information

__all__ = ["Stages", "family_wise_error", "multi_arm_bounds"]

Floats = NDArray[np.float64]
Shape = Literal["pocock", "obrien_fleming"]
_COURSES: Final = 1 << 12
_NODES: Final = 48
_REACH: Final = 8.0
_MOST_LOOKS: Final = 20


@dataclass(frozen=True, slots=True)
class Stages:
    """The looks of a design: labelled requests of each candidate by then, and its z bounds.

    `lower` is -inf where nothing is dropped. The control has `control_ratio` times as many
    requests as a candidate at every look.
    """

    information: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    control_ratio: float = 1.0

    @classmethod
    def of(
        cls,
        information: ArrayLike,
        upper: ArrayLike,
        lower: ArrayLike | None = None,
        control_ratio: float = 1.0,
    ) -> Stages:
        """Checked; raises InvalidInput for information that does not rise or unequal lengths."""
        times = require_information(information)
        above = require_sample("upper", upper, infinite=True)
        below = np.full(times.size, -math.inf) if lower is None else np.asarray(lower, float)
        if not times.size == above.size == below.size <= _MOST_LOOKS:
            raise InvalidInput(
                f"information, upper and lower have {times.size}, {above.size} and {below.size} "
                f"entries: must be as many, at most {_MOST_LOOKS}. Give each look one of each."
            )
        return cls(
            tuple(times.tolist()), tuple(above.tolist()), tuple(below.tolist()), control_ratio
        )


def family_wise_error(stages: Stages, candidates: int) -> float:
    """Probability that any of so many candidates reaches the upper bound if all are as the control.

    To about 4e-4, by 4,096 courses of the control, the same in every call.
    """
    return 1.0 - float((_never(stages) ** candidates).mean())


def multi_arm_bounds(
    information: ArrayLike,
    candidates: int,
    *,
    shape: Shape,
    alpha: float,
    lower: ArrayLike | None = None,
    control_ratio: float = 1.0,
) -> Floats:
    """Upper z bounds of that shape at which the one-sided family-wise error is alpha.

    Pocock's are the same at every look, O'Brien and Fleming's fall with the root of the
    information. Raises InvalidInput for an alpha not strictly between 0 and 1.
    """
    from scipy.optimize import brentq

    require_level("alpha", alpha)
    times = require_information(information)
    falling = np.sqrt(times[-1] / times) if shape == "obrien_fleming" else np.ones(times.size)

    def excess(height: float) -> float:
        stages = Stages.of(times, height * falling, lower, control_ratio)
        return family_wise_error(stages, candidates) - alpha

    height = float(brentq(excess, 0.0, _REACH, xtol=1e-6))
    return np.asarray(height * falling)


def _never(stages: Stages) -> Floats:
    """For each course of the control, the probability that a candidate never reaches the top."""
    times = np.array(stages.information)
    courses = _courses(times.size)
    steps = np.sqrt(np.diff(times, prepend=0.0) * stages.control_ratio)
    control = np.cumsum(courses * steps, axis=1) / (stages.control_ratio * times)
    spread = np.sqrt((1.0 + 1.0 / stages.control_ratio) / times)
    reached = np.zeros(len(courses))
    scores, masses = np.zeros((len(courses), 1)), np.ones((len(courses), 1))
    before = 0.0
    for look, time in enumerate(times):
        # In scores of the candidate, whose law is normal with the requests as its variance.
        top = time * (stages.upper[look] * spread[look] + control[:, look])
        bottom = time * (stages.lower[look] * spread[look] + control[:, look])
        step = math.sqrt(time - before)
        reached += _above(scores, masses, top, step)
        if look + 1 < times.size:
            scores, masses = _within(scores, masses, (bottom, top), step, math.sqrt(time))
        before = float(time)
    return 1.0 - reached


def _above(scores: Floats, masses: Floats, top: Floats, step: float) -> Floats:
    from scipy.special import ndtr

    return np.asarray((masses * ndtr((scores - top[:, None]) / step)).sum(axis=1))


def _within(
    scores: Floats, masses: Floats, bounds: tuple[Floats, Floats], step: float, spread: float
) -> tuple[Floats, Floats]:
    """The law of the scores between two bounds after a normal step, on nodes of their own."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    low = np.maximum(bounds[0], -_REACH * spread)
    high = np.maximum(np.minimum(bounds[1], _REACH * spread), low)
    half = ((high - low) / 2.0)[:, None]
    found = low[:, None] + half * (nodes + 1.0)
    kernel = np.exp(-0.5 * ((found[:, :, None] - scores[:, None, :]) / step) ** 2)
    density = (kernel * masses[:, None, :]).sum(axis=2) / (step * math.sqrt(2.0 * math.pi))
    return found, density * half * weights


def _courses(looks: int) -> Floats:
    """Steps of the control in standard deviations, spread evenly: a Sobol net's middles."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    net = qmc.Sobol(looks, scramble=False).random(_COURSES)
    return np.asarray(ndtri(net + 0.5 / _COURSES))
