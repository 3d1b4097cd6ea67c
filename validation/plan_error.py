"""How often what a plan names meets the requirements: many plans, judged by runs of their own.

Each repeat plans on another seed. What it names is judged on runs of yet another seed, the same for
all repeats, so that a candidate that many repeats name is played once.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

from simab.comparison import compare
from simab.planning import plan
from simab.report.requirement_text import excess, share_or_mean_text, statement_text
from simab.result.requirement_result import Compliance, compliance_of
from simab.scenario import load
from simab.scenario.models import Scenario
from simab.scenario.sweeps.candidates import Candidate
from simab.text.typeset import plain_spaces
from validation.places import REPOSITORY

__all__ = ["PLANNED", "Named", "plan_error", "planned", "planned_scenario"]

_JUDGE: Final = 987_654_321
"""The seed of the runs that judge; repeats have small ones."""
_MOST_RUNS: Final = 800
"""Few, so that forty repeats end: candidates near their bound stay untold, and are not named."""


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate that plans of a kind named, in how many of them, and what other runs say of it.

    `compliance` is theirs, one of `Compliance`; `worst` is the requirement that they keep by least,
    with its world and estimate. Without a name: the plans that named nothing.
    """

    kind: str
    name: str
    plans: int
    of_plans: int
    runs: int
    compliance: str
    worst: str


def plan_error(
    kind: str,
    repeats: int,
    *,
    fresh_runs: int = 400,
    judging_runs: int = 4000,
    executor: Executor | None = None,
) -> list[Named]:
    """So many plans of one kind (`PLANNED`), each with a seed of its own; a row a candidate."""
    chosen = [
        planned(kind, repeat, fresh_runs=fresh_runs, executor=executor) for repeat in range(repeats)
    ]
    counts = Counter("" if each is None else each.name for each in chosen)
    candidates = {each.name: each for each in chosen if each is not None}
    return [
        Named(kind, name, count, repeats, *_judged(kind, candidates[name], judging_runs, executor))
        if name
        else Named(kind, "", count, repeats, 0, str(Compliance.NOT_ASKED), "")
        for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]


def planned(
    kind: str, repeat: int, *, fresh_runs: int = 400, executor: Executor | None = None
) -> Candidate | None:
    """What one plan names; repeats differ in all of their random numbers."""
    scenario, vary = planned_scenario(kind)
    found = plan(
        scenario,
        vary=vary,
        most_runs=_MOST_RUNS,
        fresh_runs=fresh_runs,
        seed=1000 + 10 * repeat,
        executor=executor,
    )
    return found.chosen


def _judged(
    kind: str, candidate: Candidate, runs: int, executor: Executor | None
) -> tuple[int, str, str]:
    """How many runs of no plan, what they say of the requirements, and which is kept by least."""
    scenario, _ = planned_scenario(kind)
    study = compare(
        scenario,
        policies={candidate.name: candidate.policy},
        replications=runs,
        seed=_JUDGE,
        executor=executor,
    )
    asked = study.result.requirements
    worst = max(study.result.judged, key=lambda each: excess(asked[each.requirement], each))
    statement = asked[worst.requirement]
    said = f"{statement_text(statement)}, {worst.world}: {share_or_mean_text(statement, worst)}"
    return runs, str(compliance_of(study.result.judged, candidate.name)), plain_spaces(said)


def planned_scenario(kind: str) -> tuple[Scenario, dict[str, Any]]:
    """A scenario of that kind, and what of its policies a plan varies."""
    return PLANNED[kind]()


def _churn() -> tuple[Scenario, dict[str, Any]]:
    """The founding example with classifiers that differ by more: F1 of .69 and of .83."""
    shipped = load(REPOSITORY / "scenarios" / "churn.yaml").model_dump(mode="json")
    shipped["outcome_tables"]["churn"]["rows"] = [
        {"label": label, "scores": {"model1": first, "model2": second}, "count": count}
        for label, first, second, count in (
            (0, 0, 0, 50), (0, 1, 0, 3), (0, 0, 1, 3), (0, 1, 1, 2),
            (1, 0, 0, 4), (1, 1, 0, 4), (1, 0, 1, 12), (1, 1, 1, 20),
        )
    ]  # fmt: skip
    shipped["controller"] = {"interval": "30s"}
    shipped["policies"] = {
        "F1 test": {"kind": "fixed_horizon", "labelled_requests": 400},
        "most metrics": {"kind": "metric_majority", "labelled_requests": 200},
    }
    shipped["worlds"] = {"broken": None}
    shipped["requirements"] = _required(power=0.7)
    vary = {'policies."F1 test".labelled_requests': "200..600/5"}
    return Scenario.model_validate(shipped), vary


