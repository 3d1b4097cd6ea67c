"""Percentiles of values that come in clusters, such as the latencies or rewards of users.

Values of one user are alike, so that an interval from ranks as if they were independent is too
narrow. The share of values up to a point is a ratio of sums over users; its delta-method variance
says how far the ranks may be off (Woodruff 1952; Deng, Knoblich and Lu 2018, arXiv 1803.06336,
section 4, their outer confidence interval).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.stats.checks import require_level, require_same_length, require_sample
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.proportions import Alternative, normal_p_value, require_alternative

__all__ = ["ClusteredQuantile", "QuantileTest", "clustered_quantile", "quantile_test"]


@dataclass(frozen=True, slots=True)
class ClusteredQuantile:
    """A percentile with its standard error and interval; NaN with a reason.

    `design_effect` is the variance of the share below it over that of independent values, 1 at
    least.
    """

    value: float
    standard_error: float
    interval: Interval
    design_effect: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QuantileTest:
    """Percentile b - percentile a, its z, p-value and two-sided interval; NaN with a reason."""

    difference: float
    z: float
    p_value: float
    interval: Interval
    reason: str | None = None


def clustered_quantile(
    values: ArrayLike, clusters: ArrayLike, share: float, *, level: float = 0.95
) -> ClusteredQuantile:
    """The value that `share` of all values do not exceed (shapes: n and n; .5 is the median).

    `clusters` says whose each value is, by any whole number: a user, a session, or a stretch of
    time so long that neighbours hardly know each other. The interval goes between the order
    statistics at ranks n (share -+ z s), with s^2 the variance of the share of values up to the
    percentile over clusters; the standard error is its width over 2 z. Good from some hundred
    clusters on, as long as none holds a large part of the values. Undefined, with a reason, with
    fewer than two clusters or where the ranks leave the sample. Raises InvalidInput for unequal
    lengths, values that are not finite, or a share or level not strictly between 0 and 1.
    """
    require_level("share", share)
    require_level("level", level)
    sample = require_sample("values", values)
    owner = np.asarray(clusters)
    require_same_length("values and clusters", sample, owner)
    if not sample.size:
        return _undefined(math.nan, math.nan, level, "no values")
    ordered = np.sort(sample)
    value = float(ordered[_rank(share * sample.size, sample.size)])
    variance, count = _variance_of_share(sample <= value, owner)
    if count < 2:
        return _undefined(value, math.nan, level, f"{count} clusters: at least 2 are needed")
    # Near the largest values hardly any lie above, and their share seems surer than it is.
    variance = max(variance, share * (1.0 - share) / sample.size)
    effect = variance * sample.size / (share * (1.0 - share))
    z = two_sided_normal_quantile(level)
    margin = z * math.sqrt(variance)
    low, high = (share - margin) * sample.size, (share + margin) * sample.size
    if low <= 0.0 or high >= sample.size:
        reason = f"{count} clusters of {sample.size} values: too few for the ranks of its interval"
        return _undefined(value, effect, level, reason)
    # One rank farther on the upper side, so that the interval holds the share on both.
    first, last = _rank(low, sample.size), _rank(high + 1.0, sample.size)
    interval = Interval(float(ordered[first]), float(ordered[last]), level)
    return ClusteredQuantile(value, interval.width / (2.0 * z), interval, effect)


def quantile_test(
    a: ClusteredQuantile,
    b: ClusteredQuantile,
    *,
    alternative: Alternative = "two-sided",
    level: float = 0.95,
) -> QuantileTest:
    """The z test of equal percentiles in two arms of different clusters; "larger" asks of b.

    From both standard errors. Raises InvalidInput for another alternative or a level not strictly
    between 0 and 1.
    """
    require_alternative(alternative)
    require_level("level", level)
    difference = b.value - a.value
    error = math.hypot(a.standard_error, b.standard_error)
    if not error > 0.0:
        reason = _why_undefined(a, b)
        undefined = Interval.undefined(level, reason)
        return QuantileTest(difference, math.nan, math.nan, undefined, reason)
    z = difference / error
    margin = two_sided_normal_quantile(level) * error
    interval = Interval(difference - margin, difference + margin, level)
    return QuantileTest(difference, z, normal_p_value(z, alternative), interval)


def _rank(position: float, count: int) -> int:
    """Place, from 0, of the order statistic with this many values up to it."""
    # The tolerance keeps 0.07 x 100 from being 7.000000000000001.
    return min(max(math.ceil(position - 1e-9), 1), count) - 1


def _variance_of_share(below: NDArray[np.bool_], owner: NDArray[np.int64]) -> tuple[float, int]:
    """Of the share of values below, as a ratio of sums over clusters, and their number."""
    _, place = np.unique(owner, return_inverse=True)
    sizes = np.bincount(place)
    inside = np.bincount(place, weights=below)
    residuals = inside - below.mean() * sizes
    if sizes.size < 2:
        return math.nan, int(sizes.size)
    factor = sizes.size / (sizes.size - 1.0)
    return factor * float(residuals @ residuals) / below.size**2, int(sizes.size)


def _why_undefined(a: ClusteredQuantile, b: ClusteredQuantile) -> str:
    for arm, estimate in (("a", a), ("b", b)):
        if estimate.reason is not None:
            return f"arm {arm}: {estimate.reason}"
    return "the values around both percentiles are all equal"


def _undefined(value: float, effect: float, level: float, reason: str) -> ClusteredQuantile:
    interval = Interval.undefined(level, reason)
    return ClusteredQuantile(value, math.nan, interval, effect, reason)
