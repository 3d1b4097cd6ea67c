"""Timelines of drawn scenarios: faults, drift, outages and others' hands, at instants of ties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from simab.units import parse_duration

__all__ = ["conditions", "keep_what_may_happen", "timeline"]

COINS = st.booleans()
SELDOM = st.sampled_from([False, False, False, True])
COUNTS = st.sampled_from([1, 1, 2, 4])
TIMES = st.sampled_from([2.0, 0.1, 0.5, 1.0, 3.0, 100.0])
ERRORS = st.sampled_from([0.3, 0.0, 0.0, 1.0])
INSTANCES = st.sampled_from([None, None, None, None, None, 0, 1])
STRENGTHS = st.sampled_from(
    [
        {"0s": 0.5},
        {"0s": 1},
        {"0s": 0, "1us": 1},
        {"0s": 0.5, "1ms": 0.5, "1s": 1},
        {"1s": 0, "2s": 1, "9s": 0},
    ]
)
KINDS = st.sampled_from(["conditions"] * 4 + ["weights", "metrics_outage"])
WINDOWS = st.sampled_from(["late", "lost"])

Instant = Callable[[], str]
Quality = Callable[[str], dict[str, Any]]
"""Draws a quality of the kind that a variant has."""


def conditions(
    draw: st.DrawFn, instant: Instant, names: Sequence[str], segments: Sequence[str]
) -> dict[str, Any]:
    """What hits some variants and segments from an instant on, but for another quality."""
    found: dict[str, Any] = {
        "kind": "conditions",
        "latency_times": draw(TIMES),
        "error_rate": draw(ERRORS),
        "instance": draw(INSTANCES),
    }
    if draw(SELDOM):
        found["variants"] = [draw(st.sampled_from(names))]
    if draw(SELDOM):
        found["segments"] = [draw(st.sampled_from(segments))]
    if draw(SELDOM):
        return found | {"strength": {"kind": "points", "points": draw(STRENGTHS)}}
    found |= {"at": instant(), "ramp": instant()}
    if draw(SELDOM):
        lasts = instant()
        found |= {"lasts": "1ns" if lasts == "0ns" else lasts, "fade": instant()}
    return found


def keep_what_may_happen(data: dict[str, Any]) -> None:
    """Drop what would not act in the run, of what is not there: a scenario with it is refused."""
    horizon, variants = data["horizon"], data["endpoint"]["variants"]
    data["timeline"] = _acting(_within(data["timeline"], horizon), data)
    for entry in data["timeline"]:
        if entry.get("instance") is not None:
            most = min(_instances(variants[name]) for name in entry.get("variants", variants))
            entry["instance"] = min(entry["instance"], most - 1)
    for segment in data["traffic"].values():
        arrivals = segment.get("arrivals") or {}
        if "spikes" in arrivals:
            arrivals["spikes"] = _within(arrivals["spikes"], horizon)
    if "outages" in data["labels"]:
        data["labels"]["outages"] = _of_one_kind(_within(data["labels"]["outages"], horizon))
    batches = data["labels"].get("batches", {"at": "0s"})
    if parse_duration(batches["at"]) >= parse_duration(horizon):
        batches["at"] = "0s"


def _within(entries: list[dict[str, Any]], horizon: str) -> list[dict[str, Any]]:
    last_ns = parse_duration(horizon)
    return [each for each in entries if parse_duration(each.get("at", "0s")) < last_ns]


def _acting(entries: list[dict[str, Any]], data: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of variants that are there; of two changes of weights at one instant the first."""
    last_ns, variants = parse_duration(data["horizon"]), data["endpoint"]["variants"]
    found: list[dict[str, Any]] = []
    changed: set[int] = set()
    for entry in entries:
        at_ns = parse_duration(entry.get("at", "0s"))
        if _acts_after_ns(entry) >= last_ns:
            continue
        if entry["kind"] == "weights":
            own = entry["weights"]
            own = {name: own[name] for name in own if variants[name].get("deployed", True)}
            entry["weights"] = own if any(own.values()) else dict.fromkeys(own, 1.0)
            if at_ns in changed or not own:
                continue
            changed.add(at_ns)
        found.append(entry)
    return found


def _acts_after_ns(entry: dict[str, Any]) -> int:
    """Until when the strength of an entry is 0 from the start, where it has one of its own."""
    after_ns = 0
    for at, value in entry.get("strength", {}).get("points", {}).items():
        if value:
            break
        after_ns = parse_duration(at)
    return after_ns


def _instances(variant: dict[str, Any]) -> int:
    scaling = variant.get("autoscaling") or {}
    return max(variant.get("instances", 1), scaling.get("max_instances", 0))


def _of_one_kind(outages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Labels are late or lost while two outages overlap, not both."""
    ordered = sorted(outages, key=lambda each: parse_duration(each["at"]))
    for earlier, later in pairwise(ordered):
        ends_ns = parse_duration(earlier["at"]) + parse_duration(earlier["lasts"])
        if parse_duration(later["at"]) < ends_ns:
            later["then"] = earlier["then"]
    return outages


def timeline(
    draw: st.DrawFn,
    instant: Instant,
    names: Sequence[str],
    segments: Sequence[str],
    quality: Quality,
) -> list[dict[str, Any]]:
    """A few entries of any kind; each may change nothing."""
    found: list[dict[str, Any]] = []
    for _ in range(draw(COUNTS)):
        kind, at = draw(KINDS), instant()
        if kind == "weights":
            weights = {name: draw(st.sampled_from([0.0, 1.0, 2.0])) for name in names}
            weights[names[0]] = weights[names[0]] or float(not any(weights.values()))
            found.append({"kind": kind, "at": "1ns" if at == "0ns" else at, "weights": weights})
        elif kind == "metrics_outage":
            lasts = instant()
            lasts = "1ns" if lasts == "0ns" else lasts
            found.append({"kind": kind, "at": at, "lasts": lasts, "windows": draw(WINDOWS)})
        else:
            entry = conditions(draw, instant, names, segments)
            if draw(COINS):
                hit = entry.setdefault("variants", [names[0]])
                entry["quality"] = quality(hit[0])
            if entry["latency_times"] == 1 and not entry["error_rate"] and "quality" not in entry:
                entry["error_rate"] = 0.5
            found.append(entry)
    return found
