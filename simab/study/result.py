"""The result of a study as plain data: everything that a report shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simab.analyse import RunSummary, truth_of_scenario
from simab.analyse.columns import RunLimits
from simab.analyse.counterfactual import Counterfactual
from simab.analyse.example import example_of
from simab.analyse.example_choice import chosen_example
from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.paired import paired_differences
from simab.analyse.truth import ScenarioTruth
from simab.description import Description
from simab.draws import Draws
from simab.errors import ReplicationsFailed
from simab.explain import warnings
from simab.scenario import dumps
from simab.study.execution import Progress, play_one
from simab.study.failure import Failure, failures_as_data
from simab.study.parameters import documentation, not_default, parameters, plain
from simab.study.plan import StudyPlan
from simab.units import seconds
from simab.version import VERSION
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["FORMAT", "StudyRows", "study_examples", "study_result", "truth_as_data"]

FORMAT = "simab-study/1"
Json = dict[str, Any]
_ZERO: Final[Json] = {
    "mean": 0.0,
    "low": 0.0,
    "high": 0.0,
    "approximate": False,
    "reason": "no request can end otherwise than with variants that answer as the control does",
}
_NO_EXCESS: Final[Json] = {"error_share_excess": _ZERO, "guardrail_breach_excess_s": _ZERO}
"""What needs no runs to be known, and no interval."""
StudyRows = Mapping[str, Sequence[RunSummary]]


def study_result(
    plan: StudyPlan, rows: StudyRows, *, command: str, failures: Sequence[Failure] = ()
) -> Json:
    """The result but for its examples, which `study_examples` plays again for the page.

    The same plan and rows give the same data, whatever the engine. A policy of which every
    replication failed has no characteristics: it stands among the failures only.

    Raises:
        ReplicationsFailed: no policy finished a replication.
    """
    scenario = plan.scenario
    truth = truth_of_scenario(scenario)
    failed = failures_as_data(
        failures, replications=plan.replications, seed=plan.seed, in_file=scenario.policies
    )
    rows = {name: each for name, each in rows.items() if each}
    if not rows:
        raise ReplicationsFailed(_nothing_finished(failed[0]))
    limits = RunLimits.of(
        [each for own in rows.values() for each in own],
        seconds(scenario.horizon),
        max(map(truth.shortfall, truth.values), default=0.0),
        scenario,
    )
    # A policy may deploy a variant that nobody else does, and end with it.
    ended = [
        name for each in rows.values() for row in each for name in (row.ends_with, row.decided_for)
    ]
    winners = tuple(dict.fromkeys([*truth.contenders, *filter(None, ended)]))
    lost = {entry["policy"]: entry["failed"] for entry in failed}
    certain = {} if Counterfactual(scenario).is_needed else _NO_EXCESS
    return {
        "format": FORMAT,
        "simab_version": VERSION,
        "command": command,
        "scenario": scenario.model_dump(mode="json"),
        "scenario_yaml": dumps(scenario),
        "scenario_hash": plan.scenario_hash,
        "seed": plan.seed,
        "replications": plan.replications,
        "truth": truth_as_data(truth),
        "policies": [
            {
                **_policy(name, plan.policies[name]),
                **operating_characteristics(rows[name], limits, winners),
                **certain,
                "failed": lost.get(name, 0),
            }
            for name in rows
        ],
        "failures": failed,
        "paired": paired_differences(rows, seconds(scenario.horizon)),
        "examples": [],
        "warnings": list(warnings(scenario)),
    }


def truth_as_data(truth: ScenarioTruth) -> Json:
    """The truth as the result holds it; None stands for what is undefined."""
    objective = truth.objective
    return {
        "metric": truth.metric,
        "direction": "higher" if objective.sign > 0 else "lower",
        "values": {
            name: {metric: _or_null(value) for metric, value in values.items()}
            for name, values in truth.values.items()
        },
        "gains": {name: _or_null(gain) for name, gain in truth.gains.items()},
        "breaks": dict(truth.breaks),
        "judgements": {name: str(truth.judgement(name)) for name in truth.values},
        "contenders": list(truth.contenders),
        "best": truth.best,
        "worse": list(truth.worse),
        "smallest_effect": objective.smallest_effect,
        "control": objective.control,
        "candidate": objective.candidate,
    }


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _policy(name: str, policy: Decider) -> Json:
    text = documentation(policy)
    rule, misleads = _sentences(text)
    kind: str = type(policy).__name__
    fields: Json = {}
    unusual: list[str] = []
    if isinstance(policy, Description):
        given = getattr(policy, "kind", kind)  # a class of one's own may give anything
        kind = given if isinstance(given, str) else kind
        fields = parameters(policy)
        unusual = not_default(policy)
    return {
        "name": name,
        "kind": plain(kind),
        "parameters": fields,
        "not_as_usual": unusual,
        "rule": rule,
        "misleads": misleads,
    }


def _sentences(text: str) -> tuple[str, str]:
    """The first sentence of a policy's documentation, and the one that says when it misleads."""
    flat = " ".join(text.split())
    first = text.partition("\n\n")[0].replace("\n", " ")
    _, found, rest = flat.partition("It misleads ")
    return first, f"It misleads {rest}" if found else ""


def _nothing_finished(failed: Json) -> str:
    many = failed["failed"]
    which = f"All {many} replications" if many > 1 else "The one replication"
    return (
        f"{which} of every policy failed, of {failed['policy']!r} with "
        f"{failed['error']}; replay the first with `{failed['replay']}`"
    )


def study_examples(
    plan: StudyPlan, rows: StudyRows, *, progress: Progress | None = None
) -> list[Json]:
    """The runs to look at closely: one a policy that finished any, played again in full."""
    blueprint = Blueprint.of(plan.scenario)
    finished = {name: each for name, each in rows.items() if each}
    found: list[Json] = []
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
    return found
