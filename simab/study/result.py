"""The result of a study in one of its worlds, made of plan and rows: all that a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from simab.analyse.counterfactual import Counterfactual
from simab.analyse.example import example_of
from simab.analyse.example_choice import chosen_example
from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.paired import paired_differences
from simab.analyse.run_limits import limits_of_study
from simab.analyse.truth import ScenarioTruth
from simab.description import Description
from simab.draws import Draws
from simab.errors import ReplicationsFailed
from simab.explain import warnings
from simab.result import (
    Example,
    FailedPolicy,
    Mean,
    PlayedScenario,
    PolicyDescription,
    PolicyResult,
    StudyResult,
)
from simab.result.reader import Reader
from simab.scenario import Scenario, dumps
from simab.study.environment import environment
from simab.study.execution import Progress, WorldRows
from simab.study.failed_policies import failed_policies
from simab.study.failure import Failure
from simab.study.parameters import documentation, non_default, parameters, plain
from simab.study.plan import StudyPlan
from simab.study.playing import play_one
from simab.units import seconds
from simab.version import VERSION
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["study_examples", "study_result"]

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
    world: str,
    rows: WorldRows,
    truth: ScenarioTruth,
    *,
    command: str,
    failures: Sequence[Failure] = (),
) -> StudyResult:
    """The result but for its examples, which `study_examples` plays again for the page.

    `rows`, `truth` and `failures` are those of this world of the plan. The same plan and rows give
    the same result, whatever the engine, and nothing is played. A policy of which every replication
    failed has no characteristics: it is named among the failures only.

    Raises:
        ReplicationsFailed: no policy finished a replication.
    """
    scenario = plan.worlds[world]
    failed = failed_policies(
        failures, replications=plan.replications, seed=plan.seed, in_file=scenario.policies
    )
    rows = {name: each for name, each in rows.items() if each}
    if not rows:
        raise ReplicationsFailed(_nothing_finished(failed[0]))
    return StudyResult(
        simab_version=VERSION,
        command=command,
        scenario=PlayedScenario.from_reader(Reader(scenario.model_dump(mode="json"))),
        scenario_yaml=dumps(scenario),
        scenario_hash=plan.world_hashes[world],
        seed=plan.seed,
        replications=plan.replications,
        truth=truth.summary(),
        policies=_policies(plan, scenario, rows, truth, failed),
        failures=failed,
        paired=tuple(paired_differences(rows, seconds(scenario.horizon))),
        examples=(),
        warnings=tuple(warnings(scenario)),
        environment=environment(),
    )


def _policies(
    plan: StudyPlan,
    scenario: Scenario,
    rows: WorldRows,
    truth: ScenarioTruth,
    failed: Sequence[FailedPolicy],
) -> tuple[PolicyResult, ...]:
    """What each policy that finished a replication is, and does over its replications."""
    everything = [each for own in rows.values() for each in own]
    limits = limits_of_study(everything, scenario, truth)
    # A policy may deploy a variant that no other does, and end with it.
    ended = [name for row in everything for name in (row.ends_with, row.decided_for)]
    winners = tuple(dict.fromkeys([*truth.contenders, *filter(None, ended)]))
    lost = {each.policy: each.failed for each in failed}
    certain = {} if Counterfactual(scenario).is_needed else _NO_EXCESS
    found = []
    for name, own in rows.items():
        described = _described(name, plan.policies[name])
        does = operating_characteristics(own, limits, winners)
        does = replace(does, means={**does.means, **certain})
        found.append(PolicyResult.of(described, does, lost.get(name, 0)))
    return tuple(found)


def _described(name: str, policy: Decider) -> PolicyDescription:
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
    )


def _sentences(text: str) -> tuple[str, str]:
    """The first sentence of a policy's documentation, and the one that says when it misleads."""
    flat = " ".join(text.split())
    first = text.partition("\n\n")[0].replace("\n", " ")
    _, found, rest = flat.partition("It misleads ")
    return first, f"It misleads {rest}" if found else ""


def _nothing_finished(failed: FailedPolicy) -> str:
    many = failed.failed
    which = f"All {many} replications" if many > 1 else "The one replication"
    return (
        f"{which} of every policy failed, of {failed.policy!r} with "
        f"{failed.error}; replay the first with `{failed.replay}`"
    )


def study_examples(
    plan: StudyPlan, world: str, rows: WorldRows, *, progress: Progress | None = None
) -> tuple[Example, ...]:
    """The runs to look at closely: one a policy that finished any, played again in full."""
    blueprint = Blueprint.of(plan.worlds[world])
    finished = {name: each for name, each in rows.items() if each}
    found: list[Example] = []
    for done, (name, outcomes) in enumerate(finished.items()):
        if progress:
            progress(done, len(finished))
        chosen, why = chosen_example(outcomes)
        draws = Draws(plan.seed, chosen.replication)
        run = play_one(blueprint, (name, plan.policies[name]), draws, plan.engine)
        # A policy that is not pure may fail where it did not before; then there is nothing to show.
        if not isinstance(run, Failure):
            found.append(example_of(run, chosen, why))
        del run  # its counts may be large, and the next run makes its own
    if progress:
        progress(len(finished), len(finished))
    return tuple(found)
