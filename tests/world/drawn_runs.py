"""Hypothesis strategies for runs: every sort of scenario, script and number, with ties on purpose.

The one place where tests of the world draw what they play: laws, engines, sessions, repeatability.

Everything is measured in the mean gap between two arrivals, from 83 ns (twelve segments at the
highest rate there is) to a minute, so that a run has at most some 300 requests. Looks, windows and
updates fall on multiples of one unit; latencies, delays and updates often take exactly such a
multiple, 0 or 1 ns: events at the same instant are where engines disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from simab.draws import Draws
from simab.policies import Action, Observation
from simab.policies.immature import Immature
from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from simab.scenario.serving import KEEPING, VariantRouting
from simab.units import parse_duration
from tests.strategies import among
from tests.world import drawn_labels
from tests.world.drawn_actions import ACTIONS, BY_WEIGHT, WEIGHTS
from tests.world.drawn_arrivals import arrivals, sends
from tests.world.drawn_memory import remember
from tests.world.drawn_qualities import VARIANT_NAMES, other_quality, quality
from tests.world.drawn_ties import aim
from tests.world.drawn_timelines import keep_what_may_happen, timeline
from tests.world.drawn_times import Times, in_ns
from tests.world.drawn_traces import (
    add_given,
    make_sure_of_sessions,
    make_sure_something_comes,
)

__all__ = ["Play", "plays", "some_plays"]

MINUTE_NS = 60_000_000_000  # longer gaps ask for latencies of more than 366 days
MOST_PER_S = 1_000_000


# All strategies stand here, once: to make them anew for each example takes longer than to play it.
ERROR_RATES = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.1, 1.0])
LOADS = st.sampled_from([0.1, 0.5, 0.9, 1.0, 1.5, 3.0])
COINS = st.booleans()
MOSTLY = st.sampled_from([True, True, True, False])
SELDOM = st.sampled_from([False, False, False, True])
COOLDOWNS = st.tuples(*[st.sampled_from([0, 0, 1, 4])] * 2)
SHADOWS = st.sampled_from([0.5, 1.0])
SEEDS = st.integers(0, 2**64 - 1)
# The families that are slow to tabulate are drawn less often.
FAMILIES = st.sampled_from(
    ["constant"] * 12
    + ["exponential", "lognormal", "lognormal of mean", "quantiles", "samples"] * 4
    + ["gamma", "hyperexponential"]
)
SAMPLES = st.lists(st.sampled_from([0, 0.5, 1, 1, 4]), min_size=2, max_size=4)
SCORE_ROWS = st.lists(st.sampled_from([0, 0.25, 0.5, 1]), min_size=10, max_size=10)
ROWS = st.lists(
    st.tuples(st.integers(0, 1), SCORE_ROWS, st.sampled_from([1, 1, 3, 100])),
    min_size=1,
    max_size=4,
)
VARIANT = st.fixed_dictionaries(
    {
        "weight": WEIGHTS,
        "instances": st.sampled_from([1, 1, 1, 2, 3, 5]),
        "workers": st.sampled_from([1, 1, 1, 2, 3, 8, 9, 17]),
        "instance_routing": st.sampled_from(["random", "least_outstanding_requests"]),
        "error_rate": ERROR_RATES,
        "queue_limit": st.sampled_from([None, None, 0, 1, 2, 5]),
    }
)
ACTIVITIES = st.sampled_from(
    [
        {"kind": "equal"},
        {"kind": "equal"},
        {"kind": "zipf", "exponent": 1},
        {"kind": "zipf", "exponent": 5},
        {"kind": "lognormal", "sigma": 0.25},
        {"kind": "lognormal", "sigma": 5},
        {"kind": "gamma", "cv": 1},
    ]
)
SEGMENT = st.fixed_dictionaries(
    {
        "clients": st.sampled_from([1, 2, 2, 50, 50, 50, 2**31]),
        "activity": ACTIVITIES,
        "labelled": MOSTLY,
    }
)
PROPENSITIES = st.sampled_from(
    [
        {"probability": {"concentration": 10}},
        {"probability": {"concentration": 0.1}, "correlation": 0.0},
        {"probability": {"concentration": 1}, "correlation": 0.5},
    ]
)
FACTORS = st.sampled_from([{"kind": "lognormal", "cv": 0.5}, {"kind": "gamma", "cv": 1}])
ROUTING = st.sampled_from(get_args(VariantRouting))
SPLITS = st.sampled_from(["weights"] * 4 + ["truncated_percentages", "instance_ratio"])
ROUTERS = st.sampled_from(
    [{"count": 1}, {"count": 2}, {"count": 3, "stale": 1}, {"count": 5, "stale": 4}]
)
DIFFER = {"success", "numeric_reward"}
METRICS = {"success": ["success_rate"], "reward": ["reward", "cost"]}
AIMS = st.sampled_from(["weights", "weights", "weights", "targets", "paired"])
SOME_VARIANTS = st.lists(st.integers(0, 9), min_size=1, max_size=3)
PERIODS = st.sampled_from([None, None, 3, 7])
SCRIPTS = {
    (by_weight, period): st.dictionaries(
        st.integers(1, period or 12),
        st.lists(BY_WEIGHT if by_weight else ACTIONS, min_size=1, max_size=3),
        max_size=6,
    )
    for by_weight in (False, True)
    for period in (None, 3, 7)
}


@dataclass(frozen=True, slots=True)
class Play:
    """One run: what is played, under which actions, with which numbers.

    `script` holds actions by number of the tick, the first being 1; with `period` they repeat.
    Where engines are compared, labels are counted as `immature` says.
    """

    scenario: Scenario
    script: Mapping[int, Sequence[Action]]
    period: int | None
    seed: int
    replication: int
    immature: Immature | None = None

    def actions(self, tick: int) -> Sequence[Action]:
        """What the policy asks for at a tick."""
        return self.script.get(tick if self.period is None else tick % self.period + 1, ())

    def decide(self, state: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        """A run is its own policy, whose state counts the ticks."""
        tick = (state or 0) + 1
        return self.actions(tick), tick

    def on(self, engine: str, **changes: Any) -> Run:
        """The run on an engine, with its request records unless told otherwise."""
        arguments = {
            "scenario": self.scenario,
            "policy": self,
            "seed": self.seed,
            "replication": self.replication,
            "record_requests": True,
        }
        return simulate(engine=engine, **(arguments | changes))


def _durations(draw: st.DrawFn, mean: float, times: Times) -> dict[str, Any]:
    """Any family of durations."""
    kind, mean_text = draw(FAMILIES), in_ns(max(mean, 1))
    match kind:
        case "constant":
            some = draw(among("instant", "gap", "mean"))
            value = {"gap": in_ns(times.gap), "mean": in_ns(mean)}.get(some) or times.instant(draw)
            return {"kind": kind, "value": value}
        case "exponential":
            return {"kind": kind, "mean": mean_text}
        case "lognormal":
            return {"kind": kind, "median": mean_text, "p99": in_ns(max(4 * mean, 1))}
        case "lognormal of mean":
            cv = draw(among(0.2, 2.0))
            return {"kind": "lognormal", "mean": mean_text, "cv": cv}
        case "quantiles":
            values = {"p0": 0, "p50": mean, "p99": mean + times.unit, "p100": 5 * mean + times.unit}
            return {"kind": kind, "quantiles": {name: in_ns(each) for name, each in values.items()}}
        case "samples":
            return {"kind": kind, "values": [in_ns(part * mean) for part in draw(SAMPLES)]}
        case "gamma":
            return {"kind": kind, "mean": mean_text, "cv": draw(among(0.1, 0.5, 3))}
        case _:
            return {"kind": kind, "mean": mean_text, "cv": draw(among(1.1, 4))}


def _autoscaling(draw: st.DrawFn, times: Times, instances: int, variants: int) -> dict[str, Any]:
    """Target tracking about what an instance of each of so many equal variants would have."""
    a_minute = MINUTE_NS / (times.gap * variants * instances)
    out, back = draw(COOLDOWNS)
    return {
        "min_instances": draw(among(1, instances)),
        "max_instances": instances + draw(among(0, 1, 3)),
        "invocations_per_instance": a_minute * draw(among(0.1, 0.5, 1.0, 1.0, 3.0)),
        "scale_out_datapoints": draw(among(1, 1, 2, 3)),
        "scale_in_datapoints": draw(among(1, 1, 2, 5)),
        "scale_out_cooldown": in_ns(out * times.unit),
        "scale_in_cooldown": in_ns(back * times.unit),
        "scale_in": draw(MOSTLY),
    }


def _variants(draw: st.DrawFn, times: Times, truth: str) -> dict[str, dict[str, Any]]:
    """2 to 10 variants, of which the first is deployed."""
    names = VARIANT_NAMES[: draw(among(2, 2, 2, 2, 3, 4, 10))]
    variants = {}
    for number, name in enumerate(names):
        variant = draw(VARIANT)
        per_worker = draw(LOADS) * len(names) * times.gap
        mean = per_worker * variant["workers"] * variant["instances"]
        # Whoever is neither control nor candidate may be judged by success alone.
        kind = truth if number < 2 or truth == "reward" or draw(COINS) else "success"
        variants[name] = variant | {
            "latency": _durations(draw, mean, times),
            "quality": quality(draw, kind, name),
            "deployed": number == 0 or draw(MOSTLY),
        }
        if draw(SELDOM):
            scaling = _autoscaling(draw, times, variant["instances"], len(names))
            variants[name]["autoscaling"] = scaling
    if draw(SELDOM):
        _share_instances(variants, "v0", names[-1])
    variants["v0"]["weight"] = draw(among(1.0, 1.0, 0.1))
    return variants


def _share_instances(variants: dict[str, dict[str, Any]], host: str, guest: str) -> None:
    """Serve one variant on the instances of another, which then do not scale."""
    same = ("instances", "workers", "queue_limit", "instance_routing")
    for name in (host, guest):
        variants[name].pop("autoscaling", None)
    variants[guest] |= {field: variants[host][field] for field in same if field in variants[host]}
    variants[guest]["instances_of"] = host


def _timeline(
    draw: st.DrawFn, times: Times, variants: dict[str, dict[str, Any]], segments: list[str]
) -> list[dict[str, Any]]:
    """Mostly nothing."""
    if not draw(SELDOM):
        return []
    instant = partial(times.instant, draw)
    return timeline(draw, instant, list(variants), segments, partial(other_quality, draw, variants))


def _segment(
    draw: st.DrawFn, variants: dict[str, dict[str, Any]], per_s: float, times: Times
) -> dict[str, Any]:
    names = list(variants)
    segment: dict[str, Any] = draw(SEGMENT) | {"rate": f"{per_s:.9f}/s"}
    if draw(SELDOM):
        segment["arrivals"] = arrivals(draw, times)
    if segment["activity"]["kind"] != "equal":
        segment["clients"] = min(segment["clients"], 1_000)
    if draw(SELDOM):
        name = draw(st.sampled_from(names))
        segment["quality"] = {name: other_quality(draw, variants, name)}
    if draw(MOSTLY) and all(each["quality"]["kind"] in DIFFER for each in variants.values()):
        earning = [each["quality"].get("earning_share", 0) for each in variants.values()]
        if min(earning) < 1:
            segment["propensities"] = draw(PROPENSITIES)
        if all(each["quality"]["kind"] == "numeric_reward" for each in variants.values()):
            factors = {"rewards": draw(FACTORS)} if draw(SELDOM) else {}
            if factors or "propensities" in segment:
                segment["propensities"] = segment.get("propensities", {}) | factors
        segment["clients"] = min(segment["clients"], 5_000)
    aim = draw(AIMS)
    if aim != "weights":
        some = list(dict.fromkeys(names[number % len(names)] for number in draw(SOME_VARIANTS)))
        if aim == "paired":
            segment["paired_targets"] = some
        else:
            segment["targets"] = dict.fromkeys(some, 1 / len(some) if draw(COINS) else 0.1)
    return segment


def _traffic(draw: st.DrawFn, most_requests: int) -> tuple[int, float, int]:
    """How many segments, how many requests a second each, and in all: some very close together."""
    many = most_requests * 4 // 5
    match draw(among("spread", "close", "closest")):
        case "spread":
            segments = draw(st.integers(1, 3))
            per_s = 1e9 / segments / draw(among(1e4, 1e7, 1e9, MINUTE_NS))
            return segments, per_s, draw(among(2, 10, 30, 60, 100, many))
        case "close":
            segments = draw(st.integers(1, 3))
            return segments, float(MOST_PER_S), draw(among(10, 30, 60, many))
        case _:
            return 12, float(MOST_PER_S), draw(among(10, 15, 25, 60))


def _routing(draw: st.DrawFn, times: Times) -> dict[str, Any]:
    """A rule by which requests find variants, and the time for which it keeps clients, if any."""
    kind, split = draw(ROUTING), draw(SPLITS)
    rule = {"variant_routing": kind, "split": split}
    if kind == "weighted_random" and split != "instance_ratio" and draw(COINS):
        routers = draw(ROUTERS)
        return rule | {"routers": routers | {"lag": times.instant(draw)}}
    if kind not in KEEPING:
        return rule
    some = draw(among("instant", "long", "for ever"))
    affinity = {"long": in_ns(times.horizon / 3), "for ever": "366d"}.get(some)
    affinity = affinity or times.instant(draw)
    return rule | {"affinity": "1ns" if affinity == "0ns" else affinity}


@st.composite
def _scenario_data(
    draw: st.DrawFn, most_requests: int = 300, *, by_weight: bool = False
) -> dict[str, Any]:
    """A scenario as a file would hold it."""
    segments, per_s, requests = _traffic(draw, most_requests)
    times = Times.of(draw, 1e9 / (per_s * segments), requests)
    truth = draw(among("success", "table", "classifier", "reward"))
    variants = _variants(draw, times, truth)
    names = list(variants)
    delay = times.horizon if draw(COINS) else times.unit
    data: dict[str, Any] = {
        "title": "drawn",
        "endpoint": {
            "variants": variants,
            **_routing(draw, times),
            "weight_update": times.instant(draw),
            "provisioning": times.instant(draw),
        },
        "traffic": {
            f"s{number}": _segment(draw, variants, per_s, times) for number in range(segments)
        },
        "labels": {
            "delay": _durations(draw, delay, times),
            "never": draw(among(0.0, 0.0, 0.0, 0.5, 1.0)),
            "positive_share": draw(among(0.0, 0.4, 0.4, 1.0)),
        },
        "metrics": {
            "period": in_ns(times.unit * draw(among(1, 2, 3, 4, 6))),
            "publication_delay": times.instant(draw),
        },
        "controller": {"interval": in_ns(times.interval)},
        "objective": {
            "control": "v0",
            "candidate": "v1",
            "metric": draw(among(*METRICS.get(truth, ["accuracy"]))),
            "smallest_effect": 0.05,
        },
        "horizon": in_ns(times.horizon),
        "timeline": _timeline(draw, times, variants, [f"s{number}" for number in range(segments)]),
        "policies": {
            "still": {"kind": "manual_schedule", "steps": [{"at": "366d", "weights": {}}]}
        },
    }
    if draw(SELDOM):
        found = drawn_labels.course(draw, partial(times.instant, draw), names)
        data["labels"] |= drawn_labels.without_mistakes(found) if truth == "reward" else found
    data["immature"] = drawn_labels.counting(draw, partial(times.instant, draw), truth)
    if data["endpoint"]["variant_routing"] in KEEPING:
        for segment in data["traffic"].values():
            segment["clients"] = min(segment["clients"], 5_000)
    if not by_weight and draw(SELDOM):
        shadow = {"variant": draw(among(*names[1:])), "share": draw(SHADOWS)}
        shared = {each.get("instances_of") for each in variants.values()} - {None}
        if not shared or shadow["variant"] not in {*shared, names[-1]}:  # refused
            data["endpoint"]["shadow"] = shadow
    if truth == "table":
        rows = [
            {
                "label": label,
                "scores": dict(zip(VARIANT_NAMES, scores, strict=True)),
                "count": count,
            }
            for label, scores, count in draw(ROWS)
        ]
        data["outcome_tables"] = {"t": {"rows": rows}}
    add_given(draw, data, times.unit)
    make_sure_of_sessions(draw, data, times.unit)
    remember(draw, data)
    return data


@st.composite
def plays(draw: st.DrawFn, most_requests: int = 300, *, by_weight: bool = False) -> Play:
    """A scenario with a script of what is asked at some ticks, or at every tick over and over.

    Where requests go `by_weight`, or to whom they name, there are no cookies and no copies.
    """
    data = draw(_scenario_data(most_requests, by_weight=by_weight))
    seed, replication = draw(SEEDS), draw(SEEDS)
    if draw(MOSTLY):
        aim(draw, data, Draws(seed, replication))
    for segment in data["traffic"].values():
        if not sends(segment, parse_duration(data["horizon"])):
            del segment["arrivals"]
        make_sure_something_comes(segment, parse_duration(data["horizon"]))
    for described in data["endpoint"]["variants"].values():
        if "autoscaling" in described:
            windows = draw(among(None, None, 2, 3))
            period_ns = parse_duration(data["metrics"]["period"])
            described["autoscaling"]["datapoint"] = windows and in_ns(windows * period_ns)
    keep_what_may_happen(data)
    period = draw(PERIODS)
    immature = data.pop("immature")
    return Play(
        scenario=Scenario.model_validate(data),
        script=draw(SCRIPTS[by_weight, period]),
        period=period,
        seed=seed,
        replication=replication,
        immature=immature,
    )


def some_plays(number: int, count: int) -> list[Play]:
    """As many drawn runs, the same each time and others for each number."""
    drawn: list[Play] = []

    @seed(number)
    @given(play=plays())
    @settings(max_examples=count, phases=[Phase.generate], database=None)
    def collect(play: Play) -> None:
        drawn.append(play)

    collect()
    return drawn
