"""What can be held against theory: a mean or share over replications, and a whole distribution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.result.verification_result import CheckResult
from simab.stats.replicated_truth import law_test, ratio_test
from simab.verify.requests import Requests

__all__ = ["POWER", "Check", "Floats", "Law", "Part", "Value"]

POWER: Final = 0.95
"""With this probability an error of the size that is shown is caught."""
CELLS: Final = 2_000
"""Equally likely cells in which the values of a distribution are counted."""
Floats: TypeAlias = NDArray[np.float64]


class Part(NamedTuple):
    """What one replication adds to a ratio of sums."""

    part: float
    whole: float


@dataclass(frozen=True, slots=True)
class Check(ABC):
    """What theory says of a world; `source` is where it says so."""

    name: str
    source: str

    @abstractmethod
    def seen(self, requests: Requests) -> Floats:
        """What one replication shows, as numbers that `judged` takes."""

    @abstractmethod
    def judged(self, seen: Floats, size: float) -> CheckResult:
        """What all replications show, one a row, in a test of that size."""


@dataclass(frozen=True, slots=True)
class Value(Check):
    """A mean, a share or a variance: a ratio of sums over replications, and its true value."""

    theory: float
    measure: Callable[[Requests], Part]
    unit: str = ""

    def seen(self, requests: Requests) -> Floats:
        return np.array(self.measure(requests), dtype=np.float64)

    def judged(self, seen: Floats, size: float) -> CheckResult:
        test = ratio_test(seen[:, 0], seen[:, 1], self.theory, size=size, power=POWER)
        return CheckResult(
            name=self.name,
            source=self.source,
            test="value",
            unit=self.unit,
            theory=self.theory,
            simulated=test.ratio,
            low=test.low,
            high=test.high,
            error=test.error,
            score=test.z,
            bound=test.bound,
            smallest_caught=test.smallest_caught / abs(self.theory),
            passed=abs(test.z) <= test.bound,
        )


@dataclass(frozen=True, slots=True)
class Law(Check):
    """A distribution of independent values, by its distribution function."""

    values: Callable[[Requests], Floats]
    distribution: Callable[[Floats], Floats]

    def seen(self, requests: Requests) -> Floats:
        likelihoods = self.distribution(self.values(requests))
        cells = np.minimum((likelihoods * CELLS).astype(np.int64), CELLS - 1)
        return np.bincount(cells, minlength=CELLS).astype(np.float64)

    def judged(self, seen: Floats, size: float) -> CheckResult:
        test = law_test(seen.sum(axis=0), size=size, power=POWER)
        return CheckResult(
            name=self.name,
            source=self.source,
            test="law",
            unit="",
            theory=0.0,
            simulated=test.distance,
            low=float("nan"),
            high=float("nan"),
            error=test.error,
            score=test.score,
            bound=test.bound,
            smallest_caught=test.smallest_caught,
            passed=test.score <= test.bound,
        )
