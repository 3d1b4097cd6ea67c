"""How many requests a second a segment sends: on average over a run, and in its busiest hour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from simab.profiles.rate_curve import Curve, Knot, RateCurve
from simab.scenario.arrivals import MOST_POINTS, Arrivals
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.sized import with_laws
from simab.scenario.traced import busiest, mean_between_per_s, means_over_per_s, target_shares
from simab.text.dates import zone_of

__all__ = [
    "HOUR_NS",
    "MINUTE_NS",
    "at_busiest_hour",
    "at_busiest_minute",
    "at_mean_rate",
    "changes",
    "curve_of",
    "hours",
    "mean_rate_per_s",
    "rate_curve_per_s",
    "share_by_weights",
    "total_rates",
]

HOUR_NS: Final = 3_600 * 10**9
MINUTE_NS: Final = 60 * 10**9
_STEPS_AN_HOUR: Final = 4
_PARTS_OF_A_TRACE: Final = 288
AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)


def changes(scenario: UncheckedScenario) -> bool:
    """Whether any segment's rate changes in a run."""
    return any(
        segment.trace is not None
        or curve_of(scenario, segment) is not None
        or _modulated(segment) != 1.0
        for segment in scenario.traffic.values()
    )


def curve_of(scenario: UncheckedScenario, segment: Segment) -> RateCurve | None:
    """What a segment's rate is multiplied by, but for chance; None where always by 1."""
    arrivals = segment.arrivals
    if arrivals is None or (arrivals.by_date and scenario.start is None):
        return None
    if arrivals.points(scenario.horizon) > MOST_POINTS:  # it is refused
        return None
    return _curve(arrivals, scenario.start, zone_of(scenario.start), scenario.horizon)


@lru_cache(maxsize=64)
def _curve(
    arrivals: Arrivals, start: datetime | None, _zone: str, horizon_ns: int
) -> RateCurve | None:
    return arrivals.curve(start, horizon_ns)


