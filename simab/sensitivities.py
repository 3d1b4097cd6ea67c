"""Halve and double each assumption of a scenario: `sensitivity(...) -> Sensitivity`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simab.errors import InvalidInput
from simab.result.sensitivity_result import SHOWN_QUANTITIES, SensitivityResult
from simab.run.simulation import require_scenario
from simab.scenario.models import Scenario
from simab.scenario.suggestions import remedy_for_name
from simab.study import StudyPlan, StudyRows
from simab.study.arguments import chosen_policies, require_places
from simab.study.asked import AskedStudy, asked_study
from simab.study.asking import play_asked
from simab.study.execution import Executor, Means, Progress, Store, rows_of
from simab.study.failed_policies import in_order
from simab.study.failure import Failure
from simab.study.frames import outcomes_frame, whole_numbers
from simab.study.held import HeldStudy
from simab.study.sensitivity import SensitivityPlan, sensitivity_result
from simab.study.stopping import Stop
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Sensitivity",
    "kept_sensitivity",
    "kept_sensitivity_outcomes",
    "planned_sensitivity",
    "sensitivity",
]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What each assumption, halved or doubled, changes of what a study finds."""

    scenario: Scenario
    plan: SensitivityPlan
    rows: StudyRows
    """The rows of each world of each case, by the names of `plan.plan`."""
    command: str
    failures: tuple[Failure, ...] = ()
    precise: bool | None = None
    """Whether all that `stop` asked for is precise enough; None where nothing was."""
    shown: str = "promotes"
    """The quantity whose tornado figure the page has."""

    @cached_property
    def result(self) -> SensitivityResult:
        """Everything that was found, as one record; plays nothing."""
        return sensitivity_result(self.plan, self.rows, self.failures, self.command, self.shown)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row an assumption, change, world, policy and quantity: the difference, run by run."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"assumption": effect.assumption, "change": effect.change, **asdict(each)}
                for effect in self.result.effects
                for each in effect.quantities
            ]
        )

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a change, world, policy and replication: how it ended, when, and what it cost.

        As described, assumption and change are empty. A world whose runs are those of an earlier
        one of the same change has no rows of its own.
        """
        return outcomes_frame(
            ({"assumption": assumption, "change": change, "world": world}, row)
            for (assumption, change, world), place in self.plan.places()
            for rows in self.rows[place].values()
            for row in rows
        )

    def report(self, path: str | Path) -> Path:
        """Write report.html, sensitivity.json and sensitivity.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_sensitivity

        write_sensitivity(self.result, Path(path))
        return Path(path) / "report.html"

    def __repr__(self) -> str:
        return (
            f"<Sensitivity of {len(self.plan.policies)} policies to {len(self.plan.cases) - 1} "
            f"changes, {self.plan.replications} replications, {len(self.failures)} failed, seed "
            f"{self.plan.seed}: {self.scenario.title!r}>"
        )

    def _repr_html_(self) -> str:
        from simab.report import sensitivity_table_html

        return sensitivity_table_html(self.result)


def sensitivity(  # noqa: PLR0913 - the public contract, all by keyword
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
    quantity: str = "promotes",
) -> Sensitivity:
    """Play a scenario as described and with each assumption halved and doubled, one at a time.

    Each is judged over its worlds as `compare` does, on common random numbers: differences are
    taken run by run, so that a change is said only where its interval, over all that is compared,
    leaves out 0. An assumption that cannot be halved or doubled is named with the reason.

    Args:
        scenario: what to change; its policies stay as they are.
        policies: names of some of its policies, or your own objects by name; all by default.
        worlds: names of some of its worlds; all by default.
        replications: how often each is played; by default what the scenario's `study` says.
        seed: of all random numbers; by default what the scenario's `study` says.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        store: a mutable mapping that keeps rows by key; rows that it holds are not played again.
        engine: "compiled" or "reference"; same bits.
        progress: a function that is called with how many rows are done, of how many.
        command: what the report says remakes it; a function is called with the number of
            replications.
        stop: when to stop, instead of after `replications`: when what it asks for is precise enough
            in every world, as described and changed, or when its time is over.
        quantity: what the tornado figure of the page is of: "promotes", "time_to_decision",
            "requests_on_worse" or "error_share"; all four are compared.

    Raises:
        InvalidInput: an argument that cannot be, or too many runs.
    """
    require_places(executor, store)
    if quantity not in SHOWN_QUANTITIES:
        remedy = remedy_for_name(str(quantity), SHOWN_QUANTITIES, "Quantities")
        raise InvalidInput(f"quantity = {quantity!r}: is not compared. {remedy}")
    plan = planned_sensitivity(
        scenario, policies, worlds, replications=replications, seed=seed, engine=engine
    )
    named = {"worlds": None if worlds is None else list(worlds), "quantity": quantity}
    said = command if callable(command) else lambda count: command or _call(plan, named, count)

    def noted(each: StudyPlan) -> AskedStudy:
        return asked_study(each, scenario, said(each.replications), "sensitivity", named)

    played, known, precise = play_asked(plan.plan, Means(executor, store, progress), stop, noted)
    return Sensitivity(
        scenario,
        replace(plan, replications=played.replications),
        rows_of(played, known),
        said(played.replications),
        in_order(known.failures_of(played)),
        precise,
        quantity,
    )


def kept_sensitivity(held: HeldStudy) -> Sensitivity:
    """A sensitivity as far as a store holds it: its complete replications; nothing is played.

    Raises:
        InvalidInput: no replication is complete, or the rows cannot be found
            (`HeldStudy.require_readable`).
    """
    plan = held.of_complete()
    command = held.asked.command_of(plan.replications)
    shown = held.asked.settings["quantity"]
    rows = held.rows(plan)
    return Sensitivity(held.scenario, held.sensitivity(plan), rows, command, shown=shown)


def kept_sensitivity_outcomes(held: HeldStudy) -> pd.DataFrame:
    """All rows of a sensitivity that a store holds, as `Sensitivity.outcomes` has them.

    Raises:
        InvalidInput: there is none, or the rows cannot be found (see `kept_sensitivity`).
    """
    plan, rows = held.sensitivity(held.plan), held.any_rows()
    found = Sensitivity(held.scenario, plan, rows, held.asked.command)
    return whole_numbers(found.outcomes)


def _call(plan: SensitivityPlan, named: Mapping[str, Any], replications: int) -> str:
    """The call that makes a sensitivity again."""
    shown = named["quantity"]
    return (
        f"simab.sensitivity(scenario, policies={list(plan.policies)}, worlds={named['worlds']}, "
        f"replications={replications}, seed={plan.seed}"
        + (")" if shown == "promotes" else f", quantity={shown!r})")
    )


def planned_sensitivity(
    scenario: Scenario,
    policies: Sequence[str] | Mapping[str, Decider] | None = None,
    worlds: Sequence[str] | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
) -> SensitivityPlan:
    """What a sensitivity with these arguments plays; plays nothing, and raises as that does."""
    require_scenario(scenario)
    if worlds is not None and (isinstance(worlds, str) or not hasattr(worlds, "__iter__")):
        raise InvalidInput(f"worlds = {worlds!r}: must be a list of names; write [{worlds!r}]")
    study = scenario.study
    settings = (
        study.replications if replications is None else replications,
        study.seed if seed is None else seed,
        engine,
    )
    plan = SensitivityPlan.of(scenario, chosen_policies(scenario, policies), settings, worlds)
    _ = plan.plan  # refuses too many runs, before anything is played
    return plan
