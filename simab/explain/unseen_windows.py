"""Spans of a policy that never hold a published window: warnings with what to set instead."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.explain.capacity import candidate_serves
from simab.policies.argo.analysis import ERROR_RETRY_NS
from simab.policies.argo.conditions import NoVerdict, holds
from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario
from simab.text.lists import named

__all__ = ["measures_nothing", "spans_without_a_window"]


def spans_without_a_window(scenario: Scenario) -> Iterator[str]:
    """A sentence for each policy that decides before it can have seen anything.

    The newest published windows are read however late they come, so a window of any length holds
    data; what remains are spans that end before the first window of theirs is published.
    """
    for name, policy in scenario.policies.items():
        shown = named(name)
        match policy:
            case StagedCanary():
                yield from _stages(scenario, shown, policy)
            case BlueGreen():
                yield from _bakes(scenario, shown, policy)
            case KayentaCanary():
                yield from _judgements(scenario, shown, policy)
            case ArgoRollouts():
                yield from _analyses(scenario, shown, policy)


def _visible_after(scenario: Scenario, windows: int = 1) -> int:
    """Nanoseconds from the start of so many windows on end until the last of them is published."""
    return windows * scenario.metrics.period + scenario.metrics.publication_delay


def _until_a_look(scenario: Scenario, span_ns: int) -> int:
    """A span that begins and ends at looks of the controller."""
    interval = scenario.controller.interval
    return max(-(-span_ns // interval), 1) * interval


def _served_unseen(scenario: Scenario) -> int:
    """How long a new weight is in force when the look that sees it comes."""
    update = scenario.endpoint.weight_update
    return _until_a_look(scenario, update) - update


def _first_seen(scenario: Scenario, period: int) -> int:
    """From a new weight's first request to the first window with one of its, at the earliest.

    The window that the weight came into force in counts; where looks and windows are not in step,
    it may be over at once.
    """
    in_step = scenario.controller.interval % period == 0
    rest = period - scenario.endpoint.weight_update % period if in_step else 0
    return rest + scenario.metrics.publication_delay


def _stages(scenario: Scenario, name: str, policy: StagedCanary) -> Iterator[str]:
    """A stage ends at a look, and an alarm needs whole windows of the stage, published."""
    needed = _visible_after(scenario, policy.periods)
    if _until_a_look(scenario, policy.bake) < needed:
        yield (
            f"{name} bakes each stage for {units.format_duration(policy.bake)}, but "
            f"the windows that its alarms need are visible {units.format_duration(needed)} "
            "after the stage begins at the earliest: no alarm can sound. Lengthen bake, or "
            "shorten metrics.period or metrics.publication_delay."
        )


def _bakes(scenario: Scenario, name: str, policy: BlueGreen) -> Iterator[str]:
    """The datapoints of a step come after its bake, when the next step is in force already."""
    interval = scenario.controller.interval
    baked = -(-policy.wait_interval // interval) * interval
    served = _served_unseen(scenario)
    for alarm_name, alarm in policy.alarms.items():
        more = (alarm.needed[0] - 1) * alarm.period
        earliest = _first_seen(scenario, alarm.period) + more - served
        if baked < earliest:
            needed = alarm.period + more + scenario.metrics.publication_delay - served
            yield (
                f"{name} bakes each step for {units.format_duration(policy.wait_interval)}, but "
                f"the datapoints that alarm {named(alarm_name)} needs are published "
                f"{units.format_duration(earliest)} after the bake begins at the earliest: what "
                "the last step does rolls nothing back. Set wait_interval to at least "
                f"{units.format_duration(needed)}, or shorten the alarm."
            )


def _judgements(scenario: Scenario, name: str, policy: KayentaCanary) -> Iterator[str]:
    """The first judgement comes an interval after the beginning."""
    needed = _visible_after(scenario)
    if policy.lookback is None and _until_a_look(scenario, policy.interval_ns) < needed:
        field = "lifetime" if policy.analysis_interval is None else "analysis_interval"
        yield (
            f"{name} judges {units.format_duration(policy.interval_ns)} after it begins, but its "
            f"first window is visible {units.format_duration(needed)} after at the earliest: "
            "without any data the candidate is rolled back. "
            f"Set {field} to at least {units.format_duration(needed)}."
        )


def _analyses(scenario: Scenario, name: str, policy: ArgoRollouts) -> Iterator[str]:
    """An analysis that begins with the first weight measures before there is anything."""
    serves = candidate_serves(scenario)
    first = _visible_after(scenario) if serves else _first_seen(scenario, scenario.metrics.period)
    for number, metrics, served in _started(scenario, policy, serves=serves):
        earliest = first - served
        safe = max(_visible_after(scenario) - served, earliest)
        for metric_name, metric in metrics.items():
            errors = metric.consecutive_error_limit
            suffered = metric.initial_delay + errors * ERROR_RETRY_NS
            if suffered < earliest and _errs_on_nothing(metric) and not metric.dry_run:
                yield (
                    f"{name} measures {named(metric_name)} from step {number} on, but the "
                    "first window with traffic of the candidate is visible "
                    f"{units.format_duration(earliest)} after that at the earliest: "
                    f"{errors + 1} measurements without data, one every "
                    f"{units.format_duration(ERROR_RETRY_NS)}, abort the rollout. Set "
                    f"initial_delay to at least {units.format_duration(safe)}, or let the "
                    "condition ask for `len(result) == 0`."
                )


def measures_nothing(scenario: Scenario, policy: ArgoRollouts) -> bool:
    """Whether an analysis aborts every rollout for want of data, whatever the candidate is."""
    return any(_analyses(scenario, "", policy))


def _started(
    scenario: Scenario, policy: ArgoRollouts, *, serves: bool
) -> Iterator[tuple[int, dict[str, ArgoMetric], int]]:
    """Each analysis, with the step (from 1) that starts it and how long traffic came before it.

    `serves`: the candidate has traffic from the start, and the first step is taken a look later.
    """
    update = scenario.endpoint.weight_update
    serving, served = serves, scenario.controller.interval if serves else -update
    for number, step in enumerate(policy.steps):
        if policy.background is not None and number == policy.background.starting_step:
            yield number + 1, policy.background.metrics, served
        if step.set_weight and not serving:  # the next step begins at the look that sees it
            serving, served = True, _served_unseen(scenario)
        elif step.set_weight is not None and serves:
            served += _until_a_look(scenario, update)
        if step.pause is not None:
            length = step.pause.duration or policy.resume_after
            if length is None:
                return
            served += _until_a_look(scenario, length) * (1 if serving else -1)
        if step.analysis is not None:
            yield number + 1, step.analysis, served
            return  # it takes its time, and what follows it has data


def _errs_on_nothing(metric: ArgoMetric) -> bool:
    """Whether a measurement without data is an Error."""
    try:
        for condition in (metric.success_condition, metric.failure_condition):
            if condition is not None:
                holds(condition, ())
    except NoVerdict:
        return True
    return False