def rate_curve_per_s(scenario: UncheckedScenario, segment: Segment) -> Curve:
    """Requests a second over a run, but for chance; those of a trace in equal parts of the run."""
    horizon_ns = scenario.horizon
    if segment.trace is not None:
        edges_ns = [horizon_ns * part // _PARTS_OF_A_TRACE for part in range(_PARTS_OF_A_TRACE + 1)]
        means = [
            mean_between_per_s(segment.trace, horizon_ns, since_ns, until_ns)
            for since_ns, until_ns in pairwise(edges_ns)
        ]
        knots = [Knot(at_ns, each, each) for at_ns, each in zip(edges_ns, means, strict=False)]
        return (*knots, Knot(horizon_ns, 0.0, 0.0))
    rate, curve = segment.rate * _modulated(segment), curve_of(scenario, segment)
    if curve is None:
        return (Knot(0, rate, rate), Knot(horizon_ns, 0.0, 0.0))
    return tuple(Knot(each.at_ns, rate * each.start, rate * each.end) for each in curve.knots)


def share_by_weights(segment: Segment) -> float:
    """The share of a segment's requests that name no variant, and so go by the weights."""
    if segment.paired_targets:
        return 0.0
    named = (*segment.targets.values(), *target_shares(segment.trace).values())
    return max(0.0, 1.0 - math.fsum(named))


def mean_rate_per_s(scenario: UncheckedScenario, segment: Segment) -> float:
    """Requests a second over the whole run."""
    if segment.trace is not None:
        return mean_between_per_s(segment.trace, scenario.horizon, 0, scenario.horizon)
    curve = curve_of(scenario, segment)
    return segment.rate * _modulated(segment) * (1.0 if curve is None else curve.mean)


def at_mean_rate(scenario: AnyScenario) -> AnyScenario:
    """The same scenario with rates that stay at their mean over the run."""
    rates = {name: mean_rate_per_s(scenario, segment) for name, segment in scenario.traffic.items()}
    return _steady(scenario, rates)


def at_busiest_hour(scenario: AnyScenario) -> AnyScenario:
    """The same scenario with rates that stay as in the hour with the most requests."""
    if not changes(scenario):
        return scenario
    start_ns, _ = max(hours(scenario), key=lambda each: each[1])
    return _steady(scenario, _rates_from(scenario, start_ns))


def at_busiest_minute(scenario: AnyScenario) -> tuple[int, AnyScenario]:
    """When the minute with the most requests begins, and the scenario at the rates of it.

    It is looked for around the instants at which a rate changes its course, and in traces among
    whole minutes. A run that is shorter is one minute.
    """
    last_ns = max(scenario.horizon - MINUTE_NS, 0)
    around = [_turns_ns(scenario, segment) for segment in scenario.traffic.values()]
    starts_ns = np.unique(np.clip(np.concatenate(around), 0, last_ns))
    totals = sum(_minutes_per_s(scenario, each, starts_ns) for each in scenario.traffic.values())
    start_ns = int(starts_ns[np.argmax(totals)])
    until_ns = min(start_ns + MINUTE_NS, scenario.horizon)
    return start_ns, _steady(scenario, _rates_between(scenario, start_ns, until_ns))


def _turns_ns(scenario: UncheckedScenario, segment: Segment) -> NDArray[np.int64]:
    """Where minutes begin that start, are half over or end when a rate changes its course."""
    if segment.trace is not None:
        return np.array([busiest(segment.trace, scenario.horizon, MINUTE_NS).begins_ns])
    knots_ns = np.array([knot.at_ns for knot in rate_curve_per_s(scenario, segment)])
    return np.concatenate([knots_ns, knots_ns - MINUTE_NS // 2, knots_ns - MINUTE_NS])


def _minutes_per_s(
    scenario: UncheckedScenario, segment: Segment, starts_ns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Requests a second of a segment in minutes of a run."""
    span_ns = min(MINUTE_NS, scenario.horizon)
    if segment.trace is not None:
        return means_over_per_s(segment.trace, scenario.horizon, starts_ns, span_ns)
    curve, rate = curve_of(scenario, segment), segment.rate * _modulated(segment)
    if curve is None:
        return np.full(len(starts_ns), rate)
    return rate * curve.means_over(starts_ns, span_ns)


def hours(scenario: UncheckedScenario) -> list[tuple[int, float]]:
    """When the hours of a run begin, at every quarter of one, and requests a second in each.

    The last is that which ends with the run. A run that is shorter is one hour.
    """
    last_ns = max(scenario.horizon - HOUR_NS, 0)
    starts_ns = [*range(0, last_ns, HOUR_NS // _STEPS_AN_HOUR), last_ns]
    return [
        (start_ns, math.fsum(_rates_from(scenario, start_ns).values())) for start_ns in starts_ns
    ]


def total_rates(scenario: UncheckedScenario, edges_ns: Sequence[int]) -> list[float]:
    """Requests a second of all segments together between neighbouring instants."""
    return [
        math.fsum(_rates_between(scenario, since_ns, until_ns).values())
        for since_ns, until_ns in pairwise(edges_ns)
    ]


def _rates_from(scenario: UncheckedScenario, start_ns: int) -> dict[str, float]:
    """Requests a second of each segment in the hour from an instant on."""
    return _rates_between(scenario, start_ns, min(start_ns + HOUR_NS, scenario.horizon))


def _rates_between(scenario: UncheckedScenario, start_ns: int, until_ns: int) -> dict[str, float]:
    found = {}
    for name, segment in scenario.traffic.items():
        if segment.trace is not None:
            horizon_ns = scenario.horizon
            found[name] = mean_between_per_s(segment.trace, horizon_ns, start_ns, until_ns)
            continue
        curve = curve_of(scenario, segment)
        factor = 1.0 if curve is None else curve.mean_between(start_ns, until_ns)
        found[name] = segment.rate * _modulated(segment) * factor
    return found


def _modulated(segment: Segment) -> float:
    """What chance multiplies the rate by in the long run."""
    arrivals = segment.arrivals
    return 1.0 if arrivals is None or arrivals.modulation is None else arrivals.modulation.mean


def _steady(scenario: AnyScenario, rates: dict[str, float]) -> AnyScenario:
    if not changes(scenario):
        return scenario
    traffic = {
        name: segment.model_copy(
            update={
                "rate": rates[name],
                "arrivals": _steadied(segment),
                "trace": None,
                "targets": segment.targets or target_shares(segment.trace),
            }
        )
        for name, segment in scenario.traffic.items()
    }
    return with_laws(scenario).model_copy(update={"traffic": traffic})


def _steadied(segment: Segment) -> object:
    """The gaps alone."""
    return segment.arrivals and segment.arrivals.model_copy(
        update={"shape": None, "spikes": (), "modulation": None}
    )
