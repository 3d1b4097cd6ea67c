"""Latency and errors of a run at checkpoints, from published windows, with naive intervals.

The intervals take requests for independent, as dashboards do; a study measures what they cover.
Latencies are in milliseconds, read from the histogram of the windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.stats.dependent_means import (
    MeanError,
    batch_means_error,
    independent_error,
    mser5_cut,
    spectral_error,
)
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.intervals import wilson_interval
from simab.stats.request_totals import LATENCY_BUCKETS, bucket_middle_ns, latency_quantile_buckets
from simab.world.latency_counts import LatencyCounts
from simab.world.run_counts import CARRY_NS, RequestColumn, RunCounts

__all__ = [
    "MERGED",
    "METHODS",
    "REQUEST_METRICS",
    "LatencyRun",
    "RequestSeries",
    "latency_middles_ms",
    "quantile_ms",
    "request_series",
]

Floats = NDArray[np.float64]
_Z: Final = two_sided_normal_quantile(0.95)
_MS: Final = 1e6
REQUEST_METRICS: Final[Mapping[str, float | None]] = {
    "error_rate": None,
    "latency_mean": None,
    "latency_p50": 0.5,
    "latency_p99": 0.99,
}
"""What is measured of requests; of a percentile its probability."""
METHODS: Final = ("independent", "batch means", "spectrum")
MERGED: Final = (1, 5, 15, 60)
"""How many windows are taken together, to see what their length does to percentiles."""


@dataclass(frozen=True, slots=True, eq=False)
class LatencyRun:
    """The latency of a variant in one whole run.

    `errors` are by METHODS; `variance` is of single requests; `warm_up` is the number of windows
    that MSER-5 would cut; `window_p99` and `window_requests` are means over windows merged as
    MERGED says, NaN where the run has fewer. `histogram` has shape (LATENCY_BUCKETS,).
    """

    requests: int
    variance: float
    errors: tuple[MeanError, ...]
    warm_up: int
    window_p99: tuple[float, ...]
    window_requests: tuple[float, ...]
    histogram: NDArray[np.int64]
    failed: int
    invocations: int


@dataclass(frozen=True, slots=True, eq=False)
class RequestSeries:
    """Request metrics at each checkpoint: shape (REQUEST_METRICS, 2, checkpoints), NaN: none yet.

    `served` has shape (2, checkpoints). `whole` is of control and candidate over the run.
    """

    value: Floats
    low: Floats
    high: Floats
    served: NDArray[np.int64]
    whole: tuple[LatencyRun, LatencyRun]


def request_series(
    counts: RunCounts, numbers: Sequence[int], times_ns: Sequence[int]
) -> RequestSeries:
    """The series of two variants, by what is published at each instant."""
    period_ns = counts.blueprint.period_ns
    publication = counts.blueprint.publication
    published = [publication.until_ns(at) // period_ns for at in times_ns]
    latencies = [_Latencies.of(counts, number) for number in numbers]
    found = [_of_variant(each, published) for each in latencies]
    value, low, high = np.stack([each[0] for each in found], axis=2)
    return RequestSeries(
        value,
        low,
        high,
        np.stack([each[1] for each in found]),
        (_latency_run(latencies[0]), _latency_run(latencies[1])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Latencies:
    """A variant's windows: columns of requests, and histograms of the buckets that it fills.

    `histogram` is that of all windows, `first` the lowest bucket that it fills, and `middles_ms`
    what the filled ones stand for.
    """

    rows: NDArray[np.int64]
    counts: LatencyCounts
    number: int
    histogram: NDArray[np.int64]
    first: int
    middles_ms: Floats

    @classmethod
    def of(cls, counts: RunCounts, number: int) -> _Latencies:
        """Most buckets are empty in all windows: without them all that follows is quick."""
        rows, latencies = counts.requests[:, number], counts.latency_counts
        histogram = latencies.sum(number, 0, len(rows))
        filled = np.flatnonzero(histogram)
        first, end = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 1)
        middles_ms = latency_middles_ms()[first:end]
        return cls(rows, latencies, number, histogram, first, middles_ms)

    @property
    def filled(self) -> slice:
        """The buckets that are filled in some window."""
        return slice(self.first, self.first + len(self.middles_ms))

    def steps(self, edges: Sequence[int]) -> NDArray[np.int64]:
        """A histogram each of the windows between two edges, the first from 0 on."""
        starts = [0, *edges[:-1]]
        found = [self.counts.sum(self.number, *each) for each in zip(starts, edges, strict=True)]
        return np.stack(found)[:, self.filled]

    def merged(self, by: int) -> Iterator[NDArray[np.integer[Any]]]:
        """Histograms of so many windows each, some at a time; what is left over is left out."""
        for piece in self.counts.pieces(self.number, by):
            whole = len(piece) // by
            kept = np.ascontiguousarray(piece[: whole * by, self.filled])
            if by > 1 and whole:
                kept = np.add.reduceat(kept, np.arange(whole) * by, axis=0)
            yield kept


@cache
def latency_middles_ms() -> Floats:
    """The latency that each bucket stands for."""
    return np.array([bucket_middle_ns(each) for each in range(LATENCY_BUCKETS)]) / _MS


def quantile_ms(histogram: NDArray[np.int64], probability: float) -> float:
    """A quantile of the requests that a histogram counts; NaN where it counts none."""
    bucket = int(latency_quantile_buckets(histogram[np.newaxis], (probability,))[0, 0])
    return math.nan if bucket < 0 else float(latency_middles_ms()[bucket])


def _of_variant(windows: _Latencies, published: Sequence[int]) -> tuple[Floats, NDArray[np.int64]]:
    """Value, low and high of every metric, shape (3, metrics, checkpoints); and the served."""
    edges = sorted({*published} - {0})
    nothing = np.full((3, len(REQUEST_METRICS)), math.nan)
    columns: dict[int, tuple[Floats, int]] = {0: (nothing, 0)}
    if edges:
        starts, until = [0, *edges[:-1]], slice(0, edges[-1])
        steps = np.add.reduceat(windows.rows[until], starts, axis=0)
        shapes = windows.steps(edges)
        totals = zip(edges, np.cumsum(steps, axis=0), np.cumsum(shapes, axis=0), strict=True)
        for edge, row, shape in totals:
            columns[edge] = _estimates(row, shape, windows.middles_ms)
    series = np.stack([columns[each][0] for each in published], axis=2)
    return series, np.array([columns[each][1] for each in published])


def _estimates(
    row: NDArray[np.int64], shape: NDArray[np.int64], middles_ms: Floats
) -> tuple[Floats, int]:
    served = int(shape.sum())
    failed = int(row[RequestColumn.FAILED] + row[RequestColumn.REJECTED])
    invocations = int(row[RequestColumn.INVOCATIONS])
    found = np.full((3, len(REQUEST_METRICS)), math.nan)
    if invocations:
        interval = wilson_interval(failed, invocations)
        found[:, 0] = failed / invocations, interval.low, interval.high
    if served:
        variance = _variance(shape, served, middles_ms)
        error = independent_error(_mean_ms(row, served), variance, served)
        margin = error.half_width() if served > 1 else math.nan
        found[:, 1] = error.mean, error.mean - margin, error.mean + margin
        reached = np.cumsum(shape)
        for at, probability in enumerate(REQUEST_METRICS.values()):
            if probability is not None:
                found[:, at] = _quantile(reached, probability, middles_ms)
    return found, served


def _quantile(reached: NDArray[np.int64], probability: float, middles_ms: Floats) -> list[float]:
    """A quantile, and the order statistics around it that a binomial count puts 95 % between."""
    served = int(reached[-1])
    middle = served * probability
    spread = _Z * math.sqrt(middle * (1.0 - probability))
    ranks = (math.ceil(middle), math.floor(middle - spread), math.ceil(middle + spread) + 1)
    if ranks[1] < 1 or ranks[2] > served:
        place = int(np.searchsorted(reached, max(ranks[0], 1)))
        return [float(middles_ms[place]), math.nan, math.nan]
    places = np.searchsorted(reached, np.array(ranks))
    found: list[float] = middles_ms[places].tolist()
    return found


def _mean_ms(row: NDArray[np.int64], served: int) -> float:
    return float(_sums_ms(row[np.newaxis])[0]) / served


def _sums_ms(rows: NDArray[np.int64]) -> Floats:
    """Summed latency of each row."""
    low = rows[:, RequestColumn.LATENCY_SUM_NS].astype(np.float64)
    sums: Floats = (low + rows[:, RequestColumn.LATENCY_CARRIES] * float(CARRY_NS)) / _MS
    return sums


def _variance(shape: NDArray[np.int64], served: int, middles_ms: Floats) -> float:
    """Variance of single latencies, by the middles of their buckets."""
    if served < 2:
        return math.nan
    mean = float(shape @ middles_ms) / served
    return float(shape @ (middles_ms - mean) ** 2) / (served - 1)


def _latency_run(windows: _Latencies) -> LatencyRun:
    rows, histogram = windows.rows, windows.histogram
    filled = histogram[windows.filled]
    served_by_window = rows[:, RequestColumn.ANSWERED] + rows[:, RequestColumn.FAILED]
    served, sums = int(served_by_window.sum()), _sums_ms(rows)
    variance = _variance(filled, served, windows.middles_ms)
    mean = float(sums.sum()) / served if served else math.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(served_by_window > 0, sums / served_by_window, math.nan)
    merged = [_window_p99(windows, each) for each in MERGED]
    return LatencyRun(
        requests=served,
        variance=variance,
        errors=(
            independent_error(mean, variance, served),
            batch_means_error(sums, served_by_window),
            spectral_error(sums, served_by_window),
        ),
        warm_up=mser5_cut(means),
        window_p99=tuple(each[0] for each in merged),
        window_requests=tuple(each[1] for each in merged),
        histogram=histogram,
        failed=int(rows[:, [RequestColumn.FAILED, RequestColumn.REJECTED]].sum()),
        invocations=int(rows[:, RequestColumn.INVOCATIONS].sum()),
    )


def _window_p99(windows: _Latencies, merged: int) -> tuple[float, float]:
    """The mean 99 % latency of windows merged by so many, and their mean number of requests."""
    found, requests = [], 0
    for histograms in windows.merged(merged):
        found.append(latency_quantile_buckets(histograms, (0.99,))[0])
        requests += int(histograms.sum(dtype=np.int64))
    buckets = np.concatenate(found)
    busy = buckets[buckets >= 0]
    if not busy.size:
        return math.nan, math.nan
    return float(windows.middles_ms[busy].mean()), requests / busy.size
