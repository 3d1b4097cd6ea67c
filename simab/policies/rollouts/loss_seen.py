"""What the labels so far say of how much a candidate loses against the control, per request."""

from __future__ import annotations

import math

from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence, evidence_of
from simab.policies.experiments.two_means import MeanEvidence, belief_of_mean
from simab.policies.experiments.unit import UNTREATED
from simab.policies.observation import Observation
from simab.policies.rollouts.watched_metrics import Unit, users_since
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.shared_users import ratio_difference

__all__ = ["labels_of", "variance_of", "variance_since"]


def labels_of(observation: Observation, unit: Unit) -> tuple[Evidence, tuple[int, int]]:
    """All labels of both, and how many control and candidate have: rewards where there are any."""
    counts = []
    for name in (observation.control, observation.candidate):
        labels = observation.metrics.labels(name)
        counts.append(labels.rewards.count or labels.labelled)
    if unit != "request":
        treatment = UNTREATED[unit]
        added = UserEvidence(observation.control, observation.candidate, observation, treatment)
        return added, (counts[0], counts[1])
    return evidence_of(observation), (counts[0], counts[1])


def variance_of(seen: Evidence) -> float:
    """Of the difference so far; NaN where it is not known."""
    if isinstance(seen, UserEvidence):
        return seen.found.variance
    if isinstance(seen, ProportionEvidence):
        return seen.shares.cautious_variance
    if isinstance(seen, MeanEvidence):
        laws = belief_of_mean(seen.control_rewards), belief_of_mean(seen.candidate_rewards)
    else:
        laws = seen.beliefs() or (None, None)
    return math.fsum(math.nan if each is None else each.standard_deviation**2 for each in laws)


def variance_since(since_ns: int, observation: Observation, unit: Unit) -> float:
    """By user or session, of the difference in requests since then; NaN where it is not known."""
    return ratio_difference(users_since(since_ns, observation, unit)).variance
