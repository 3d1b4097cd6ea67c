"""Which labelled requests a rule has tested by its end, each or each session taken for a draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from simab.explain.evidence import labelled_per_hour, labels_ratio, labels_until
from simab.policies import Policy
from simab.policies.policy import FineUnit
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS, mean_rate_per_s
from simab.stats.design_effect import ServedShare, requests_of_one_split
from simab.text.durations import duration_text
from simab.units import seconds

__all__ = ["TestedSample", "tested_sample"]


class TestedSample(NamedTuple):
    """Labelled requests of the two that are compared, when a rule tests them, at which level.

    `of_all` are those that users have sent by then to all variants, if one split held all the time
    that makes the variance as large; of a user all go to one variant. `of_before` came in a
    `pre_period`, by which the difference is adjusted. Of segments that are `triggered` alone, if
    any are.
    """

    labels: int
    of_all: float
    of_before: float
    when: str
    alpha: float | None
    two_sided: bool
    triggered: tuple[str, ...]


def tested_sample(scenario: Scenario, policy: Policy, unit: FineUnit) -> TestedSample | None:
    """What a rule tests by the unit: what comes by its end, or by the horizon, if that is less.

    None of other rules.
    """
    objective, immature = scenario.objective, getattr(policy, "immature", None)
    rates = labelled_per_hour(scenario, immature)
    control, candidate = rates[objective.control], rates[objective.candidate]
    rule = policy.one_of(len(objective.every_candidate))
    test = rule.planned_test(unit, labels_ratio(control, candidate))
    if test is None:
        return None
    ends, when = scenario.horizon, "by the horizon"
    if test.at_ns is not None and test.at_ns <= ends:
        ends, when = test.at_ns, f"after {duration_text(seconds(test.at_ns))}"
    everybody = math.fsum(rates.values())
    both = control + candidate
    if test.baseline:  # it has a part of what the two have
        both += rates.get(getattr(policy, "baseline", ""), 0.0)
    if test.in_turns:  # two at a time have what all have together
        both = everybody
    before = getattr(policy, "pre_period", None) or 0
    ends -= before
    in_all = labels_until(scenario, both, max(ends, 0), immature)
    if 0 < test.labelled_requests <= in_all:
        in_all, when = test.labelled_requests, f"at the {test.look}"
    of_all = in_all * (everybody / both if both else 1.0)
    if test.stages:
        split = requests_of_one_split(_within(test.stages, ends), baseline=test.baseline)
        in_all, of_all = in_all * split.compared, of_all * split.as_many
    triggered = tuple(getattr(getattr(policy, "experiment", policy), "triggered", ()))
    part = _part_of(scenario, triggered)
    return TestedSample(
        labels=round(in_all * part),
        of_all=of_all * part,
        of_before=everybody * part * before / HOUR_NS,
        when=when,
        alpha=test.alpha,
        two_sided=test.two_sided,
        triggered=triggered,
    )


def _within(stages: Sequence[ServedShare], ends_ns: int) -> list[ServedShare]:
    """The stages that have begun by then, the last as far as it has come."""
    found, left_ns = [], float(ends_ns)
    for stage in stages:
        if left_ns > 0:
            found.append(stage._replace(lasts=min(stage.lasts, left_ns)))
        left_ns -= stage.lasts
    return found


def _part_of(scenario: Scenario, triggered: Sequence[str]) -> float:
    """Of the labelled requests, those of the triggered segments; all where none is named."""
    rates = {
        name: mean_rate_per_s(scenario, each)
        for name, each in scenario.traffic.items()
        if each.labelled
    }
    whole = math.fsum(rates.values())
    if not triggered or not whole:
        return 1.0
    return math.fsum(rates.get(name, 0.0) for name in triggered) / whole
