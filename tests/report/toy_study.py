"""A toy study: runs drawn from stated odds, of which the analysis itself makes the result.

Tests get the result's JSON form, which they may change.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.paired import paired_differences
from simab.analyse.truth import ScenarioTruth
from simab.result import PlayedScenario, PolicyDescription, PolicyResult, StudyResult
from simab.result.columns import RunLimits
from simab.result.json_form import dumped
from simab.result.reader import Reader
from simab.result.run_summary import Judgement, RunSummary, Verdict
from tests.report.judging import truth_of
from tests.report.toy_example import HORIZON_S, example

Result = dict[str, Any]

OUTCOMES = ("promoted_candidate", "kept_control", "rolled_back", "undecided")
ENDINGS = ("Variant2", "Variant1", "Variant1", None)
"""Who has all traffic after each of these outcomes."""

# name, kind, odds of the four outcomes, median time to a decision in minutes
CHURN = (
    ("promote on 120 rows", "metric_majority", (0.57, 0.43, 0.0, 0.0), 62),
    ("manual_schedule", "manual_schedule", (1.0, 0.0, 0.0, 0.0), 90),
    ("staged_canary", "staged_canary", (0.42, 0.0, 0.46, 0.12), 150),
    ("fixed_horizon", "fixed_horizon", (0.05, 0.93, 0.0, 0.02), 300),
    ("obrien_fleming", "group_sequential", (0.04, 0.60, 0.0, 0.36), 210),
)


def play(spec: tuple, runs: int, right: str, place: int) -> dict[str, np.ndarray]:
    """Outcome and time of every run of a policy; runs share their luck across policies."""
    _, _, odds, minutes = spec
    luck, own = np.random.default_rng(5), np.random.default_rng(100 + place)
    shared, private = luck.random(runs), own.random(runs)
    u = np.where(own.random(runs) < 0.6, shared, private)
    outcome = np.searchsorted(np.cumsum(odds), u, side="right").clip(0, 3)
    time_s = np.minimum(minutes * 60 * np.exp(0.25 * own.standard_normal(runs)), HORIZON_S)
    time_s = np.where(outcome == 3, np.nan, np.ceil(time_s / 60) * 60)
    good = {"keep_control": [1, 2], "promote_candidate": [0]}[right]
    until = np.where(np.isnan(time_s), HORIZON_S, time_s)
    worse = np.where(np.isin(outcome, good), until / 2, until / 2 + (HORIZON_S - until))
    return {
        "outcome": outcome,
        "decision_time_s": time_s,
        "correct": np.isin(outcome, good).astype(float),
        "requests_on_worse": np.round(worse / 30 + 3 * own.standard_normal(runs)),
    }


def rows_of(spec: tuple, played: dict[str, np.ndarray], truth: ScenarioTruth) -> list[RunSummary]:
    """The rows of these runs, with errors and breaches that no policy has anything to do with."""
    name, runs = spec[0], len(played["outcome"])
    own = np.random.default_rng(len(name))
    drawn = {
        "requests_total": np.round(720 + 27 * own.standard_normal(runs)),
        "requests_failed": own.poisson(2.0, runs),
        "errors_excess": own.poisson(2.0, runs) - own.poisson(2.0, runs),
        "breaches": own.poisson(0.4, runs),
        "breaches_excess": own.poisson(0.4, runs) - own.poisson(0.2, runs),
        "weight_changes": own.integers(1, 4, runs),
        "in_flight_at_horizon": own.poisson(0.1, runs),
        "labels_outstanding": own.poisson(9.0, runs),
    }
    counts = {key: [int(each) for each in values] for key, values in drawn.items()}
    return [
        row_of(name, run, played, truth, {key: values[run] for key, values in counts.items()})
        for run in range(runs)
    ]


def row_of(
    name: str,
    run: int,
    played: dict[str, np.ndarray],
    truth: ScenarioTruth,
    counts: dict[str, int],
) -> RunSummary:
    outcome, time_s = played["outcome"][run], float(played["decision_time_s"][run])
    decided, ends = not math.isnan(time_s), ENDINGS[outcome]
    worse = max(int(played["requests_on_worse"][run]), 0)
    return RunSummary(
        policy=name,
        replication=run,
        verdict=Verdict(OUTCOMES[outcome]),
        decided_for=ends,
        ends_with=ends,
        ends_with_since_s=time_s + 62 if decided else None,
        judgement=truth.judgement(ends),
        correct=truth.judgement(ends) is Judgement.RIGHT,
        decided_s=time_s if decided else None,
        requests_to_decision=round(time_s / 30) if decided else None,
        requests_rejected=0,
        requests_on_worse=worse,
        regret=worse * 0.023,
        guardrail_breach_s=60.0 * counts.pop("breaches"),
        guardrail_breach_excess_s=60.0 * counts.pop("breaches_excess"),
        actions_refused=0,
        refusal=None,
        held_for=None,
        requests_served={"Variant1": max(counts["requests_total"] - worse, 0), "Variant2": worse},
        clients_on_worse=min(worse, 150),
        gain_estimate_error=0.0001 * (run % 90) if ends == "Variant2" else None,
        corrected_gain_error=0.0001 * (run % 90 - 40) if ends == "Variant2" else None,
        cost_of_serving=0.8 + 0.001 * counts["requests_total"],
        **counts,
    )


def build(policies: tuple = CHURN, runs: int = 400, right: str = "keep_control") -> Result:
    """A whole result as JSON holds it; the candidate is worse unless `right` says otherwise."""
    keep = right == "keep_control"
    better, worse = ("Variant1", "Variant2") if keep else ("Variant2", "Variant1")
    values = {better: {"f1": 0.841, "accuracy": 0.958}, worse: {"f1": 0.818, "accuracy": 0.952}}
    truth = truth_of(values)
    rows = {
        spec[0]: rows_of(spec, play(spec, runs, right, place), truth)
        for place, spec in enumerate(policies)
    }
    study = StudyResult(
        simab_version="0.1.0",
        command=f"simab compare churn.yaml --replications {runs} --seed 7 --out reports",
        scenario=PlayedScenario.from_reader(Reader(scenario_of(policies))),
        scenario_yaml="title: Two churn classifiers on 120 requests\nhorizon: 6h\n"
        "endpoint:\n  variants:\n    Variant1: {weight: 1}\n    Variant2: {weight: 1}\n",
        scenario_hash="9f2c51d07be3" + 52 * "0",
        seed=7,
        replications=runs,
        truth=truth.summary(),
        policies=tuple(policy_of(spec, rows) for spec in policies),
        failures=(),
        paired=tuple(paired_differences(rows, HORIZON_S)),
        examples=(
            example(policies[0][0], 17, "promoted_candidate", 62),
            example(policies[-1][0], 131, "undecided", None),
        ),
        environment={"NumPy": "2.3.1", "Python": "3.14.0", "simab": "0.1.0"},
        warnings=("staged_canary leaves 12 % of its runs undecided: lengthen the horizon",),
    )
    plain: Result = dumped(study)
    return plain


def scenario_of(policies: tuple) -> Result:
    return {
        "title": "Two churn classifiers on 120 requests",
        "question": "May Variant2 take all traffic because it is ahead on 120 labelled rows?",
        "horizon": "6h",
        "policies": {spec[0]: {"kind": spec[1]} for spec in policies},
    }


def policy_of(spec: tuple, rows: dict[str, list[RunSummary]]) -> PolicyResult:
    described = PolicyDescription(
        name=spec[0],
        kind=spec[1],
        parameters={"labelled_requests": 120, "alpha": 0.05, "metrics": ["f1", "recall"]},
        non_default=None,
        rule="Promote whichever variant is ahead on more of the metrics, by however little.",
        misleads="No difference is too small for it: five metrics restate the same few rows.",
    )
    limits = RunLimits.of([each for own in rows.values() for each in own], HORIZON_S)
    does = operating_characteristics(
        rows[spec[0]], limits, ("Variant1", "Variant2"), candidates=("Variant2",)
    )
    return PolicyResult.of(described, does)
