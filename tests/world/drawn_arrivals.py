"""Arrivals for drawn scenarios: gaps of every law, and rates that change when something happens."""

from __future__ import annotations

from typing import Any, Protocol

from hypothesis import strategies as st

from simab.scenario.arrivals import Arrivals
from simab.units import parse_duration
from tests.strategies import among

__all__ = ["drawn_arrivals", "sends"]

COINS = st.booleans()
SELDOM = st.sampled_from([False, False, False, True])
GAPS = st.sampled_from(
    [
        {"kind": "poisson"},
        {"kind": "poisson"},
        {"kind": "regular"},
        {"kind": "gamma", "cv": 3},
        {"kind": "weibull", "cv": 0.5},
        {"kind": "batches", "mean_size": 4},
    ]
)
# Stops, jumps and slopes, from nothing and to nothing.
FACTORS = st.lists(st.sampled_from([0, 0, 0.1, 1, 1, 5]), min_size=1, max_size=4)
BETWEEN = st.sampled_from(["linear", "constant"])
LASTING = st.lists(
    st.tuples(st.sampled_from([0, 0.5, 1, 8]), st.sampled_from([0.2, 1, 4])), min_size=2, max_size=3
)


class Times(Protocol):
    """The times of a scenario, in ns."""

    unit: int
    horizon: int

    def instant(self, draw: st.DrawFn) -> str:
        """A length of time that leads from one tie to another."""


def _ns(duration: float) -> str:
    return f"{max(round(duration), 0)}ns"


def drawn_arrivals(draw: st.DrawFn, times: Times) -> dict[str, Any]:
    """Gaps of any law, and a rate that changes at instants where something else happens."""
    found: dict[str, Any] = {"gaps": draw(GAPS)}
    if draw(COINS):
        points: dict[str, float] = {}
        for factor in draw(FACTORS):
            points[times.instant(draw)] = factor
        shape = {"kind": "points", "points": points, "between": draw(BETWEEN)}
        if draw(SELDOM):
            last_ns = max(map(parse_duration, points))
            shape["repeats_every"] = _ns(max(last_ns + 1, times.horizon // 4))
        found["shape"] = shape
    if draw(SELDOM):
        found["spikes"] = [
            {
                "at": times.instant(draw),
                "lasts": _ns(times.unit * draw(among(1, 2, 3))),
                "times": draw(among(0, 0.5, 3)),
                "ramp": times.instant(draw),
            }
        ]
    if draw(SELDOM):
        found["modulation"] = {
            "states": [
                {"times": each, "lasts": _ns(times.horizon * lasts / 5)}
                for each, lasts in draw(LASTING)
            ]
        }
    return found


def sends(segment: dict[str, Any], horizon_ns: int) -> bool:
    """Whether any request may come: a scenario without one is refused."""
    arrivals = Arrivals.model_validate(segment.get("arrivals", {}))
    curve, modulation = arrivals.curve(None, horizon_ns), arrivals.modulation
    return (curve is None or curve.total > 0) and (modulation is None or modulation.mean > 0)
