"""Which of two scores ranks the same requests better? DeLong's test of two correlated AUCs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simab.stats.checks import (
    require_binary_labels,
    require_level,
    require_same_length,
    require_sample,
)
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.proportions import normal_p_value
from simab.stats.scores import delong_components

__all__ = ["AucDifference", "auc_difference"]


@dataclass(frozen=True, slots=True)
class AucDifference:
    """Both AUCs, b - a with its standard error and interval, and the two-sided test of equality."""

    auc_a: float
    auc_b: float
    difference: float
    standard_error: float
    z: float
    p_value: float
    interval: Interval
    reason: str | None = None


def auc_difference(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, *, level: float = 0.95
) -> AucDifference:
    """DeLong, DeLong and Clarke-Pearson 1988 for two scores of the same rows (shapes: n, n and n).

    Both models scored every row, as with shadow traffic; two arms with rows of their own are
    independent, and their variances add. A label that occurs less than twice, or scores that rank
    alike (variance 0), give NaN and a reason. Raises InvalidInput for other labels, NaN scores,
    unequal lengths or a level not strictly between 0 and 1.
    """
    require_level("level", level)
    positive = require_binary_labels("labels", labels)
    a = require_sample("scores_a", scores_a, infinite=True)
    b = require_sample("scores_b", scores_b, infinite=True)
    require_same_length("labels and scores_a", positive, a)
    require_same_length("labels and scores_b", positive, b)
    positives = int(np.count_nonzero(positive))
    if min(positives, positive.size - positives) < 2:
        reason = "each label must occur at least twice for a variance"
        return _undefined(math.nan, math.nan, level, reason)
    outscored_a, outscoring_a = delong_components(positive, a)
    outscored_b, outscoring_b = delong_components(positive, b)
    auc_a, auc_b = float(outscored_a.mean()), float(outscored_b.mean())
    # The variance of the difference: covariances of the two scores come in by themselves.
    gains, losses = outscored_b - outscored_a, outscoring_b - outscoring_a
    variance = float(gains.var(ddof=1)) / gains.size + float(losses.var(ddof=1)) / losses.size
    if variance <= 1e-30:
        return _undefined(auc_a, auc_b, level, "the scores rank alike: DeLong's variance is 0")
    error, difference = math.sqrt(variance), auc_b - auc_a
    z, margin = difference / error, two_sided_normal_quantile(level) * error
    interval = Interval(difference - margin, difference + margin, level)
    p_value = normal_p_value(z, "two-sided")
    return AucDifference(auc_a, auc_b, difference, error, z, p_value, interval)


def _undefined(auc_a: float, auc_b: float, level: float, reason: str) -> AucDifference:
    interval = Interval.undefined(level, reason)
    return AucDifference(
        auc_a, auc_b, auc_b - auc_a, math.nan, math.nan, math.nan, interval, reason
    )
