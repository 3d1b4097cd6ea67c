"""Totals of labelled requests over some span: confusion counts, successes, scores, rewards.

They come from whole numbers that add up, like the request totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.stats.classification import ConfusionCounts

__all__ = [
    "FEWEST_REWARDS",
    "NO_REWARDS",
    "SCORE_BINS",
    "SQUARED_ERROR_ONE",
    "LabelTotals",
    "RewardTotals",
]

SCORE_BINS: Final = 128
SQUARED_ERROR_ONE: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class RewardTotals:
    """Numeric rewards: how many, their mean, and the sum of squared deviations from it.

    `lowest` is the least that one can be.
    """

    count: int
    mean: float
    squared_deviations: float
    lowest: float = 0.0

    @property
    def variance(self) -> float:
        """Unbiased variance of single rewards; NaN for fewer than two."""
        return self.squared_deviations / (self.count - 1) if self.count > 1 else nan

    @property
    def tells_spread(self) -> bool:
        """Whether there are at least four, and not all alike: fewer may look far too certain."""
        return self.count >= FEWEST_REWARDS and self.squared_deviations > 0.0

    @property
    def widened_variance(self) -> float:
        """The variance to give to one reward, with the width that Student's t adds to their mean.

        NaN where the spread of the rewards is not known.
        """
        if not self.tells_spread:
            return nan
        return self.squared_deviations / (self.count + 1 - FEWEST_REWARDS)

    @property
    def standard_error(self) -> float:
        """Of the mean, for independent rewards; NaN for fewer than two."""
        return sqrt(self.variance / self.count) if self.count > 1 else nan


FEWEST_REWARDS: Final = 4
"""With n of them Student's t of n - 1 degrees of freedom has the variance (n - 1) / (n - 3)."""
NO_REWARDS: Final = RewardTotals(0, nan, 0.0)


class LabelTotals(NamedTuple):
    """Requests whose ground truth arrived in some span.

    `confusion` counts the requests of classifiers; `successes` and `failures` those of variants
    whose answers are only right or wrong; `rewards` those of variants that earn a number.
    `squared_error_sum` sums (score - label)**2 in units of 2**-30; `score_histogram` has shape
    (2, SCORE_BINS): scores by label, in bins of rising scores that the scenario fixes. A tuple,
    because two are made at every tick.
    """

    confusion: ConfusionCounts
    successes: int
    failures: int
    squared_error_sum: int
    score_histogram: NDArray[np.int64]
    rewards: RewardTotals = NO_REWARDS

    @property
    def labelled(self) -> int:
        """Requests with a label."""
        return self.confusion.total + self.successes + self.failures + self.rewards.count

    @property
    def correct(self) -> int:
        """Requests whose answer was right."""
        counts = self.confusion
        return counts.true_positive + counts.true_negative + self.successes
