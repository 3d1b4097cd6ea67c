"""Hypothesis strategies for whole valid scenarios, small enough to be played in a test.

`scenarios(max_requests=300)` covers every latency family, quality, routing, target and policy, and
round numbers on purpose: events at the same instant are where engines disagree.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from simab.scenario import Scenario
from simab.scenario.serving import KEEPING, VariantRouting

__all__ = [
    "CHARACTERS",
    "duration_profiles",
    "durations",
    "latencies",
    "scenario_data",
    "scenarios",
]

WITH_LABELS = [
    "accuracy", "precision", "recall", "positive_rate", "f1", "roc_auc", "roc_auc_binary", "brier",
]  # fmt: skip
WITHOUT_LABELS = ["accuracy", "success_rate"]
LATENCY_METRICS = ["latency_mean", "latency_p50", "latency_p90", "latency_p99", "latency_p99.9"]
ROUND_LATENCIES = ["0s", "1ms", "10ms", "500ms", "1s", "2s", "30s"]

# What `st.text()` draws by default. For that it tries to encode each of a million characters first,
# which takes ten seconds where no earlier run has kept the answer.
CHARACTERS = st.characters(exclude_categories=["Cs"])

# Each strategy is made once: to make them anew for each example takes longer than to draw it.


@lru_cache(maxsize=None, typed=True)
def among(*values: Any) -> SearchStrategy[Any]:
    """One of these."""
    return st.sampled_from(values)


shares = st.sampled_from([0.0, 0.25, 0.5, 1.0, "5%"]) | st.floats(0, 1)
inner_shares = st.sampled_from([0.05, 0.5, "90%"]) | st.floats(0.01, 0.99)
weights = st.sampled_from([0, 0.5, 1, 1, 9]) | st.floats(0.001, 1000)


def durations(smallest_ns: int, largest_ns: int, *, round_ones: list[str]) -> SearchStrategy[str]:
    """Durations as text: often one of the round ones, else anything to the nanosecond."""
    exact = st.integers(smallest_ns, largest_ns).map(lambda duration_ns: f"{duration_ns}ns")
    return st.sampled_from(round_ones) | exact


@cache
def _some_durations(largest_ns: int, round_ones: tuple[str, ...]) -> SearchStrategy[str]:
    """Durations of which a mean may be made."""
    return durations(1_000, largest_ns, round_ones=[each for each in round_ones if each != "0s"])


FAMILIES = (
    st.sampled_from(["constant"] * 4)
    | st.sampled_from(["exponential", "lognormal", "gamma", "hyperexponential", "quantiles"])
    | st.just("samples")
)
SPREADS = st.sampled_from([1, 1.5, 5]) | st.floats(1, 20)
BETA = st.tuples(*[st.floats(0.2, 20)] * 2)
SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=6)
SCORE = st.sampled_from([0, 1, 0.5]) | st.floats(0, 1)
THRESHOLDS = st.just(0.5) | st.floats(0.01, 1)
SELDOM = st.just(0.0) | shares
STAGES = st.sampled_from([[0.5], ["10%", 0.5], [0.05, 0.25, 0.5]])
LIMITS = st.lists(
    st.fixed_dictionaries({"metric": st.just("error_rate"), "at_most": shares})
    | st.fixed_dictionaries(
        {
            "metric": st.sampled_from(LATENCY_METRICS),
            "at_most": st.sampled_from(["10ms", "1s", "9s"]),
        }
    ),
    min_size=1,
    max_size=2,
)


ACTIVITIES = st.one_of(
    st.just({"kind": "equal"}),
    st.fixed_dictionaries({"kind": st.just("zipf"), "exponent": st.floats(0.01, 5)}),
    st.fixed_dictionaries({"kind": st.just("lognormal"), "sigma": st.floats(0.01, 5)}),
)
SESSIONS = st.sampled_from(
    [
        {"requests": 3, "gap": {"kind": "exponential", "mean": "2s"}},
        {"shares": {"1": 0.5, "4": 0.5}, "gap": {"kind": "constant", "value": "1s"}},
    ]
)
SPLITS = st.sampled_from(["weights"] * 4 + ["truncated_percentages", "instance_ratio"])
ROUTERS = st.fixed_dictionaries(
    {"count": st.integers(3, 5)},
    optional={"lag": st.sampled_from(["0s", "1s", "7s", "60s"]), "stale": st.integers(0, 2)},
)
ROUTING = st.sampled_from(get_args(VariantRouting))
SPARE = st.lists(st.sampled_from(["spare", "new one"]), max_size=2, unique=True)
TITLES = st.text(CHARACTERS, min_size=1, max_size=20)
QUESTIONS = st.text(CHARACTERS, max_size=20)


@cache
def _some_of(*names: str) -> SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


@cache
def _up_to_three(*names: str) -> SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3)


@cache
def _any_of(*names: str) -> SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


@cache
def _instants(horizon_s: int) -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, horizon_s), min_size=1, max_size=4).map(sorted)


@cache
def _how_many(most: int) -> SearchStrategy[int]:
    """Often two or three."""
    return st.integers(2, 3) | st.integers(2, most)


@st.composite
def duration_profiles(draw: DrawFn, largest_ns: int, round_ones: list[str]) -> dict[str, Any]:
    """Any family of durations; half of them constant and round."""
    some = _some_durations(largest_ns, tuple(round_ones))
    kind = draw(FAMILIES)
    if kind == "constant":
        return {"kind": kind, "value": draw(among(*round_ones))}
    if kind == "quantiles":
        low, middle, high = sorted(draw(st.tuples(*[st.integers(0, largest_ns)] * 3)))
        return {
            "kind": kind,
            "quantiles": {"p0": f"{low}ns", "p50": f"{middle}ns", "p100": f"{high}ns"},
        }
    if kind == "samples":
        return {"kind": kind, "values": draw(st.lists(some, min_size=2, max_size=5))}
    if kind == "lognormal" and draw(st.booleans()):
        median = draw(st.integers(1_000, largest_ns))
        p99 = round(median * draw(SPREADS))
        return {"kind": kind, "median": f"{median}ns", "p99": f"{p99}ns"}
    profile: dict[str, Any] = {"kind": kind, "mean": draw(some)}
    if kind != "exponential":
        profile["cv"] = draw(st.floats(1.1, 4) if kind == "hyperexponential" else st.floats(0.1, 4))
    return profile


@cache
def latencies() -> SearchStrategy[dict[str, Any]]:
    """Latency profiles up to seconds, so that some variants saturate."""
    return duration_profiles(3_000_000_000, ROUND_LATENCIES)


@st.composite
def _drawn_scores(draw: DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        alpha, beta = draw(BETA)
        return {"kind": "beta", "alpha": alpha, "beta": beta}
    values = draw(SCORES)
    return {"kind": "quantiles", "values": sorted(values)}


SCORE_DISTRIBUTIONS = _drawn_scores()


@st.composite
def _outcome_tables(draw: DrawFn, columns: list[str]) -> dict[str, Any]:
    row = st.fixed_dictionaries(
        {
            "label": st.integers(0, 1),
            "scores": st.fixed_dictionaries(dict.fromkeys(columns, SCORE)),
        },
        optional={"count": st.integers(1, 300)},
    )
    return {"rows": draw(st.lists(row, min_size=1, max_size=6))}


def _quality(draw: DrawFn, truth: str, column: str) -> dict[str, Any]:
    if truth == "success":
        return {"kind": "success", "probability": draw(shares)}
    if truth == "reward":
        kind = draw(among("lognormal", "pareto"))
        shape = {"cv": 1.5} if kind == "lognormal" else {"tail_index": 3}
        rewards = {"kind": kind, "mean": draw(st.floats(0.1, 1e6)), **shape}
        return {"kind": "numeric_reward", "distribution": rewards}
    threshold = draw(THRESHOLDS)
    if truth == "table":
        return {"kind": "joint_table", "table": "rows", "column": column, "threshold": threshold}
    return {
        "kind": "classifier",
        "positive_scores": draw(SCORE_DISTRIBUTIONS),
        "negative_scores": draw(SCORE_DISTRIBUTIONS),
        "threshold": threshold,
    }


LABEL_DELAYS = duration_profiles(20_000_000_000, ["0s", "1s", "10s", "60s"])


def _variant(draw: DrawFn, quality: dict[str, Any], *, deployed: bool) -> dict[str, Any]:
    variant = {
        "weight": draw(weights),
        "instances": draw(st.integers(1, 3)),
        "workers": draw(st.integers(1, 3)),
        "instance_routing": draw(among("random", "least_outstanding_requests")),
        "latency": draw(latencies()),
        "quality": quality,
        "error_rate": draw(SELDOM),
        "deployed": deployed,
    }
    if draw(st.booleans()):
        variant["queue_limit"] = draw(st.integers(0, 4))
    return variant


def _segment(draw: DrawFn, names: list[str], per_s: float) -> dict[str, Any]:
    segment: dict[str, Any] = {
        "rate": f"{max(per_s, 1e-5):.6f}/s",
        "clients": draw(st.integers(1, 50)),
        "labelled": draw(among(True, True, False)),
    }
    if draw(st.booleans()):
        segment["activity"] = draw(ACTIVITIES)
    aim = draw(among("weights", "weights", "targets", "paired"))
    some = draw(_some_of(*names))
    if aim == "targets":
        share = draw(among(1 / len(some), 0.1, 0.25))
        segment["targets"] = dict.fromkeys(some, share)
    if aim == "paired":
        segment["paired_targets"] = some
    return segment


def _limits(draw: DrawFn) -> list[dict[str, Any]]:
    limits: list[dict[str, Any]] = draw(LIMITS)
    return limits


def _schedule(draw: DrawFn, variants: dict[str, Any], horizon_s: int) -> dict[str, Any]:
    """Steps in order, each of which leaves some deployed variant with a weight above 0."""
    state = {name: each["weight"] for name, each in variants.items() if each["deployed"]}
    times = draw(_instants(horizon_s))
    steps: list[dict[str, Any]] = []
    for time_s in times:
        there = sorted(state)
        name = draw(among(*there))
        absent = sorted(set(variants) - set(there))
        kind = draw(among("weights", "weights", "promote", "remove", "add"))
        rest = {each: weight for each, weight in state.items() if each != name}
        step: dict[str, Any] = {"at": f"{time_s}s"}
        if kind == "add" and absent and len(there) < 10:
            step["add"] = absent[0]
            state[absent[0]] = 0
        elif kind == "remove" and any(rest.values()):
            step["remove"] = name
            state = rest
        elif kind == "promote":
            step["promote"] = name
            state = {each: float(each == name) for each in there}
        else:
            step["weights"] = {each: draw(weights) for each in there} | {name: draw(st.just(2))}
            state.update(step["weights"])
        steps.append(step)
    return {"kind": "manual_schedule", "steps": steps}


def _policies(
    draw: DrawFn, variants: dict[str, Any], metrics: list[str], horizon_s: int, *, by_labels: bool
) -> dict[str, Any]:
    labelled = st.integers(1, 40)
    policies: dict[str, Any] = {
        "majority": {
            "kind": "metric_majority",
            "labelled_requests": draw(labelled),
            "metrics": draw(_up_to_three(*metrics)),
        },
        "test": {
            "kind": "fixed_horizon",
            "labelled_requests": draw(labelled),
            "alpha": draw(among(0.05, 0.5)),
        },
        "decision": {
            "kind": "ship_decision",
            "labelled_requests": draw(labelled),
            "batches": 5,
            "metrics": [
                {"metric": draw(among(*metrics)), "role": "success"},
                {"metric": draw(among(*LATENCY_METRICS)), "role": "guardrail", "margin": 20},
                {"metric": "error_rate", "role": "deterioration"},
            ],
        },
        "canary": {
            "kind": "staged_canary",
            "stages": draw(STAGES),
            "bake": draw(among("1s", "10s", "60s")),
            "alarms": _limits(draw),
            "periods": draw(st.integers(1, 2)),
        },
        "schedule": _schedule(draw, variants, horizon_s),
    }
    if metrics in (["reward"], ["cost"]):
        policies["test"] = {
            "kind": "gaussian_thompson",
            "update_every": "10s",
            "prior_mean": draw(st.floats(-100, 100)),
            "prior_standard_deviation": draw(st.floats(0.1, 1e6)),
        }
    if not by_labels:
        del policies["test"]  # no label says anything of the objective
    kept = draw(_any_of(*sorted(policies)))
    return {name: policies[name] for name in kept}


def _routing(draw: DrawFn) -> dict[str, Any]:
    kind, split = draw(ROUTING), draw(SPLITS)
    rule = {"variant_routing": kind, "split": split}
    if kind == "weighted_random" and split != "instance_ratio" and draw(st.booleans()):
        return rule | {"routers": draw(ROUTERS)}
    if kind not in KEEPING:
        return rule
    return rule | {"affinity": draw(among("1s", "10s", "90s", "1d"))}


@st.composite
def scenario_data(
    draw: DrawFn, *, max_requests: int = 300, max_variants: int = 10
) -> dict[str, Any]:
    """A valid scenario as a file holds it: plain data, with some fields left to their defaults."""
    truth = draw(among("success", "table", "classifier", "reward"))
    deployed = draw(_how_many(max_variants))
    names = [f"v{number}" for number in range(deployed)]
    names += draw(SPARE)
    variants = {
        name: _variant(draw, _quality(draw, truth, name), deployed=number < deployed)
        for number, name in enumerate(names)
    }
    variants[names[0]]["weight"] = draw(among(1, 9, 0.1))
    horizon_s = draw(among(10, 60, 60, 300, 900))
    segments = draw(st.integers(1, 3))
    requests = draw(st.integers(1, max(max_requests, 1)))
    earned = [draw(among("reward", "cost"))]
    metrics = {"success": WITHOUT_LABELS, "reward": earned}.get(truth, WITH_LABELS + WITHOUT_LABELS)
    metric = draw(
        among(*metrics, "error_rate", *LATENCY_METRICS) if draw(SELDOM) else among(*metrics)
    )
    data: dict[str, Any] = {
        "title": draw(TITLES),
        "question": draw(QUESTIONS),
        "endpoint": {
            "variants": variants,
            **_routing(draw),
            "weight_update": draw(among("0s", "1s", "5s", "62s")),
            "provisioning": draw(among("0s", "10s", "390s")),
        },
        "traffic": {
            f"segment {number}": _segment(draw, names, requests / segments / horizon_s)
            for number in range(segments)
        },
        "labels": {
            "delay": draw(LABEL_DELAYS),
            "never": draw(SELDOM),
        },
        "metrics": {
            "period": draw(among("1s", "5s", "10s")),
            "publication_delay": draw(among("0s", "1s", "3s", "45s")),
        },
        "controller": {"interval": draw(among("1s", "2s", "5s", "7s", "1500ms"))},
        "objective": {
            "control": names[0],
            "candidate": names[1],
            "metric": metric,
            "smallest_effect": draw(st.floats(0.001, 0.5)),
            "guardrails": _limits(draw) if draw(st.booleans()) else [],
        },
        "horizon": f"{horizon_s}s",
        "policies": _policies(draw, variants, metrics, horizon_s, by_labels=metric in metrics),
    }
    if data["endpoint"]["variant_routing"] == "session_hash":
        data["traffic"]["segment 0"]["sessions"] = draw(SESSIONS)
    if truth == "table":
        data["outcome_tables"] = {"rows": draw(_outcome_tables(names))}
    if truth == "classifier":
        data["labels"]["positive_share"] = draw(shares)
    if draw(st.booleans()):
        data["study"] = {"replications": 5, "seed": draw(st.integers(0, 2**63 - 1))}
    return data


def scenarios(*, max_requests: int = 300, max_variants: int = 10) -> SearchStrategy[Scenario]:
    """Valid scenarios of at most about `max_requests` expected requests."""
    data = scenario_data(max_requests=max_requests, max_variants=max_variants)
    return data.map(Scenario.model_validate)
