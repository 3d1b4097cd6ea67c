"""Thompson sampling with normal posteriors of the mean reward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simab.policies.bandits.bandit import Bandit, Pulls
from simab.stats.bayes import Normal, probability_better_normal

__all__ = ["GaussianThompson"]


class GaussianThompson(Bandit):
    """Give each arm the probability that its mean reward is highest, all means taken as normal.

    Of costs, that its mean is lowest.

    The reward is what an answer earns, or 1 for a correct and 0 for a wrong one. The prior of each
    mean is normal. The variance of one reward is that of the rewards so far, with the width that
    Student's t adds, from four rewards that are not all alike; of answers it is that of the share
    with one hit and one miss added. The shares are exact integrals, which sampling would have on
    average. Source: GrowthBook's bandits (without their top-two shares, which are always even for
    two arms); Agrawal and Goyal (2013). It misleads while an arm has few labels, where a mean is
    far from normal (for long, where a few large rewards make the sum), and as a test as every
    Thompson sampling does.
    """

    needs_right_or_wrong: ClassVar[bool] = False

    kind: Literal["gaussian_thompson"] = "gaussian_thompson"
    prior_mean: Annotated[float, Field(ge=-1e9, le=1e9)] = 0.5
    """What every arm's reward, or cost, is expected to be."""
    prior_standard_deviation: Annotated[float, Field(ge=1e-6, le=1e9)] = 1.0
    """How far off that may be; large against the rewards it says next to nothing."""

    def shares(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """The probabilities to be best."""
        return self.to_be_best(pulls)

    def to_be_best(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """From the normal posteriors."""
        beliefs = [self._belief(each) for each in pulls]
        if len(beliefs) == 2:
            second = probability_better_normal(*beliefs)
            return (1.0 - second, second)
        from simab.stats.best_arm import best_normal_mean

        probabilities: list[float] = best_normal_mean(beliefs).probability.tolist()
        return probabilities

    def posterior_mean(self, pulls: Pulls) -> float:
        """Of the normal posterior."""
        return self._belief(pulls).mean

    def _belief(self, pulls: Pulls) -> Normal:
        mean, variance = _reward_of(pulls)
        certainty = self.prior_standard_deviation**-2
        total = certainty * (-self.prior_mean if pulls.are_costs else self.prior_mean)
        if variance > 0.0:
            weight = pulls.labelled / variance
            total += weight * mean
            certainty += weight
        return Normal(total / certainty, math.sqrt(1.0 / certainty))


def _reward_of(pulls: Pulls) -> tuple[float, float]:
    """Mean reward, and the variance to give to one; 0 where the rewards do not determine it."""
    rewards = pulls.rewards.as_gains(lower_is_better=pulls.are_costs)
    if rewards.count:
        return rewards.mean, rewards.widened_variance if rewards.tells_spread else 0.0
    if not pulls.labelled:
        return math.nan, 0.0
    share = (pulls.right + 1.0) / (pulls.labelled + 2.0)
    return pulls.right / pulls.labelled, share * (1.0 - share)
