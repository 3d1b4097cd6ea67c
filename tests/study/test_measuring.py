"""Measured runs: what is made of each run, the same with any executor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from simab.result.measured_policy import HELD
from simab.run.simulation import Run, simulate
from simab.study.failure import Failure
from simab.study.local import local_processes
from simab.study.measuring import HoldWeights, measured_runs
from simab.study.plan import StudyPlan
from tests.study.building import small


@dataclass(frozen=True)
class Arrivals:
    """A measure: when requests came, and at which variant."""

    reads_requests: bool = True

    def of(self, run: Run) -> list[tuple[int, str]]:
        frame = run.requests
        return list(zip(frame["arrived_ns"].tolist(), frame["variant"], strict=True))


@dataclass(frozen=True)
class Raises:
    """A policy that raises."""

    def decide(self, state, observation):
        raise ValueError("no")


def plan_of(policies=None, replications=3):
    return StudyPlan(
        {"described": small()},
        policies or {HELD: HoldWeights()},
        replications,
        seed=5,
        engine="compiled",
        measure=Arrivals(),
    )


def test_a_measure_is_made_of_the_run_that_simulate_plays():
    values = measured_runs(plan_of()).values["described", HELD]
    expected = [
        Arrivals().of(
            simulate(
                small(),
                policy=HoldWeights(),
                seed=5,
                replication=each,
                record_requests=True,
            )
        )
        for each in range(3)
    ]
    assert values == expected
    assert len({len(each) for each in values}) > 1  # not one run three times


@pytest.mark.long
def test_the_answer_is_the_same_with_threads_and_processes():
    here = measured_runs(plan_of())
    with ThreadPoolExecutor(2) as threads:
        assert measured_runs(plan_of(), executor=threads) == here
    with local_processes(2) as processes:
        assert measured_runs(plan_of(), executor=processes) == here


def test_held_weights_never_move():
    run = simulate(small(), policy=HoldWeights(), seed=1)
    assert run.splits["at_ns"].unique().tolist() == [0]
    assert not len(run.decisions)


def test_a_policy_that_raises_is_a_failure_and_gives_no_value():
    found = measured_runs(plan_of({"bad": Raises(), HELD: HoldWeights()}))
    assert found.values["described", "bad"] == []
    assert len(found.values["described", HELD]) == 3
    assert [type(each) for each in found.failures] == [Failure] * 3


def test_progress_counts_up_to_all_cells():
    seen = []
    measured_runs(plan_of(), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    assert np.all(np.diff([done for done, _ in seen]) > 0)


def test_a_plan_without_a_measure_is_refused():
    rows = StudyPlan({"w": small()}, {HELD: HoldWeights()}, 1, 1, "compiled")
    with pytest.raises(AssertionError, match="run_study"):
        measured_runs(rows)
