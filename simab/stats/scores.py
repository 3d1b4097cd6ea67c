"""Quality of a scoring classifier from its scores: ranking (AUC), calibration, confusion counts.

Labels are 0 or 1, scores higher for more likely 1; both are one-dimensional, a request an entry.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import (
    require_binary_labels,
    require_level,
    require_same_length,
    require_sample,
)
from simab.stats.classification import ConfusionCounts, Metric
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.ranks import middle_ranks

__all__ = [
    "brier",
    "confusion",
    "delong_components",
    "log_loss",
    "roc_auc",
    "roc_auc_from_histograms",
    "roc_auc_interval",
]


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Probability that a positive outscores a negative, ties counted half; in O(n log n).

    The Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982). NaN unless both
    labels occur. Raises InvalidInput for other labels, NaN scores or unequal lengths.
    """
    positive, score = _require_rows(labels, scores)
    positives = int(np.count_nonzero(positive))
    negatives = positive.size - positives
    if positives == 0 or negatives == 0:
        return math.nan
    rank_sum = float(middle_ranks(score)[positive].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def roc_auc_interval(labels: ArrayLike, scores: ArrayLike, *, level: float = 0.95) -> Metric:
    """AUC with DeLong's variance, the interval formed on the logit scale.

    Variance: DeLong, DeLong and Clarke-Pearson 1988 by the ranks of Sun and Xu 2014; logit: Pepe
    2003, section 5.2.3. The interval is NaN with a reason if a label occurs less than twice, or
    if the variance is 0 (scores that separate the labels). Raises InvalidInput as `roc_auc`.
    """
    require_level("level", level)
    positive, score = _require_rows(labels, scores)
    value = roc_auc(positive, score)
    fewest = min(int(np.count_nonzero(positive)), int(np.count_nonzero(~positive)))
    if fewest < 2:
        return _undefined(value, level, "each label must occur at least twice for a variance")
    variance = _delong_variance(positive, score)
    if variance <= 0.0 or not 0.0 < value < 1.0:
        return _undefined(value, level, "DeLong's variance is 0: it says nothing of the precision")
    centre = math.log(value / (1.0 - value))
    margin = two_sided_normal_quantile(level) * math.sqrt(variance) / (value * (1.0 - value))
    return Metric(value, Interval(_expit(centre - margin), _expit(centre + margin), level))


def roc_auc_from_histograms(positive_counts: ArrayLike, negative_counts: ArrayLike) -> float:
    """AUC from the score histograms of both labels over the same rising bins (shapes: k and k).

    A pair within one bin counts one half, so the result is the AUC of the binned scores. NaN
    unless both labels were counted. Raises InvalidInput for negative counts or unequal lengths.
    """
    positive = require_sample("positive_counts", positive_counts)
    negative = require_sample("negative_counts", negative_counts)
    require_same_length("positive_counts and negative_counts", positive, negative)
    if (positive < 0.0).any() or (negative < 0.0).any():
        raise InvalidInput(
            "positive_counts or negative_counts has an entry below 0: must be counts. "
            "Give the requests in each bin, not the change since the last window."
        )
    pairs = float(positive.sum()) * float(negative.sum())
    if pairs == 0.0:
        return math.nan
    negatives_below = np.cumsum(negative) - negative
    return float(positive @ (negatives_below + negative / 2.0)) / pairs


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean squared distance of the predicted probability from the label (Brier 1950); NaN if none.

    Raises InvalidInput for scores outside [0, 1], other labels or unequal lengths.
    """
    positive, score = _require_probabilities(labels, scores)
    return float(np.mean((score - positive) ** 2)) if score.size else math.nan


def log_loss(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean negative natural log of the probability given to the label that came; NaN if none.

    Not clipped: a probability of 0 for what happened gives inf. Raises InvalidInput as `brier`.
    """
    positive, score = _require_probabilities(labels, scores)
    if score.size == 0:
        return math.nan
    with np.errstate(divide="ignore"):
        losses = np.where(positive, -np.log(score), -np.log1p(-score))
    return float(losses.mean())


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float = 0.5) -> ConfusionCounts:
    """Confusion counts of the calls `score >= threshold`.

    Raises InvalidInput for labels other than 0 and 1, NaN scores, a NaN threshold or unequal
    lengths.
    """
    if math.isnan(threshold):
        raise InvalidInput("threshold = nan: must be a number. Give the lowest score called 1.")
    positive, score = _require_rows(labels, scores)
    called = score >= threshold
    return ConfusionCounts(
        true_positive=int(np.count_nonzero(positive & called)),
        false_positive=int(np.count_nonzero(~positive & called)),
        false_negative=int(np.count_nonzero(positive & ~called)),
        true_negative=int(np.count_nonzero(~positive & ~called)),
    )


def delong_components(
    positive: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each positive the share of negatives it outscores, and for each negative the reverse.

    Their variances make up that of the AUC, the mean of the first and 1 minus that of the second
    (DeLong, DeLong and Clarke-Pearson 1988, by algorithm 2 of Sun and Xu 2014). Both labels must
    occur.
    """
    # A positive's overall rank less its rank among the positives counts the negatives below it.
    overall = middle_ranks(score)
    positives = int(np.count_nonzero(positive))
    negatives = positive.size - positives
    outscored = (overall[positive] - middle_ranks(score[positive])) / negatives
    outscoring = (overall[~positive] - middle_ranks(score[~positive])) / positives
    return outscored, outscoring


def _delong_variance(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    above, below = delong_components(positive, score)
    return float(above.var(ddof=1)) / above.size + float(below.var(ddof=1)) / below.size


def _expit(logit: float) -> float:
    # tanh neither overflows nor loses the tails' last digits for any logit.
    return 0.5 * (1.0 + math.tanh(logit / 2.0))


def _undefined(value: float, level: float, reason: str) -> Metric:
    return Metric(value, Interval.undefined(level, reason), reason)


def _require_rows(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    positive = require_binary_labels("labels", labels)
    score = require_sample("scores", scores, infinite=True)
    require_same_length("labels and scores", positive, score)
    return positive, score


def _require_probabilities(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    positive, score = _require_rows(labels, scores)
    outside = (score < 0.0) | (score > 1.0)
    if outside.any():
        first = int(np.argmax(outside))
        raise InvalidInput(
            f"scores[{first}] = {score[first]}: must be a probability from 0 to 1. "
            "Turn logits into probabilities first."
        )
    return positive, score
