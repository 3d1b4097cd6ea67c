"""Play a study: what the store lacks goes to an executor in batches, and rows come back.

The order in which batches finish changes nothing: rows are keyed, and read back in order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from math import ceil
from typing import Final

from simab.analyse import Outcome, ScenarioTruth, outcome_of, truth_of_scenario
from simab.draws import Draws
from simab.scenario.models import Scenario
from simab.simulation import play_run
from simab.study.plan import StudyPlan
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["Executor", "Progress", "Store", "run_study"]

Progress = Callable[[int, int], None]
"""Told how many rows are done, of how many."""

Store = MutableMapping[str, Outcome]
"""Where rows are kept by key; a dict will do, and so will anything that behaves like one."""

_BATCHES_A_POLICY: Final = 50


def run_study(
    plan: StudyPlan,
    *,
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> dict[str, tuple[Outcome, ...]]:
    """All rows of a study by policy, in order of replication.

    Only rows that the store lacks are played. Without an executor they are played here, one after
    the other. Raises what a batch raises; rows already stored stay stored.
    """
    store = {} if store is None else store
    keys = {
        (policy, replication): plan.row_key(policy, replication)
        for policy in plan.policies
        for replication in range(plan.replications)
    }
    done = sum(key in store for key in keys.values())
    if progress:
        progress(done, len(keys))
    missing = [place for place, key in keys.items() if key not in store]
    # Closed at once when interrupted: what has not begun is called off, not waited for.
    with closing(_played(plan, _batches(plan, missing), executor)) as batches:
        for rows in batches:
            store.update({keys[row.policy, row.replication]: row for row in rows})
            done += len(rows)
            if progress:
                progress(done, len(keys))
    # Rows are kept by what a policy is: a store may hold them under another name of the same.
    return {
        policy: tuple(
            replace(store[keys[policy, number]], policy=policy)
            for number in range(plan.replications)
        )
        for policy in plan.policies
    }


def _batches(
    plan: StudyPlan, missing: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, list[int]]]:
    size = max(ceil(plan.replications / _BATCHES_A_POLICY), 1)
    for policy in plan.policies:
        numbers = [replication for name, replication in missing if name == policy]
        for first in range(0, len(numbers), size):
            yield policy, numbers[first : first + size]


def _played(
    plan: StudyPlan, batches: Iterator[tuple[str, list[int]]], executor: Executor | None
) -> Generator[list[Outcome], None, None]:
    scenario = plan.scenario.model_dump_json()
    calls = (
        (scenario, (name, plan.policies[name]), numbers, plan.seed, plan.engine)
        for name, numbers in batches
    )
    if executor is None:
        for call in calls:
            yield play_batch(*call)
        return
    futures: list[Future[list[Outcome]]] = [executor.submit(play_batch, *call) for call in calls]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def play_batch(
    scenario: str, policy: tuple[str, Decider], replications: Sequence[int], seed: int, engine: str
) -> list[Outcome]:
    """Play some replications of one policy; all arguments and results can cross processes.

    `scenario` is JSON, so that a process can tell that it has tabulated it already.
    """
    blueprint, truth = _prepared(scenario)
    return [
        outcome_of(play_run(blueprint, policy, Draws(seed, number), engine=engine), truth)
        for number in replications
    ]


@lru_cache(maxsize=1)
def _prepared(scenario: str) -> tuple[Blueprint, ScenarioTruth]:
    described = Scenario.model_validate_json(scenario)
    return Blueprint.of(described), truth_of_scenario(described)