def _required(power: float) -> list[dict[str, Any]]:
    return [
        {"quantity": "false_promotion", "at_most": 0.1},
        {"quantity": "power", "at_least": power},
    ]


def _canary() -> tuple[Scenario, dict[str, Any]]:
    """A canary behind two alarms: its bake time, and how many windows in a row it waits for."""
    variant = {
        "instances": 2,
        "workers": 4,
        "latency": {"kind": "lognormal", "median": "40ms", "p99": "200ms"},
        "quality": {"kind": "success", "probability": 0.9},
        "error_rate": 0.01,
    }
    better = variant | {"quality": {"kind": "success", "probability": 0.93}}
    scenario = {
        "title": "A canary behind two alarms",
        "endpoint": {
            "variants": {"stable": variant | {"weight": 1}, "canary": better | {"weight": 0}},
            "weight_update": "30s",
        },
        "traffic": {"users": {"rate": "5/s"}},
        "metrics": {"period": "60s", "publication_delay": "30s"},
        "controller": {"interval": "60s"},
        "objective": {
            "control": "stable",
            "candidate": "canary",
            "metric": "success_rate",
            "smallest_effect": 0.02,
        },
        "horizon": "40min",
        "policies": {
            "two alarms": {
                "kind": "staged_canary",
                "stages": [0.1, 0.5],
                "bake": "10min",
                "periods": 2,
                "alarms": [
                    {"metric": "error_rate", "at_most": 0.05},
                    {"metric": "latency_p90", "at_most": "250ms"},
                ],
            }
        },
        "requirements": [
            {"quantity": "broken_gone_within", "at_most": "12min", "share_of_runs": 0.9},
            {"quantity": "power", "at_least": 0.9},
        ],
        "worlds": {"equal": None, "exchanged": None},
        "prefer": "least_exposure",
    }
    vary = {
        'policies."two alarms".bake': "2min,5min,10min",
        'policies."two alarms".periods': "1,2",
    }
    return Scenario.model_validate(scenario), vary


def _revenue() -> tuple[Scenario, dict[str, Any]]:
    """Few orders of very different value: a test, and one with five looks, at several sizes."""
    order = {"kind": "lognormal", "mean": 45, "cv": 0.8}
    variant = {
        "workers": 4,
        "latency": {"kind": "lognormal", "median": "40ms", "p99": "200ms"},
        "quality": {"kind": "numeric_reward", "earning_share": 0.2, "distribution": order},
    }
    better = variant | {"quality": variant["quality"] | {"earning_share": 0.3}}  # type: ignore[operator]
    scenario = {
        "title": "Revenue of two recommenders",
        "endpoint": {"variants": {"current": variant, "new": better}},
        "traffic": {"shoppers": {"rate": "30/min"}},
        "labels": {"delay": {"kind": "lognormal", "median": "2min", "p99": "10min"}},
        "controller": {"interval": "2min"},
        "objective": {
            "control": "current",
            "candidate": "new",
            "metric": "reward",
            "smallest_effect": 3.0,
        },
        "horizon": "2h",
        "policies": {
            "test": {"kind": "fixed_horizon", "labelled_requests": 1000},
            "five looks": {
                "kind": "group_sequential",
                "labelled_requests": 1000,
                "looks": 5,
                "boundary": "obrien_fleming",
            },
        },
        "worlds": {"broken": None},
        "requirements": _required(power=0.7),
    }
    policies = ("test", '"five looks"')
    vary = {f"policies.{name}.labelled_requests": "400..1600/4" for name in policies}
    return Scenario.model_validate(scenario), vary


PLANNED: Final = {"churn": _churn, "canary": _canary, "revenue": _revenue}
"""The kinds of scenario that are planned."""
