"""Rules on time and amounts: a run must hold a look and a window, and must fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab import units
from simab.scenario.flaws import Flaw
from simab.scenario.models import Controller, Metrics
from simab.scenario.raw import Raw, default_of

__all__ = [
    "MOST_REQUESTS",
    "MOST_WINDOWS",
    "horizon_holds_a_look",
    "horizon_holds_a_metric_window",
    "label_buckets_can_be_counted",
    "requests_can_be_counted",
    "windows_can_be_counted",
]

MOST_WINDOWS: Final = 1_000_000
MOST_REQUESTS: Final = 2**31


def horizon_holds_a_look(scenario: Raw) -> Iterator[Flaw]:
    """A policy that is never asked cannot decide."""
    horizon, interval = _horizon(scenario), _interval(scenario)
    if horizon is not None and interval is not None and horizon <= interval:
        rule = f"ends before the first look, which is at {units.format_duration(interval)}"
        remedy = "Write a longer horizon or a shorter controller.interval."
        yield scenario.at("horizon").flaw(rule, remedy)


def horizon_holds_a_metric_window(scenario: Raw) -> Iterator[Flaw]:
    """A run shorter than one window publishes no metric."""
    horizon, period = _horizon(scenario), _period(scenario)
    if horizon is not None and period is not None and horizon < period:
        rule = f"is shorter than one metric window, {units.format_duration(period)}"
        remedy = "Write a longer horizon or a shorter metrics.period."
        yield scenario.at("horizon").flaw(rule, remedy)


def windows_can_be_counted(scenario: Raw) -> Iterator[Flaw]:
    """Memory grows with the number of metric windows."""
    horizon, period = _horizon(scenario), _period(scenario)
    if horizon is not None and period is not None and horizon // period > MOST_WINDOWS:
        rule = f"holds {horizon // period:,} metric windows, at most {MOST_WINDOWS:,} are kept"
        remedy = "Shorten horizon or lengthen metrics.period."
        yield scenario.at("horizon").flaw(rule, remedy)


def label_buckets_can_be_counted(scenario: Raw) -> Iterator[Flaw]:
    """Labels are counted at a resolution that divides both the looks and the windows."""
    horizon, period, interval = _horizon(scenario), _period(scenario), _interval(scenario)
    if horizon is None or period is None or interval is None:
        return
    bucket = math.gcd(period, interval)
    if horizon // bucket > MOST_WINDOWS >= horizon // period:
        rule = (
            f"labels would be counted every {units.format_duration(bucket)}, the greatest common "
            f"divisor of controller.interval and metrics.period: {horizon // bucket:,} times in "
            f"the horizon, at most {MOST_WINDOWS:,} are kept"
        )
        remedy = "Make one of controller.interval and metrics.period a multiple of the other."
        yield scenario.at("controller", "interval").flaw(rule, remedy)


def requests_can_be_counted(scenario: Raw) -> Iterator[Flaw]:
    """A run of more requests than this would take hours."""
    horizon = _horizon(scenario)
    rates = [segment.at("rate").rate_per_s() for _, segment in scenario.at("traffic").named()]
    if horizon is None or None in rates:
        return
    expected = math.fsum(rate or 0.0 for rate in rates) * units.seconds(horizon)
    if expected > MOST_REQUESTS:
        rule = f"about {expected:,.0f} requests would arrive, at most {MOST_REQUESTS:,} can"
        yield scenario.at("horizon").flaw(rule, "Shorten horizon or lower the rates in traffic.")


def _horizon(scenario: Raw) -> int | None:
    return scenario.at("horizon").duration_ns()


def _interval(scenario: Raw) -> int | None:
    if scenario.at("controller").given and not isinstance(scenario.at("controller").value, dict):
        return None
    return scenario.at("controller", "interval").duration_ns(default_of(Controller, "interval"))


def _period(scenario: Raw) -> int | None:
    if scenario.at("metrics").given and not isinstance(scenario.at("metrics").value, dict):
        return None
    return scenario.at("metrics", "period").duration_ns(default_of(Metrics, "period"))
