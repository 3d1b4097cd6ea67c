"""What is allowed in a scenario but probably not meant: the warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from simab import units
from simab.explain.capacity import (
    CapacityRow,
    capacity_rows,
    load_at_all_traffic,
    setter_text,
    start_weights,
)
from simab.explain.chance import breaks_by_chance
from simab.explain.evidence import labelled_per_hour, labels_ratio, labels_until
from simab.explain.false_alarms import rolled_back_by_chance
from simab.explain.unending import ends_after_the_horizon, waits_for_a_person
from simab.explain.unseen_windows import spans_without_a_window
from simab.policies import PolicyDescription
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.bandits.bandit import Bandit
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.limits import ErrorRateLimit
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, percent_text, two_figures

__all__ = ["warnings"]

Caution: TypeAlias = Callable[[Scenario], Iterator[str]]


def warnings(scenario: Scenario) -> list[str]:
    """One sentence for each thing that is probably not meant, with what to change."""
    return [sentence for caution in _CAUTIONS for sentence in caution(scenario)]


def _looks_between_windows(scenario: Scenario) -> Iterator[str]:
    interval, period = scenario.controller.interval, scenario.metrics.period
    counts_labels = any(_labels_needed(policy, 1.0) for policy in scenario.policies.values())
    # Labels arrive at any time, so a look between two windows may still see new ones.
    if interval < period and not counts_labels:
        yield (
            f"The controller looks every {units.format_duration(interval)}, but metrics come every "
            f"{units.format_duration(period)}: some looks see nothing new. "
            "Lengthen controller.interval or shorten metrics.period."
        )


def _ticks_between_looks(scenario: Scenario) -> Iterator[str]:
    """A rollout controller's tick is a look of the controller, and not one while it is Updating."""
    interval, update = scenario.controller.interval, scenario.endpoint.weight_update
    for name, policy in scenario.policies.items():
        if not isinstance(policy, FlaggerAnalysis):
            continue
        if policy.interval < interval:
            yield (
                f"{named(name)} ticks every {units.format_duration(policy.interval)}, but the "
                f"controller looks every {units.format_duration(interval)} only: it ticks as often "
                "as that. Shorten controller.interval."
            )
        elif policy.interval <= update:
            yield (
                f"{named(name)} ticks every {units.format_duration(policy.interval)}, but a "
                f"change of weights takes {units.format_duration(update)} (endpoint.weight_update, "
                "as on SageMaker): the tick after each step passes without a check. "
                "Set weight_update to what your router takes, such as 1s."
            )


def _waits_between_looks(scenario: Scenario) -> Iterator[str]:
    """What a rollout waits for ends at a look, however short it is."""
    interval = scenario.controller.interval
    for name, policy in scenario.policies.items():
        waits: list[int] = []
        match policy:
            case ArgoRollouts():
                pauses = [step.pause for step in policy.steps if step.pause is not None]
                waits = [each.duration for each in pauses if each.duration]
            case StagedCanary() | SafeRollout():
                waits = [policy.bake]
            case BlueGreen():
                waits = [policy.wait_interval]
        if waits and min(waits) < interval:
            yield (
                f"{named(name)} waits {units.format_duration(min(waits))} before a step, but "
                f"the controller looks every {units.format_duration(interval)} only: it waits for "
                "the next look. Shorten controller.interval."
            )


def _too_few_labels(scenario: Scenario) -> Iterator[str]:
    labels = labelled_per_hour(scenario)
    objective = scenario.objective
    slower = min((objective.control, objective.candidate), key=labels.__getitem__)
    expected = labels_until(scenario, labels[slower], scenario.horizon)
    ratio = labels_ratio(labels[objective.control], labels[objective.candidate])
    for name, policy in scenario.policies.items():
        needed = _labels_needed(policy, ratio)
        if expected < needed:
            yield (
                f"{named(name)} waits for {counted(needed, 'labelled request')} a variant, "
                f"but {named(slower)} gets about {_about(expected)} before the "
                f"horizon at the starting split. {_more_labels(scenario)}"
            )
        elif needed == 0 and expected == 0 and isinstance(policy, Bandit):
            yield (
                f"{named(name)} learns from labels, but {named(slower)} gets none before "
                f"the horizon at the starting split. {_more_labels(scenario)}"
            )


def _more_labels(scenario: Scenario) -> str:
    if scenario.labels.never == 1:
        return "Lower labels.never: no request is ever labelled."
    return "Lengthen horizon, or raise the rate or the weight."


def _about(expected: float) -> str:
    """A number of labels to expect, as few figures as it deserves."""
    return number_text(round(expected) if expected >= 10 else two_figures(expected))


def _steps_after_the_end(scenario: Scenario) -> Iterator[str]:
    for name, policy in scenario.policies.items():
        if not isinstance(policy, ManualSchedule):
            continue
        for number, step in enumerate(policy.steps, start=1):
            if step.at >= scenario.horizon:
                yield (
                    f"Step {number} of {named(name)} is at {units.format_duration(step.at)}, "
                    f"not before the horizon of {units.format_duration(scenario.horizon)}: "
                    "it never happens."
                )


