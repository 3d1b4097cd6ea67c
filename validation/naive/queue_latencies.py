"""Latencies of two equal variants in a queue: Welch's test on requests, and on means of runs.

The busy queue is scenarios/busy_queue.yaml; the idle one has nine times its workers.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.run.simulation import play_run
from simab.scenario import Scenario, load
from simab.stats.means import moments, welch_test
from simab.world import Blueprint
from simab.world.records import RECORD_COLUMNS
from validation.places import SCENARIOS
from validation.played_rules import batches

__all__ = ["BUSY", "busy_and_idle", "latencies", "rejections"]

BUSY: Final = 0.9
"""Load of the busy queue: .9 requests a second of 1 s at one worker."""
_IDLE_WORKERS: Final = 9
_WARM_UP_NS: Final = 3600 * 10**9
_ALPHA: Final = 0.05
_RUNS_A_TEST: Final = 20  # the means of so many runs an arm are one test across replications
_BATCH: Final = 50
_ARRIVED, _FINISHED, _VARIANT = (
    RECORD_COLUMNS.index(name) for name in ("arrived_ns", "finished_ns", "variant")
)


def busy_and_idle() -> dict[str, Scenario]:
    """The shipped scenario, and the same requests with workers to spare."""
    busy = load(SCENARIOS / "busy_queue.yaml")
    data = busy.model_dump(mode="json")
    for variant in data["endpoint"]["variants"].values():
        variant["workers"] = _IDLE_WORKERS
    idle = Scenario.model_validate(data)
    return {f"busy queue, load {BUSY:g}": busy, f"nearly idle, load {BUSY / _IDLE_WORKERS:g}": idle}


def rejections(
    scenario: Scenario, replications: int, executor: Executor | None
) -> dict[str, tuple[int, int]]:
    """Rejections at 5 % and tests made, on single requests and on means of twenty runs."""
    text = scenario.model_dump_json()
    numbers = batches(replications, _BATCH)
    played = (executor.map if executor else map)(_one_batch, [text] * len(numbers), numbers)
    runs = [run for batch in played for run in batch]
    single = sum(p_value < _ALPHA for p_value, _, _ in runs)
    size = _RUNS_A_TEST
    groups = [runs[at : at + size] for at in range(0, len(runs) - size + 1, size)]
    means = 0
    for group in groups:
        # Each arm's means come from runs of their own.
        a = moments([mean for _, mean, _ in group])
        b = moments([mean for _, _, mean in group])
        means += welch_test(a, b).p_value < _ALPHA
    return {"single requests": (single, len(runs)), "means of twenty runs": (means, len(groups))}


def _one_batch(scenario: str, numbers: range) -> list[tuple[float, float, float]]:
    """Of each replication: Welch's p-value on its requests, and both mean latencies."""
    described = Scenario.model_validate_json(scenario)
    blueprint = Blueprint.of(described)
    found = []
    for number in numbers:
        a, b = latencies(blueprint, described.study.seed, number)
        one, other = moments(a), moments(b)
        found.append((welch_test(one, other).p_value, one.mean, other.mean))
    return found


class _Never:
    """A policy that leaves everything as it is."""

    def decide(self, state: object, observation: object) -> tuple[tuple[()], object]:
        return (), state


def latencies(
    blueprint: Blueprint, seed: int, replication: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latencies in seconds of both variants' requests that finished, without the first hour's."""
    run = play_run(blueprint, ("nobody", _Never()), Draws(seed, replication), record_requests=True)
    records = run.data.records
    assert records is not None
    kept = records[(records[:, _ARRIVED] >= _WARM_UP_NS) & (records[:, _FINISHED] >= 0)]
    seconds = (kept[:, _FINISHED] - kept[:, _ARRIVED]) / 1e9
    control, candidate = (seconds[kept[:, _VARIANT] == number] for number in (0, 1))
    return control, candidate
