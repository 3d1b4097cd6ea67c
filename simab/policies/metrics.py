"""The metrics that objectives and policies name, read from totals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, cast, get_args

from simab.result.metrics import COUNTED_AS_CORRECT, OF_REQUESTS
from simab.stats import classification, scores
from simab.stats.label_totals import SQUARED_ERROR_ONE, LabelTotals
from simab.stats.request_totals import RequestTotals, bucket_floor_ns

__all__ = [
    "COUNTED_AS_CORRECT",
    "LATENCIES",
    "LATENCY_PROBABILITIES",
    "LOWER_IS_BETTER",
    "NO_DATA",
    "OF_EARNINGS",
    "OF_REQUESTS",
    "ErrorMetric",
    "LabelMetric",
    "LatencyMetric",
    "ObjectiveMetric",
    "RequestMetric",
    "is_share",
    "label_metric",
    "label_metrics_beside",
    "latency_floor_ns",
    "latency_metric_ns",
    "milliseconds_text",
    "of_labels",
    "of_requests",
    "request_metric",
]

LabelMetric: TypeAlias = Literal[
    "accuracy",
    "precision",
    "recall",
    "positive_rate",
    "f1",
    "roc_auc",
    "roc_auc_binary",
    "brier",
    "success_rate",
    "reward",
    "cost",
]
LatencyMetric: TypeAlias = Literal[
    "latency_mean", "latency_p50", "latency_p90", "latency_p95", "latency_p99", "latency_p99.9"
]
ErrorMetric: TypeAlias = Literal["error_rate"]
RequestMetric: TypeAlias = Literal[ErrorMetric, LatencyMetric]
ObjectiveMetric: TypeAlias = Literal[LabelMetric, ErrorMetric, LatencyMetric]
"""What a file may name as the objective's metric."""

NO_DATA: Final = "no data"
"""What a reason says of a metric where nothing was served."""
OF_EARNINGS: Final = ("reward", "cost")
"""The mean of numeric rewards: of a reward more is better, of a cost less."""
LATENCIES: Final = get_args(LatencyMetric)
LOWER_IS_BETTER: Final = frozenset({"brier", "cost", *OF_REQUESTS})
LATENCY_PROBABILITIES: Final[Mapping[str, float]] = {
    "latency_p50": 0.5,
    "latency_p90": 0.9,
    "latency_p95": 0.95,
    "latency_p99": 0.99,
    "latency_p99.9": 0.999,
}


def _correct_share(totals: LabelTotals) -> float:
    judged = totals.labelled - totals.rewards.count
    return totals.correct / judged if judged else float("nan")


def _roc_auc(totals: LabelTotals) -> float:
    negatives, positives = totals.score_histogram
    return scores.roc_auc_from_histograms(positives, negatives)


def _brier(totals: LabelTotals) -> float:
    scored = totals.confusion.total
    return totals.squared_error_sum / SQUARED_ERROR_ONE / scored if scored else float("nan")


# Those that are not a function of the confusion counts alone, which simab.stats.classification has.
_OF_LABELS: Final[Mapping[str, Callable[[LabelTotals], float]]] = {
    "accuracy": _correct_share,
    "success_rate": _correct_share,
    "roc_auc": _roc_auc,
    "brier": _brier,
    **dict.fromkeys(OF_EARNINGS, lambda totals: totals.rewards.mean),
}


def label_metrics_beside(objective: str) -> tuple[LabelMetric, ...]:
    """All metrics of labels where one is the objective's: numbers are rewards, or they are costs.

    Costs where the objective says so.
    """
    other = "reward" if objective == "cost" else "cost"
    return tuple(name for name in get_args(LabelMetric) if name != other)


def label_metric(name: LabelMetric, totals: LabelTotals) -> float:
    """The value of a metric that needs ground truth; NaN where it is undefined."""
    if name in _OF_LABELS:
        return _OF_LABELS[name](totals)
    return classification.METRICS[name](totals.confusion)


def latency_metric_ns(name: LatencyMetric, totals: RequestTotals) -> float:
    """The value of a latency metric, in nanoseconds; NaN where nothing was served."""
    if name == "latency_mean":
        return totals.latency_mean_ns
    return totals.latency_quantile_ns(LATENCY_PROBABILITIES[name])


def of_labels(metric: str) -> LabelMetric | None:
    """The metric, if it is one of labels."""
    return cast(LabelMetric, metric) if metric in get_args(LabelMetric) else None


def of_requests(metric: str) -> RequestMetric | None:
    """The metric, if it is known without labels: 5XX over requests, or a latency."""
    return cast(RequestMetric, metric) if metric in OF_REQUESTS else None


def is_share(metric: str) -> bool:
    """Whether a metric lies between 0 and 1; others are in the units of rewards, or in ms."""
    return metric not in (*OF_EARNINGS, *LATENCIES)


def request_metric(name: RequestMetric, totals: RequestTotals) -> float:
    """The value of a metric that needs no labels: a share, or milliseconds; NaN where undefined."""
    if name == "error_rate":
        return totals.error_rate if totals.invocations else math.nan
    return latency_metric_ns(name, totals) / 1e6


def milliseconds_text(latency_ns: float) -> str:
    """A latency as reasons quote it; in words where nothing was served."""
    return NO_DATA if math.isnan(latency_ns) else f"{latency_ns / 1e6:.1f}ms"


def latency_floor_ns(name: LatencyMetric, totals: RequestTotals) -> float:
    """The least that a latency metric can be, to hold against an upper limit; NaN without requests.

    The mean is exact. A percentile is known by its bucket only, whose middle may lie above a limit
    that every request kept: a constant 500 ms would read as 501 ms.
    """
    if name == "latency_mean":
        return totals.latency_mean_ns
    bucket = totals.latency_quantile_bucket(LATENCY_PROBABILITIES[name])
    return math.nan if bucket is None else float(bucket_floor_ns(bucket))
