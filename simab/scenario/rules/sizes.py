"""Rules on time and amounts: a run must hold a look and a window, and must fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab import units
from simab.documents.violations import Path, Violation
from simab.scenario.memory import (
    MOST_RUN_BYTES,
    MOST_STUDY_ROWS,
    SCORED,
    answer_bytes,
    counted_clients,
    expected_requests,
    run_bytes,
)
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.qualities import known_qualities

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
_HORIZON: Final = ("horizon",)


def horizon_holds_a_look(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A policy that is never asked cannot decide."""
    interval = scenario.controller.interval
    if scenario.horizon <= interval:
        rule = f"ends before the first look, which is at {units.format_duration(interval)}"
        remedy = "Write a longer horizon or a shorter controller.interval."
        yield Violation(_HORIZON, rule, remedy)


def horizon_holds_a_metric_window(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A run shorter than one window publishes no metric."""
    period = scenario.metrics.period
    if scenario.horizon < period:
        rule = f"is shorter than one metric window, {units.format_duration(period)}"
        remedy = "Write a longer horizon or a shorter metrics.period."
        yield Violation(_HORIZON, rule, remedy)


def windows_can_be_counted(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Memory grows with the number of metric windows."""
    windows = scenario.horizon // scenario.metrics.period
    if windows > MOST_WINDOWS:
        rule = f"holds {windows:,} metric windows, at most {MOST_WINDOWS:,} are kept"
        remedy = "Shorten horizon or lengthen metrics.period."
        yield Violation(_HORIZON, rule, remedy)


def label_buckets_can_be_counted(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Labels are counted at a resolution that divides both the looks and the windows."""
    horizon, period = scenario.horizon, scenario.metrics.period
    bucket = math.gcd(period, scenario.controller.interval)
    if horizon // bucket > MOST_WINDOWS >= horizon // period:
        rule = (
            f"labels would be counted every {units.format_duration(bucket)}, the greatest common "
            f"divisor of controller.interval and metrics.period: {horizon // bucket:,} times in "
            f"the horizon, at most {MOST_WINDOWS:,} are kept"
        )
        remedy = "Make one of controller.interval and metrics.period a multiple of the other."
        yield Violation(("controller", "interval"), rule, remedy)


def counts_fit_into_memory(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Counts are kept for every window and every variant, deployed or not."""
    horizon, period = scenario.horizon, scenario.metrics.period
    if horizon // period > MOST_WINDOWS:
        return  # another rule says so
    windows, variants = -(-horizon // period), len(scenario.endpoint.variants)
    buckets = -(-horizon // math.gcd(period, scenario.controller.interval))
    kinds = {quality.kind for quality in known_qualities(scenario).values()}
    scored, earning = bool(kinds & SCORED), "numeric_reward" in kinds
    clients = counted_clients(scenario)
    needed = run_bytes(scenario, scored=scored, earning=earning)
    if needed > MOST_RUN_BYTES and buckets <= MOST_WINDOWS:
        rule = (
            f"holds {windows:,} metric windows of {variants} variants, whose "
            f"counts take {needed / 2**30:.1f} GiB a run, at most {MOST_RUN_BYTES / 2**30:.0f} fit"
        )
        remedy = (
            "Shorten horizon, lengthen metrics.period, lower the rates in traffic, or describe "
            "fewer variants."
        )
        if answer_bytes(scenario) > needed // 2:
            for name, policy in scenario.policies.items():
                if policy.reads_answers():
                    yield _answers_do_not_fit(("policies", name, "unit"), scenario, needed)
            return
        if clients // 8 > needed // 2:
            rule = (
                f"of {clients:,} clients {needed / 2**30:.1f} GiB a run are counted, at most "
                f"{MOST_RUN_BYTES / 2**30:.0f} fit"
            )
            remedy = "Lower the clients of the segments, or leave it out."
            yield Violation(("objective", "count_clients"), rule, remedy)
            return
        yield Violation(_HORIZON, rule, remedy)


def _answers_do_not_fit(path: Path, scenario: UncheckedScenario, needed: int) -> Violation:
    rule = (
        f"keeps each of about {expected_requests(scenario):,.0f} requests to judge by user, "
        f"{needed / 2**30:.1f} GiB a run, at most {MOST_RUN_BYTES / 2**30:.0f} fit"
    )
    return Violation(
        path, rule, "Shorten horizon, lower the rates in traffic, or judge by request."
    )


def rows_fit_into_memory(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A study keeps a row for every replication of every policy."""
    replications = scenario.study.replications
    runs = len(scenario.policies) * replications
    if runs > MOST_STUDY_ROWS:
        rule = (
            f"{replications:,} replications of every policy are {runs:,} runs, "
            f"at most {MOST_STUDY_ROWS:,} are kept"
        )
        yield Violation(("study", "replications"), rule, "Ask for fewer.")


def requests_can_be_counted(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A run of more requests than this would take hours."""
    expected = expected_requests(scenario)
    if expected > MOST_REQUESTS:
        rule = f"about {expected:,.0f} requests would arrive, at most {MOST_REQUESTS:,} can"
        yield Violation(_HORIZON, rule, "Shorten horizon or lower the rates in traffic.")
