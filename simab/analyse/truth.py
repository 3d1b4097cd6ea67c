"""The truth of a scenario: which variant is better, by how much, and what the right decision is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Final, get_args

from simab.errors import InvalidInput
from simab.policies.limits import ErrorRateLimit
from simab.policies.metrics import LabelMetric
from simab.profiles import truth_of
from simab.scenario.capacity import load_at_all_traffic
from simab.scenario.models import Scenario
from simab.scenario.wording import name_text, percent_text

__all__ = ["KEEP_CONTROL", "PROMOTE_CANDIDATE", "ScenarioTruth", "truth_of_scenario"]

PROMOTE_CANDIDATE: Final = "promote_candidate"
KEEP_CONTROL: Final = "keep_control"


@dataclass(frozen=True, slots=True)
class ScenarioTruth:
    """True metrics by variant, and what they mean for the objective.

    `improvement` is by how much the candidate is better than the control on the objective's metric
    (negative: worse). `better` and `worse` are None where both are exactly equal; then keeping the
    control is right, and promoting is a false promotion. `candidate_breaks` says in words which
    guardrail the candidate breaks by what it is, however good its answers are; empty if none.
    """

    metric: str
    values: Mapping[str, Mapping[str, float]]
    improvement: float
    better: str | None
    worse: str | None
    candidate_breaks: str = ""

    @property
    def right_decision(self) -> str:
        """PROMOTE_CANDIDATE or KEEP_CONTROL."""
        fit = self.improvement > 0 and not self.candidate_breaks
        return PROMOTE_CANDIDATE if fit else KEEP_CONTROL

    def shortfalls(self) -> dict[str, float]:
        """By how much each variant misses the better of control and candidate; 0 for the better.

        A third variant whose metric is undefined misses nothing that could be counted: 0.
        """
        metric = {name: values[self.metric] for name, values in self.values.items()}
        if self.better is None:
            return dict.fromkeys(metric, 0.0)
        best = metric[self.better]
        # Which way is better shows in the two roles themselves.
        assert self.worse is not None
        sign = 1.0 if best > metric[self.worse] else -1.0
        return {name: max(0.0, sign * (best - value)) for name, value in metric.items()}


def truth_of_scenario(scenario: Scenario) -> ScenarioTruth:
    """Compute the truth from the profiles, exactly, without simulating.

    Raises:
        InvalidInput: the objective's metric does not exist for the control or the candidate.
    """
    truths = {
        name: truth_of(
            variant.quality.sampler(scenario.outcome_tables, scenario.labels.positive_share)
        )
        for name, variant in scenario.endpoint.variants.items()
    }
    objective = scenario.objective
    control = truths[objective.control].metric(objective.metric)
    candidate = truths[objective.candidate].metric(objective.metric)
    for role, value in ((objective.control, control), (objective.candidate, candidate)):
        if isnan(value):
            raise InvalidInput(
                f"objective.metric = {objective.metric}: undefined for {role}, whose outcomes lack "
                "what it divides by; choose another metric, or describe the quality otherwise"
            )
    improvement = objective.sign * (candidate - control)
    roles = (objective.candidate, objective.control)
    better, worse = roles if improvement > 0 else roles[::-1]
    return ScenarioTruth(
        metric=objective.metric,
        values={
            name: {metric: truth.metric(metric) for metric in get_args(LabelMetric)}
            for name, truth in truths.items()
        },
        improvement=improvement,
        better=better if improvement else None,
        worse=worse if improvement else None,
        candidate_breaks=_broken_guardrail(scenario),
    )


def _broken_guardrail(scenario: Scenario) -> str:
    """Why the candidate cannot keep the guardrails, if it cannot; empty without guardrails."""
    guardrails, name = scenario.objective.guardrails, scenario.objective.candidate
    if not guardrails:
        return ""
    errors = [limit.at_most for limit in guardrails if isinstance(limit, ErrorRateLimit)]
    error_rate = scenario.endpoint.variants[name].error_rate
    if errors and error_rate > min(errors):
        return (
            f"{name_text(name)} fails {percent_text(error_rate)} of its requests, over the "
            f"guardrail of {percent_text(min(errors))}"
        )
    # Waits that grow without end, or refusals: whichever the guardrail is on, it does not hold.
    load = load_at_all_traffic(scenario, name)
    if load >= 1:
        return (
            f"{name_text(name)} cannot carry all traffic as the scenario deploys it: its load "
            f"would be {load:.2f}"
        )
    return ""
