"""One thing that theory knows of a world, and how a run shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.scenario.models import Scenario
from simab.world import RunData
from simab.world.records import RECORD_COLUMNS

__all__ = ["NS", "Case", "Measure", "Part", "Requests", "world"]

NS: Final = 10**9
Integers: TypeAlias = NDArray[np.int64]


class Part(NamedTuple):
    """What one replication adds to a ratio of sums."""

    part: float
    whole: float


class Requests(NamedTuple):
    """The requests of a run in order of arrival, a column each; instants in ns, -1 if unknown."""

    segment: Integers
    client: Integers
    variant: Integers
    instance: Integers
    arrived_ns: Integers
    started_ns: Integers
    finished_ns: Integers
    status: Integers
    attempt: Integers
    label: Integers
    score: Integers
    correct: Integers
    label_ns: Integers

    @classmethod
    def of(cls, run_data: RunData) -> Requests:
        """Of a run that kept its records."""
        assert run_data.records is not None
        assert cls._fields == RECORD_COLUMNS
        return cls(*np.ascontiguousarray(run_data.records.T))

    def after(self, since_ns: int) -> Requests:
        """Those that arrived from an instant on."""
        first = int(np.searchsorted(self.arrived_ns, since_ns))
        return Requests(*(column[first:] for column in self))


Measure: TypeAlias = Callable[[Requests], Part]


@dataclass(frozen=True, slots=True)
class Case:
    """A value that theory gives, and the world and measure in which it is to be seen.

    The value is a ratio of sums over replications. `source` says where it is from.
    """

    name: str
    source: str
    scenario: Scenario
    theory: float
    measure: Measure
    unit: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def world(
    variant: Mapping[str, Any],
    segment: Mapping[str, Any],
    *,
    horizon_s: float,
    **parts: Any,
) -> Scenario:
    """A scenario in which one variant gets all traffic of one segment."""
    plain = {"quality": {"kind": "success", "probability": 0.5}}
    idle = {"latency": {"kind": "constant", "value": "1ms"}, "weight": 0}
    window = f"{max(round(horizon_s / 4), 1)}s"
    return Scenario.model_validate(
        {
            "title": "against theory",
            "endpoint": {"variants": {"a": {**plain, **variant}, "idle": {**plain, **idle}}},
            "traffic": {"users": dict(segment)},
            "metrics": {"period": window},
            "controller": {"interval": window},
            "objective": {
                "control": "a",
                "candidate": "idle",
                "metric": "success_rate",
                "smallest_effect": 0.01,
            },
            "horizon": f"{round(horizon_s)}s",
            "policies": {
                "still": {"kind": "manual_schedule", "steps": [{"at": "366d", "weights": {}}]}
            },
        }
        | parts
    )
