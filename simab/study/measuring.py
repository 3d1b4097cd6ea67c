"""Measured runs: what a `Measure` makes of each run of a plan, in place of the rows of a study.

Studies of the split and of metrics look at requests and windows, of which a row keeps sums alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from simab.policies.immature import Immature
from simab.result.measured_policy import HELD
from simab.run.simulation import choose_policy
from simab.scenario.memory import expected_requests
from simab.scenario.models import Scenario
from simab.study.execution import Progress
from simab.study.failure import Failure
from simab.study.pace import Pace
from simab.study.plan import Cell, StudyPlan
from simab.study.sending import played_batches
from simab.world.control import Decider

__all__ = [
    "HELD_WEIGHTS",
    "HoldWeights",
    "MeasuredRuns",
    "measured_runs",
    "policy_or_held",
    "runs_at_a_glance",
]


@dataclass(frozen=True)
class HoldWeights:
    """A policy that leaves the weights as the file has them, to the horizon.

    Labels of its runs count as `immature` says; as they arrive if None.
    """

    immature: Immature | None = None

    def decide(self, state: object, observation: object) -> tuple[tuple[()], object]:
        """Nothing."""
        return (), state

    def has_ended(self, state: object) -> bool:
        """Yes: it need not be asked again."""
        return True

    def next_look(self, state: object, observation: object) -> None:
        """None: it has ended."""
        return


HELD_WEIGHTS: Final[tuple[str, Decider]] = (HELD, HoldWeights())
"""The policy that does nothing, with its name."""


@dataclass(frozen=True, slots=True)
class MeasuredRuns:
    """What was made of each run, by world and policy in order of replication; and failures."""

    values: Mapping[tuple[str, str], Sequence[Any]]
    failures: Sequence[Failure]

    def of(self, world: str, policy: str) -> Sequence[Any]:
        """What was made of the runs of a policy in a world."""
        return self.values[world, policy]


def measured_runs(
    plan: StudyPlan, *, executor: Executor | None = None, progress: Progress | None = None
) -> MeasuredRuns:
    """Play all cells of a plan that has a measure.

    The answer is the same with any executor, and none. A run whose policy raises is a failure, and
    is left out of `values`.

    Raises:
        NoResources: a worker process ended before its work was done.
        InvalidInput: a policy cannot be sent to a worker, or a worker has other code.
    """
    assert plan.measure is not None, "a plan without a measure has rows: run_study plays it"
    found: dict[Cell, Any] = {}
    cells = list(plan.cells())
    with closing(played_batches(plan, cells, executor, Pace())) as batches:
        for ended in batches:
            found.update(ended)
            if progress:
                progress(len(found), len(cells))
    values: dict[tuple[str, str], list[Any]] = {}
    for cell in cells:
        values.setdefault((cell.world, cell.policy), [])
        if not isinstance(found[cell], Failure):
            values[cell.world, cell.policy].append(found[cell])
    failures = [found[cell] for cell in cells if isinstance(found[cell], Failure)]
    return MeasuredRuns(values, failures)


def runs_at_a_glance(
    study: StudyPlan, world: str, *, requests: float, fewest: int, most: int
) -> int:
    """How many first runs of a world have so many requests together; 0 where that is too few."""
    scenario = study.worlds[world]
    per_run = expected_requests(scenario)
    runs = int(min(most, study.replications, requests // per_run))
    return runs if runs >= fewest else 0


def policy_or_held(scenario: Scenario, policy: str | Decider | None) -> tuple[str, Decider]:
    """A policy by its name in the scenario, or an object; None for the one that does nothing.

    Raises:
        InvalidInput: the scenario has no such policy, or it is not one.
    """
    return HELD_WEIGHTS if policy is None else choose_policy(scenario, policy)