def _steps_on_absent_variants(scenario: Scenario) -> Iterator[str]:
    for name, policy in scenario.policies.items():
        if not isinstance(policy, ManualSchedule):
            continue
        there = set(start_weights(scenario))
        for number, step in enumerate(policy.steps, start=1):
            there |= {step.add} if step.add is not None else set()
            asked = {each for each in (step.promote, step.remove, *(step.weights or ())) if each}
            if asked - there:
                absent = listed([named(each) for each in sorted(asked - there)])
                yield (
                    f"Step {number} of {named(name)} names {absent}, not deployed at that "
                    "time: the endpoint refuses it. Add the variant in a step before."
                )
            there.discard(step.remove or "")


def _candidate_never_deployed(scenario: Scenario) -> Iterator[str]:
    candidate = scenario.objective.candidate
    if scenario.endpoint.variants[candidate].deployed:
        return
    for name, policy in scenario.policies.items():
        if not policy.adds_candidate(candidate):
            yield (
                f"{named(candidate)} is not deployed at the start, and {named(name)} does "
                "not add it: it can only keep the control. Remove `deployed: false`."
            )


def _targets_not_deployed(scenario: Scenario) -> Iterator[str]:
    there = start_weights(scenario)
    for name, segment in scenario.traffic.items():
        targets = dict.fromkeys((*segment.targets, *segment.paired_targets))
        absent = [named(each) for each in targets if each not in there]
        if absent:
            yield (
                f"Requests of {named(name)} target {listed(absent)}, not deployed "
                "at the start: they are refused (4XX) until it is."
            )


def _tables_not_used(scenario: Scenario) -> Iterator[str]:
    qualities = [variant.quality for variant in scenario.endpoint.variants.values()]
    used = {getattr(quality, "table", None) for quality in qualities}
    for name in scenario.outcome_tables:
        if name not in used:
            table = named(name)
            yield f"No variant takes its quality from the outcome table {table}. Remove it."


def _labels_needed(policy: PolicyDescription, ratio: float) -> int:
    """Labels of the variant with fewer that a policy waits for; 0 for one that waits for none.

    `ratio` is the candidate's labels for each of the control's.
    """
    if isinstance(policy, FixedHorizonTest):
        return policy.sample_at(ratio)
    needed = getattr(policy, "labelled_requests", 0)
    if isinstance(policy, GroupSequential):  # its information is the harmonic mean of both arms
        needed = math.ceil(needed * (1.0 + min(ratio, 1.0 / ratio)) / 2.0)
    return needed if isinstance(needed, int) else 0


def _saturation(scenario: Scenario) -> Iterator[str]:
    """Once a variant, at the smallest share at which it cannot keep up, and at the largest load."""
    overloaded: dict[str, list[CapacityRow]] = {}
    for row in capacity_rows(scenario):
        if row.load >= 1:
            overloaded.setdefault(row.variant, []).append(row)
    for name, rows in overloaded.items():
        row, most = min(rows, key=_demand), max(rows, key=_demand)
        further = ""
        if most.load > row.load:
            further = f", and {most.load:.2f} with {_carried(most)} ({_setters(most)})"
        yield (
            f"{named(name)} cannot carry {_carried(row)}, which "
            f"{_setters(row)} may give it: its load would be {row.load:.2f}{further}. "
            f"Give it more instances or workers{_judged_by_metric(scenario, name)}."
        )


def _demand(row: CapacityRow) -> tuple[float, float]:
    return row.load, row.copied_share


def _setters(row: CapacityRow) -> str:
    return listed([setter_text(who) for who in row.set_by])


def _carried(row: CapacityRow) -> str:
    if row.copied_share:
        return f"copies of {percent_text(row.copied_share)} of the traffic"
    return f"{percent_text(row.share)} of the traffic"


def _judged_by_metric(scenario: Scenario, name: str) -> str:
    """What a load too high means for the truth, where that is not plain."""
    objective = scenario.objective
    if name == objective.control or load_at_all_traffic(scenario, name) < 1:
        return ""  # the control is there already, and is not blamed for a guardrail
    if objective.guardrails:
        return "; as it is, promoting it counts as wrong, whatever its metric"
    return "; without objective.guardrails, promoting it is judged by its metric alone"


def _errors_over_the_guardrail(scenario: Scenario) -> Iterator[str]:
    limits = [
        limit.at_most
        for limit in scenario.objective.guardrails
        if isinstance(limit, ErrorRateLimit)
    ]
    for name, variant in scenario.endpoint.variants.items():
        if limits and variant.error_rate > min(limits):
            effect = (
                "the guardrail is broken while it serves"
                if name == scenario.objective.control
                else "promoting it counts as wrong, whatever its metric"
            )
            yield (
                f"{named(name)} fails {percent_text(variant.error_rate)} of its requests, over "
                f"the guardrail of {percent_text(min(limits))}: {effect}."
            )


_CAUTIONS: Final[tuple[Caution, ...]] = (
    waits_for_a_person,
    ends_after_the_horizon,
    _looks_between_windows,
    _ticks_between_looks,
    _waits_between_looks,
    _too_few_labels,
    _steps_after_the_end,
    _steps_on_absent_variants,
    _candidate_never_deployed,
    spans_without_a_window,
    _targets_not_deployed,
    _tables_not_used,
    _saturation,
    _errors_over_the_guardrail,
    breaks_by_chance,
    rolled_back_by_chance,
)
