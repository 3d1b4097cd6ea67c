"""A metric of some labels with its 95 % interval, and the difference of two variants with its test.

These are the intervals and tests that policies and pages of simab use.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from simab.analyse.series import metric_value
from simab.policies.metrics import COUNTED_AS_CORRECT, OF_EARNINGS, LabelMetric
from simab.policies.two_proportions import TwoProportions
from simab.stats.classification import SHARES
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.label_estimates import Estimate, metric_estimate
from simab.stats.label_totals import LabelTotals
from simab.stats.proportions import normal_p_value, two_proportion_test

__all__ = ["MetricDifference", "difference_of", "estimate_of"]

_Z: Final = two_sided_normal_quantile(0.95)
_BY_VARIANCE: Final = frozenset({"roc_auc", "brier"})
"""Metrics whose interval is the estimate and 1.96 standard errors to either side, within 0 to 1."""


class MetricDifference(NamedTuple):
    """Candidate less control, its standard error, p-value of no difference; NaN where unknown."""

    difference: float
    error: float
    p_value: float


_UNKNOWN: Final = MetricDifference(math.nan, math.nan, math.nan)


def estimate_of(metric: LabelMetric, totals: LabelTotals) -> tuple[float, float, float]:
    """The metric and the two ends of its 95 % interval; NaN where the labels leave them open."""
    if not totals.labelled:
        return math.nan, math.nan, math.nan
    if metric in _BY_VARIANCE:
        value, variance = _with_variance(metric, totals)
        margin = _Z * math.sqrt(variance)
        return value, max(value - margin, 0.0), min(value + margin, 1.0)
    found = metric_value(metric, "", totals)
    return found.value, found.low, found.high


def difference_of(
    metric: LabelMetric, control: LabelTotals, candidate: LabelTotals
) -> MetricDifference:
    """Of two variants whose labels are taken to be independent."""
    counted = _shares(metric, control, candidate)
    if counted is not None:
        if not counted.smaller:
            return _UNKNOWN
        tested = two_proportion_test(*counted)
        return MetricDifference(
            counted.difference, math.sqrt(counted.cautious_variance), tested.p_value
        )
    old, new = (_with_variance(metric, each) for each in (control, candidate))
    difference, error = new.value - old.value, math.sqrt(old.variance + new.variance)
    if not error > 0.0:
        return MetricDifference(difference, math.nan, math.nan)
    return MetricDifference(difference, error, normal_p_value(difference / error, "two-sided"))


def _shares(
    metric: LabelMetric, control: LabelTotals, candidate: LabelTotals
) -> TwoProportions | None:
    """Hits and trials of both, of a metric that is a share; else None."""
    if metric in COUNTED_AS_CORRECT:
        return TwoProportions(
            control.correct, control.labelled, candidate.correct, candidate.labelled
        )
    if metric in SHARES:
        counted = SHARES[metric].counted
        return TwoProportions(*counted(control.confusion), *counted(candidate.confusion))
    return None


def _with_variance(metric: LabelMetric, totals: LabelTotals) -> Estimate:
    if metric in OF_EARNINGS:
        rewards = totals.rewards
        return Estimate(rewards.mean, rewards.standard_error**2)
    return metric_estimate(metric, totals)
