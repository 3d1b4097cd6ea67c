"""Cases played and judged: z of each, and the smallest error that it would have caught."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.verify.case import Case, Part, Requests
from simab.verify.identities import broken_identities
from simab.world import Blueprint, play

__all__ = ["SIZE", "Judged", "Verification", "verify"]

SIZE: Final = 1e-3
"""The probability that a right simulator fails anywhere in the table."""
_CAUGHT: Final = 0.95
"""With this probability an error of the size that is shown is caught."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case beside what was simulated.

    `error` is the standard error over replications, `bound` what |z| exceeds with the case's part
    of the size, `smallest_caught` the relative error that is caught with 95 %.
    """

    case: Case
    simulated: float
    error: float
    bound: float
    smallest_caught: float
    replications: int
    requests: int
    broken: tuple[str, ...]

    @property
    def z(self) -> float:
        """How many standard errors the simulated value lies above theory."""
        return (self.simulated - self.case.theory) / self.error if self.error else math.nan

    @property
    def passed(self) -> bool:
        """Whether theory and every identity hold."""
        return abs(self.z) <= self.bound and not self.broken


@dataclass(frozen=True, slots=True)
class Verification:
    """All cases of a table."""

    judged: tuple[Judged, ...]
    size: float = SIZE

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        return all(each.passed for each in self.judged)


def verify(
    cases: Sequence[Case],
    *,
    replications: int,
    seed: int = 1,
    engine: str = "compiled",
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Play each case so many times, and hold it against theory.

    The standard error is that of the residuals over replications (Cochran 1977, "Sampling
    techniques", section 2.11); bounds are Student's t, and the size is shared by all cases equally.
    Each case has numbers of its own, or all would err to the same side.
    """
    judged = []
    for number, case in enumerate(cases):
        one = partial(_replication, case, seed + number, engine)
        mapped = (
            map(one, range(replications))
            if executor is None
            else executor.map(one, range(replications))
        )
        judged.append(_judged(case, list(mapped), SIZE / len(cases)))
        if progress is not None:
            progress(number + 1, len(cases))
    return Verification(tuple(judged))


@dataclass(frozen=True, slots=True)
class _Replication:
    part: Part
    requests: int
    broken: tuple[str, ...]


def _replication(case: Case, seed: int, engine: str, replication: int) -> _Replication:
    blueprint = Blueprint.of(case.scenario)
    run_data, _ = play(
        blueprint, None, Draws(seed, replication), engine=engine, record_requests=True
    )
    requests = Requests.of(run_data)
    broken = tuple(broken_identities(blueprint, run_data, requests))
    return _Replication(case.measure(requests), len(requests.arrived_ns), broken)


def _judged(case: Case, found: Sequence[_Replication], size: float) -> Judged:
    from scipy.stats import t as student

    parts = np.array([each.part.part for each in found])
    wholes = np.array([each.part.whole for each in found])
    ratio, error = _ratio(parts, wholes)
    bound = float(student.isf(size / 2.0, len(found) - 1))
    caught = float(student.ppf(_CAUGHT, len(found) - 1))
    return Judged(
        case,
        ratio,
        error,
        bound,
        (bound + caught) * error / abs(case.theory),
        len(found),
        sum(each.requests for each in found),
        tuple(dict.fromkeys(text for each in found for text in each.broken)),
    )


def _ratio(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> tuple[float, float]:
    """A ratio of sums, and its standard error."""
    ratio = parts.sum() / wholes.sum()
    residuals, count = parts - ratio * wholes, len(parts)
    error = math.sqrt(float(residuals @ residuals) * count / (count - 1)) / wholes.sum()
    return float(ratio), float(error)
