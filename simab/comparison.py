"""Compare policies on one scenario: `compare(...) -> Study`, from rows to tables and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from simab.analyse import ScenarioTruth
from simab.errors import InvalidInput
from simab.files import write_files
from simab.result import StudyResult
from simab.run.frames import csv_bytes
from simab.run.simulation import require_scenario
from simab.scenario.models import Scenario
from simab.scenario.worlds import World, worlds_of
from simab.study import (
    StudyPlan,
    WorldRows,
    WorldRuns,
    study_examples,
    study_result,
)
from simab.study.arguments import chosen_policies, require_places
from simab.study.asked import asked_study
from simab.study.asking import play_asked
from simab.study.convergence_result import convergence_at_a_glance
from simab.study.execution import Executor, Means, Progress, Store, rows_of
from simab.study.failed_policies import in_order
from simab.study.failure import Failure
from simab.study.frames import outcomes_frame, summary_frame, whole_numbers
from simab.study.held import HeldStudy
from simab.study.pace import Pace
from simab.study.playing import truth_of_world
from simab.study.split import split_at_a_glance
from simab.study.stopping import Stop
from simab.study.timeline import timeline_at_a_glance
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Study", "compare", "kept_outcomes", "kept_study"]


@dataclass(frozen=True, eq=False)
class Study:
    """What a comparison found in each world: rows, operating characteristics, and how to show them.

    The first world is as the scenario describes it, unless others alone were asked for.
    """

    scenario: Scenario
    """As it was given: what is required of the policies, and preferred, is in it."""
    plan: StudyPlan
    worlds: tuple[World, ...]
    played: Mapping[str, WorldRuns]
    """Rows and truth by world."""
    command: str
    failures: tuple[Failure, ...] = ()
    """The replications whose policy raised; they have no row."""
    precise: bool | None = None
    """Whether all that `stop` asked for is precise enough; None where nothing was."""

    @property
    def rows(self) -> WorldRows:
        """The rows of the first world, by policy."""
        return self.played[self.worlds[0].name].rows

    @property
    def truth(self) -> ScenarioTruth:
        """What is so in the first world, by which its rows were judged."""
        return self.played[self.worlds[0].name].truth

    @cached_property
    def result(self) -> StudyResult:
        """What the study found, without example runs: what the tables show, and plays nothing."""
        return study_result(
            self.plan,
            self.worlds,
            self.played,
            asked=self.scenario,
            command=self.command,
            failures=self.failures,
        )

    def with_examples(self, progress: Progress | None = None) -> StudyResult:
        """The result with two runs of each policy, played again to be shown in full.

        One is what mostly happens, the other what did most harm; often it is of another world.

        Args:
            progress: a function that is called with how many runs are played again, of how many.
        """
        if "_shown" not in vars(self):
            world, policy = self.worlds[0].name, self._shown_policy
            played = {
                each.name: self.played[each.name].rows
                for each in self.worlds
                if each.same_as is None
            }
            vars(self)["_shown"] = replace(
                self.result,
                examples=study_examples(self.plan, played, progress=progress),
                split=split_at_a_glance(self.plan, world, policy),
                convergence=convergence_at_a_glance(self.plan, world, policy),
                timeline=timeline_at_a_glance(self.plan, world),
            )
        shown: StudyResult = vars(self)["_shown"]
        return shown

    @property
    def _shown_policy(self) -> str:
        """The policy to use, or else the first that finished a run."""
        chosen = self.result.recommendation
        return (chosen and chosen.policy) or self.result.policies[0].name

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a world, policy and replication: how it ended, when, and what it cost.

        A world whose runs are those of an earlier one has no rows of its own.
        """
        return _outcomes(self.worlds, {name: each.rows for name, each in self.played.items()})

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a world and policy: operating characteristics, flattened (`correct_share`)."""
        return summary_frame(
            ({"world": world.name}, policy)
            for world in self.result.worlds
            for policy in world.policies
        )

    def report(
        self, path: str | Path, *, examples: bool = True, progress: Progress | None = None
    ) -> Path:
        """Write the report into a folder: outcomes.csv, then the page, study.json and other CSV.

        Args:
            path: the folder; it is made if absent.
            examples: whether to play a run of each policy again, to show it in full.
            progress: a function that is called with how many example runs are played again, and of
                how many.

        Returns:
            The path of the page.
        """
        from simab.report import write_report

        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        # First what was played, which takes long to make again; then what is made of it.
        write_files({folder / "outcomes.csv": csv_bytes(whole_numbers(self.outcomes))})
        write_report(self.with_examples(progress) if examples else self.result, folder)
        return folder / "report.html"

    def __repr__(self) -> str:
        return (
            f"<Study of {len(self.plan.policies)} policies in {len(self.worlds)} worlds, "
            f"{self.plan.replications} replications, {len(self.failures)} failed, "
            f"seed {self.plan.seed}: {self.scenario.title!r}>"
        )

    def _repr_html_(self) -> str:
        from simab.report import summary_table_html

        return summary_table_html(self.result)


def _outcomes(worlds: Sequence[World], played: Mapping[str, WorldRows]) -> pd.DataFrame:
    return outcomes_frame(
        ({"world": world.name}, row)
        for world in worlds
        if world.same_as is None
        for each in played[world.name].values()
        for row in each
    )


def kept_study(held: HeldStudy) -> Study:
    """A study as far as a store holds it: its complete replications; nothing is played.

    Raises:
        InvalidInput: no replication is complete, or the rows are of another version or of policies
            that the store does not know.
    """
    plan = held.of_complete()
    rows = held.rows(plan)
    played = {
        world.name: WorldRuns(truth_of_world(world.scenario), rows[world.name])
        for world in held.worlds
    }
    command = held.asked.command_of(plan.replications)
    return Study(held.scenario, plan, held.worlds, played, command)


def kept_outcomes(held: HeldStudy) -> pd.DataFrame:
    """`Study.outcomes` of all rows that a store holds of a study, as a file has them.

    Raises:
        InvalidInput: there is no row, or the rows cannot be found (see `kept_study`).
    """
    return whole_numbers(_outcomes(held.worlds, held.any_rows()))


def compare(  # noqa: PLR0913 - the public contract, all by keyword
    scenario: Scenario,
    *,
    policies: Sequence[str] | Mapping[str, Decider] | None = None,
    worlds: Sequence[str] | None = None,
    replications: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    store: Store | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    command: str | Callable[[int], str] | None = None,
    stop: Stop | None = None,
    pace: Pace | None = None,
) -> Study:
    """Play every policy many times in every world, on common random numbers.

    Each replication plays a copy of its own of your objects. Where a policy raises, the replication
    is left out, `Study.failures` names it, and the study goes on.

    Args:
        scenario: what to play.
        policies: names of some of its policies, or your own objects by name; all by default.
        worlds: names of some of its worlds (`simab.scenario.worlds`); all by default: as described,
            with an equal candidate, with control and candidate exchanged, with a broken one, and
            those that the scenario adds.
        replications: how often each is played; by default what the scenario's `study` says.
        seed: of all random numbers; by default what the scenario's `study` says.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        store: a mutable mapping that keeps rows by key; rows that it holds are not played again.
        engine: "compiled" (Numba) or "reference" (SimPy, one process per request): same bits.
        progress: a function that is called with how many rows are done, of how many.
        command: what the report says remakes it; a function is called with the number of
            replications.
        stop: when to stop, instead of after `replications`: when what it asks for is precise
            enough, or when its time is over. The result is that of so many replications as it says.
        pace: takes note of the processor time that runs take.

    Raises:
        InvalidInput: an argument of the wrong type, an unknown policy, fewer than 1 replication, a
            seed out of range, or a policy that answers with something else than actions.
    """
    require_scenario(scenario)
    require_places(executor, store)
    chosen = chosen_policies(scenario, policies)
    asked = _chosen_worlds(scenario, chosen, worlds)
    plan = StudyPlan(
        worlds={world.name: world.scenario for world in asked},
        policies=chosen,
        replications=scenario.study.replications if replications is None else replications,
        seed=scenario.study.seed if seed is None else seed,
        engine=engine,
    )
    said = command if callable(command) else lambda count: command or _call(plan, count)
    means = Means(executor, store, progress, pace or Pace())
    plan, known, precise = play_asked(
        plan, means, stop, lambda each: asked_study(each, scenario, said(each.replications))
    )
    rows = rows_of(plan, known)
    failures = in_order(known.failures_of(plan))
    played = {
        world.name: WorldRuns(truth_of_world(world.scenario), rows[world.name]) for world in asked
    }
    command = said(plan.replications)
    return Study(scenario, plan, asked, played, command, failures, precise)


def _call(plan: StudyPlan, replications: int) -> str:
    """The call that makes a study again."""
    return (
        f"simab.compare(scenario, policies={list(plan.policies)}, worlds={list(plan.worlds)}, "
        f"replications={replications}, seed={plan.seed})"
    )


def _chosen_worlds(
    scenario: Scenario, policies: Mapping[str, Decider], names: Sequence[str] | None
) -> tuple[World, ...]:
    """The worlds of these names, in the order of the study; all where none is named."""
    if names is None:
        return worlds_of(scenario, policies)
    if isinstance(names, str) or not callable(getattr(names, "__iter__", None)):
        raise InvalidInput(
            f"worlds = {names!r}: must be a list of names; write [{names!r}] for a single one"
        )
    return worlds_of(scenario, policies, names=list(names))
