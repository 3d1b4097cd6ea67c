"""The truth of a scenario: which variant is better, by how much, and what the right decision is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Final, get_args

from simab.errors import InvalidInput
from simab.policies.metrics import LabelMetric
from simab.profiles import truth_of
from simab.scenario.models import Scenario

__all__ = ["KEEP_CONTROL", "PROMOTE_CANDIDATE", "ScenarioTruth", "truth_of_scenario"]

PROMOTE_CANDIDATE: Final = "promote_candidate"
KEEP_CONTROL: Final = "keep_control"


@dataclass(frozen=True, slots=True)
class ScenarioTruth:
    """True metrics by variant, and what they mean for the objective.

    `improvement` is by how much the candidate is better than the control on the objective's metric
    (negative: worse). `better` and `worse` are None where both are exactly equal; then keeping the
    control is right, and promoting is a false promotion.
    """

    metric: str
    values: Mapping[str, Mapping[str, float]]
    improvement: float
    better: str | None
    worse: str | None

    @property
    def right_decision(self) -> str:
        """PROMOTE_CANDIDATE or KEEP_CONTROL."""
        return PROMOTE_CANDIDATE if self.improvement > 0 else KEEP_CONTROL

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
    )
