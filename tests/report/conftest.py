"""Study results for the tests of the page: drawn at random, but consistent in themselves.

`build` plays a toy study: outcomes and times of each run are drawn from stated odds, and all
summaries are computed from these runs, so that sentences, tables and figures can be compared.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simab.analyse.paired import paired_differences
from simab.report import render_page
from tests.report.judging import judged, wilson

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


def mean(values: np.ndarray) -> dict[str, float | None]:
    half = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else None
    middle = float(values.mean())
    if half is None:
        return {"mean": middle, "low": None, "high": None}
    return {"mean": middle, "low": middle - half, "high": middle + half}


def quantiles(values: np.ndarray) -> dict[str, float | int | None]:
    """Over all runs; those without a decision are NaN and count as later than the horizon."""
    decided = int((~np.isnan(values)).sum())
    values = np.where(np.isnan(values), 1e12, values)
    low, high = 0.5 - 0.98 / math.sqrt(len(values)), 0.5 + 0.98 / math.sqrt(len(values))
    shares = [0.1, 0.5, 0.9, max(low, 0.0), min(high, 1.0)]
    levels = np.quantile(values, shares, method="inverted_cdf")
    found = (float(each) if each < 1e11 else None for each in levels)
    names = ("p10", "p50", "p90", "p50_low", "p50_high")
    return {"decided": decided, **dict(zip(names, found, strict=True))}


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


def summarised(spec: tuple, played: dict[str, np.ndarray]) -> dict[str, Any]:
    name, kind, _, _ = spec
    runs = len(played["outcome"])
    own = np.random.default_rng(len(name))
    times = played["decision_time_s"][~np.isnan(played["decision_time_s"])]
    counts = np.bincount(played["outcome"], minlength=4)
    steps = np.unique(times)[:200]
    return {
        "name": name,
        "kind": kind,
        "parameters": {"labelled_requests": 120, "alpha": 0.05, "metrics": ["f1", "recall"]},
        "rule": "Promote whichever variant is ahead on more of the metrics, by however little.",
        "misleads": "No difference is too small for it: five metrics restate the same few rows.",
        "outcomes": {
            outcome: wilson(int(many), runs) for outcome, many in zip(OUTCOMES, counts, strict=True)
        }
        | {"promoted_other": wilson(0, runs)},
        "decides_for": {
            each: wilson(sum(counts[at] for at in range(3) if ENDINGS[at] == each), runs)
            for each in ("Variant1", "Variant2")
        },
        "ends_with": {
            each: wilson(sum(counts[at] for at in range(3) if ENDINGS[at] == each), runs)
            | {"since_s": float(np.median(times)) + 62 if len(times) else None}
            for each in ("Variant1", "Variant2")
        },
        "still_split": wilson(int(counts[3]), runs),
        "overturned": 0,
        "decision_time_s": quantiles(played["decision_time_s"]),
        "requests_to_decision": quantiles(np.round(played["decision_time_s"] / 30)),
        "decision_time_ecdf": {
            "time_s": [float(each) for each in steps],
            "share": [float((times <= each).sum() / runs) for each in steps],
        },
        "requests_on_worse": mean(played["requests_on_worse"]),
        "requests_total": mean(720 + 27 * own.standard_normal(runs)),
        "failed_share": mean(own.poisson(2.0, runs) / 720),
        "rejected_share": mean(np.zeros(runs)),
        "error_share": mean(own.poisson(2.0, runs) / 720),
        "regret": mean(played["requests_on_worse"] * 0.023),
        "error_share_excess": mean((own.poisson(2.0, runs) - own.poisson(2.0, runs)) / 720),
        "guardrail_breach_s": mean(60.0 * own.poisson(0.4, runs)),
        "guardrail_breach_excess_s": mean(60.0 * (own.poisson(0.4, runs) - own.poisson(0.2, runs))),
        "actions_refused": mean(np.zeros(runs)),
        "refused": {"actions": 0, "runs": 0, "reason": None},
        "held": {"sample ratio": 0, "guardrail": 0, "too few requests": 0},
        "weight_changes": mean(own.integers(1, 4, runs).astype(float)),
        "in_flight_at_horizon": mean(own.poisson(0.1, runs).astype(float)),
        "labels_outstanding": mean(own.poisson(9.0, runs).astype(float)),
    }


def paired(policies: tuple, played: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """What the analysis makes of these runs, pair by pair."""
    rows = {
        spec[0]: [
            SimpleNamespace(
                replication=run,
                correct=bool(each["correct"][run]),
                requests_on_worse=max(float(each["requests_on_worse"][run]), 0.0),
                requests_total=800,
                decided_s=None if math.isnan(time_s) else float(time_s),
            )
            for run, time_s in enumerate(each["decision_time_s"])
        ]
        for spec, each in zip(policies, played, strict=True)
    }
    return paired_differences(rows, HORIZON_S)


def example(policy: str, replication: int, outcome: str, decided_min: float | None) -> Result:
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
                {
                    "start_s": 60.0 * minute,
                    "end_s": 60.0 * minute + 60,
                    "variant": name,
                    "invocations": many,
                    "realised_share": many / total,
                    "error_rate": 0.0,
                    "latency_p50_ms": 38.0 + float(draw.normal()),
                    "latency_p99_ms": 91.0 + 9 * float(draw.normal()),
                }
            )
            good = int(draw.binomial(many, 0.84 if name == "Variant1" else 0.82))
            seen[name] = [seen[name][0] + good, seen[name][1] + many]
            band = wilson(seen[name][0], seen[name][1])
            series.append(
                {
                    "at_s": 60.0 * minute + 105,
                    "variant": name,
                    "labelled": seen[name][1],
                    "value": band["share"] if seen[name][1] > 3 else None,
                    "low": band["low"] if seen[name][1] > 3 else None,
                    "high": band["high"] if seen[name][1] > 3 else None,
                }
            )
    decided = [] if decided_min is None else [decision(decided_min * 60, outcome)]
    weights = [{"at_s": 0.0, "weights": {"Variant1": 0.5, "Variant2": 0.5}}]
    if decided_min is not None:
        after = {"Variant1": 1 - winner, "Variant2": winner}
        weights.append({"at_s": decided_min * 60 + 62, "weights": after})
    return {
        "policy": policy,
        "replication": replication,
        "chosen_because": "the run whose time to a decision is the median",
        "outcome": outcome,
        "weights": weights,
        "decided_at_s": decided_min * 60 if decided_min is not None else None,
        "decided_for": None if decided_min is None else ("Variant2" if winner else "Variant1"),
        "ends_with": None if decided_min is None else ("Variant2" if winner else "Variant1"),
        "ends_with_since_s": None if decided_min is None else decided_min * 60 + 62,
        "shown_until_s": min(HORIZON_S, 1.35 * 60 * end),
        "until_decision": until_decision(spans, series, min(60.0 * end, HORIZON_S)),
        "spans": spans,
        "variants": [variant_windows(spans, name) for name in seen],
        "metric_series": series,
        "decisions": decided,
        "totals": {
            "arrived": 722, "answered": 719, "failed": 1, "rejected": 0, "invalid": 0,
            "in_flight": 2, "labels_arrived": 704, "labels_outstanding": 11, "labels_never": 4,
        },
    }  # fmt: skip


def until_decision(spans: list[Result], series: list[Result], at_s: float) -> Result:
    """What the run's own counts say at its decision; two requests are in flight then."""
    before = [each for each in spans if each["end_s"] <= at_s]
    ended = {
        name: sum(each["invocations"] for each in before if each["variant"] == name)
        for name in ("Variant1", "Variant2")
    }
    seen = {each["variant"]: each for each in series if each["at_s"] <= at_s}
    return {
        "at_s": at_s,
        "arrived": sum(ended.values()) + 2,
        "ended": ended,
        "largest_shares": {"Variant1": 0.5, "Variant2": 0.5},
        "labels": [{k: v for k, v in each.items() if k != "at_s"} for each in seen.values()],
    }


