"""Rules on time and amounts: a run must hold a look and a window, and must fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab import units
from simab.scenario.memory import MOST_RUN_BYTES, MOST_STUDY_ROWS, SCORED, run_bytes
from simab.scenario.parts import Controller, Metrics, StudySettings
from simab.scenario.raw import RawValue, default_of
from simab.scenario.violations import Violation

__all__ = [
    "MOST_REQUESTS",
    "MOST_WINDOWS",
    "counts_fit_into_memory",
    "horizon_holds_a_look",
    "horizon_holds_a_metric_window",
    "label_buckets_can_be_counted",
    "requests_can_be_counted",
    "rows_fit_into_memory",
    "windows_can_be_counted",
]

MOST_WINDOWS: Final = 1_000_000
MOST_REQUESTS: Final = 2**31


def horizon_holds_a_look(scenario: RawValue) -> Iterator[Violation]:
    """A policy that is never asked cannot decide."""
    horizon, interval = _horizon(scenario), _interval(scenario)
    if horizon is not None and interval is not None and horizon <= interval:
        rule = f"ends before the first look, which is at {units.format_duration(interval)}"
        remedy = "Write a longer horizon or a shorter controller.interval."
        yield scenario.at("horizon").violation(rule, remedy)


def horizon_holds_a_metric_window(scenario: RawValue) -> Iterator[Violation]:
    """A run shorter than one window publishes no metric."""
    horizon, period = _horizon(scenario), _period(scenario)
    if horizon is not None and period is not None and horizon < period:
        rule = f"is shorter than one metric window, {units.format_duration(period)}"
        remedy = "Write a longer horizon or a shorter metrics.period."
        yield scenario.at("horizon").violation(rule, remedy)


def windows_can_be_counted(scenario: RawValue) -> Iterator[Violation]:
    """Memory grows with the number of metric windows."""
    horizon, period = _horizon(scenario), _period(scenario)
    if horizon is not None and period is not None and horizon // period > MOST_WINDOWS:
        rule = f"holds {horizon // period:,} metric windows, at most {MOST_WINDOWS:,} are kept"
        remedy = "Shorten horizon or lengthen metrics.period."
        yield scenario.at("horizon").violation(rule, remedy)


def label_buckets_can_be_counted(scenario: RawValue) -> Iterator[Violation]:
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
        yield scenario.at("controller", "interval").violation(rule, remedy)


def counts_fit_into_memory(scenario: RawValue) -> Iterator[Violation]:
    """Counts are kept for every window and every variant, deployed or not."""
    horizon, period, interval = _horizon(scenario), _period(scenario), _interval(scenario)
    variants = scenario.at("endpoint", "variants").named()
    if horizon is None or period is None or interval is None or horizon // period > MOST_WINDOWS:
        return
    buckets = -(-horizon // math.gcd(period, interval))
    kinds = {variant.at("quality", "kind").text() for _, variant in variants}
    needed = run_bytes(
        -(-horizon // period),
        buckets,
        len(variants),
        scored=bool(kinds & SCORED),
        earning="numeric_reward" in kinds,
    )
    if needed > MOST_RUN_BYTES and buckets <= MOST_WINDOWS:
        rule = (
            f"holds {-(-horizon // period):,} metric windows of {len(variants)} variants, whose "
            f"counts take {needed / 2**30:.1f} GiB a run, at most {MOST_RUN_BYTES / 2**30:.0f} fit"
        )
        remedy = "Shorten horizon, lengthen metrics.period, or describe fewer variants."
        yield scenario.at("horizon").violation(rule, remedy)


def rows_fit_into_memory(scenario: RawValue) -> Iterator[Violation]:
    """A study keeps a row for every replication of every policy."""
    policies = len(scenario.at("policies").named())
    replications = scenario.at("study", "replications").number(
        default_of(StudySettings, "replications")
    )
    if replications is not None and policies * replications > MOST_STUDY_ROWS:
        rule = (
            f"{replications:,.0f} replications of every policy are "
            f"{policies * replications:,.0f} runs, at most {MOST_STUDY_ROWS:,} are kept"
        )
        yield scenario.at("study", "replications").violation(rule, "Ask for fewer.")


def requests_can_be_counted(scenario: RawValue) -> Iterator[Violation]:
    """A run of more requests than this would take hours."""
    horizon = _horizon(scenario)
    rates = [segment.at("rate").rate_per_s() for _, segment in scenario.at("traffic").named()]
    if horizon is None or None in rates:
        return
    expected = math.fsum(rate or 0.0 for rate in rates) * units.seconds(horizon)
    if expected > MOST_REQUESTS:
        rule = f"about {expected:,.0f} requests would arrive, at most {MOST_REQUESTS:,} can"
        yield scenario.at("horizon").violation(
            rule, "Shorten horizon or lower the rates in traffic."
        )


def _horizon(scenario: RawValue) -> int | None:
    return scenario.at("horizon").duration_ns()


def _interval(scenario: RawValue) -> int | None:
    if scenario.at("controller").given and not isinstance(scenario.at("controller").value, dict):
        return None
    return scenario.at("controller", "interval").duration_ns(default_of(Controller, "interval"))


def _period(scenario: RawValue) -> int | None:
    if scenario.at("metrics").given and not isinstance(scenario.at("metrics").value, dict):
        return None
    return scenario.at("metrics", "period").duration_ns(default_of(Metrics, "period"))
