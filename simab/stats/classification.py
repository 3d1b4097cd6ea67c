"""Quality of a 0/1 classifier from its confusion counts: each metric as a number, or with interval.

A metric that is 0 / 0 is NaN, never 0 or 1; the version with an interval says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from simab.errors import InvalidInput
from simab.stats.interval import Interval
from simab.stats.intervals import wilson_interval

__all__ = [
    "METRICS",
    "METRICS_WITH_INTERVAL",
    "SHARES",
    "ConfusionCounts",
    "CountedShare",
    "Metric",
    "accuracy",
    "f1",
    "f1_metric",
    "precision",
    "recall",
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
        return sum(self)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, its confidence interval, and why one of them is undefined if it is."""

    value: float
    interval: Interval
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CountedShare:
    """A metric that is a share: of the requests that it is about, those that it counts.

    `counted` gives both numbers, `about` names the requests, `if_none` says why there is no share.
    """

    counted: Callable[[ConfusionCounts], tuple[int, int]]
    about: str
    if_none: str

    def value(self, counts: ConfusionCounts) -> float:
        """The share; NaN where there are no requests that it is about."""
        part, whole = self.counted(counts)
        return _share(part, whole)

    def with_interval(self, counts: ConfusionCounts, *, level: float = 0.95) -> Metric:
        """The share with its Wilson interval, given the number of requests that it is about."""
        return _share_metric(*self.counted(counts), self.if_none, level)


SHARES: Final[Mapping[str, CountedShare]] = {
    "accuracy": CountedShare(
        lambda counts: (counts.correct, counts.total), "labelled requests", "no labelled request"
    ),
    "precision": CountedShare(
        lambda counts: (counts.true_positive, counts.predicted_positives),
        "predicted positives",
        "no request was called positive",
    ),
    "recall": CountedShare(
        lambda counts: (counts.true_positive, counts.positives), "positives", "no label is positive"
    ),
    # Drift alarms watch it: it moves when the requests or the model change, right or wrong.
    "positive_rate": CountedShare(
        lambda counts: (counts.predicted_positives, counts.total),
        "labelled requests",
        "no labelled request",
    ),
}
"""Every metric that is a share, by its name: tests, intervals, truths and sample sizes follow."""


def accuracy(counts: ConfusionCounts) -> float:
    """Share of requests called right; NaN without requests."""
    return SHARES["accuracy"].value(counts)


def precision(counts: ConfusionCounts) -> float:
    """Share of the requests called 1 whose label is 1; NaN if none was called 1."""
    return SHARES["precision"].value(counts)


def recall(counts: ConfusionCounts) -> float:
    """Share of the requests with label 1 that were called 1; NaN if no label is 1."""
    return SHARES["recall"].value(counts)


def f1(counts: ConfusionCounts) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); NaN if that is 0 / 0."""
    twice = 2 * counts.true_positive
    return _share(twice, twice + counts.false_positive + counts.false_negative)


def roc_auc_binary(counts: ConfusionCounts) -> float:
    """Area under the ROC curve of the 0/1 calls: (TPR + TNR) / 2; NaN unless both labels occur.

    A curve through the one point (FPR, TPR): also called balanced accuracy.
    """
    return (recall(counts) + _share(counts.true_negative, counts.negatives)) / 2.0


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
    hit = SHARES["recall"].with_interval(counts, level=level)
    pass_over = _share_metric(counts.true_negative, counts.negatives, "", level)
    below = math.hypot(hit.value - hit.interval.low, pass_over.value - pass_over.interval.low)
    above = math.hypot(hit.interval.high - hit.value, pass_over.interval.high - pass_over.value)
    return Metric(value, Interval(value - below / 2.0, value + above / 2.0, level))


METRICS: Final[Mapping[str, Callable[[ConfusionCounts], float]]] = {
    **{name: share.value for name, share in SHARES.items()},
    "f1": f1,
    "roc_auc_binary": roc_auc_binary,
}

METRICS_WITH_INTERVAL: Final[Mapping[str, Callable[..., Metric]]] = {
    **{name: share.with_interval for name, share in SHARES.items()},
    "f1": f1_metric,
    "roc_auc_binary": roc_auc_binary_metric,
}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _share_metric(part: int, whole: int, if_none: str, level: float) -> Metric:
    interval = wilson_interval(part, whole, level=level)
    return Metric(_share(part, whole), interval, None if whole else if_none)
