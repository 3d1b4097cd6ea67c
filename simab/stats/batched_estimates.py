"""Rates, means and percentiles of requests over time, with errors that know neighbours are alike.

Requests in a queue wait for each other, and errors come in clusters, so that a test which takes
each request for a draw of its own errs far too often. The requests of a run are cut into batches by
time, the same for both arms; what each batch adds to the error of an estimate is its residual, and
the squares of the residuals are the variance (nonoverlapping batch means, Conway 1963; a share of
values below a percentile is a mean, and its error that of the percentile by the width of the ranks,
Woodruff 1952). Both arms' residuals of a batch are taken together: a busy hour is one of both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.margin_tests import Contrast, Margin
from simab.stats.request_totals import bucket_ceiling_ns, bucket_floor_ns, bucket_middle_ns

__all__ = [
    "BatchedEstimate",
    "batched_mean",
    "batched_percentile",
    "batched_ratio",
    "margin_test_of_batches",
]

Floats = NDArray[np.float64]
Histograms = NDArray[np.integer[Any]]

_Z: Final = two_sided_normal_quantile(0.95)


@dataclass(frozen=True, slots=True, eq=False)
class BatchedEstimate:
    """A value, what each batch adds to its error (they sum to 0), and the variance by request.

    The last is what the variance were if all requests were independent. NaN with a reason where
    nothing is known.
    """

    value: float
    residuals: Floats
    by_request: float
    reason: str | None = None

    @classmethod
    def unknown(cls, batches: int, reason: str, value: float = math.nan) -> BatchedEstimate:
        """Of what cannot be estimated."""
        return cls(value, np.full(batches, math.nan), math.nan, reason)


def batched_ratio(sums: Floats, counts: Floats, *, by_request: float) -> BatchedEstimate:
    """The sum of sums over the sum of counts, one of each a batch (shapes: batches)."""
    served = float(counts.sum())
    if not served > 0.0:
        return BatchedEstimate.unknown(counts.size, "nothing was served")
    ratio = float(sums.sum()) / served
    return BatchedEstimate(ratio, (sums - ratio * counts) / served, by_request)


def batched_mean(sums: Floats, histograms: Histograms) -> BatchedEstimate:
    """Mean latency, of exact sums and of histograms (shape: batches, buckets), in nanoseconds."""
    counts = histograms.sum(axis=1).astype(np.float64)
    total = histograms.sum(axis=0)
    at = np.flatnonzero(total)
    middles = np.array([bucket_middle_ns(each) for each in at.tolist()], dtype=np.float64)
    weights, served = total[at].astype(np.float64), float(counts.sum())
    if served < 2.0:
        return BatchedEstimate.unknown(counts.size, "fewer than two requests were served")
    deviations = middles - float(weights @ middles) / served
    variance = float(weights @ deviations**2) / (served - 1.0)
    return batched_ratio(sums, counts, by_request=variance / served)


def batched_percentile(histograms: Histograms, share: float) -> BatchedEstimate:
    """The latency that `share` of all requests do not exceed, in nanoseconds.

    Within a bucket requests are taken to lie evenly. The share below it has a residual in each
    batch; from shares to latencies leads the slope of the percentiles over the interval that the
    larger of both variances of the share gives. Unknown where that leaves the sample. Raises
    InvalidInput for a share not strictly between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise InvalidInput(f"share = {share!r}: must lie strictly between 0 and 1. Write 0.99.")
    batches = len(histograms)
    total = histograms.sum(axis=0)
    served = int(total.sum())
    if not served:
        return BatchedEstimate.unknown(batches, "nothing was served")
    value, bucket, part = _quantile(total, share)
    below = histograms[:, :bucket].sum(axis=1) + part * histograms[:, bucket]
    shares = (share * histograms.sum(axis=1) - below) / served
    independent = share * (1.0 - share) / served
    error = math.sqrt(max(_variance(shares), independent))
    low, high = share - _Z * error, share + _Z * error
    if low <= 0.0 or high >= 1.0:
        return BatchedEstimate.unknown(batches, f"{served} requests: too few for its ranks", value)
    width = _quantile(total, high)[0] - _quantile(total, low)[0]
    slope = width / (high - low)
    return BatchedEstimate(value, slope * shares, slope * slope * independent)


def margin_test_of_batches(
    a: BatchedEstimate, b: BatchedEstimate, margin: Margin, *, by_request: float | None = None
) -> Contrast:
    """Student's t with a degree of freedom less than there are batches.

    The variance is that of the residuals, or by request where that is larger, as it is where
    hardly anything has happened; `by_request` gives the latter for the contrast where it does not
    follow from both estimates. Honest where a batch is much longer than the memory of the queue.
    Raises InvalidInput for unequal numbers of batches, or fewer than two.
    """
    if a.residuals.size != b.residuals.size or a.residuals.size < 2:
        raise InvalidInput(
            f"{a.residuals.size} and {b.residuals.size} batches: both arms must have the same "
            "number, at least two. Cut them at the same times."
        )
    reason = a.reason or b.reason
    if reason is not None:
        return Contrast.unknown(a.value, b.value, reason)
    contrast = margin.contrast(a.value, b.value)
    factor = margin.factor(a.value)
    independent = factor**2 * a.by_request + b.by_request
    if by_request is not None:
        independent = by_request
    variance = max(_variance(b.residuals - factor * a.residuals), independent)
    degrees = a.residuals.size - 1.0
    if not variance > 0.0:
        return Contrast(a.value, b.value, contrast, math.nan, degrees, "nothing varies")
    return Contrast(a.value, b.value, contrast, math.sqrt(variance), degrees)


def _variance(residuals: Floats) -> float:
    batches = residuals.size
    return batches / (batches - 1.0) * float(residuals @ residuals) if batches > 1 else math.nan


def _quantile(total: Histograms, share: float) -> tuple[float, int, float]:
    """The latency up to which a share lies, its bucket, and the part of the bucket below it."""
    reached = np.cumsum(total, dtype=np.float64)
    rank = share * reached[-1]
    bucket = int(np.searchsorted(reached, rank))
    inside = float(total[bucket])
    part = (rank - (reached[bucket] - inside)) / inside if inside else 1.0
    floor, ceiling = bucket_floor_ns(bucket), bucket_ceiling_ns(bucket) + 1
    return floor + part * (ceiling - floor), bucket, float(part)
