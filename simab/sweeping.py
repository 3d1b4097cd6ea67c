"""Sweep a scenario: `sweep(...) -> Sweep`, every policy at every point, on the same clients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simab.files import write_files
from simab.result.sweep_result import SweepResult, SweptPoint
from simab.run.frames import csv_bytes
from simab.scenario.models import Scenario
from simab.scenario.sweeps import Point
from simab.study import StudyPlan, WorldRows, WorldRuns
from simab.study.arguments import require_places
from simab.study.asked import AskedStudy, asked_study
from simab.study.asking import play_asked
from simab.study.execution import Executor, Means, Progress, Store, StudyRows, rows_of
from simab.study.failed_policies import in_order
from simab.study.failure import Failure
from simab.study.frames import outcomes_frame, summary_frame, whole_numbers
from simab.study.held import HeldStudy
from simab.study.playing import truth_of_world
from simab.study.stopping import Stop
from simab.study.sweep_plan import SweepPlan, SweepSettings, Vary, planned
from simab.study.sweep_result import PlayedSweep, sweep_result
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep", "Vary", "kept_sweep", "kept_sweep_outcomes", "sweep"]


@dataclass(frozen=True, eq=False)
class Sweep:
    """What a sweep found at each point: rows, operating characteristics, theory, and a page."""

    played: PlayedSweep
    command: str
    precise: bool | None = None
    """Whether all that `stop` asked for is precise enough; None where nothing was."""

    @property
    def scenario(self) -> Scenario:
        """As it was given."""
        return self.played.plan.scenario

    @property
    def points(self) -> tuple[Point, ...]:
        """The scenario at each point, in order."""
        return self.played.plan.points

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The replications whose policy raised; they have no row."""
        return self.played.failures

    @property
    def rows(self) -> Mapping[str, WorldRows]:
        """The rows by point and policy, in order of replication."""
        return {name: runs.rows for name, runs in self.played.found.items()}

    @cached_property
    def result(self) -> SweepResult:
        """Everything that was found, as one record; plays nothing."""
        return sweep_result(self.played, self.command)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a point, policy and replication: how it ended, when, and what it cost."""
        return outcomes_frame(
            ({"point": point.name, **point.settings}, row)
            for point in self.points
            for rows in self.played.found[point.name].rows.values()
            for row in rows
        )

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a point and policy: its settings, the true gain, characteristics and theory."""
        return summary_frame(
            (
                {
                    "point": point.name,
                    **point.settings,
                    "true_gain": point.gain,
                    "theory": _theory(point, policy.name),
                },
                policy,
            )
            for point in self.result.points
            for policy in point.policies
        )

    def report(self, path: str | Path) -> Path:
        """Write outcomes.csv, report.html, sweep.json and sweep.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_sweep

        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        write_files({folder / "outcomes.csv": csv_bytes(whole_numbers(self.outcomes))})
        write_sweep(self.result, folder)
        return folder / "report.html"

    def __repr__(self) -> str:
        plan = self.played.plan.plan
        return (
            f"<Sweep of {len(plan.policies)} policies over {len(self.points)} points, "
            f"{plan.replications} replications, {len(self.failures)} failed, seed {plan.seed}: "
            f"{self.scenario.title!r}>"
        )

    def _repr_html_(self) -> str:
        from simab.report import sweep_table_html

        return sweep_table_html(self.result)


def sweep(  # noqa: PLR0913 - the public contract, all by keyword
    scenario: Scenario,
    *,
    vary: Vary,
    latin_hypercube: int | None = None,
    policies: Sequence[str] | Mapping[str, Decider] | None = None,
    replications: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    store: Store | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    command: str | Callable[[int], str] | None = None,
    stop: Stop | None = None,
) -> Sweep:
    """Play every policy at every point of a grid, or of a sample, on common random numbers.

    A point is the scenario with other values of some fields, and a world of the study: policies,
    points and everything else meet the same clients, as far as what varies allows. What `compare`
    finds in that world alone is the same, bit for bit.

    Args:
        scenario: what to vary; its `worlds` are not played.
        vary: fields by their path, such as `{"effect": "-4%..4%/9"}` or
            `{"traffic.users.rate": ["1/s", "5/s"]}`. "effect" is the candidate's true metric minus
            the control's. Several make a grid.
        latin_hypercube: take so many points of a Latin hypercube over the ranges instead.
        policies: names of some of its policies, or your own objects by name; all by default.
        replications: how often each is played at each point; by default what `study` says.
        seed: of all random numbers, and of the sample; by default what `study` says.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        store: a mutable mapping that keeps rows by key; rows that it holds are not played again.
        engine: "compiled" or "reference"; same bits.
        progress: a function that is called with how many rows are done, of how many.
        command: what the report says remakes it; a function is called with the number of
            replications.
        stop: when to stop, instead of after `replications`: when what it asks for is precise enough
            at every point that it is about, or when its time is over.

    Raises:
        InvalidInput: a field, value or argument that cannot be, or too many points or runs.
        InvalidScenario: a point at which the scenario breaks a rule; names the point.
    """
    require_places(executor, store)
    asked = SweepSettings(
        vary=vary,
        latin_hypercube=latin_hypercube,
        policies=policies,
        replications=replications,
        seed=seed,
        engine=engine,
    )
    points = planned(scenario, asked)
    varied = {
        "vary": {each.path: each.given for each in points.variations},
        "latin_hypercube": latin_hypercube,
    }
    said = command if callable(command) else lambda count: command or _call(points, varied, count)

    def noted(plan: StudyPlan) -> AskedStudy:
        return asked_study(plan, scenario, said(plan.replications), "sweep", varied)

    means = Means(executor, store, progress)
    plan, known, precise = play_asked(points.plan, means, stop, noted)
    failures = in_order(known.failures_of(plan))
    played = _found(replace(points, plan=plan), rows_of(plan, known), failures)
    return Sweep(played, said(plan.replications), precise)


def kept_sweep(held: HeldStudy) -> Sweep:
    """A sweep as far as a store holds it: its complete replications; nothing is played.

    Raises:
        InvalidInput: no replication is complete, or the rows cannot be found
            (`HeldStudy.require_readable`).
    """
    plan = held.of_complete()
    played = _found(held.sweep(plan), held.rows(plan))
    return Sweep(played, held.asked.command_of(plan.replications))


def kept_sweep_outcomes(held: HeldStudy) -> pd.DataFrame:
    """All rows of a sweep that a store holds, as `Sweep.outcomes` has them.

    Raises:
        InvalidInput: there is none, or the rows cannot be found (see `kept_sweep`).
    """
    played = _found(held.sweep(held.plan), held.any_rows())
    return whole_numbers(Sweep(played, held.asked.command).outcomes)


def _theory(point: SweptPoint, policy: str) -> float:
    theory = point.theory.get(policy)
    return math.nan if theory is None else theory.probability


def _call(points: SweepPlan, varied: Mapping[str, Any], replications: int) -> str:
    """The call that makes a sweep again."""
    given = "".join(f"{name}={value}, " for name, value in varied.items())
    return (
        f"simab.sweep(scenario, {given}policies={list(points.plan.policies)}, "
        f"replications={replications}, seed={points.plan.seed})"
    )


def _found(points: SweepPlan, rows: StudyRows, failures: tuple[Failure, ...] = ()) -> PlayedSweep:
    """What is found at each point."""
    found = {
        name: WorldRuns(truth_of_world(scenario), rows[name])
        for name, scenario in points.plan.worlds.items()
    }
    return PlayedSweep(points, found, failures)
