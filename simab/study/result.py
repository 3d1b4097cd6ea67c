"""The result of a study, made of its plan and rows: everything that a report shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from simab.analyse.counterfactual import Counterfactual
from simab.analyse.example import example_of
from simab.analyse.example_choice import chosen_example, worst_example
from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.paired import paired_differences
from simab.analyse.recommendation import recommended
from simab.analyse.requirements import PlayedWorld, judged, statement_of
from simab.analyse.run_limits import limits_of_study
from simab.analyse.truth import ScenarioTruth
from simab.description import Description
from simab.draws import Draws
from simab.errors import ReplicationsFailed
from simab.explain import warnings
from simab.policies import Policy
from simab.result import (
    Example,
    FailedPolicy,
    Mean,
    PlayedScenario,
    PolicyDescription,
    PolicyResult,
    StudyResult,
)
from simab.result.columns import RunLimits
from simab.result.reader import Reader
from simab.result.run_summary import RunSummary
from simab.result.study_verdicts import StudyVerdicts
from simab.result.world_result import WorldLabel, WorldResult
from simab.scenario import Scenario, dumps
from simab.scenario.requirements import CUSTOMARY
from simab.scenario.worlds import World
from simab.study.environment import environment
from simab.study.execution import Progress, WorldRows
from simab.study.failed_policies import failed_policies
from simab.study.failure import Failure
from simab.study.parameters import documentation, non_default, parameters, plain
from simab.study.plan import StudyPlan
from simab.study.watching import play_watched
from simab.units import seconds
from simab.version import VERSION
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = [
    "WorldRuns",
    "nothing_finished",
    "study_examples",
    "study_result",
    "study_verdicts",
    "weights_of",
    "world_result",
]

_ZERO: Final = Mean(
    0.0,
    0.0,
    0.0,
    reason="no request can end otherwise than with variants that answer as the control does",
)
_NO_EXCESS: Final = {"error_share_excess": _ZERO, "guardrail_breach_excess_s": _ZERO}
"""What needs no runs to be known, and no interval."""


def study_result(
    plan: StudyPlan,
    worlds: Sequence[World],
    played: Mapping[str, WorldRuns],
    *,
    asked: Scenario,
    command: str,
    failures: Sequence[Failure] = (),
) -> StudyResult:
    """The result but for its examples, which `study_examples` plays again for the page.

    `worlds` are those of the plan, and `played` what was found in each. `asked` is the scenario as
    the file has it: it says what is required, and what is preferred. The same plan and rows give
    the same result, whatever the engine, and nothing is played. A policy of which every replication
    failed in a world has no characteristics there: it is named among the failures only.

    Raises:
        ReplicationsFailed: no policy finished a replication.
    """
    failed = failed_policies(
        failures, replications=plan.replications, seed=plan.seed, in_file=asked.policies
    )
    first, *others = worlds
    verdicts = study_verdicts(plan, worlds, played, asked=asked, failures=failures)
    scenario, runs = first.scenario, played[first.name]
    return StudyResult(
        simab_version=VERSION,
        command=command,
        scenario=PlayedScenario.from_reader(Reader(asked.model_dump(mode="json"))),
        scenario_yaml=dumps(asked),
        scenario_hash=plan.world_hashes[first.name],
        seed=plan.seed,
        replications=plan.replications,
        truth=runs.truth.summary(),
        policies=_policies(plan, first, runs, failed),
        failures=failed,
        paired=tuple(paired_differences(runs.finished, seconds(scenario.horizon))),
        examples=(),
        warnings=tuple(warnings(asked)),
        environment=environment(),
        world=_label(first),
        other_worlds=tuple(
            world_result(plan, world, played[world.name], failed) for world in others
        ),
        requirements=verdicts.requirements,
        customary=not asked.requirements,
        judged=verdicts.judged,
        recommendation=verdicts.recommendation,
    )


def study_verdicts(
    plan: StudyPlan,
    worlds: Sequence[World],
    played: Mapping[str, WorldRuns],
    *,
    asked: Scenario,
    failures: Sequence[Failure] = (),
) -> StudyVerdicts:
    """What `study_result` says of requirements, without all else, which takes much longer.

    Raises:
        ReplicationsFailed: no policy finished a replication.
    """
    first = worlds[0].name
    if not played[first].finished:
        lost = [each for each in failures if each.world == first]
        (failed, *_) = failed_policies(
            lost, replications=plan.replications, seed=plan.seed, in_file=asked.policies
        )
        raise ReplicationsFailed(nothing_finished(failed))
    statements = tuple(map(statement_of, asked.requirements or CUSTOMARY))
    distinct = [world for world in worlds if world.same_as is None]
    looked_at = [played[world.name].of(world, plan.replications) for world in distinct]
    found, weights = tuple(judged(statements, looked_at)), weights_of(distinct, worlds)
    return StudyVerdicts(
        policies=tuple(played[first].finished),
        requirements=statements,
        judged=found,
        recommendation=recommended(found, statements, looked_at, weights, asked.prefer),
    )


@dataclass(frozen=True, slots=True)
class WorldRuns:
    """What was found in one world: its truth and its rows by policy."""

    truth: ScenarioTruth
    rows: WorldRows

    @property
    def finished(self) -> WorldRows:
        """The rows of the policies that finished any replication."""
        return {name: each for name, each in self.rows.items() if each}

    def of(self, world: World, replications: int) -> PlayedWorld:
        """The world as requirements look at it."""
        failed = {name: replications - len(rows) for name, rows in self.rows.items()}
        summary, limits = self.truth.summary(), self.limits(world)
        return PlayedWorld(world.name, summary, self.rows, limits, failed)

    def limits(self, world: World) -> RunLimits:
        """What no run of the world can exceed."""
        everything = [row for rows in self.rows.values() for row in rows]
        return limits_of_study(everything, world.scenario, self.truth)


def world_result(
    plan: StudyPlan, world: World, runs: WorldRuns, failed: Sequence[FailedPolicy]
) -> WorldResult:
    """What was found in a world of the plan; `failed` are the replications without a row."""
    return WorldResult(
        label=_label(world),
        scenario_hash=plan.world_hashes[world.name],
        truth=runs.truth.summary(),
        policies=_policies(plan, world, runs, failed),
    )


def _label(world: World) -> WorldLabel:
    return WorldLabel(
        name=world.name,
        title=world.title,
        made=world.made,
        weight=math.nan if world.weight is None else world.weight,
        same_as=world.same_as,
    )


def weights_of(distinct: Sequence[World], worlds: Sequence[World]) -> list[float]:
    """How much each distinct world counts: alike where the file gives no weights."""
    return [
        math.fsum(
            1.0 if each.weight is None else each.weight
            for each in worlds
            if world.name in (each.name, each.same_as)
        )
        for world in distinct
    ]


def _policies(
    plan: StudyPlan, world: World, runs: WorldRuns, failed: Sequence[FailedPolicy]
) -> tuple[PolicyResult, ...]:
    """What each policy that finished a replication is, and does over its replications."""
    everything = [each for own in runs.finished.values() for each in own]
    limits = runs.limits(world)
    # A policy may deploy a variant that no other does, and end with it.
    ended = [name for row in everything for name in (row.ends_with, row.decided_for)]
    winners = tuple(dict.fromkeys([*runs.truth.contenders, *filter(None, ended)]))
    lost = {each.policy: each.failed for each in failed if each.world == world.name}
    certain = {} if Counterfactual(world.scenario).is_needed else _NO_EXCESS
    candidates = world.scenario.objective.every_candidate
    found = []
    for name, own in runs.finished.items():
        policy = plan.policy(world.name, name)
        described = _described(name, policy, several=len(candidates) > 1)
        does = operating_characteristics(own, limits, winners, candidates=candidates)
        does = replace(does, means={**does.means, **certain})
        found.append(PolicyResult.of(described, does, lost.get(name, 0)))
    return tuple(found)


def _described(name: str, policy: Decider, *, several: bool) -> PolicyDescription:
    text = documentation(policy)
    rule, misleads = _sentences(text)
    kind: str = type(policy).__name__
    fields: dict[str, Any] = {}
    changed: list[str] = []
    if isinstance(policy, Description):
        given = getattr(policy, "kind", kind)  # a class of one's own may give anything
        kind = given if isinstance(given, str) else kind
        fields = parameters(policy)
        changed = non_default(policy)
    return PolicyDescription(
        name=name,
        kind=plain(kind),
        parameters=fields,
        non_default=tuple(changed),
        rule=rule,
        misleads=misleads,
        looks_at=policy.looks_at() if isinstance(policy, Policy) else None,
        chooses_among_all=(
            policy.chooses_among_all if several and isinstance(policy, Policy) else None
        ),
    )


def _sentences(text: str) -> tuple[str, str]:
    """The first sentence of a policy's documentation, and the one that says when it misleads."""
    flat = " ".join(text.split())
    first = text.partition("\n\n")[0].replace("\n", " ")
    _, found, rest = flat.partition("It misleads ")
    return first, f"It misleads {rest}" if found else ""


