"""Study results for the tests of the page: drawn at random, but consistent in themselves.

`build` plays a toy study: outcomes and times of each run are drawn from stated odds, and the
analysis itself makes the result of these rows. Tests get its JSON form, which they may change.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.paired import paired_differences
from simab.analyse.truth import ScenarioTruth
from simab.report import render_page
from simab.result import Example, PlayedScenario, PolicyDescription, PolicyResult, StudyResult
from simab.result.columns import RunLimits
from simab.result.example_run import (
    Decision,
    MetricPoint,
    Span,
    UntilDecision,
    VariantWindows,
    WeightsInForce,
)
from simab.result.json_form import dumped
from simab.result.reader import Reader
from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.result.saved_study import read_result
from simab.stats.intervals import wilson_interval
from tests.report.judging import judged, truth_of

Result = dict[str, Any]

HORIZON_S = 6 * 3600.0
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
        **counts,
    )


def example(policy: str, replication: int, outcome: str, decided_min: float | None) -> Example:
    """A run at two requests a minute and half of the traffic for each, until it is decided."""
    draw = np.random.default_rng(replication)
    end = decided_min or 1e9
    winner = 1.0 if outcome == "promoted_candidate" else 0.0
    spans, series, seen = [], [], {"Variant1": [0, 0], "Variant2": [0, 0]}
    for minute in range(int(HORIZON_S / 60)):
        candidate = 0.5 if minute < end else winner
        total = int(draw.poisson(2.0))
        mine = int(draw.binomial(total, candidate))
        for name, many in (("Variant1", total - mine), ("Variant2", mine)):
            if not many:
                continue
            spans.append(
                Span(
                    start_s=60.0 * minute,
                    end_s=60.0 * minute + 60,
                    variant=name,
                    invocations=many,
                    realised_share=many / total,
                    error_rate=0.0,
                    latency_p50_ms=38.0 + float(draw.normal()),
                    latency_p99_ms=91.0 + 9 * float(draw.normal()),
                )
            )
            good = int(draw.binomial(many, 0.84 if name == "Variant1" else 0.82))
            seen[name] = [seen[name][0] + good, seen[name][1] + many]
            series.append(metric_point(60.0 * minute + 105, name, *seen[name]))
    decided_s = math.nan if decided_min is None else decided_min * 60
    weights = [WeightsInForce(at_s=0.0, weights={"Variant1": 0.5, "Variant2": 0.5})]
    ends = None
    if decided_min is not None:
        ends = "Variant2" if winner else "Variant1"
        after = {"Variant1": 1 - winner, "Variant2": winner}
        weights.append(WeightsInForce(at_s=decided_s + 62, weights=after))
    return Example(
        policy=policy,
        replication=replication,
        chosen_because="the run whose time to a decision is the median",
        outcome=outcome,
        weights=tuple(weights),
        decided_at_s=decided_s,
        decided_for=ends,
        ends_with=ends,
        ends_with_since_s=decided_s + 62,
        shown_until_s=min(HORIZON_S, 1.35 * 60 * end),
        until_decision=until_decision(spans, series, min(60.0 * end, HORIZON_S)),
        spans=tuple(spans),
        variants=tuple(variant_windows(spans, name) for name in seen),
        metric_series=tuple(series),
        decisions=() if decided_min is None else (decision(decided_s, outcome),),
        totals={
            "arrived": 722, "answered": 719, "failed": 1, "rejected": 0, "invalid": 0,
            "in_flight": 2, "labels_arrived": 704, "labels_outstanding": 11, "labels_never": 4,
        },
    )  # fmt: skip


def metric_point(at_s: float, variant: str, good: int, labelled: int) -> MetricPoint:
    band = wilson_interval(good, labelled)
    known = labelled > 3
    return MetricPoint(
        at_s=at_s,
        variant=variant,
        labelled=labelled,
        value=good / labelled if known else math.nan,
        low=band.low if known else math.nan,
        high=band.high if known else math.nan,
    )


def until_decision(spans: list[Span], series: list[MetricPoint], at_s: float) -> UntilDecision:
    """What the run's own counts say at its decision; two requests are in flight then."""
    before = [each for each in spans if each.end_s <= at_s]
    ended = {
        name: sum(each.invocations for each in before if each.variant == name)
        for name in ("Variant1", "Variant2")
    }
    seen = {each.variant: each for each in series if each.at_s <= at_s}
    return UntilDecision(
        at_s=at_s,
        arrived=sum(ended.values()) + 2,
        ended=ended,
        largest_shares={"Variant1": 0.5, "Variant2": 0.5},
        labels=tuple(seen.values()),
    )


