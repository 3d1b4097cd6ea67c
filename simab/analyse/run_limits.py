"""What no run of a scenario can exceed, so that an interval stays within what is possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simab.analyse.truth import ScenarioTruth
from simab.profiles.durations import Constant
from simab.result.columns import RunLimits
from simab.result.run_summary import RunSummary
from simab.scenario.models import Scenario
from simab.scenario.timeline import Conditions
from simab.units import seconds

__all__ = ["can_fail", "limits_of_study", "possible"]


def limits_of_study(
    outcomes: Sequence[RunSummary], scenario: Scenario, truth: ScenarioTruth
) -> RunLimits:
    """The limits of these rows of a scenario, with what cannot happen in it."""
    shortfall = _largest_shortfall(scenario, truth)
    return possible(RunLimits.of(outcomes, seconds(scenario.horizon), shortfall), scenario)


def _largest_shortfall(scenario: Scenario, truth: ScenarioTruth) -> float:
    """The most that an answer can miss of the best; where answers change, in any metric window."""
    if truth.over_time is None:
        return max(map(truth.shortfall, truth.values), default=0.0)
    period_ns = scenario.metrics.period
    windows = -(-scenario.horizon // period_ns)
    _, shortfalls = truth.over_time.by_window(tuple(truth.values), period_ns, windows)
    return float(shortfalls.max())


def can_fail(scenario: Scenario) -> bool:
    """Whether any request can end with a 500, by a variant or by what happens during a run."""
    conditions = (each for each in scenario.timeline if isinstance(each, Conditions))
    return any(variant.error_rate > 0 for variant in scenario.endpoint.variants.values()) or any(
        each.error_rate > 0 for each in conditions
    )


def possible(limits: RunLimits, scenario: Scenario) -> RunLimits:
    """The limits without what no request of the scenario can meet."""
    variants = scenario.endpoint.variants.values()
    labels = scenario.labels
    at_once = labels.is_plain and isinstance(labels.delay, Constant) and not labels.delay.value
    return replace(
        limits,
        can_fail=can_fail(scenario),
        can_be_refused=any(variant.queue_limit is not None for variant in variants),
        labels_come_late=scenario.labels.never < 1 and not at_once,
        guarded=bool(scenario.objective.guardrails),
    )
