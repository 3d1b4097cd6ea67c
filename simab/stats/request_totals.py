"""Totals of finished requests over some span: counts, summed latency, latency histogram.

They are whole numbers and add up: windows into spans, spans into a run. The histogram's buckets
are logarithmic, 64 to an octave (the layout of HdrHistogram), over units of 1,024 ns: reading a
quantile at a bucket's middle is off by at most 0.8 % of it, or by 0.5 us below 65 us. Held
against a limit it is read at the bucket's edge: what may lie within the limit keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LATENCY_BUCKETS",
    "RequestTotals",
    "added",
    "bucket_ceiling_ns",
    "bucket_floor_ns",
    "bucket_middle_ns",
    "known_latencies",
    "latency_bucket",
    "latency_quantile_buckets",
]

_UNIT_BITS: Final = 10
_SUBDIVISION_BITS: Final = 6
_EXACT_UNITS: Final = 2 << _SUBDIVISION_BITS
_ROWS_AT_ONCE: Final = 4096  # of a histogram a window, so that what is looked for stays small
_LONGEST_BITS: Final = 46  # 2**46 ns are 19.5 hours; longer latencies share the last bucket
LATENCY_BUCKETS: Final = (_LONGEST_BITS - _UNIT_BITS - _SUBDIVISION_BITS + 1) << _SUBDIVISION_BITS


def latency_bucket(latency_ns: int) -> int:
    """The bucket that counts a latency, from 0 to LATENCY_BUCKETS - 1."""
    units = latency_ns >> _UNIT_BITS
    shift = max(units.bit_length() - _SUBDIVISION_BITS - 1, 0)
    return min((shift << _SUBDIVISION_BITS) + (units >> shift), LATENCY_BUCKETS - 1)


def bucket_middle_ns(bucket: int) -> int:
    """The latency that a bucket stands for: the middle of its range, in nanoseconds."""
    shift = max((bucket >> _SUBDIVISION_BITS) - 1, 0)
    units = bucket - (shift << _SUBDIVISION_BITS)
    return (2 * units + 1 << shift + _UNIT_BITS) // 2


def bucket_floor_ns(bucket: int) -> int:
    """The shortest latency that a bucket counts, in nanoseconds."""
    shift = max((bucket >> _SUBDIVISION_BITS) - 1, 0)
    return bucket - (shift << _SUBDIVISION_BITS) << shift + _UNIT_BITS


def bucket_ceiling_ns(bucket: int) -> int:
    """The longest latency that a bucket counts, in nanoseconds; of the last, its nominal end."""
    return bucket_floor_ns(bucket + 1) - 1


def latency_quantile_buckets(
    histograms: NDArray[np.integer[Any]], probabilities: Sequence[float]
) -> NDArray[np.int64]:
    """`RequestTotals.latency_quantile_bucket` of many windows at once; -1 where nothing was served.

    Takes histograms of shape (windows, LATENCY_BUCKETS); gives shape (probabilities, windows).
    """
    found = np.full((len(probabilities), len(histograms)), -1, dtype=np.int64)
    for first in range(0, len(histograms), _ROWS_AT_ONCE):
        part = histograms[first : first + _ROWS_AT_ONCE]
        # Nearly all buckets of a window are empty: only what was counted is looked at.
        windows, buckets = np.nonzero(part)
        reached = np.cumsum(part[windows, buckets], dtype=np.int64)
        served = part.sum(axis=1, dtype=np.int64)
        before = np.cumsum(served) - served
        busy = served > 0
        for number, probability in enumerate(probabilities):
            rank = np.maximum(np.ceil(probability * served[busy]), 1).astype(np.int64)
            place = np.searchsorted(reached, before[busy] + rank)
            found[number, first : first + len(part)][busy] = buckets[place]
    return found


class RequestTotals(NamedTuple):
    """Requests that finished in some span.

    `invocations` counts every request sent to the variant; `rejected` (503, queue full) and
    `failed` (500) are its 5XX. Latency, from arrival to reply, is summed and counted over the
    answered and failed requests, not over the rejected; `read_latencies` gives their histogram when
    it is asked for. A tuple, because several are made at a look.
    """

    invocations: int
    answered: int
    failed: int
    rejected: int
    latency_sum_ns: int
    read_latencies: Callable[[], NDArray[np.integer[Any]]]

    @property
    def latency_histogram(self) -> NDArray[np.integer[Any]]:
        """Shape (LATENCY_BUCKETS,), or one row a window, which a quantile adds up."""
        return self.read_latencies()

    @property
    def error_rate(self) -> float:
        """5XX responses over invocations; NaN without invocations."""
        return _ratio(self.failed + self.rejected, self.invocations)

    @property
    def latency_mean_ns(self) -> float:
        """Mean latency; NaN where nothing was served."""
        return _ratio(self.latency_sum_ns, self.answered + self.failed)

    def latency_quantile_ns(self, probability: float) -> float:
        """The latency that a share `probability` of the served requests did not exceed."""
        bucket = self.latency_quantile_bucket(probability)
        return float("nan") if bucket is None else float(bucket_middle_ns(bucket))

    def latency_quantile_bucket(self, probability: float) -> int | None:
        """The bucket that holds that quantile; None where nothing was served."""
        counts = self.latency_histogram
        if counts.ndim > 1:  # mostly of one window, which costs more to sum than to read
            counts = counts[0] if len(counts) == 1 else counts.sum(axis=0, dtype=np.int64)
        reached = counts.cumsum(dtype=np.int64)
        served = int(reached[-1])
        if served == 0:
            return None
        rank = max(ceil(probability * served), 1)
        return int(reached.searchsorted(rank))


def added(parts: Sequence[RequestTotals]) -> RequestTotals:
    """Totals of several spans or variants as those of one."""
    if len(parts) == 1:
        return parts[0]

    def latencies() -> NDArray[np.integer[Any]]:
        histograms = [part.latency_histogram for part in parts]
        summed = [each if each.ndim == 1 else each.sum(axis=0) for each in histograms]
        return np.sum(summed, axis=0) if summed else np.zeros(LATENCY_BUCKETS, dtype=np.int64)

    return RequestTotals(
        sum(each.invocations for each in parts),
        sum(each.answered for each in parts),
        sum(each.failed for each in parts),
        sum(each.rejected for each in parts),
        sum(each.latency_sum_ns for each in parts),
        latencies,
    )


def known_latencies(histogram: NDArray[np.integer[Any]]) -> Callable[[], NDArray[Any]]:
    """What reads a histogram that is there already."""
    return lambda: histogram


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
