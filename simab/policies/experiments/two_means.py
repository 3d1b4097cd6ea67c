"""What the answers of two variants have earned so far, and how far apart their means may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from simab.stats.always_valid import MixtureTest, confidence_sequence, mixture_test
from simab.stats.bayes import Normal
from simab.stats.interval import Interval, normal_quantile
from simab.stats.label_totals import RewardTotals
from simab.stats.means import Moments, welch_test
from simab.text.numbers import figure_text

__all__ = ["LOWER_COSTS", "MeanEvidence", "MeansTest", "belief_of_mean", "part_of_both"]

LOWER_COSTS: Final = "cost (lower is better, a gain is positive): "
"""How reasons begin that quote costs."""


class MeansTest(NamedTuple):
    """Welch's test of two means; `z` is where a normal law has the same p-value."""

    difference: float
    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class MeanEvidence:
    """The numeric rewards of both variants that have arrived, under the variants' names.

    Where they are costs, of which less is better, the totals have the other sign: of these, as of
    all differences, more is better. Words quote what an answer costs.
    """

    control: str
    candidate: str
    control_rewards: RewardTotals
    candidate_rewards: RewardTotals
    are_costs: bool = False

    @property
    def smaller(self) -> int:
        """The rewards of the variant that has fewer."""
        return min(self.control_rewards.count, self.candidate_rewards.count)

    @property
    def pairs(self) -> float:
        """The equal numbers that would give as precise a difference: the harmonic mean."""
        control, candidate = self.control_rewards.count, self.candidate_rewards.count
        return 2.0 * control * candidate / (control + candidate) if control + candidate else 0.0

    @property
    def difference(self) -> float:
        """By how much the candidate's mean is better; NaN without rewards of both."""
        return self.candidate_rewards.mean - self.control_rewards.mean

    @property
    def control_share(self) -> float:
        """What part of the difference's variance the control makes; it is in every comparison."""
        control, candidate = (
            each.variance / each.count if each.count else math.nan
            for each in (self.control_rewards, self.candidate_rewards)
        )
        return part_of_both(control, candidate)

    def test(self) -> MeansTest:
        """Welch's two-sided test of equal means; NaN where the spread of an arm is not known.

        An arm that has earned alike by chance would lend the mean a certainty that it lacks.
        """
        if math.isnan(self._variance):
            return MeansTest(self.difference, math.nan, math.nan)
        welch = welch_test(_moments(self.control_rewards), _moments(self.candidate_rewards))
        z = welch.t
        if 0.0 < welch.p_value < 1.0:  # beyond 38 standard errors nothing is left of a p-value
            z = math.copysign(-normal_quantile(welch.p_value / 2.0), welch.difference)
        return MeansTest(welch.difference, z, welch.p_value)

    def mixture_test(self, mixing_variance: float) -> MixtureTest:
        """One look of the mSPRT, each arm with its own variance."""
        return mixture_test(self.difference, self._variance, mixing_variance=mixing_variance)

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence of the difference: it may be looked at any time."""
        if math.isnan(self._variance):
            return Interval.undefined(level, "the spread of the rewards is not known yet")
        pairs = max(round(self.pairs), 1)
        spread = math.sqrt(self._variance * pairs)
        return confidence_sequence(
            self.difference, spread, pairs, target_count=tight_at, level=level
        )

    @staticmethod
    def written(difference: float) -> str:
        """A difference of rewards, as reasons quote it."""
        return figure_text(difference, "+.6g")

    @property
    def _variance(self) -> float:
        """Of the difference of means; NaN where an arm's rewards are too few or all alike."""
        arms = self.control_rewards, self.candidate_rewards
        if not all(rewards.tells_spread for rewards in arms):
            return math.nan
        return sum(rewards.variance / rewards.count for rewards in arms)

    def __str__(self) -> str:
        """The means in words, as every reason quotes them."""
        costs = LOWER_COSTS if self.are_costs else ""
        control, candidate = (
            each.as_gains(lower_is_better=self.are_costs)
            for each in (self.control_rewards, self.candidate_rewards)
        )
        return (
            f"{costs}{self.control} {_mean_in_words(control, ' on average')}, "
            f"{self.candidate} {_mean_in_words(candidate)}"
        )


def belief_of_mean(rewards: RewardTotals) -> Normal | None:
    """What the rewards alone say of their mean; None where their spread is not known.

    Normal, with the width that Student's t adds.
    """
    if not rewards.tells_spread:
        return None
    return Normal(rewards.mean, math.sqrt(rewards.widened_variance / rewards.count))


def _mean_in_words(rewards: RewardTotals, what: str = "") -> str:
    return f"{rewards.mean:.6g}{what} of {rewards.count}" if rewards.count else "nothing yet"


def _moments(rewards: RewardTotals) -> Moments:
    return Moments(rewards.count, rewards.mean, rewards.variance)


def part_of_both(control: float, candidate: float) -> float:
    """The control's part of two variances that add up; a half where they are not known."""
    both = control + candidate
    return control / both if both > 0.0 else 0.5
