"""A run over time: its windows and the metric of its labels, merged to what a figure can show.

Neighbouring windows are merged into spans, never left out, so that counts add up to the run's.
All of it takes time linear in the windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import median_high
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from simab.policies.metrics import (
    OF_EARNINGS,
    LabelMetric,
    LatencyMetric,
    label_metric,
    latency_metric_ns,
    of_labels,
    of_requests,
    request_metric,
)
from simab.result.example_run import MetricPoint, MetricValue, Span, VariantWindows
from simab.run.simulation import Run
from simab.stats.classification import METRICS_WITH_INTERVAL
from simab.stats.intervals import wilson_interval
from simab.stats.label_totals import LabelTotals, known_scores
from simab.stats.mean_rewards import reward_interval
from simab.stats.request_totals import RequestTotals, bucket_middle_ns, known_latencies
from simab.units import seconds
from simab.world.run_counts import RequestColumn, RunCounts

__all__ = [
    "metric_series",
    "metric_value",
    "span_edges",
    "spans",
    "value_of_requests",
    "variant_windows",
]

_SPANS_SHOWN: Final = 240
_SPANS_AFTER: Final = 60
_CHANGES_SHOWN: Final = 60


def span_edges(run: Run, shown_ns: int) -> list[int]:
    """The windows at which spans begin, and the number of windows at the end.

    Up to 240 spans until `shown_ns`, up to 60 from there to the horizon. A span also begins at the
    first window after a change of weights, unless more than 60 changed them.
    """
    windows, period_ns = len(run.data.run_counts.requests), run.data.run_counts.blueprint.period_ns
    shown = min(max(-(-shown_ns // period_ns), 1), windows)
    edges = {*_even(0, shown, _SPANS_SHOWN), *_even(shown, windows, _SPANS_AFTER)}
    changes = [-(-entry.at_ns // period_ns) for entry in run.decision_log.splits]
    if len(changes) <= _CHANGES_SHOWN:
        edges |= {edge for edge in changes if edge < windows}
    return sorted(edges)


def _even(first: int, last: int, most: int) -> list[int]:
    pieces = min(last - first, most)
    return [first + (last - first) * at // pieces for at in range(pieces + 1)] if pieces else [last]


def spans(run: Run, edges: list[int], latency: str) -> tuple[Span, ...]:
    """What users got: spans with mirrored copies alone are left out, copies are not counted.

    `latency` is the one that figures show, beside the 50 % and the 99 % quantile.
    """
    shown = cast(LatencyMetric, latency)
    run_counts = run.data.run_counts
    users = run_counts.user_requests()
    period_ns, horizon_ns = run_counts.blueprint.period_ns, run_counts.blueprint.horizon_ns
    rows = []
    for first, last in pairwise(edges):
        served = users[first:last].sum(axis=0).tolist()
        for number, name in enumerate(run_counts.blueprint.names):
            if served[number]:
                totals = _merged(run_counts, number, first, last)
                rows.append(
                    Span(
                        start_s=seconds(first * period_ns),
                        end_s=seconds(min(last * period_ns, horizon_ns)),
                        variant=name,
                        invocations=served[number],
                        realised_share=served[number] / sum(served),
                        error_rate=totals.error_rate,
                        latency_p50_ms=totals.latency_quantile_ns(0.5) / 1e6,
                        latency_p99_ms=totals.latency_quantile_ns(0.99) / 1e6,
                        latency_shown_ms=latency_metric_ns(shown, totals) / 1e6,
                    )
                )
    return tuple(rows)


def _merged(run_counts: RunCounts, number: int, first: int, last: int) -> RequestTotals:
    """The totals of some windows, with their histograms added up once for all quantiles."""
    totals = run_counts.request_totals(number, first, last)
    histogram = run_counts.latency_counts.sum(number, first, last)
    return totals._replace(read_latencies=known_latencies(histogram))


def variant_windows(run: Run) -> tuple[VariantWindows, ...]:
    """What all metric windows of each variant that served users held, window by window."""
    run_counts = run.data.run_counts
    users = run_counts.user_requests()
    rows = []
    for number, name in enumerate(run_counts.blueprint.names):
        served = users[:, number] > 0
        if served.any():
            own = run_counts.requests[served, number]
            errors = own[:, [RequestColumn.FAILED, RequestColumn.REJECTED]].sum()
            middle, high = _window_latencies(run_counts, number, served)
            rows.append(
                VariantWindows(
                    variant=name,
                    requests=int(users[:, number].sum()),
                    windows=int(served.sum()),
                    error_rate=int(errors) / int(own[:, RequestColumn.INVOCATIONS].sum()),
                    median_latency_p50_ms=median_high(middle) if middle else math.nan,
                    worst_latency_p99_ms=max(high, default=math.nan),
                )
            )
    return tuple(rows)


def _window_latencies(run_counts: RunCounts, number: int, served: Any) -> Iterator[list[float]]:
    """The 50 % and the 99 % quantile of every window with answers, in milliseconds."""
    for quantile in run_counts.latency_counts.quantile_buckets(number, (0.5, 0.99)):
        known = quantile[served & (quantile >= 0)].tolist()
        yield [bucket_middle_ns(bucket) / 1e6 for bucket in known]


def metric_series(run: Run, edges: list[int]) -> tuple[MetricPoint, ...]:
    """The objective's metric over all labels arrived by each span's end, with an interval.

    One of requests over all of these that ended by then, without one.
    """
    run_counts, objective = run.data.run_counts, run.scenario.objective
    metric = of_labels(objective.metric)
    if metric is None:
        return _request_series(run, edges)
    per_window = run_counts.blueprint.period_ns // run_counts.blueprint.label_resolution_ns
    names = (objective.control, *objective.every_candidate)
    arrived = {name: _LabelsSoFar(run_counts, name) for name in names}
    rows = []
    for edge in edges[1:]:
        at_ns = min(edge * run_counts.blueprint.period_ns, run_counts.blueprint.horizon_ns)
        for name, labels in arrived.items():
            totals = labels.until(edge * per_window)
            if totals.labelled:
                found = metric_value(metric, name, totals)
                rows.append(found.at(seconds(at_ns)))
    return tuple(rows)


def _request_series(run: Run, edges: list[int]) -> tuple[MetricPoint, ...]:
    run_counts, objective = run.data.run_counts, run.scenario.objective
    rows = []
    for edge in edges[1:]:
        at_ns = min(edge * run_counts.blueprint.period_ns, run_counts.blueprint.horizon_ns)
        for name in (objective.control, *objective.every_candidate):
            found = value_of_requests(run, name, edge)
            if found is not None:
                rows.append(found.at(seconds(at_ns)))
    return tuple(rows)


def value_of_requests(run: Run, variant: str, windows: int) -> MetricValue | None:
    """The objective's metric of a variant's requests in the first so many windows; None if none.

    Without an interval: requests that wait for each other are no independent draws.
    """
    metric = of_requests(run.scenario.objective.metric)
    number = run.data.run_counts.blueprint.names.index(variant)
    totals = _merged(run.data.run_counts, number, 0, windows)
    if metric is None or not totals.invocations:
        return None
    value = request_metric(metric, totals)
    return MetricValue(
        variant=variant, labelled=totals.invocations, value=value, low=math.nan, high=math.nan
    )


class _LabelsSoFar:
    """Running totals of one variant's labels, so that each bucket is added once."""

    def __init__(self, run_counts: RunCounts, name: str) -> None:
        self._run_counts, self._number = run_counts, run_counts.blueprint.names.index(name)
        self._done = 0
        self._sums: list[NDArray[np.int64]] = [
            np.zeros(each.shape[2:], dtype=np.int64)
            for each in (run_counts.labels, run_counts.scores, run_counts.rewards)
        ]

    def until(self, bucket: int) -> LabelTotals:
        """Totals of the buckets before this one; it never goes back."""
        run_counts, part = self._run_counts, slice(self._done, bucket)
        counted: tuple[NDArray[Any], ...] = (
            run_counts.labels,
            run_counts.scores,
            run_counts.rewards,
        )
        for sums, each in zip(self._sums, counted, strict=True):
            sums += each[part, self._number].sum(axis=0, dtype=np.int64)
        self._done = bucket
        labels, scores, rewards = self._sums
        return run_counts.totals_of_labels(
            self._number,
            run_counts.matured(self._number, bucket, labels.tolist()),
            rewards.tolist() if len(run_counts.rewards) else None,
            known_scores(scores.copy()),
        )


def metric_value(metric: LabelMetric, variant: str, totals: LabelTotals) -> MetricValue:
    """A metric of some labels with its 95 % interval, where simab has one; else NaN."""
    low, high = _interval(metric, totals)
    return MetricValue(
        variant=variant,
        labelled=totals.labelled,
        value=label_metric(metric, totals),
        low=low,
        high=high,
    )


def _interval(metric: str, totals: LabelTotals) -> tuple[float, float]:
    """A 95 % interval where simab has one for the metric; else NaN."""
    if metric in ("accuracy", "success_rate"):
        interval = wilson_interval(totals.correct, totals.labelled)
    elif metric in METRICS_WITH_INTERVAL:
        interval = METRICS_WITH_INTERVAL[metric](totals.confusion).interval
    elif metric in OF_EARNINGS:
        interval = reward_interval(totals.rewards)
    else:
        return math.nan, math.nan
    return interval.low, interval.high
