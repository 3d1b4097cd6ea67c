"""Rules on the unit of analysis: answers that are read one by one must be what is counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab import units
from simab.documents.violations import Path, Violation, violation_at_key
from simab.policies import Policy
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.decision_metrics import DecisionMetric
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.immature import AsArrived, Wait
from simab.policies.metrics import COUNTED_AS_CORRECT, OF_EARNINGS
from simab.scenario.partial import until_unread
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.qualities import earns_rewards, smallest_reward
from simab.scenario.suggestions import remedy_for_name
from simab.stats.classification import SHARES

__all__ = [
    "always_valid_methods_have_values",
    "answers_can_be_added_up",
    "pre_periods_lie_within_the_run",
    "triggered_names_segments",
]

_ADDED: Final = (*sorted(COUNTED_AS_CORRECT), *OF_EARNINGS)


def answers_can_be_added_up(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """Values of single requests exist of some metrics, and once where labels come once."""
    if isinstance(policy, ShipByMetrics):
        for index, each in enumerate(policy.metrics):
            here = (*path, "metrics", index, "metric")
            yield from until_unread(_decider_reads_once(each, here, scenario))
        return
    unit = getattr(policy, "unit", "request")
    if unit == "session":
        yield from _sessions_come(scenario, (*path, "unit"))
    if unit == "user_total" and not scenario.endpoint.assigns_clients:
        rule = (
            "adds up what users do with a variant, which depends on the weights where "
            f"{scenario.endpoint.variant_routing} lets users meet both"
        )
        remedy = "Write variant_routing: sticky_hash, or unit: user."
        yield Violation((*path, "unit"), rule, remedy)
    if unit != "request" and not isinstance(policy, Experiment):
        yield from _rollout_reads_once(scenario, policy, (*path, "unit"))
    if not isinstance(policy, Experiment) or not policy.reads_answers():
        return
    field = _field_of(policy)
    here = (*path, field)
    yield from _metric_is_added(scenario, here)
    for cap in ("cap", "cap_percentile", "transform"):
        if getattr(policy, cap) is not None and not earns_rewards(scenario):
            rule = "is for numeric rewards, and the variants earn none"
            yield violation_at_key((*path, cap), rule, f"Leave out {cap}.")
    if policy.cap is not None and earns_rewards(scenario):
        yield from _cap_leaves_a_difference(policy.cap, (*path, "cap"), scenario)
    if policy.transform is not None and smallest_reward(scenario) < 0.0:
        rule = "takes logarithms of 1 and a reward, and rewards here may lie below 0"
        yield Violation((*path, "transform"), rule, "Leave out transform; a cap counts them all.")
    if not isinstance(policy.immature, Wait | AsArrived | None):
        rule = f"is for counts, and {field} reads single answers"
        remedy = "Use `{kind: wait, after: 7d}` here."
        yield Violation((*path, "immature", "kind"), rule, remedy)
    yield from _labels_come_once(scenario, here)


def _rollout_reads_once(
    scenario: UncheckedScenario, policy: Policy, here: Path
) -> Iterator[Violation]:
    if policy.tests_the_objective:
        yield from _metric_is_added(scenario, here)
    yield from _labels_come_once(scenario, here)


def _metric_is_added(scenario: UncheckedScenario, here: Path) -> Iterator[Violation]:
    metric = scenario.objective.metric
    if metric not in _ADDED:
        rule = f"adds up single answers, and the objective's metric is {metric}"
        remedy = f"Leave it out, or make one of {', '.join(_ADDED)} the objective."
        yield violation_at_key(here, rule, remedy)


def _sessions_come(scenario: UncheckedScenario, here: Path) -> Iterator[Violation]:
    """Without any session each request would be one."""
    segments = scenario.traffic.values()
    if not any(segment.sessions is not None and segment.labelled for segment in segments):
        rule = "takes sessions for independent draws, and no segment with labels has sessions"
        remedy = "Add sessions to a segment of traffic, or write request or user."
        yield violation_at_key(here, rule, remedy)
    for name, segment in scenario.traffic.items():
        if segment.sessions is not None and segment.opt_out:
            rule = f"counts the requests of sessions, and clients of {name} leave between them"
            remedy = "Leave out opt_out of that segment, or write request or user."
            yield violation_at_key(here, rule, remedy)


def _cap_leaves_a_difference(
    cap: float, here: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    """Where all rewards are above the cap, they all count as much."""
    least = smallest_reward(scenario)
    if cap <= least < math.inf:
        rule = f"no reward is below {least:g}, so that all of them count as the cap"
        yield Violation(here, rule, f"Raise it above {least:g}, or leave it out.")


def _decider_reads_once(
    decider: DecisionMetric, here: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    if decider.tested_by == "session":
        yield from _sessions_come(scenario, (*here[:-1], "unit"))
    if decider.reads_answers:
        yield from _labels_come_once(scenario, here)


def _labels_come_once(scenario: UncheckedScenario, here: Path) -> Iterator[Violation]:
    labels = scenario.labels
    revised = labels.revised or any(settings.revised for _, settings in labels.said())
    for name, given in (("revised", revised), ("duplicates", labels.duplicates is not None)):
        if given:
            rule = f"reads the first label of each answer, and labels have {name}"
            remedy = f"Remove `{name}` from labels, or leave it out."
            yield violation_at_key(here, rule, remedy)


def always_valid_methods_have_values(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """Some methods need values of single requests, or that these have a largest one."""
    if not isinstance(policy, AlwaysValid):
        return
    metric, here = scenario.objective.metric, (*path, "method")
    if policy.method == "mixture_t" and metric not in (*_ADDED, *SHARES):
        rule = f"compares values of single requests, and the objective's metric is {metric}"
        yield Violation(here, rule, "Write mixture or confidence_sequence.")
    if policy.method != "empirical_bernstein":
        return
    if metric not in _ADDED:
        rule = f"compares values of single requests, and the objective's metric is {metric}"
        yield Violation(here, rule, "Write mixture or confidence_sequence.")
    elif earns_rewards(scenario) and policy.cap is None:
        rule = "needs values with a largest one, and rewards have none"
        remedy = "Add `cap: 200`, say, or write mixture_t with typical_effect."
        yield Violation(here, rule, remedy)
    yield from _labels_come_once(scenario, here)


def pre_periods_lie_within_the_run(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A split that comes after the end compares nothing."""
    pre_period = getattr(policy, "pre_period", None)
    if not isinstance(policy, Experiment) or pre_period is None:
        return
    here, longest = (*path, "pre_period"), policy.longest_ns()
    if pre_period >= scenario.horizon:
        rule = f"takes the whole run of {units.format_duration(scenario.horizon)}"
        yield Violation(here, rule, "Shorten it, or raise horizon.")
    elif longest is not None and pre_period >= longest:
        rule = f"ends after the experiment, at {units.format_duration(longest)}"
        yield Violation(here, rule, "Shorten it, or raise maximum_duration.")


def triggered_names_segments(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """Each name is that of a segment whose labels become known."""
    for place, name in enumerate(getattr(policy, "triggered", ())):
        here = (*path, "triggered", place)
        segment = scenario.traffic.get(name)
        if segment is None:
            remedy = remedy_for_name(name, scenario.traffic, "Segments")
            yield Violation(here, "names no segment", remedy)
        elif not segment.labelled:
            rule = "names a segment whose ground truth never becomes known"
            yield Violation(here, rule, f"Write `labelled: true` for {name}, or leave it out.")


def _field_of(policy: Experiment) -> str:
    """The first field for which it reads answers."""
    if policy.unit != "request":
        return "unit"
    fields = ("pre_period", "cap", "cap_percentile", "transform", "triggered")
    return next(field for field in fields if getattr(policy, field) not in (None, ()))
