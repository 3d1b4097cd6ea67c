"""Answers one by one, compared with a margin: means and shares by user or session, percentiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import numpy as np

from simab.policies.answers import Answers, drawn_as
from simab.policies.observation import Observation
from simab.stats.clustered_quantiles import clustered_quantile
from simab.stats.margin_tests import Contrast, Margin
from simab.stats.shared_users import ratio_difference, user_table

__all__ = ["REWARD_PROBABILITIES", "RewardPercentile", "of_answers"]

RewardPercentile: TypeAlias = Literal["reward_p50", "reward_p90", "reward_p95", "reward_p99"]
REWARD_PROBABILITIES: Final[Mapping[str, float]] = {
    "reward_p50": 0.5,
    "reward_p90": 0.9,
    "reward_p95": 0.95,
    "reward_p99": 0.99,
}


def of_answers(name: str, unit: str, observation: Observation, margin: Margin) -> Contrast:
    """Values a request of users or sessions (`unit`), or a percentile of users or requests."""
    answers = observation.metrics.answers
    control, candidate = answers(observation.control), answers(observation.candidate)
    if name in REWARD_PROBABILITIES:
        return _of_percentiles(REWARD_PROBABILITIES[name], unit, control, candidate, margin)
    value = float(control.values.mean()) if len(control) else math.nan
    factor = margin.factor(value)
    drawn = drawn_as(unit, control, candidate)
    table = user_table(drawn, (factor * control.values, candidate.values))
    found = ratio_difference(table)
    values = (value, found.candidate)
    if not found.variance > 0.0:
        return Contrast.unknown(*values, "the spread over users is not known")
    gain = margin.sign * found.difference + margin.added
    return Contrast(*values, gain, math.sqrt(found.variance), found.degrees)


def _of_percentiles(
    share: float, unit: str, control: Answers, candidate: Answers, margin: Margin
) -> Contrast:
    """Of users who met one arm each; what those who met both have in common is left out."""
    a, b = (
        clustered_quantile(
            each.values, each.users if unit == "user" else np.arange(len(each)), share
        )
        for each in (control, candidate)
    )
    error = math.hypot(margin.factor(a.value) * a.standard_error, b.standard_error)
    if not error > 0.0:
        reason = a.reason or b.reason or "the values around both percentiles are all equal"
        return Contrast.unknown(a.value, b.value, reason)
    return Contrast(a.value, b.value, margin.contrast(a.value, b.value), error)
