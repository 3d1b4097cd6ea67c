"""Make events of a drawn scenario coincide, whatever its rates: the arrivals are known beforehand.

A constant latency that is the time from one arrival to a later one, or a whole part of it, lets a
worker become free on an arrival, and a cookie end on one. Looks, windows and the horizon are put on
arrivals and on replies, ends of updates on arrivals.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from simab.draws import Draws, Purpose, stream_of
from simab.profiles.rate_curve import TICKS_PER_NS
from simab.scenario.arrivals import Arrivals
from simab.units import parse_duration, parse_rate
from tests.world.drawn_traces import replayed

__all__ = ["aim"]

AIMED = st.sampled_from([True, True, False])
STEPS = st.sampled_from([1, 1, 2, 3, 4, 6])
PARTS = st.sampled_from([1, 1, 2, 3, 4])
PLACES = st.integers(0, 99)
CUTS = st.integers(1, 12)
TIMES = st.integers(1, 3)
_CHUNK = 64


def aim(draw: st.DrawFn, data: dict[str, Any], draws: Draws) -> None:
    """Change some times of scenario data so that they fall together."""
    arrived = arrivals(data, draws)
    if len(arrived) < 2:
        return
    spans = []
    for variant in data["endpoint"]["variants"].values():
        if draw(AIMED):
            spans.append(_span(draw, arrived))
            variant["latency"] = {"kind": "constant", "value": f"{spans[-1]}ns"}
    replies = [0, *spans]
    if draw(st.booleans()):
        delay = _span(draw, arrived)
        data["labels"]["delay"] = {"kind": "constant", "value": f"{delay}ns"}
        replies += [span + delay for span in spans]
    if draw(AIMED):
        _move_the_grid(draw, data, _place(draw, arrived) + draw(st.sampled_from(replies)))
    for update in ("weight_update", "provisioning"):
        if draw(AIMED):
            after = _place(draw, arrived) % parse_duration(data["controller"]["interval"])
            data["endpoint"][update] = f"{after}ns"
    if "affinity" in data["endpoint"] and draw(AIMED):
        data["endpoint"]["affinity"] = f"{max(_span(draw, arrived), 1)}ns"
    if draw(AIMED):
        _move_the_horizon(data, _place(draw, arrived) + draw(st.sampled_from(replies)))


def arrivals(data: dict[str, Any], draws: Draws) -> list[int]:
    """When requests arrive, in order; what is drawn of rates, traces and sessions left out."""
    horizon, found = parse_duration(data["horizon"]), []
    for name, segment in data["traffic"].items():
        if "trace" in segment:
            found += replayed(segment["trace"], horizon)
            continue
        clock, first = 0, 0
        described = Arrivals.model_validate(segment.get("arrivals", {}))
        gaps = described.gaps.table(1e9 / parse_rate(segment["rate"]) * TICKS_PER_NS)
        curve = described.curve(None, horizon)
        end = horizon * TICKS_PER_NS if curve is None else curve.ticks[-1]
        while clock < end:
            words = draws.blocks(Purpose.ARRIVAL, stream_of(name), first, _CHUNK)
            for word in words.ravel().tolist():
                clock += gaps.draw(word)
                at_ns = clock // TICKS_PER_NS if curve is None else curve.time_ns(clock)
                found.append(horizon if at_ns is None else at_ns)
            first += _CHUNK
    return sorted(each for each in found if 0 < each < horizon)


def _span(draw: st.DrawFn, arrived: list[int]) -> int:
    """The time from one arrival to a later one, or a whole part of it."""
    first = draw(PLACES) * (len(arrived) - 1) // 100
    last, parts = first + draw(STEPS), draw(PARTS)
    spans = [later - arrived[first] for later in arrived[last : last + 8]]
    whole = [span // parts for span in spans if span % parts == 0]
    return next(iter([*whole, *spans]), arrived[-1] - arrived[first])


def _place(draw: st.DrawFn, arrived: list[int]) -> int:
    """An arrival of the later half."""
    return arrived[(100 + draw(PLACES)) * len(arrived) // 200]


def _move_the_grid(draw: st.DrawFn, data: dict[str, Any], instant: int) -> None:
    """Make an instant the end of a window and a look, of which there are a dozen until then."""
    unit = instant // next(parts for parts in range(draw(CUTS), 0, -1) if instant % parts == 0)
    interval, period = unit * draw(TIMES), unit * draw(TIMES)
    if max(interval, period) < parse_duration(data["horizon"]):
        data["controller"]["interval"] = f"{interval}ns"
        data["metrics"]["period"] = f"{period}ns"


def _move_the_horizon(data: dict[str, Any], instant: int) -> None:
    interval = parse_duration(data["controller"]["interval"])
    if max(interval, parse_duration(data["metrics"]["period"])) < instant:
        data["horizon"] = f"{instant}ns"
