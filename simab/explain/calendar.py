"""When what takes so long at the mean rate is done, where the rate changes over the run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import inf
from typing import Final, TypeAlias

from simab.scenario.models import Scenario
from simab.scenario.rates import changes, total_rates

__all__ = ["Calendar", "calendar_of", "steady"]

Calendar: TypeAlias = Callable[[float], float]
"""Turns a time in ns that passes with the requests at their mean rate into one from the start."""
_STEPS: Final = 4_000


def steady(time_ns: float) -> float:
    """The calendar of a rate that stays as it is."""
    return time_ns


def calendar_of(scenario: Scenario) -> Calendar:
    """The calendar of a scenario; what lies beyond its horizon goes on at the mean rate."""
    if not changes(scenario):
        return steady
    edges_ns = [scenario.horizon * step / _STEPS for step in range(_STEPS + 1)]
    rates = total_rates(scenario, [round(each) for each in edges_ns])
    come = [*accumulate(rates, initial=0.0)]
    passed_ns = [each / come[-1] * scenario.horizon for each in come]
    return lambda time_ns: _between(passed_ns, edges_ns, time_ns)


def _between(passed_ns: Sequence[float], edges_ns: Sequence[float], time_ns: float) -> float:
    """The edge at which so much time has passed, in a straight line between two."""
    if not time_ns < passed_ns[-1]:
        return inf if time_ns == inf else edges_ns[-1] + (time_ns - passed_ns[-1])
    place = max(bisect_left(passed_ns, time_ns), 1)
    low, high = passed_ns[place - 1], passed_ns[place]
    share = (time_ns - low) / (high - low) if high > low else 1.0
    return edges_ns[place - 1] + share * (edges_ns[place] - edges_ns[place - 1])
