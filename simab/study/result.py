"""The result of a study as plain data: everything that a report shows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from simab.analyse import Outcome, truth_of_scenario
from simab.analyse.example import example_of
from simab.analyse.operating_characteristics import operating_characteristics, paired_differences
from simab.analyse.truth import ScenarioTruth
from simab.description import Description
from simab.draws import Draws
from simab.scenario import dumps, warnings
from simab.simulation import play_run
from simab.study.plan import StudyPlan
from simab.units import seconds
from simab.version import VERSION
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["FORMAT", "StudyRows", "study_result"]

FORMAT = "simab-study/1"
Json = dict[str, Any]
StudyRows = Mapping[str, Sequence[Outcome]]


def study_result(plan: StudyPlan, rows: StudyRows, *, command: str) -> Json:
    """The whole result; the same plan and rows give the same data, whatever the engine."""
    scenario = plan.scenario
    truth, blueprint = truth_of_scenario(scenario), Blueprint.of(scenario)
    return {
        "format": FORMAT,
        "simab_version": VERSION,
        "command": command,
        "scenario": scenario.model_dump(mode="json"),
        "scenario_yaml": dumps(scenario),
        "scenario_hash": plan.scenario_hash,
        "seed": plan.seed,
        "replications": plan.replications,
        "truth": _truth(plan, truth),
        "policies": [
            {**_policy(name, policy), **operating_characteristics(rows[name])}
            for name, policy in plan.policies.items()
        ],
        "paired": paired_differences(rows, seconds(scenario.horizon)),
        "examples": [_example(plan, blueprint, rows[name], name) for name in plan.policies],
        "warnings": list(warnings(scenario)),
    }


def _truth(plan: StudyPlan, truth: ScenarioTruth) -> Json:
    objective = plan.scenario.objective
    return {
        "metric": truth.metric,
        "direction": "higher" if objective.sign > 0 else "lower",
        "values": {
            name: {metric: value if value == value else None for metric, value in values.items()}
            for name, values in truth.values.items()
        },
        "improvement": truth.improvement,
        "better": truth.better,
        "worse": truth.worse,
        "right_decision": truth.right_decision,
        "smallest_effect": objective.smallest_effect,
        "control": objective.control,
        "candidate": objective.candidate,
    }


def _policy(name: str, policy: Decider) -> Json:
    text = inspect.cleandoc(type(policy).__doc__ or "")
    rule, misleads = _sentences(text)
    parameters = policy.model_dump(mode="json") if isinstance(policy, Description) else {}
    return {
        "name": name,
        "kind": parameters.pop("kind", type(policy).__name__),
        "parameters": parameters,
        "rule": rule,
        "misleads": misleads,
    }


def _sentences(text: str) -> tuple[str, str]:
    """The first sentence of a policy's documentation, and the one that says when it misleads."""
    flat = " ".join(text.split())
    first = text.partition("\n\n")[0].replace("\n", " ")
    _, found, rest = flat.partition("It misleads ")
    return first, f"It misleads {rest}" if found else ""


def _example(plan: StudyPlan, blueprint: Blueprint, rows: Sequence[Outcome], name: str) -> Json:
    """Play again, in full, the replication whose time to decision is the median."""
    horizon_s = seconds(plan.scenario.horizon)
    by_time = sorted(
        rows,
        key=lambda row: (horizon_s if row.decided_s is None else row.decided_s, row.replication),
    )
    chosen = by_time[(len(by_time) - 1) // 2]
    run = play_run(
        blueprint,
        (name, plan.policies[name]),
        Draws(plan.seed, chosen.replication),
        engine=plan.engine,
    )
    return example_of(run, chosen, "its time to decision is the median of all replications")
