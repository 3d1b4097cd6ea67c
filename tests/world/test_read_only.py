"""What a policy is handed is read-only, to the last array: looking cannot change the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.policies import Action, Observation, SetWeights
from simab.run.session import Session
from simab.run.simulation import Run, simulate
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
        for place, value in self._reached("shown", shown):
            self.arrays += isinstance(value, np.ndarray)
            if self.writes and self._writes(place, value):
                self.written.append(place)
        return [SetWeights({"a": -1.0})], state  # refused: it will be shown at the next look

    def _reached(self, place: str, value: Any) -> Iterator[tuple[str, Any]]:
        """Everything that attributes lead to, private and public, and what containers hold."""
        waiting, seen = [(place, value)], {}
        while waiting:
            place, value = waiting.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = value  # kept, so that no id comes twice
            yield place, value
            waiting += [(f"{place}.{name}", each) for name, each in _inside(value)]

    def _writes(self, place: str, value: Any) -> bool:
        if isinstance(value, np.ndarray):
            with suppress(ValueError):
                value.setflags(write=True)
            with suppress(ValueError):
                value[...] = 7
            return bool(value.flags.writeable)
        if isinstance(value, Mapping) and "._" not in place:
            with suppress(TypeError):
                value["a"] = 7  # type: ignore[index]
                return True
        return False


PLAIN = str | bytes | int | float | bool | type | FunctionType | BuiltinFunctionType | ModuleType


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if value is None or isinstance(value, PLAIN | np.generic | np.dtype):
        return
    if isinstance(value, np.ndarray):
        yield "base", value.base
        return
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", each) for key, each in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{place}]", each) for place, each in enumerate(value))
    if isinstance(value, memoryview):
        yield "obj", value.obj
    slots = [name for each in type(value).__mro__ for name in getattr(each, "__slots__", ())]
    for name in {*slots, *getattr(value, "__dict__", {})} - {"__weakref__", "__dict__"}:
        with suppress(AttributeError):
            yield name, getattr(value, name)


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
        first, second = (getattr(run.data.run_counts, name) for run in (disturbed, undisturbed))
        np.testing.assert_array_equal(first, second)
    assert disturbed.decisions.equals(undisturbed.decisions)


class Shown:
    """Keeps what its observations look like when they are printed."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def decide(self, state: None, observation: Observation) -> tuple[Sequence[Action], None]:
        self.shown.append(repr(observation))
        return (), None


def test_a_printed_observation_does_not_show_what_nobody_knows() -> None:
    """Not the profiles, which are the truth; nor whole arrays."""
    policy = Shown()
    simulate(small(), policy=policy)
    assert policy.shown
    assert not any("probability" in each or "Scenario" in each for each in policy.shown)
    assert max(map(len, policy.shown)) < 1_000


def test_metrics_of_a_variant_that_is_not_there_are_an_error_with_the_names() -> None:
    session = Session(small())
    session.advance("10min")
    with pytest.raises(InvalidInput, match=r"variant = 'c'.*name one of a, b"):
        session.observe().metrics.labels("c")