def nothing_finished(failed: FailedPolicy) -> str:
    """The message where no policy finished a replication, by one of those that failed."""
    many = failed.failed
    which = f"All {many} replications" if many > 1 else "The one replication"
    return (
        f"{which} of every policy failed, of {failed.policy!r} with "
        f"{failed.error}; replay the first with `{failed.replay}`"
    )


def study_examples(
    plan: StudyPlan, played: Mapping[str, WorldRows], *, progress: Progress | None = None
) -> tuple[Example, ...]:
    """The runs to look at closely, played again in full: two of each policy that finished any.

    One is what mostly happens in the first world, the other what did most harm in any. `played` are
    the rows by world; a world that is the same as an earlier one is left out.
    """
    several = any(len(each.objective.every_candidate) > 1 for each in plan.worlds.values())
    chosen = list(_chosen_runs(played, several=several))
    blueprints: dict[str, Blueprint] = {}
    found: list[Example] = []
    for done, (world, row, why, is_worst) in enumerate(chosen):
        if progress:
            progress(done, len(chosen))
        if world not in blueprints:
            blueprints[world] = Blueprint.of(plan.worlds[world])
        policy = row.policy, plan.policy(world, row.policy)
        draws = Draws(plan.seed, row.replication)
        run = play_watched(blueprints[world], policy, draws, plan.engine)
        # A policy that is not pure may fail where it did not before; then there is nothing to show.
        if not isinstance(run, Failure):
            shown = example_of(run, row, why)
            # Who is hurt is seen in the traffic; the metric over time is half of a page's data.
            series = () if is_worst else shown.metric_series
            found.append(replace(shown, world=world, is_worst=is_worst, metric_series=series))
        del run  # its counts may be large, and the next run makes its own
    if progress:
        progress(len(chosen), len(chosen))
    return tuple(found)


class _Chosen(NamedTuple):
    """A run to be shown: of which world, why, and whether for the harm that it did."""

    world: str
    row: RunSummary
    why: str
    is_worst: bool


def _chosen_runs(played: Mapping[str, WorldRows], *, several: bool) -> Iterator[_Chosen]:
    """Policy after policy: the usual run, and the worst where that is another run."""
    first = next(iter(played))
    for name in dict.fromkeys(name for rows in played.values() for name in rows):
        usual = None
        if played[first].get(name):
            usual, why = chosen_example(played[first][name], several=several)
            yield _Chosen(first, usual, why, False)
        own = {world: rows[name] for world, rows in played.items() if rows.get(name)}
        worst = worst_example(own)
        if worst and (worst[0], worst[1]) != (first, usual):
            yield _Chosen(*worst, True)
