"""A study of several worlds: each as if it were played alone, and equal ones played once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simab.analyse import RunSummary
from simab.errors import InvalidInput
from simab.policies import Observation
from simab.scenario.models import Scenario
from simab.study import StudyPlan, run_study
from simab.study.failure import Failure
from tests.study.building import small
from tests.world.building import variant

REPLICATIONS = 4


def world(probability: float) -> Scenario:
    """The small scenario with a candidate that is right so often."""
    control = variant(quality={"kind": "success", "probability": 0.8})
    candidate = variant(quality={"kind": "success", "probability": probability})
    return small(endpoint={"weight_update": "10s", "variants": {"a": control, "b": candidate}})


def plan(**worlds: Scenario) -> StudyPlan:
    return StudyPlan(worlds, small().policies, REPLICATIONS, 1, "compiled")


def test_each_world_has_the_rows_of_a_study_of_its_own() -> None:
    """The other worlds change nothing, wherever the rows are played."""
    both = plan(better=world(0.9), worse=world(0.7))
    rows = run_study(both)
    for name, scenario in both.worlds.items():
        alone = run_study(plan(alone=scenario))
        assert rows[name] == alone["alone"]
    assert rows["better"] != rows["worse"]
    with ThreadPoolExecutor(2) as executor:
        assert run_study(both, executor=executor) == rows


def test_worlds_of_the_same_content_are_played_once() -> None:
    """They have the same keys; each gets all rows, and progress counts them all."""
    title = world(0.9).model_copy(update={"title": "another title"})
    twice = plan(one=world(0.9), two=title)
    store: dict[str, RunSummary] = {}
    counts: list[tuple[int, int]] = []
    rows = run_study(twice, store=store, progress=lambda *done: counts.append(done))
    assert rows["one"] == rows["two"]
    total = 2 * REPLICATIONS * len(twice.policies)
    assert len(store) == total / 2
    assert (counts[0], counts[-1]) == ((0, total), (total, total))


class Fails:
    """Raises at its first look."""

    def decide(self, state: Any, observation: Observation) -> Any:
        raise RuntimeError("it cannot be")


def test_a_failure_names_its_world() -> None:
    """In each of two equal worlds, though it was played once."""
    failures: list[Failure] = []
    worlds = {"one": world(0.9), "two": world(0.9), "three": world(0.7)}
    run_study(StudyPlan(worlds, {"fails": Fails()}, 1, 1, "compiled"), failed=failures.append)
    assert sorted((each.world, each.policy) for each in failures) == [
        (name, "fails") for name in sorted(worlds)
    ]


def test_cells_are_in_the_order_of_rows() -> None:
    """World, policy, replication; every one has the seed of the plan."""
    both = plan(one=world(0.9), two=world(0.7))
    cells = list(both.cells())
    names = [
        (world, policy, 1, number)
        for world in both.worlds
        for policy in both.policies
        for number in range(REPLICATIONS)
    ]
    assert cells == names


def test_a_study_without_a_world_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one world"):
        StudyPlan({}, small().policies, 1, 1, "compiled")
