"""Plays that are made to find faults which few drawn runs find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simab.policies import Action, Mirror, SetWeights
from simab.policies.immature import Immature
from simab.world.records import RECORD_COLUMNS
from tests.world.building import scenario, variant
from tests.world.drawn_runs import Play
from tests.world.drawn_traces import SIZES, trace_file

__all__ = [
    "carried",
    "changing",
    "constant",
    "doubled",
    "earning_nothing",
    "faulty_copies",
    "full",
    "in_turn",
    "kept",
    "labelled",
    "labelled_at_the_end",
    "leaving",
    "leaving_at_a_reply",
    "leaving_for_failures",
    "lost",
    "mirrored",
    "sized",
    "tied",
    "weightless",
]


def full(queue_limit: int = 0) -> Play:
    """A worker, few places to wait if any, and one request a microsecond: some arrive in the very
    nanosecond in which the worker becomes free.
    """
    only = {"a": variant(latency=constant("300ns"), queue_limit=queue_limit)}
    return _play(only, half_ms=4, rate="1000000/s")


def kept() -> Play:
    """One client whose cookie ends after 300 ns: some requests arrive in that very nanosecond."""
    return _play(
        {name: variant(latency=constant("1ns")) for name in ("a", "b")},
        half_ms=4,
        traffic={"users": {"rate": "1000000/s", "clients": 1}},
        endpoint={"variant_routing": "session_cookie", "affinity": "300ns"},
    )


def tied() -> Play:
    """Four segments of a request a microsecond each: some arrive in the very nanosecond of
    another's, after a request of their own.
    """
    return _play(
        {"a": variant(latency=constant("15ns"))},
        half_ms=1,
        traffic={f"s{number}": {"rate": "1000000/s"} for number in range(4)},
    )


def weightless(rule: str) -> Play:
    """Clients who were sent to a variant that has no weight any more."""
    return _play(
        half_ms=400,
        rate="1000/s",
        script={1: [SetWeights({"a": 1.0, "b": 0.0})]},
        endpoint={"variant_routing": rule, "affinity": "10s", "weight_update": "1ms"},
        traffic={"users": {"rate": "1000/s", "clients": 20}},
    )


def in_turn() -> Play:
    """Two variants of equal weights that serve in turn."""
    return _play(
        half_ms=100, rate="1000/s", endpoint={"variant_routing": "smooth_weighted_round_robin"}
    )


def mirrored() -> Play:
    """Copies that are answered in later windows than they come in."""
    return _play(
        half_ms=2000,
        rate="10/s",
        script={1: [SetWeights({"a": 1.0, "b": 0.0}, None, Mirror("b", 1.0))]},
        endpoint={"weight_update": "1ms"},
        metrics={"period": "20ms", "publication_delay": "0s"},
    )


def labelled_at_the_end() -> Play:
    """A run that ends in the nanosecond in which a label arrives."""
    parts = {"rate": "1000/s", "labels": {"delay": constant("1ms")}}
    records = _play(half_ms=100, **parts).on("reference").data.records
    last_ns = max(records[:, RECORD_COLUMNS.index("label_ns")])
    return _play(half_ms=100, horizon=f"{last_ns}ns", **parts)


def changing(**hit: Any) -> Play:
    """One request a microsecond to two instances, which are slow and fail from 3 us on."""
    conditions = {"kind": "conditions", "at": "3us", "latency_times": 3, "error_rate": 1} | hit
    traffic: dict[str, Any] = {
        name: {"rate": "1000000/s", "arrivals": {"gaps": {"kind": "regular"}}}
        for name in ("users", "others")
    }
    slow = variant(latency=constant("100ns"), instances=2)
    return _play({"a": slow, "b": slow}, half_ms=1, traffic=traffic, timeline=[conditions])


def faulty_copies() -> Play:
    """Copies to a variant of which half fail for a while."""
    conditions = {"kind": "conditions", "variants": ["b"], "error_rate": 0.5}
    return _play(
        {"a": variant(), "b": variant(weight=0)},
        half_ms=400,
        rate="1000/s",
        endpoint={"shadow": {"variant": "b", "share": 1}},
        timeline=[conditions],
    )


def doubled() -> Play:
    """A request each microsecond, and from 4 us on two: the one at 4 us is at the knot."""
    shape = {"kind": "points", "points": {"0s": 1, "4us": 0, "8us": 2}, "between": "constant"}
    arrivals = {"gaps": {"kind": "regular"}, "shape": shape}
    return _play(half_ms=1, traffic={"users": {"rate": "1000000/s", "arrivals": arrivals}})


def carried(carry_over: float = 1, **parts: Any) -> Play:
    """Few clients who carry over all or a part, between a variant that is right and another."""
    variants = {
        name: variant(latency=constant("1ms"), quality={"kind": "success", "probability": right})
        for name, right in {"a": 0, "b": 1}.items()
    }
    users = {"rate": "1000/s", "clients": 7, "carry_over": carry_over}
    return _play(variants, half_ms=100, traffic={"users": users}, **parts)


def leaving(latency: str = "300us", **endpoint: Any) -> Play:
    """Clients who leave after a wrong answer, of whom several requests are on their way at once."""
    half = {"kind": "success", "probability": 0.5}
    variants = {name: variant(latency=constant(latency), quality=half) for name in ("a", "b")}
    users = {"rate": "1000000/s", "clients": 50, "opt_out": 0.5}
    return _play(variants, half_ms=1, traffic={"users": users}, endpoint=endpoint)


def leaving_for_failures() -> Play:
    """Clients whose answers are all right, but for the half that fail."""
    failing = variant(
        latency=constant("1ms"), quality={"kind": "success", "probability": 1}, error_rate=0.5
    )
    users = {"rate": "1000/s", "clients": 50, "opt_out": 0.5}
    return _play({"a": failing, "b": failing}, half_ms=100, traffic={"users": users})


def leaving_at_a_reply() -> Play:
    """One client who asks each microsecond and is answered one later, as the next request comes."""
    half = {"kind": "success", "probability": 0.5}
    answered = variant(latency=constant("1us"), quality=half)
    users = {"rate": "1000000/s", "clients": 1, "opt_out": 1}
    users["arrivals"] = {"gaps": {"kind": "regular"}}
    return _play({"a": answered}, half_ms=1, traffic={"users": users})


def earning_nothing() -> Play:
    """Clients of whom half the answers earn nothing, after which they leave."""
    rewards = {"kind": "quantiles", "values": [5, 9]}
    quality = {"kind": "numeric_reward", "distribution": rewards, "earning_share": 0.5}
    earns = variant(latency=constant("1us"), quality=quality)
    return _play(
        {"a": earns, "b": earns},
        half_ms=100,
        traffic={"users": {"rate": "1000/s", "clients": 50, "opt_out": 1}},
        objective={"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 1},
    )


def labelled(
    labels: Mapping[str, Any],
    immature: Immature | None = None,
    *,
    probability: float = 1,
    **users: Any,
) -> Play:
    """Replies at 11, 21 s and so on, whose labels come 5 s later unless told otherwise."""
    right = {"kind": "success", "probability": probability}
    served = variant(latency=constant("1s"), quality=right)
    play = _play(
        {"a": served, "b": served},
        half_ms=30_000,
        traffic={"users": {"rate": "6/min", "arrivals": {"gaps": {"kind": "regular"}}} | users},
        labels={"delay": constant("5s"), **labels},
    )
    return replace(play, immature=immature)


def sized() -> Play:
    """Ten requests whose sizes say, but for a factor, how long a worker is busy with them."""
    rows = "\n".join(f"{at},{at},{at}" for at in range(10))
    trace = {"file": trace_file(f"t,{','.join(SIZES)}\n{rows}"), "time": "t", "unit": "ms"}
    per_unit = dict.fromkeys(SIZES, "100us")
    latency = {"kind": "by_size", "base": "1ms", "per_unit": per_unit, "cv": 0.5}
    served = variant(latency=latency)
    traffic = {"users": {"trace": trace | {"sizes": list(SIZES)}}}
    return _play({"a": served, "b": served}, half_ms=100, traffic=traffic)


def _play(
    variants: dict[str, dict[str, Any]] | None = None,
    *,
    half_ms: int,
    script: Mapping[int, Sequence[Action]] | None = None,
    **parts: Any,
) -> Play:
    """A run of two looks and two windows."""
    half = f"{half_ms}ms"
    times = {"metrics": {"period": half, "publication_delay": "0s"}}
    times |= {"controller": {"interval": half}, "horizon": f"{2 * half_ms}ms"}
    return Play(
        scenario(variants, **(times | parts)), script or {}, period=None, seed=1, replication=0
    )


def lost(at: str, lasts: str) -> dict[str, str]:
    return {"at": at, "lasts": lasts, "then": "lost"}


def constant(value: str) -> dict[str, str]:
    return {"kind": "constant", "value": value}
