"""What two variants have had so far: hits of so many, and how far apart their shares may be."""

from __future__ import annotations

import math
from typing import NamedTuple

from simab.policies.observation import Observation
from simab.stats.always_valid import (
    MixtureTest,
    confidence_sequence,
    two_proportion_mixture_test,
)
from simab.stats.interval import Interval
from simab.stats.label_totals import LabelTotals
from simab.stats.proportions import PooledTest, pooled_test
from simab.text.numbers import figure_text

__all__ = ["ProportionEvidence", "TwoProportions"]


class TwoProportions(NamedTuple):
    """Hits of the control and of the candidate: correct answers of labels, or errors of requests.

    A tuple, because one is made at every tick.
    """

    control_hits: int
    control_total: int
    candidate_hits: int
    candidate_total: int

    @property
    def smaller(self) -> int:
        """The total of the variant that has fewer."""
        control, candidate = self.control_total, self.candidate_total
        return control if control < candidate else candidate

    @property
    def pairs(self) -> float:
        """The equal totals that would give as precise a difference: the harmonic mean."""
        both = self.control_total + self.candidate_total
        return 2.0 * self.control_total * self.candidate_total / both if both else 0.0

    @property
    def difference(self) -> float:
        """The candidate's share less the control's; NaN without hits to share."""
        if not self.smaller:
            return math.nan
        return self.candidate_hits / self.candidate_total - self.control_hits / self.control_total

    @property
    def control_share(self) -> float:
        """Of the variance of the difference, where shares are equal, what the control makes."""
        both = self.control_total + self.candidate_total
        return self.candidate_total / both if both else 0.5

    @property
    def cautious_variance(self) -> float:
        """Variance of the difference, each share with a hit and a miss more; NaN without totals."""
        if not self.smaller:
            return math.nan
        variance = 0.0
        for hits, total in ((self[0], self[1]), (self[2], self[3])):
            share = (hits + 1.0) / (total + 2.0)
            variance += share * (1.0 - share) / total
        return max(variance, 0.0)

    def since(self, earlier: TwoProportions) -> TwoProportions:
        """What came after `earlier`."""
        return TwoProportions(*(now - then for now, then in zip(self, earlier, strict=True)))

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence of the difference: it may be looked at any time.

        The shares under the variance have one hit and one miss more than seen: otherwise a handful
        of like answers would look certain.
        """
        if self.smaller < 1:
            return Interval.undefined(level, "a variant has nothing yet")
        pairs = max(round(self.pairs), 1)
        spread = math.sqrt(self.cautious_variance * pairs)
        return confidence_sequence(
            self.difference, spread, pairs, target_count=tight_at, level=level
        )


class ProportionEvidence(NamedTuple):
    """The labels of both variants that have arrived, under the variants' names.

    A tuple, because one is made at every tick.
    """

    control: str
    candidate: str
    shares: TwoProportions

    @classmethod
    def of(cls, observation: Observation) -> ProportionEvidence:
        """All labels that have arrived by now."""
        control, candidate = observation.control, observation.candidate
        labels = observation.metrics.labels
        return cls.of_labels(control, labels(control), candidate, labels(candidate))

    @classmethod
    def of_labels(
        cls,
        control_name: str,
        control: LabelTotals,
        candidate_name: str,
        candidate: LabelTotals,
    ) -> ProportionEvidence:
        """All of these labels."""
        shares = TwoProportions(
            control.correct, control.labelled, candidate.correct, candidate.labelled
        )
        return cls(control_name, candidate_name, shares)

    @property
    def smaller(self) -> int:
        """The labels of the variant that has fewer."""
        return self.shares.smaller

    @property
    def pairs(self) -> float:
        """The equal numbers that would give as precise a difference: the harmonic mean."""
        return self.shares.pairs

    @property
    def difference(self) -> float:
        """The candidate's share less the control's; NaN without labels of both."""
        return self.shares.difference

    @property
    def control_share(self) -> float:
        """What part of the difference's variance the control makes; it is in every comparison."""
        return self.shares.control_share

    def test(self) -> PooledTest:
        """The pooled two-sided z-test of equal shares."""
        return pooled_test(*self.shares)

    def mixture_test(self, mixing_variance: float) -> MixtureTest:
        """One look of the mSPRT, each arm with its own variance."""
        return two_proportion_mixture_test(*self.shares, mixing_variance=mixing_variance)

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence of the difference: it may be looked at any time."""
        return self.shares.confidence_sequence(tight_at, level)

    @staticmethod
    def written(difference: float) -> str:
        """A difference of shares, as reasons quote it."""
        return figure_text(difference, "+.4f")

    def __str__(self) -> str:
        """The counts in words, as every reason quotes them."""
        right, labelled, new_right, new_labelled = self.shares
        return (
            f"{self.control} {right}/{labelled} correct, "
            f"{self.candidate} {new_right}/{new_labelled}"
        )