def variant_windows(spans: list[Result], name: str) -> Result:
    own = [each for each in spans if each["variant"] == name]
    return {
        "variant": name,
        "requests": sum(each["invocations"] for each in own),
        "windows": len(own),
        "error_rate": 0.0,
        "median_latency_p50_ms": sorted(each["latency_p50_ms"] for each in own)[len(own) // 2],
        "worst_latency_p99_ms": max(each["latency_p99_ms"] for each in own),
    }


def decision(at_s: float, outcome: str) -> Result:
    promote = outcome == "promoted_candidate"
    winner = "Variant2" if promote else "Variant1"
    return {
        "at_s": at_s,
        "action": "Promote" if promote else "Conclude",
        "detail": winner,
        "accepted": True,
        "because": f"after 61 and 59 labelled requests Variant1 is ahead on 2 of 5 metrics "
        f"(precision, accuracy), Variant2 on 3 (recall, f1, roc_auc_binary): {winner}",
    }


def build(policies: tuple = CHURN, runs: int = 400, right: str = "keep_control") -> Result:
    """A whole result; the candidate is worse unless `right` says otherwise."""
    played = [play(spec, runs, right, place) for place, spec in enumerate(policies)]
    keep = right == "keep_control"
    better, worse = ("Variant1", "Variant2") if keep else ("Variant2", "Variant1")
    values = {better: {"f1": 0.841, "accuracy": 0.958}, worse: {"f1": 0.818, "accuracy": 0.952}}
    result = {
        "format": "simab-study/1",
        "simab_version": "0.1.0",
        "command": f"simab compare churn.yaml --replications {runs} --seed 7 --out reports",
        "scenario": {
            "title": "Two churn classifiers on 120 requests",
            "question": "May Variant2 take all traffic because it is ahead on 120 labelled rows?",
            "horizon": "6h",
            "policies": {spec[0]: {"kind": spec[1]} for spec in policies},
        },
        "scenario_yaml": "title: Two churn classifiers on 120 requests\nhorizon: 6h\n"
        "endpoint:\n  variants:\n    Variant1: {weight: 1}\n    Variant2: {weight: 1}\n",
        "scenario_hash": "9f2c51d07be3" + 52 * "0",
        "seed": 7,
        "replications": runs,
        "policies": [summarised(spec, each) for spec, each in zip(policies, played, strict=True)],
        "paired": paired(policies, played),
        "examples": [
            example(policies[0][0], 17, "promoted_candidate", 62),
            example(policies[-1][0], 131, "undecided", None),
        ],
        "warnings": ["staged_canary leaves 12 % of its runs undecided: lengthen the horizon"],
    }
    return judged(result, values)


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
                if value is not None and name != "decided":
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
        whole.write_bytes(render_page(built(name)).encode())
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
