"""Thompson sampling with normal posteriors of the mean reward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simab.policies.bandit import Bandit, Pulls
from simab.stats.bayes import Normal, probability_better_normal

__all__ = ["GaussianThompson"]


class GaussianThompson(Bandit):
    """Give each arm the probability that its mean reward is highest, all means taken as normal.

    The reward is 1 for a correct answer and 0 for a wrong one; its variance is estimated with one
    hit and one miss added, and the prior of each mean is normal. The shares are exact integrals,
    which sampling would have on average. Source: GrowthBook's bandits (without their top-two
    shares, which are always even for two arms); Agrawal and Goyal (2013). It misleads while an arm
    has few labels, where a share is far from normal, and as a test as every Thompson sampling does.
    """

    kind: Literal["gaussian_thompson"] = "gaussian_thompson"
    prior_mean: Annotated[float, Field(ge=-1e9, le=1e9)] = 0.5
    """What every arm's reward is expected to be."""
    prior_standard_deviation: Annotated[float, Field(gt=0, le=1e9)] = 1.0
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
        right, labelled = pulls
        certainty = self.prior_standard_deviation**-2
        total = certainty * self.prior_mean
        if labelled:
            share = (right + 1.0) / (labelled + 2.0)
            weight = 1.0 / (share * (1.0 - share))  # of one reward
            total += weight * right
            certainty += weight * labelled
        return Normal(total / certainty, math.sqrt(1.0 / certainty))
