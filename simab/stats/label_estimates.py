"""A metric of one arm's labels with the variance of its estimate, from counts and score histograms.

The labelled requests are independent of one another and of the other arm's.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import SQUARED_ERROR_ONE, LabelTotals

__all__ = [
    "VARIANCE_IS_A_BOUND",
    "Estimate",
    "brier_estimate",
    "f1_estimate",
    "metric_estimate",
    "roc_auc_binary_estimate",
    "roc_auc_estimate",
]

VARIANCE_IS_A_BOUND: Final = frozenset({"brier"})
"""Metrics of which the variance is the most that it can be, as more is not counted."""


class Estimate(NamedTuple):
    """A metric and its variance; NaN where the labels do not determine one of them."""

    value: float
    variance: float


_UNKNOWN = Estimate(math.nan, math.nan)


def f1_estimate(counts: ConfusionCounts) -> Estimate:
    """2 TP / (2 TP + W) with W wrong answers; variance 4 TP W (TP + W) / (2 TP + W)^4.

    The delta method for multinomial counts: the derivatives by TP and W, 2 W and -2 TP over the
    square of the denominator, are of degree -1, so that the term of the means is 0. NaN without a
    hit or a wrong answer, variance NaN where either is missing.
    """
    hits, wrong = counts.true_positive, counts.false_positive + counts.false_negative
    whole = 2.0 * hits + wrong
    if not whole:
        return _UNKNOWN
    variance = 4.0 * hits * wrong * (hits + wrong) / whole**4
    return Estimate(2.0 * hits / whole, variance if variance > 0.0 else math.nan)


def roc_auc_binary_estimate(counts: ConfusionCounts) -> Estimate:
    """Mean of the two shares recalled, of positives and of negatives, which are independent."""
    positives, negatives = counts.positives, counts.negatives
    if not (positives and negatives):
        return _UNKNOWN
    recalled, spared = counts.true_positive / positives, counts.true_negative / negatives
    variance = recalled * (1.0 - recalled) / positives + spared * (1.0 - spared) / negatives
    return Estimate((recalled + spared) / 2.0, variance / 4.0 if variance > 0.0 else math.nan)


def roc_auc_estimate(negatives: NDArray[np.int64], positives: NDArray[np.int64]) -> Estimate:
    """AUC of binned scores with the variance of DeLong, DeLong and Clarke-Pearson (1988).

    Counts over the same rising bins (shape: bins, each). A pair within one bin counts one half, as
    a tie; the placements of a bin's requests are equal, so that sums over bins give the variance
    exactly. Variance NaN where a label occurs less than twice, or the scores part the labels.
    """
    positive, negative = positives.astype(np.float64), negatives.astype(np.float64)
    many, few = float(positive.sum()), float(negative.sum())
    if not (many and few):
        return _UNKNOWN
    outscored = (np.cumsum(negative) - negative / 2.0) / few
    outscoring = 1.0 - (np.cumsum(positive) - positive / 2.0) / many
    value = float(positive @ outscored) / many
    if min(many, few) < 2.0:
        return Estimate(value, math.nan)
    spread = float(positive @ (outscored - value) ** 2) / (many - 1.0) / many
    spread += float(negative @ (outscoring - value) ** 2) / (few - 1.0) / few
    return Estimate(value, spread if spread > 0.0 else math.nan)


def brier_estimate(squared_error_sum: float, scored: int) -> Estimate:
    """The mean squared error, with the most that its variance can be: b (1 - b) / n.

    Squared errors lie between 0 and 1, and their own squares are not counted: of all values with
    mean b, zeros and ones vary most. A test by this variance errs less often than it says, and
    needs more labels than one by the true variance.
    """
    if not scored:
        return _UNKNOWN
    value = squared_error_sum / scored
    variance = value * (1.0 - value) / scored
    return Estimate(value, variance if variance > 0.0 else math.nan)


def metric_estimate(metric: str, totals: LabelTotals) -> Estimate:
    """F1, the AUC of decisions or of scores, or the Brier score, by name, of some labels."""
    if metric == "f1":
        return f1_estimate(totals.confusion)
    if metric == "roc_auc_binary":
        return roc_auc_binary_estimate(totals.confusion)
    if metric == "roc_auc":
        return roc_auc_estimate(*totals.score_histogram)
    return brier_estimate(totals.squared_error_sum / SQUARED_ERROR_ONE, totals.confusion.total)
