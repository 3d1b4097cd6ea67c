"""What two variants have had so far: hits of so many, and how far apart their shares may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from simab.policies.observation import Observation
from simab.stats.always_valid import confidence_sequence
from simab.stats.interval import Interval

__all__ = ["Correctness", "TwoShares"]


class TwoShares(NamedTuple):
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
        return min(self.control_total, self.candidate_total)

    @property
    def pairs(self) -> float:
        """The equal totals that would tell the shares apart as well: the harmonic mean."""
        both = self.control_total + self.candidate_total
        return 2.0 * self.control_total * self.candidate_total / both if both else 0.0

    @property
    def difference(self) -> float:
        """The candidate's share less the control's; NaN without hits to share."""
        if not self.smaller:
            return math.nan
        return self.candidate_hits / self.candidate_total - self.control_hits / self.control_total

    def since(self, earlier: TwoShares) -> TwoShares:
        """What came after `earlier`."""
        return TwoShares(*(now - then for now, then in zip(self, earlier, strict=True)))

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence of the difference: it may be looked at any time.

        The shares under the variance have one hit and one miss more than seen: otherwise a handful
        of like answers would look certain.
        """
        if self.smaller < 1:
            return Interval.undefined(level, "a variant has nothing yet")
        pairs = max(round(self.pairs), 1)
        variance = 0.0
        for hits, total in ((self[0], self[1]), (self[2], self[3])):
            share = (hits + 1.0) / (total + 2.0)
            variance += share * (1.0 - share) / total
        spread = math.sqrt(max(variance, 0.0) * pairs)
        return confidence_sequence(
            self.difference, spread, pairs, target_count=tight_at, level=level
        )


@dataclass(frozen=True, slots=True)
class Correctness:
    """The labels of both variants that have arrived, under the variants' names."""

    control: str
    candidate: str
    shares: TwoShares

    @classmethod
    def of(cls, observation: Observation) -> Correctness:
        """All labels that have arrived by now."""
        control = observation.metrics.labels(observation.control)
        candidate = observation.metrics.labels(observation.candidate)
        shares = TwoShares(control.correct, control.labelled, candidate.correct, candidate.labelled)
        return cls(observation.control, observation.candidate, shares)

    def __str__(self) -> str:
        """The counts in words, as every reason quotes them."""
        right, labelled, new_right, new_labelled = self.shares
        return (
            f"{self.control} {right}/{labelled} correct, "
            f"{self.candidate} {new_right}/{new_labelled}"
        )
