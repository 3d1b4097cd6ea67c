"""What answers to the users of a segment are worth, and how far users lie apart in it.

A user's answers are worth q f mu on average: q is the probability that one is a success, or earns
anything, f the factor on what it earns, and mu the mean of what is earned (1 of a success). Over
users q has mean e and variance c e (1 - e), with c the intra-class correlation of its Beta law, and
f has mean 1 and a coefficient of variation v. So the users' means have the mean e mu and the
variance (e mu)^2 ((1 + c (1 - e) / e) (1 + v^2) - 1); squares of single values have 1 + v^2 times
the mean that they have of users who are alike.
"""

from __future__ import annotations

from typing import NamedTuple

from simab.profiles.quality import NumericReward, Success
from simab.profiles.truth import truth_of
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment

__all__ = ["UserValues", "values_under_control"]


class UserValues(NamedTuple):
    """Of single values the mean and the mean of squares, and between users the variance of means.

    A success is worth 1, another answer 0.
    """

    mean: float
    mean_square: float
    between: float


def values_under_control(scenario: Scenario, segment: Segment) -> UserValues | None:
    """As the control answers a segment; None of other qualities than success and rewards."""
    control = scenario.objective.control
    quality = segment.quality.get(control, scenario.endpoint.variants[control].quality)
    if isinstance(quality, Success):
        share = quality.probability
        spread = _between(segment, share)
        return UserValues(share, share, share * share * spread)
    if isinstance(quality, NumericReward):
        truth = truth_of(scenario.sampler(quality))
        square = truth.reward_variance + truth.reward**2
        propensities = segment.propensities
        if propensities is not None:
            square *= propensities.mean_squared_factor
        between = truth.reward**2 * _between(segment, quality.earning_share)
        return UserValues(truth.reward, square, between)
    return None


def _between(segment: Segment, share: float) -> float:
    """The squared coefficient of variation of users' means; `share` succeeds, or earns."""
    propensities = segment.propensities
    if propensities is None or not share:
        return 0.0
    law = propensities.probability
    alike = 0.0 if law is None else law.intraclass_correlation
    factors = 1.0 if propensities.rewards is None else propensities.mean_squared_factor
    return (1.0 + alike * (1.0 - share) / share) * factors - 1.0
