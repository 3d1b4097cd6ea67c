"""What the labels of two variants say by now of the objective's metric."""

from __future__ import annotations

from typing import TypeAlias

from simab.errors import InvalidInput
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.two_means import MeanEvidence
from simab.policies.experiments.two_metrics import MetricEvidence
from simab.policies.metrics import COUNTED_AS_CORRECT, OF_EARNINGS, of_labels
from simab.policies.observation import Observation
from simab.policies.two_proportions import ProportionEvidence

__all__ = ["Evidence", "evidence_of"]

Evidence: TypeAlias = ProportionEvidence | MeanEvidence | MetricEvidence | UserEvidence
"""All have `smaller`, `pairs`, `difference`, `test`, `mixture_test` and `confidence_sequence`."""


def evidence_of(observation: Observation) -> Evidence:
    """The rewards or costs where there are any, else the objective's metric, of labels by now.

    Raises:
        InvalidInput: the objective's metric is one of requests, of which labels say nothing.
    """
    metric = of_labels(observation.metric)
    if metric is None:
        raise InvalidInput(
            f"objective.metric = {observation.metric}: no label says anything of it; use "
            "ship_decision, which tests it by batches of time"
        )
    control_name, candidate_name = observation.control, observation.candidate
    control = observation.metrics.labels(control_name)
    candidate = observation.metrics.labels(candidate_name)
    if control.rewards.count or candidate.rewards.count:
        are_costs = metric == "cost"
        return MeanEvidence(
            control_name,
            candidate_name,
            control.rewards.as_gains(lower_is_better=are_costs),
            candidate.rewards.as_gains(lower_is_better=are_costs),
            are_costs,
        )
    if metric not in (*COUNTED_AS_CORRECT, *OF_EARNINGS):
        return MetricEvidence.of_labels(metric, control_name, control, candidate_name, candidate)
    return ProportionEvidence.of_labels(control_name, control, candidate_name, candidate)
