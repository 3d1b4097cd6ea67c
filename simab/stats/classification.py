"""Quality of a 0/1 classifier from its confusion counts: each metric as a number, or with interval.

A metric that is 0 / 0 is NaN, never 0 or 1; the version with an interval says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from simab.errors import InvalidInput
from simab.stats.interval import Interval
from simab.stats.intervals import wilson_interval

__all__ = [
    "METRICS",
    "METRICS_WITH_INTERVAL",
    "ConfusionCounts",
    "Metric",
    "accuracy",
    "accuracy_metric",
    "f1",
    "f1_metric",
    "precision",
    "precision_metric",
    "recall",
    "recall_metric",
    "roc_auc_binary",
    "roc_auc_binary_metric",
]


class _Cells(NamedTuple):
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


class ConfusionCounts(_Cells):
    """How many labelled requests fell in each cell of the confusion table; counts add.

    A tuple, because two are made at every controller tick, by `_make`, which
    checks nothing, as `_replace` does not.
    """

    __slots__ = ()

    def __new__(
        cls,
        true_positive: int = 0,
        false_positive: int = 0,
        false_negative: int = 0,
        true_negative: int = 0,
    ) -> ConfusionCounts:
        """Refuse a negative count."""
        counts = super().__new__(cls, true_positive, false_positive, false_negative, true_negative)
        for field, count in zip(cls._fields, counts, strict=True):
            if not count >= 0:
                raise InvalidInput(
                    f"{field} = {count!r}: must be a count of at least 0. "
                    "Count each labelled request in one cell."
                )
        return counts

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:  # type: ignore[override]
        """Counts of both sets of requests together."""
        return ConfusionCounts(*(one + more for one, more in zip(self, other, strict=True)))

    @property
    def positives(self) -> int:
        """Requests whose label is 1."""
        return self.true_positive + self.false_negative

    @property
    def negatives(self) -> int:
        """Requests whose label is 0."""
        return self.false_positive + self.true_negative

    @property
    def predicted_positives(self) -> int:
        """Requests that the classifier called 1."""
        return self.true_positive + self.false_positive

    @property
    def correct(self) -> int:
        """Requests that the classifier called right."""
        return self.true_positive + self.true_negative

    @property
    def total(self) -> int:
        """All labelled requests."""
        predicted = self.true_positive + self.false_positive
        return predicted + self.false_negative + self.true_negative


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, its confidence interval, and why one of them is undefined if it is."""

    value: float
    interval: Interval
    reason: str | None = None


def accuracy(counts: ConfusionCounts) -> float:
    """Share of requests called right; NaN without requests."""
    return _share(counts.correct, counts.total)


def precision(counts: ConfusionCounts) -> float:
    """Share of the requests called 1 whose label is 1; NaN if none was called 1."""
    return _share(counts.true_positive, counts.predicted_positives)


def recall(counts: ConfusionCounts) -> float:
    """Share of the requests with label 1 that were called 1; NaN if no label is 1."""
    return _share(counts.true_positive, counts.positives)


def f1(counts: ConfusionCounts) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); NaN if that is 0 / 0."""
    twice = 2 * counts.true_positive
    return _share(twice, twice + counts.false_positive + counts.false_negative)


def roc_auc_binary(counts: ConfusionCounts) -> float:
    """Area under the ROC curve of the 0/1 calls: (TPR + TNR) / 2; NaN unless both labels occur.

    A curve through the one point (FPR, TPR): also called balanced accuracy.
    """
    return (recall(counts) + _share(counts.true_negative, counts.negatives)) / 2.0


def accuracy_metric(counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
    """Accuracy with its Wilson interval."""
    return _share_metric(counts.correct, counts.total, "no labelled request", level)


def precision_metric(counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
    """Precision with its Wilson interval, given the number of requests called 1."""
    called = counts.predicted_positives
    return _share_metric(counts.true_positive, called, "no request was called positive", level)


def recall_metric(counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
    """Recall with its Wilson interval, given the number of requests with label 1."""
    return _share_metric(counts.true_positive, counts.positives, "no label is positive", level)


def f1_metric(counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
    """F1 with the Wilson interval of TP / (TP + FP + FN), carried over.

    Given m = TP + FP + FN, TP is binomial with share s (the Jaccard index), and F1 = 2 s / (1 + s)
    rises with s (Hand, Christen and Kirielle 2021, Machine Learning 110:451). Their F* with the
    score interval is the indirect Wilson method of Lam, Gopal and Qian 2023 (arXiv 2309.14621); it
    neither leaves [0, 1] nor shrinks to a point, as the delta method does.
    """
    relevant = counts.predicted_positives + counts.false_negative
    reason = None if relevant else "no label and no call is positive"
    jaccard = wilson_interval(counts.true_positive, relevant, level=level)
    low, high = (2.0 * share / (1.0 + share) for share in (jaccard.low, jaccard.high))
    return Metric(f1(counts), Interval(low, high, level, reason), reason)


def roc_auc_binary_metric(counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
    """AUC of the 0/1 calls with a square-and-add interval of the two Wilson intervals.

    TPR and TNR are independent shares given the labels, so that the limits of their sum follow from
    the limits of each (Zou and Donner 2008, Statistics in Medicine 27:1693, equation 6, the method
    of Newcombe's difference). DeLong's variance is 0 for a perfect sample; this is not.
    """
    value = roc_auc_binary(counts)
    if math.isnan(value):
        reason = f"no label is {'negative' if counts.positives else 'positive'}"
        return Metric(value, Interval(0.0, 1.0, level, reason), reason)
    hit = recall_metric(counts, level=level)
    pass_over = _share_metric(counts.true_negative, counts.negatives, "", level)
    below = math.hypot(hit.value - hit.interval.low, pass_over.value - pass_over.interval.low)
    above = math.hypot(hit.interval.high - hit.value, pass_over.interval.high - pass_over.value)
    return Metric(value, Interval(value - below / 2.0, value + above / 2.0, level))


METRICS: dict[str, Callable[[ConfusionCounts], float]] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "roc_auc_binary": roc_auc_binary,
}

METRICS_WITH_INTERVAL: dict[str, Callable[..., Metric]] = {
    "accuracy": accuracy_metric,
    "precision": precision_metric,
    "recall": recall_metric,
    "f1": f1_metric,
    "roc_auc_binary": roc_auc_binary_metric,
}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _share_metric(part: int, whole: int, if_none: str, level: float) -> Metric:
    interval = wilson_interval(part, whole, level=level)
    return Metric(_share(part, whole), interval, None if whole else if_none)
