"""Error rates and latencies of published windows, compared with a margin: by batches of time.

Or by request, as many tools do it, which errs far too often where requests wait for each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.policies.observation import Observation
from simab.stats.batched_estimates import (
    BatchedEstimate,
    batched_mean,
    batched_percentile,
    batched_ratio,
    margin_test_of_batches,
)
from simab.stats.margin_tests import Contrast, Margin, margin_test_of_shares
from simab.stats.request_totals import RequestTotals

__all__ = ["Span", "of_requests"]


class Span(NamedTuple):
    """The requests of both variants in batches of whole published windows, at the same times.

    Empty where fewer windows are published than there are to be batches; `windows` counts them.
    """

    windows: int
    batches: int
    control: tuple[RequestTotals, ...] = ()
    candidate: tuple[RequestTotals, ...] = ()

    @classmethod
    def of(cls, stretch: ConstantWeightPeriod, observation: Observation, batches: int) -> Span:
        """Those since the weights were last set; batches differ by one window at most."""
        metrics = observation.metrics
        since_ns, until_ns = stretch.span(metrics)
        windows = (until_ns - since_ns) // metrics.period_ns
        if windows < batches:
            return cls(windows, batches)
        edges = [
            since_ns + number * windows // batches * metrics.period_ns for number in range(batches)
        ]
        pairs = [*zip(edges, [*edges[1:], until_ns], strict=True)]
        control, candidate = (
            tuple(metrics.requests(name, *pair) for pair in pairs)
            for name in (observation.control, observation.candidate)
        )
        return cls(windows, batches, control, candidate)


def of_requests(name: str, span: Span, margin: Margin, *, batched: bool) -> Contrast:
    """The error rate or a latency, in nanoseconds; unknown where a batch would have no window."""
    if not span.control:
        reason = f"{span.windows} windows: {span.batches} batches take as many"
        return Contrast.unknown(math.nan, math.nan, reason)
    if name == "error_rate":
        return _of_errors(span, margin, batched=batched)
    a, b = (_latencies(name, each) for each in (span.control, span.candidate))
    return margin_test_of_batches(a, b, margin) if batched else _by_request(a, b, margin)


def _of_errors(span: Span, margin: Margin, *, batched: bool) -> Contrast:
    """By batches, or by request as shares are tested, whichever variance is larger."""
    failed, sent = zip(*(_errors(each) for each in (span.control, span.candidate)), strict=True)
    hits, trials = ([int(each.sum()) for each in counts] for counts in (failed, sent))
    by_request = margin_test_of_shares(hits[0], trials[0], hits[1], trials[1], margin)
    if not batched or by_request.reason is not None:
        return by_request
    a, b = (batched_ratio(failed[arm], sent[arm], by_request=math.nan) for arm in (0, 1))
    return margin_test_of_batches(a, b, margin, by_request=by_request.standard_error**2)


def _errors(batches: Sequence[RequestTotals]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """5XX and invocations of each batch."""
    failed = [float(each.failed + each.rejected) for each in batches]
    return np.array(failed), np.array([float(each.invocations) for each in batches])


def _latencies(name: str, batches: Sequence[RequestTotals]) -> BatchedEstimate:
    histograms = np.stack([_summed(each) for each in batches])
    if name == "latency_mean":
        sums = np.array([each.latency_sum_ns for each in batches], dtype=np.float64)
        return batched_mean(sums, histograms)
    return batched_percentile(histograms, LATENCY_PROBABILITIES[name])


def _summed(totals: RequestTotals) -> NDArray[np.integer[Any]]:
    counts = totals.latency_histogram
    return counts if counts.ndim == 1 else counts.sum(axis=0, dtype=np.int64)


def _by_request(a: BatchedEstimate, b: BatchedEstimate, margin: Margin) -> Contrast:
    """As if each request were a draw of its own."""
    reason = a.reason or b.reason
    variance = margin.factor(a.value) ** 2 * a.by_request + b.by_request
    if reason is None and not variance > 0.0:
        reason = "nothing varies"
    if reason is not None:
        return Contrast.unknown(a.value, b.value, reason)
    return Contrast(a.value, b.value, margin.contrast(a.value, b.value), math.sqrt(variance))
