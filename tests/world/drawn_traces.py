"""Traces, sessions and sizes for drawn scenarios: small files, full of ties, and every option."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from simab.scenario.replay import replay
from simab.scenario.trace import Trace

__all__ = [
    "SIZES",
    "add_given",
    "make_sure_of_sessions",
    "make_sure_something_comes",
    "replayed",
    "trace_file",
]

FOLDER = tempfile.TemporaryDirectory(prefix="simab-traces-")
SIZES = ("read", "written")

SELDOM = st.sampled_from([False, False, False, False, True])
SIZED = st.sampled_from([False] * 7 + [True])
# From one row to the next, in units: mostly at once, or where something else happens.
STEPS = st.lists(st.sampled_from([0, 0, 0.25, 0.5, 1, 1, 3]), min_size=1, max_size=60)
COUNTS = st.sampled_from([0, 1, 1, 2, 3, 7])
PARTS = st.sampled_from(["x", "x", "y"])
LARGE = st.sampled_from([0, 0, 1, 2, 50])
KINDS = st.sampled_from(["times", "times", "windows", "windows at times"])
SPREADS = st.sampled_from(["evenly", "randomly"])
OFFSETS = st.sampled_from([0, 0, 0, 0.25, 1, 2.5])
SPEEDS = st.sampled_from([1.0, 1.0, 1.0, 2.0, 0.5, 3.7])
KEEPS = st.sampled_from([1.0, 1.0, 0.5, 0.05])
COINS = st.booleans()
LASTING = st.sampled_from([None, None, 1, 2])
PER_UNIT = st.sampled_from([0, 0.01, 0.5])
CVS = st.sampled_from([0.0, 0.0, 0.5])
MEANS = st.sampled_from([1, 1.5, 4, 30])
LAWS = st.sampled_from(["geometric", "geometric", "fixed", "shares"])
GAPS = st.sampled_from(["nothing", "a unit", "a unit", "exponential"])


def add_given(draw: st.DrawFn, data: dict[str, Any], unit_ns: int) -> None:
    """Let some segments replay traces or come in sessions; in some scenarios sizes matter."""
    sized = draw(SIZED)
    for segment in data["traffic"].values():
        if sized or draw(SELDOM):
            named = not (segment.get("targets") or segment.get("paired_targets"))
            names = list(data["endpoint"]["variants"])
            segment["trace"] = _trace(draw, names if named else (), unit_ns, sized=sized)
            segment.pop("rate")
            segment.pop("arrivals", None)
        elif draw(SELDOM):
            segment["sessions"] = _sessions(draw, unit_ns)
    for variant in data["endpoint"]["variants"].values() if sized else ():
        if draw(COINS):
            variant["latency"] = {
                "kind": "by_size",
                "base": f"{round(draw(PER_UNIT) * unit_ns)}ns",
                "per_unit": {name: f"{round(draw(PER_UNIT) * unit_ns)}ns" for name in SIZES},
                "cv": draw(CVS),
            }


def make_sure_of_sessions(draw: st.DrawFn, data: dict[str, Any], unit_ns: int) -> None:
    """Where routing goes by sessions a segment has them; where all replay traces it does not."""
    endpoint, segments = data["endpoint"], data["traffic"].values()
    if endpoint["variant_routing"] != "session_hash" or any(
        "sessions" in each for each in segments
    ):
        return
    drawn = [each for each in segments if "trace" not in each]
    if drawn:
        drawn[0]["sessions"] = _sessions(draw, unit_ns)
    else:
        endpoint["variant_routing"] = "weighted_random"


def replayed(trace: dict[str, Any], horizon_ns: int) -> list[int]:
    """When requests of a trace arrive, were all kept and those of a window at equal distances."""
    return replay(Trace.model_validate(trace), horizon_ns).arrived_ns.tolist()


def make_sure_something_comes(segment: dict[str, Any], horizon_ns: int) -> None:
    """A trace without a request in the run is refused: begin with its first one."""
    trace = segment.get("trace")
    if trace is None:
        return
    if not replayed(trace, horizon_ns):
        trace["offset"] = "0s"
    if not replayed(trace, horizon_ns):
        trace |= {"time": "t", "unit": "ns", "count": None, "window": None}


def _trace(draw: st.DrawFn, names: Sequence[str], unit_ns: int, *, sized: bool) -> dict[str, Any]:
    steps = draw(STEPS)
    rows, at_ns = ["t,n,part,target,read,written"], 0
    for number, step in enumerate([0, *steps]):
        at_ns += round(step * unit_ns)
        target = draw(st.sampled_from(["", "", *names]))
        count, part = (1, "x") if number == 0 else (draw(COUNTS), draw(PARTS))
        rows.append(f"{at_ns},{count},{part},{target},{draw(LARGE)},{draw(LARGE)}")
    trace: dict[str, Any] = {"file": trace_file("\n".join(rows))}
    kind = draw(KINDS)
    if kind != "windows":
        trace |= {"time": "t", "unit": "ns"}
    if kind != "times":
        trace |= {"count": "n", "window": f"{unit_ns}ns", "spread": draw(SPREADS)}
    if draw(COINS):
        trace["where"] = {"part": "x"}
    if names and draw(COINS):
        trace["target"] = "target"
    if sized or draw(COINS):
        trace["sizes"] = list(SIZES)
    longer = draw(LASTING)
    if longer is not None:
        span_ns = at_ns if kind != "windows" else unit_ns * len(rows)
        trace["lasts"] = f"{span_ns + longer * unit_ns}ns"
    return trace | {
        "offset": f"{round(draw(OFFSETS) * unit_ns)}ns",
        "speed": draw(SPEEDS),
        "keep": draw(KEEPS),
        # A trace that lasts a nanosecond would begin anew millions of times.
        "loop": draw(COINS) and at_ns >= 3 * unit_ns,
    }


def trace_file(text: str) -> str:
    """Where a file of this text lies, which is there until the tests are over."""
    path = Path(FOLDER.name) / f"{blake2b(text.encode(), digest_size=12).hexdigest()}.csv"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return str(path)


def _sessions(draw: st.DrawFn, unit_ns: int) -> dict[str, Any]:
    gap = {
        "nothing": {"kind": "constant", "value": "0s"},
        "a unit": {"kind": "constant", "value": f"{unit_ns}ns"},
        "exponential": {"kind": "exponential", "mean": f"{unit_ns}ns"},
    }[draw(GAPS)]
    law = draw(LAWS)
    if law == "shares":
        return {"shares": {"1": 0.25, "3": 0.5, "9": 0.25}, "gap": gap}
    mean = draw(MEANS)
    return {"requests": float(round(mean) if law == "fixed" else mean), "law": law, "gap": gap}
