"""Study how fairly requests are routed: `fairness(...) -> Fairness`, rules on the same clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from simab.analyse.fairness.measure import FairnessMeasure
from simab.errors import InvalidInput, ReplicationsFailed
from simab.result.fairness_result import FairnessResult
from simab.result.measured_policy import HELD
from simab.result.studied_split import StudiedSplit
from simab.run.simulation import require_scenario
from simab.scenario import dumps
from simab.scenario.models import Scenario
from simab.scenario.routing_rules import ROUTING_RULES, under_rule
from simab.study import StudyPlan
from simab.study.arguments import require_places
from simab.study.environment import environment
from simab.study.execution import Executor, Progress
from simab.study.failure import Failure
from simab.study.measuring import measured_runs, policy_or_held
from simab.study.playing import truth_of_world
from simab.study.split import USUAL_TOLERANCE, studied_split
from simab.units import seconds
from simab.version import VERSION
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["USUAL_REPLICATIONS", "USUAL_TOLERANCE", "Fairness", "fairness", "planned_fairness"]

USUAL_REPLICATIONS = 100
AS_DESCRIBED = "as described"


@dataclass(frozen=True, eq=False)
class Fairness:
    """What a study of the split found of each rule, on the same clients."""

    scenario: Scenario
    plan: StudyPlan
    result: FairnessResult
    failures: tuple[Failure, ...] = ()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a rule, phase and variant: shares asked for and realised, and tests."""
        import pandas as pd

        from simab.report import fairness_rows

        return pd.DataFrame(fairness_rows(self.result.split))

    def report(self, path: str | Path) -> Path:
        """Write report.html, fairness.json and fairness.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_fairness

        write_fairness(self.result, Path(path))
        return Path(path) / "report.html"

    def __repr__(self) -> str:
        return (
            f"<Fairness of {len(self.result.split.rules)} routing rules, {self.plan.replications} "
            f"replications, seed {self.plan.seed}: {self.scenario.title!r}>"
        )

    def _repr_html_(self) -> str:
        from simab.report import fairness_table_html

        return fairness_table_html(self.result)


def fairness(  # noqa: PLR0913 - the public contract, all by keyword
    scenario: Scenario,
    *,
    rules: Sequence[str] | None = None,
    policy: str | Decider | None = None,
    replications: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    command: str | None = None,
    tolerance: float = USUAL_TOLERANCE,
) -> Fairness:
    """Play a scenario, and say whether its requests and clients were split as its weights ask.

    Args:
        scenario: what to play, as it is described; its other worlds are not looked at.
        rules: names of routing rules (`simab.scenario.routing_rules`) to play side by side on the
            same clients; by default the scenario's own alone.
        policy: the name of one of its policies, or any object with `decide`; by default nobody
            moves the weights.
        replications: how often each rule is played; 100 by default.
        seed: of all random numbers; by default what the scenario's `study` says.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        engine: "compiled" or "reference"; same bits.
        progress: a function that is called with how many runs are done, of how many.
        command: what the report says remakes it.
        tolerance: how far a share may be from what is asked to be there, after a change.

    Raises:
        InvalidInput: an argument that cannot be, or a rule that the scenario cannot have.
    """
    require_places(executor, None)
    if not 0.0 < tolerance < 1.0:
        raise InvalidInput(
            f"tolerance = {tolerance!r}: must be a share between 0 and 1; 0.01 is one percentage "
            "point"
        )
    plan = planned_fairness(
        scenario, rules, policy, replications=replications, seed=seed, engine=engine
    )
    found = measured_runs(plan, executor=executor, progress=progress)
    if len(found.failures) == plan.replications * len(plan.worlds):
        raise ReplicationsFailed(
            f"All {plan.replications} replications failed, the first with {found.failures[0].error}"
        )
    said = command or _call(plan, rules)
    titles = {rule: ROUTING_RULES[rule].title for rule in rules or ()}
    split = studied_split(scenario, plan, found, tolerance, titles)
    result = _result(scenario, plan, split, said)
    return Fairness(scenario, plan, result, tuple(found.failures))


def planned_fairness(
    scenario: Scenario,
    rules: Sequence[str] | None = None,
    policy: str | Decider | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
) -> StudyPlan:
    """What `fairness` plays: a world for each rule, and one policy.

    Raises:
        InvalidInput: an argument that cannot be, or a rule that the scenario cannot have.
    """
    require_scenario(scenario)
    name, decider = policy_or_held(scenario, policy)
    if isinstance(rules, str) or (rules is not None and not list(rules)):
        raise InvalidInput(
            f"rules = {rules!r}: must be a list of names of routing rules, or None for the "
            "scenario's own; write ['sticky_hash'] for one"
        )
    named = [AS_DESCRIBED] if rules is None else list(rules)
    worlds = {
        rule: scenario if rule == AS_DESCRIBED else under_rule(scenario, rule) for rule in named
    }
    return StudyPlan(
        worlds,
        {name: decider},
        USUAL_REPLICATIONS if replications is None else replications,
        scenario.study.seed if seed is None else seed,
        engine,
        measure=FairnessMeasure(worse=truth_of_world(scenario).worse),
    )


def _result(
    scenario: Scenario, plan: StudyPlan, split: StudiedSplit, command: str
) -> FairnessResult:
    return FairnessResult(
        simab_version=VERSION,
        command=command,
        title=scenario.title,
        question=scenario.question,
        scenario_yaml=dumps(scenario),
        scenario_hash=next(iter(plan.world_hashes.values())),
        environment=environment(),
        seed=plan.seed,
        horizon_s=seconds(scenario.horizon),
        split=split,
    )


def _call(plan: StudyPlan, rules: Sequence[str] | None) -> str:
    """The call that makes the study again."""
    (policy,) = plan.policies
    named = "" if rules is None else f"rules={list(rules)}, "
    held = "" if policy == HELD else f"policy={policy!r}, "
    return (
        f"simab.fairness(scenario, {named}{held}replications={plan.replications}, seed={plan.seed})"
    )
