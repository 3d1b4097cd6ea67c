"""The metrics of an endpoint's variants, as CloudWatch's namespace AWS/SageMaker has them.

Source: docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simab.aws.live_endpoint import LiveEndpoint
from simab.stats.request_totals import (
    RequestTotals,
    added,
    bucket_ceiling_ns,
    bucket_floor_ns,
)

__all__ = ["METRICS", "Metric", "MetricWindow", "metric_windows"]

_US: Final = 1_000


@dataclass(frozen=True, slots=True)
class MetricWindow:
    """What a variant did in a window: its requests, and how many an instance had.

    `network_us` is what the network added to each.
    """

    totals: RequestTotals
    per_instance: float
    network_us: float

    @property
    def served(self) -> int:
        """Requests that the model answered, rightly or with an error."""
        return self.totals.answered + self.totals.failed


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its unit, how many samples a window has, and its statistics."""

    unit: str
    samples: Callable[[MetricWindow], int]
    total: Callable[[MetricWindow], float]
    smallest: Callable[[MetricWindow], float]
    largest: Callable[[MetricWindow], float]
    percentile: Callable[[MetricWindow, float], float] | None = None

    def value(self, statistic: str, window: MetricWindow) -> float | None:
        """A statistic of a window that has a sample; None where the metric has no such one."""
        if statistic.startswith("p"):
            if self.percentile is None:
                return None
            return self.percentile(window, float(statistic[1:]) / 100)
        return self._plain(statistic, window)

    def _plain(self, name: str, window: MetricWindow) -> float:
        """Sum, Average, SampleCount, Minimum or Maximum."""
        samples = self.samples(window)
        match name:
            case "Sum":
                return self.total(window)
            case "SampleCount":
                return float(samples)
            case "Average":
                return self.total(window) / samples
            case "Minimum":
                return self.smallest(window)
            case _:
                return self.largest(window)


def _counting(counted: Callable[[MetricWindow], int]) -> Metric:
    """1 for each request of a kind and 0 for each other."""

    def smallest(window: MetricWindow) -> float:
        return float(counted(window) == window.totals.invocations)

    def largest(window: MetricWindow) -> float:
        return float(counted(window) > 0)

    return Metric("None", _invocations, lambda window: float(counted(window)), smallest, largest)


def _invocations(window: MetricWindow) -> int:
    return window.totals.invocations


def _mean_share(window: MetricWindow) -> float:
    return window.per_instance / window.totals.invocations


def _filled(window: MetricWindow) -> tuple[int, int]:
    """The first and the last bucket of latencies that is not empty."""
    histogram = np.atleast_2d(window.totals.latency_histogram).sum(axis=0)
    filled = np.flatnonzero(histogram)
    return int(filled[0]), int(filled[-1])


def _latency_percentile(window: MetricWindow, share: float) -> float:
    return window.totals.latency_quantile_ns(share) / _US


def _network(window: MetricWindow) -> float:
    return window.network_us


def _none(_: MetricWindow) -> int:
    return 0


METRICS: Final[Mapping[str, Metric]] = {
    "Invocations": _counting(_invocations),
    "InvocationsPerInstance": Metric(
        "None", _invocations, lambda window: window.per_instance, _mean_share, _mean_share
    ),
    "Invocation4XXErrors": _counting(_none),
    "Invocation5XXErrors": _counting(lambda window: window.totals.failed + window.totals.rejected),
    "InvocationModelErrors": _counting(lambda window: window.totals.failed),
    "ModelLatency": Metric(
        "Microseconds",
        lambda window: window.served,
        lambda window: window.totals.latency_sum_ns / _US,
        lambda window: bucket_floor_ns(_filled(window)[0]) / _US,
        lambda window: bucket_ceiling_ns(_filled(window)[1]) / _US,
        _latency_percentile,
    ),
    "OverheadLatency": Metric(
        "Microseconds",
        lambda window: window.served,
        lambda window: window.network_us * window.served,
        _network,
        _network,
        lambda window, _: window.network_us,
    ),
}
"""By name. A latency's minimum, maximum and percentiles are known to 1.6 %."""


def metric_windows(
    endpoint: LiveEndpoint, worlds: Sequence[str], starts_ns: range, network_us: float
) -> Iterator[tuple[int, MetricWindow]]:
    """Windows with a request to one of some worlds' variants, each with its start.

    They begin at `starts_ns`, and each lasts until the next would begin.
    Times are those of the timeline. What is not published yet is left out: of a window that is
    published in part, the rest comes later.
    """
    metrics = endpoint.metrics
    until_ns = endpoint.began_ns + metrics.published_until_ns
    period_ns = starts_ns.step
    for start_ns in starts_ns:
        if start_ns + period_ns <= endpoint.began_ns or start_ns >= until_ns:
            continue
        since = start_ns - endpoint.began_ns, start_ns + period_ns - endpoint.began_ns
        found = [metrics.requests(world, *since) for world in worlds]
        shares = [metrics.invocations_per_instance(world, *since) for world in worlds]
        window = MetricWindow(added(found), sum(shares), network_us)
        if window.totals.invocations:
            yield start_ns, window
