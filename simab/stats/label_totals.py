"""Totals of labelled requests over some span: confusion counts, successes, scores, rewards.

They come from whole numbers that add up, like the request totals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt
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
    "known_scores",
    "no_scores",
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

    def as_gains(self, *, lower_is_better: bool) -> RewardTotals:
        """The same as numbers of which more is better: costs have the other sign.

        The least that one can be is then not known.
        """
        if not lower_is_better or not self.count:
            return self
        return RewardTotals(self.count, -self.mean, self.squared_deviations, -inf)

    def since(self, earlier: RewardTotals) -> RewardTotals:
        """Those that came after `earlier`, which are totals of the first of these.

        The deviations by Chan, Golub and LeVeque (1983) the other way round; what is left of them
        by rounding where all later rewards are alike counts as none.
        """
        count = self.count - earlier.count
        if not earlier.count:
            return self
        if count < 1:
            return NO_REWARDS
        mean = (self.count * self.mean - earlier.count * earlier.mean) / count
        between = (mean - earlier.mean) ** 2 * earlier.count * count / self.count
        left = self.squared_deviations - earlier.squared_deviations - between
        size = self.squared_deviations + self.count * self.mean**2
        return RewardTotals(count, mean, left if left > _LEFT * size else 0.0, self.lowest)


FEWEST_REWARDS: Final = 4
"""With n of them Student's t of n - 1 degrees of freedom has the variance (n - 1) / (n - 3)."""
_LEFT: Final = 1e-12
"""Of the sum of squares: what its rounding may leave."""
NO_REWARDS: Final = RewardTotals(0, nan, 0.0)


def no_scores() -> NDArray[np.int64]:
    """The histogram of variants without scores."""
    return np.zeros((2, SCORE_BINS), dtype=np.int64)


def known_scores(histogram: NDArray[np.int64]) -> Callable[[], NDArray[np.int64]]:
    """Reads a histogram that is there already, shape (2, SCORE_BINS)."""
    return lambda: histogram


class LabelTotals(NamedTuple):
    """Requests whose ground truth arrived in some span.

    `confusion` counts the requests of classifiers; `successes` and `failures` those of variants
    whose answers are only right or wrong; `rewards` those of variants that earn a number.
    `squared_error_sum` sums (score - label)**2 in units of 2**-30. `read_scores` gives the
    `score_histogram`, which is summed when it is asked for. A tuple, because two are made at every
    tick.
    """

    confusion: ConfusionCounts
    successes: int
    failures: int
    squared_error_sum: int
    read_scores: Callable[[], NDArray[np.int64]] = no_scores
    rewards: RewardTotals = NO_REWARDS

    @property
    def score_histogram(self) -> NDArray[np.int64]:
        """Scores by label, in bins of rising scores that the scenario fixes: (2, SCORE_BINS)."""
        return self.read_scores()

    @property
    def labelled(self) -> int:
        """Requests with a label."""
        return sum(self.confusion) + self.successes + self.failures + self.rewards.count

    @property
    def correct(self) -> int:
        """Requests whose answer was right."""
        counts = self.confusion
        return counts.true_positive + counts.true_negative + self.successes

    def since(self, earlier: LabelTotals) -> LabelTotals:
        """What came after `earlier`, which are totals of the first of these.

        A label that was put right leaves one cell and comes to another: no cell counts less than
        nothing, and all together no more than were added.
        """
        *cells, successes, failures = _gained(
            (*self.confusion, self.successes, self.failures),
            (*earlier.confusion, earlier.successes, earlier.failures),
        )

        def read_scores() -> NDArray[np.int64]:
            gained: NDArray[np.int64] = self.score_histogram - earlier.score_histogram
            return gained.clip(min=0)

        return LabelTotals(
            ConfusionCounts._make(cells),
            successes,
            failures,
            max(self.squared_error_sum - earlier.squared_error_sum, 0),
            read_scores,
            self.rewards.since(earlier.rewards),
        )

    def __repr__(self) -> str:
        """The counts, which are the same in every process."""
        counts = {name: each for name, each in self._asdict().items() if name != "read_scores"}
        words = ", ".join(f"{name}={each!r}" for name, each in counts.items())
        return f"LabelTotals({words})"


def _gained(now: Sequence[int], earlier: Sequence[int]) -> list[int]:
    """What each count has more, in all as much as all have more together."""
    gained = [max(after - before, 0) for after, before in zip(now, earlier, strict=True)]
    excess = sum(gained) - max(sum(now) - sum(earlier), 0)
    for place in range(len(gained)):
        taken = min(excess, gained[place])
        gained[place], excess = gained[place] - taken, excess - taken
    return gained
