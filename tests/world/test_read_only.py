"""What a policy is handed is read-only, to the last array: looking cannot change the run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from simab.policies import Action, Observation, SetWeights
from simab.simulation import Run, simulate
from simab.world.published import PublishedMetrics
from tests.study.building import small


class Looks:
    """Look at everything; write to whatever can be written to, if asked to."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self.written: list[str] = []
        self.arrays = 0

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        metrics = observation.metrics
        shown: list[Any] = [observation, metrics.published_until_ns]
        for name in observation.weights:
            shown += [metrics.requests(name, 0, observation.now_ns), metrics.labels(name)]
        if isinstance(metrics, PublishedMetrics):
            shown += [getattr(metrics, name) for name in metrics.__slots__]
        for place, value in self._reached("shown", shown):
            self.arrays += isinstance(value, np.ndarray)
            if self.writes and self._writes(value):
                self.written.append(place)
        return [SetWeights({"a": -1.0})], state  # refused: it will be shown at the next look

    def _reached(self, place: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
        yield place, value
        inside: dict[str, Any] = {}
        if isinstance(value, np.ndarray):
            inside = {"base": value.base}
        elif dataclasses.is_dataclass(value) and type(value).__name__ != "Blueprint":
            inside = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        elif isinstance(value, list | tuple):
            names = getattr(value, "_fields", range(len(value)))
            inside = {str(name): each for name, each in zip(names, value, strict=True)}
        for name, each in inside.items() if depth < 8 else ():
            yield from self._reached(f"{place}.{name}", each, depth + 1)

    def _writes(self, value: Any) -> bool:
        if isinstance(value, np.ndarray):
            with suppress(ValueError):
                value.setflags(write=True)
            with suppress(ValueError):
                value[...] = 7
            return bool(value.flags.writeable)
        if isinstance(value, Mapping):
            with suppress(TypeError):
                value["a"] = 7  # type: ignore[index]
                return True
        return False


def played(engine: str, *, writes: bool) -> tuple[Run, Looks]:
    policy = Looks(writes=writes)
    return simulate(small(), policy=policy, engine=engine), policy


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_nothing_that_a_policy_can_reach_can_be_written_to(engine: str) -> None:
    """Neither directly, nor by setting the flag back, nor through `base`."""
    disturbed, policy = played(engine, writes=True)
    assert policy.arrays > 0
    assert policy.written == []
    undisturbed, _ = played(engine, writes=False)
    for name in ("requests", "latencies", "labels", "scores", "totals"):
        first, second = (getattr(run.ledger.books, name) for run in (disturbed, undisturbed))
        np.testing.assert_array_equal(first, second)
    assert disturbed.decisions.equals(undisturbed.decisions)
