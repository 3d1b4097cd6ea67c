"""The warnings: what is allowed in a scenario but probably not intended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from simab import units
from simab.explain.autoscaling_text import never_scales_out
from simab.explain.capacity import (
    Demand,
    demands,
    load_at_all_traffic,
    setter_text,
    start_weights,
)
from simab.explain.chance import breaks_by_chance
from simab.explain.evidence import labelled_per_hour, labels_ratio, labels_until
from simab.explain.given_text import traces_that_end, windows_that_overlap
from simab.explain.misleading_labels import recorded_otherwise, shown_otherwise
from simab.explain.remembering_text import carried_into_others, those_who_stay
from simab.explain.routing_text import faulty_routing
from simab.explain.session_requests import at_rate_within_the_run
from simab.explain.setting import setting_of
from simab.explain.unending import ends_after_the_horizon, waits_for_a_person
from simab.explain.users import finer_than_users
from simab.policies.explainers import explainer_of
from simab.policies.explaining.explainer import PolicyWarning, Topic
from simab.policies.explaining.false_alarms import rolled_back_by_chance
from simab.policies.limits import ErrorRateLimit
from simab.policies.policy import Policy
from simab.scenario.models import Scenario
from simab.scenario.parts import Objective
from simab.scenario.rates import at_busiest_hour
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, percent_text, two_figures

__all__ = ["warnings"]

ScenarioWarnings: TypeAlias = Callable[[Scenario], Iterator[str]]


def warnings(played: Scenario) -> list[str]:
    """One sentence for each thing that is probably not intended, with what to change.

    Loads are those of the busiest hour, all else goes by the mean rate.
    """
    scenario, busiest = at_rate_within_the_run(played), at_busiest_hour(played)
    found = [
        PolicyWarning(topic, text)
        for topic, said in _OF_THE_SCENARIO.items()
        for text in said(busiest if topic in _OF_LOADS else scenario)
    ]
    found += (PolicyWarning(Topic.HORIZON, text) for text in traces_that_end(played))
    found += (PolicyWarning(Topic.HORIZON, text) for text in windows_that_overlap(played))
    setting = setting_of(scenario)
    for name, policy in scenario.policies.items():
        explainer = explainer_of(policy, name)
        found += explainer.warnings(setting)
        rules = explainer.chance_rules(setting)
        if rules is not None:
            by_chance = rolled_back_by_chance(explainer.name, rules, setting)
            found += (PolicyWarning(Topic.FALSE_ALARMS, text) for text in by_chance)
    return [each.text for each in sorted(found, key=lambda each: each.topic)]


def _looks_between_windows(scenario: Scenario) -> Iterator[str]:
    interval, period = scenario.controller.interval, scenario.metrics.period
    reads_labels = any("quality" in each.looks_at() for each in scenario.policies.values())
    # Labels arrive at any time, so a look between two windows may still see new ones.
    if interval < period and not reads_labels:
        yield (
            f"The controller looks every {units.format_duration(interval)}, but metrics come every "
            f"{units.format_duration(period)}: some looks see nothing new. "
            "Lengthen controller.interval or shorten metrics.period."
        )


def _waits_between_looks(scenario: Scenario) -> Iterator[str]:
    """What a rollout waits for ends at a look, however short it is."""
    interval = scenario.controller.interval
    for name, policy in scenario.policies.items():
        waits = policy.waits_ns()
        if waits and min(waits) < interval:
            yield (
                f"{named(name)} waits {units.format_duration(min(waits))} before a step, but "
                f"the controller looks every {units.format_duration(interval)} only: it waits for "
                "the next look. Shorten controller.interval."
            )


def _too_few_labels(scenario: Scenario) -> Iterator[str]:
    objective = scenario.objective
    for name, policy in scenario.policies.items():
        immature = getattr(policy, "immature", None)
        labels = labelled_per_hour(scenario, immature)
        compared = _compared_by(policy, objective)
        fewest = min(compared, key=labels.__getitem__)
        slower = min((objective.control, fewest), key=labels.__getitem__)
        ratio = labels_ratio(labels[objective.control], labels[fewest])
        needed = policy.one_of(len(compared)).labels_needed(ratio)
        before_ns = getattr(policy, "pre_period", None) or 0  # no candidate has traffic then
        left_ns = max(scenario.horizon - before_ns, 0)
        expected = labels_until(scenario, labels[slower], left_ns, immature)
        if expected < needed:
            yield (
                f"{named(name)} waits for {counted(needed, 'labelled request')} a variant, "
                f"but {named(slower)} gets about {_about(expected)} before the horizon"
                f"{', after pre_period,' if before_ns else ''} at the starting split. "
                f"{_more_labels(scenario)}"
            )
        elif needed == 0 and expected == 0 and policy.learns_from_labels:
            yield (
                f"{named(name)} learns from labels, but {named(slower)} gets none before "
                f"the horizon at the starting split. {_more_labels(scenario)}"
            )


def _compared_by(policy: Policy, objective: Objective) -> tuple[str, ...]:
    """The candidates that a rule compares with the control."""
    return objective.every_candidate if policy.chooses_among_all else (objective.candidate,)


def _more_labels(scenario: Scenario) -> str:
    if scenario.labels.never == 1:
        return "Lower labels.never: no request is ever labelled."
    return "Lengthen horizon, or raise the rate or the weight."


def _about(expected: float) -> str:
    """A number of labels to expect, as few figures as it deserves."""
    return number_text(round(expected) if expected >= 10 else two_figures(expected))


def _candidate_never_deployed(scenario: Scenario) -> Iterator[str]:
    for name, policy in scenario.policies.items():
        for candidate in _compared_by(policy, scenario.objective):
            if scenario.endpoint.variants[candidate].deployed or policy.adds_candidate(candidate):
                continue
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


def _saturation(scenario: Scenario) -> Iterator[str]:
    """Once a variant, at the smallest share at which it cannot keep up, and at the largest load."""
    overloaded: dict[str, list[tuple[float, Demand]]] = {}
    for asked in demands(scenario):
        load = asked.load(scenario)
        if load >= 1:
            overloaded.setdefault(asked.variant, []).append((load, asked))
    for name, found in overloaded.items():
        load, least = min(found, key=_size)
        highest, most = max(found, key=_size)
        further = ""
        if highest > load:
            further = f", and {highest:.2f} with {_carried(most)} ({_setters(most)})"
        yield (
            f"{named(name)} cannot carry {_carried(least)}, which "
            f"{_setters(least)} may give it: its load would be {load:.2f}{further}. "
            f"Give it more instances or workers{_judged_by_metric(scenario, name)}."
        )


def _size(found: tuple[float, Demand]) -> tuple[float, float]:
    load, asked = found
    return load, asked.copied_share


def _setters(asked: Demand) -> str:
    return listed([setter_text(who) for who in asked.set_by])


def _carried(asked: Demand) -> str:
    if asked.copied_share:
        return f"copies of {percent_text(asked.copied_share)} of the traffic"
    return f"{percent_text(asked.share)} of the traffic"


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


_OF_THE_SCENARIO: Final[Mapping[Topic, ScenarioWarnings]] = {
    Topic.PERSON: waits_for_a_person,
    Topic.HORIZON: ends_after_the_horizon,
    Topic.LOOKS: _looks_between_windows,
    Topic.WAITS: _waits_between_looks,
    Topic.LABELS: _too_few_labels,
    Topic.RECORDED: recorded_otherwise,
    Topic.SHOWN: shown_otherwise,
    Topic.USERS: finer_than_users,
    Topic.CARRIED_OVER: carried_into_others,
    Topic.STAYING: those_who_stay,
    Topic.DEPLOYMENT: _candidate_never_deployed,
    Topic.TARGETS: _targets_not_deployed,
    Topic.ROUTING: faulty_routing,
    Topic.TABLES: _tables_not_used,
    Topic.SATURATION: _saturation,
    Topic.AUTOSCALING: never_scales_out,
    Topic.GUARDRAILS: _errors_over_the_guardrail,
    Topic.CHANCE: breaks_by_chance,
}
_OF_LOADS: Final = frozenset({Topic.SATURATION, Topic.AUTOSCALING})
