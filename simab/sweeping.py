"""Sweep a scenario: `sweep(...) -> Sweep`, every policy at every point, on the same clients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simab.files import write_files
from simab.result.columns import VARIANT_COLUMNS
from simab.result.flat_rows import by_variant, outcome_columns
from simab.result.json_form import dumped
from simab.result.sweep_result import SweepResult
from simab.run.frames import csv_bytes
from simab.scenario.models import Scenario
from simab.scenario.sweeps import Point
from simab.study import WorldRows, WorldRuns, run_study
from simab.study.arguments import require_places
from simab.study.execution import Executor, Progress, Store
from simab.study.failed_policies import in_order
from simab.study.failure import Failure
from simab.study.playing import truth_of_world
from simab.study.sweep_plan import SweepPlan, SweepSettings, Vary, planned
from simab.study.sweep_result import PlayedSweep, sweep_result
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep", "Vary", "sweep"]


@dataclass(frozen=True, eq=False)
class Sweep:
    """What a sweep found at each point: rows, operating characteristics, theory, and a page."""

    played: PlayedSweep
    command: str

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
        import pandas as pd

        return pd.DataFrame(
            [
                {"point": point.name, **point.settings, **outcome_columns(row)}
                for point in self.points
                for rows in self.played.found[point.name].rows.values()
                for row in rows
            ]
        )

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a point and policy: its settings, the true gain, characteristics and theory."""
        import pandas as pd

        hidden = ("parameters", "non_default", "decision_time_ecdf", "rule", "misleads", "refused")
        rows: list[dict[str, Any]] = []
        for point in self.result.points:
            where = {"point": point.name, **point.settings, "true_gain": point.gain}
            for policy in point.policies:
                does = {key: each for key, each in dumped(policy).items() if key not in hidden}
                theory = point.theory.get(policy.name)
                where["theory"] = math.nan if theory is None else theory.probability
                rows.append(where | by_variant(does, VARIANT_COLUMNS))
        frame = pd.json_normalize(rows, sep="_")
        return frame.rename(columns=lambda name: name.removeprefix("verdicts_"))

    def report(self, path: str | Path) -> Path:
        """Write outcomes.csv, report.html, sweep.json and sweep.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_sweep

        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        write_files({folder / "outcomes.csv": csv_bytes(self.outcomes)})
        write_sweep(self.result, folder)
        return folder / "report.html"

    def __repr__(self) -> str:
        plan = self.played.plan.first
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
    command: str | None = None,
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
        command: what the report says remakes it.

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
    plan = planned(scenario, asked)
    played = _played(plan, executor, store, progress)
    if command is None:
        command = (
            f"simab.sweep(scenario, vary={_given(plan)}, latin_hypercube={latin_hypercube}, "
            f"policies={list(plan.first.policies)}, replications={plan.first.replications}, "
            f"seed={plan.first.seed})"
        )
    return Sweep(played, command)


def _given(plan: SweepPlan) -> dict[str, Any]:
    return {each.path: each.given for each in plan.variations}


def _played(
    plan: SweepPlan, executor: Executor | None, store: Store | None, progress: Progress | None
) -> PlayedSweep:
    """What is found at each point, with one store, so that equal rows are played once."""
    kept: Store = {} if store is None else store
    before = 0
    found: dict[str, WorldRuns] = {}
    failures: list[Failure] = []
    for each in plan.plans:
        rows = run_study(
            each,
            executor=executor,
            store=kept,
            progress=progress and _further(progress, before, plan.rows),
            failed=failures.append,
        )
        before += len(each.worlds) * len(each.policies) * each.replications
        found |= {
            name: WorldRuns(truth_of_world(scenario), rows[name])
            for name, scenario in each.worlds.items()
        }
    return PlayedSweep(plan, found, in_order(failures))


def _further(progress: Progress, before: int, total: int) -> Progress:
    """The progress of one plan as that of all of them."""
    return lambda done, _: progress(before + done, total)
