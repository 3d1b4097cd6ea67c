"""Totals of labelled requests over some span: confusion counts, successes, scores.

They are whole numbers and add up, like the request totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.stats.classification import ConfusionCounts

__all__ = ["SCORE_BINS", "SQUARED_ERROR_ONE", "LabelTotals"]

SCORE_BINS: Final = 128
SQUARED_ERROR_ONE: Final = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class LabelTotals:
    """Requests whose ground truth arrived in some span.

    `confusion` counts the requests of classifiers; `successes` and `failures` those of variants
    whose answers are only right or wrong. `squared_error_sum` sums (score - label)**2 in units of
    2**-30; `score_histogram` has shape (2, SCORE_BINS): scores by label, in
    bins of rising scores that the scenario fixes.
    """

    confusion: ConfusionCounts
    successes: int
    failures: int
    squared_error_sum: int
    score_histogram: NDArray[np.int64]

    @property
    def labelled(self) -> int:
        """Requests with a label."""
        return self.confusion.total + self.successes + self.failures

    @property
    def correct(self) -> int:
        """Requests whose answer was right."""
        counts = self.confusion
        return counts.true_positive + counts.true_negative + self.successes