def variant_windows(spans: list[Span], name: str) -> VariantWindows:
    own = [each for each in spans if each.variant == name]
    return VariantWindows(
        variant=name,
        requests=sum(each.invocations for each in own),
        windows=len(own),
        error_rate=0.0,
        median_latency_p50_ms=sorted(each.latency_p50_ms for each in own)[len(own) // 2],
        worst_latency_p99_ms=max(each.latency_p99_ms for each in own),
    )


def decision(at_s: float, outcome: str) -> Decision:
    promote = outcome == "promoted_candidate"
    winner = "Variant2" if promote else "Variant1"
    return Decision(
        at_s=at_s,
        action="Promote" if promote else "Conclude",
        detail=winner,
        accepted=True,
        because=f"after 61 and 59 labelled requests Variant1 is ahead on 2 of 5 metrics "
        f"(precision, accuracy), Variant2 on 3 (recall, f1, roc_auc_binary): {winner}",
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
        not_as_usual=None,
        rule="Promote whichever variant is ahead on more of the metrics, by however little.",
        misleads="No difference is too small for it: five metrics restate the same few rows.",
    )
    limits = RunLimits.of([each for own in rows.values() for each in own], HORIZON_S)
    does = operating_characteristics(rows[spec[0]], limits, ("Variant1", "Variant2"))
    return PolicyResult(**vars(described), **vars(does))


def many_policies() -> Result:
    specs = tuple(
        (f"policy_{at}_with_a_name_that_goes_on_and_on_and_on_for_a_while", "fixed_horizon",
         (0.02 * at, 0.98 - 0.04 * at, 0.0, 0.02 + 0.02 * at), 60 + 20 * at)
        for at in range(12)
    )  # fmt: skip
    return build(specs)


def hostile() -> Result:
    """Names and texts that would break a page that trusts them."""
    nasty = "<script>alert(1)</script>"
    specs = (
        (f"{nasty}", "metric_majority", (0.5, 0.5, 0, 0), 60),
        ("]]> \"double\" 'single' & $x^2$ \\", "fixed_horizon", (0.1, 0.8, 0.1, 0), 120),
        ("名前 ünïcödé 🙂 \u202egnirts", "fixed_horizon", (0.2, 0.8, 0, 0), 150),
        ("n" * 63, "url(#x)", (0.2, 0.7, 0, 0.1), 150),
    )
    result = build(specs)
    text = (
        f"{nasty} ]]> \"&' {{{{ 7*7 }}}} {{% raw %}} \u0007 </style></title><img src=x onerror=1>"
    )
    result["scenario"] |= {"title": text, "question": text + "w" * 300}
    result |= {"command": text, "scenario_yaml": text + "\n" + "y" * 500, "warnings": [text]}
    result["policies"][0] |= {"rule": text, "misleads": text, "parameters": {nasty: nasty}}
    result["examples"][0]["decisions"][0] |= {"because": text, "detail": text, "action": nasty}
    swap = {"Variant1": "<b>&control", "Variant2": "候補" + "v" * 60}
    return renamed(result, swap)


def renamed(value: Any, swap: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {swap.get(key, key): renamed(each, swap) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, swap) for each in value]
    return swap.get(value, value) if isinstance(value, str) else value


def nobody_decides() -> Result:
    return build(tuple((spec[0], spec[1], (0, 0, 0, 1), 60) for spec in CHURN[:2]))


def equal_variants() -> Result:
    result = build()
    judged(result, {"Variant1": {"f1": 0.841}, "Variant2": {"f1": 0.841}})
    for policy in result["policies"]:
        policy["requests_on_worse"] = {"mean": None, "low": None, "high": None}
    result["paired"] = [each for each in result["paired"] if each["quantity"] == "correct"]
    return result


def bandit() -> Result:
    """Hundreds of weight changes, some refused, and a third variant."""
    result = build(CHURN[:2], right="promote_candidate")
    run = result["examples"][0]
    steps = np.clip(0.5 + 0.4 * np.sin(np.arange(300) / 40), 0, 0.9)
    run["weights"] = [
        {"at_s": 60.0 * at, "weights": {"Variant1": 0.9 - s, "Variant2": float(s), "Variant3": 0.1}}
        for at, s in enumerate(steps)
    ]
    run["decisions"] = [
        {"at_s": 60.0 * at, "action": "SetWeights", "detail": f"Variant2 {s:.2f}",
         "accepted": at % 7 != 0, "because": "drawn most often best of 1 000 draws"}
        for at, s in enumerate(steps)
    ]  # fmt: skip
    return result


def millions() -> Result:
    """The result of a busy endpoint: every count of requests has seven digits."""
    result = build()
    for policy in result["policies"]:
        for measure in ("requests_to_decision", "requests_on_worse"):
            for name, value in policy[measure].items():
                if isinstance(value, float):
                    policy[measure][name] = 4321.0 * value
    return result


BUILDERS: dict[str, Callable[[], Result]] = {
    "churn": build,
    "one_policy": lambda: build(CHURN[:1]),
    "two_policies": lambda: build(CHURN[2:4]),
    "candidate_better": lambda: build(right="promote_candidate"),
    "twelve_policies": many_policies,
    "hostile": hostile,
    "nobody_decides": nobody_decides,
    "equal_variants": equal_variants,
    "bandit": bandit,
    "millions": millions,
    "one_run": lambda: build(CHURN[:3], runs=1),
}
_BUILT: dict[str, Result] = {}


def built(name: str) -> Result:
    """A fresh copy of the result of that name."""
    if name not in _BUILT:
        _BUILT[name] = BUILDERS[name]()
    return copy.deepcopy(_BUILT[name])


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder that all workers of pytest-xdist share: their own ones stand in one of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


def drawn(name: str, pages: Path) -> bool:
    """Draw a page into the folder, unless another worker is just doing so."""
    page = pages / f"page of {name}.html"
    with page.with_suffix(".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        if page.exists():
            return False
        whole = page.with_suffix(".new")
        whole.write_bytes(render_page(read_result(built(name))).encode())
        whole.replace(page)
    return True


@pytest.fixture
def result() -> Callable[[str], Result]:
    """A function from the name of a result to a fresh copy of it."""
    return built


@pytest.fixture
def page_of(pages: Path) -> Callable[[str], str]:
    """A function from the name of a result to its page, which is drawn once: it takes a second."""

    def page(name: str) -> str:
        kept = pages / f"page of {name}.html"
        while not kept.exists():
            # While another worker draws it, another page that will be wanted.
            if not any(drawn(each, pages) for each in (name, *BUILDERS)):
                time.sleep(0.02)
        return kept.read_bytes().decode()

    return page


@pytest.fixture(params=sorted(BUILDERS))
def any_name(request: pytest.FixtureRequest) -> str:
    """The name of each of the results in turn."""
    return str(request.param)


@pytest.fixture
def any_result(any_name: str) -> Result:
    """Each of the results in turn."""
    return built(any_name)
