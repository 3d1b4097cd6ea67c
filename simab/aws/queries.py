"""What CloudWatch knows by now of a metric: its published periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from simab.aws.account import Account
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.metric_query import NAMESPACE, MetricQuery
from simab.aws.metric_windows import METRICS, Metric, MetricWindow, metric_windows

__all__ = ["keep_looking", "metric_of", "serving", "values", "windows"]

_MINUTE_NS: Final = 60 * 10**9


def metric_of(query: MetricQuery) -> Metric | None:
    """The metric; None where there is none of that name or unit."""
    metric = METRICS.get(query.name) if query.namespace == NAMESPACE else None
    return metric if metric is not None and query.unit in ("", metric.unit) else None


def serving(account: Account) -> Iterator[tuple[LiveEndpoint, str]]:
    """All endpoints with each of the variants that serve there or have served."""
    there = [each for each in account.endpoints.values() if each not in account.deleted]
    for endpoint in (*account.deleted, *there):
        if endpoint.session is not None:
            for variant in endpoint.names:
                yield endpoint, variant


def windows(
    account: Account, query: MetricQuery, starts_ns: range
) -> Iterator[tuple[int, MetricWindow]]:
    """Periods with a sample, each with its start; none where the dimensions name nothing."""
    metric, network_us = metric_of(query), account.settings.network_ns / 1_000
    if metric is None:
        return
    asked = dict(query.dimensions)
    fleet = asked.pop("EndpointConfigName", None)
    for endpoint, variant in serving(account):
        if asked == {"EndpointName": endpoint.name, "VariantName": variant}:
            worlds = endpoint.played(variant, fleet)
            for start_ns, window in metric_windows(endpoint, worlds, starts_ns, network_us):
                if metric.samples(window):
                    yield start_ns, window


def values(
    account: Account, query: MetricQuery, starts_ns: range, statistic: str
) -> Sequence[tuple[int, float]]:
    """A statistic of each period with a sample, in order of time."""
    metric = metric_of(query)
    if metric is None:
        return []
    found = [
        (start_ns, value)
        for start_ns, window in windows(account, query, starts_ns)
        if (value := metric.value(statistic, window)) is not None
    ]
    return sorted(found)


def keep_looking(account: Account, look: Callable[[LiveEndpoint, int], None]) -> None:
    """Call back whenever a full minute of an endpoint is published, with the minute's end."""
    delay_ns = account.scenario.metrics.publication_delay

    def wait(endpoint: LiveEndpoint, until_ns: int) -> None:
        def published() -> None:
            look(endpoint, until_ns)
            wait(endpoint, until_ns + _MINUTE_NS)

        endpoint.at(until_ns + delay_ns, published)

    def begin(endpoint: LiveEndpoint) -> None:
        seen_ns = max(account.timeline.now_ns - delay_ns, endpoint.began_ns)
        wait(endpoint, (seen_ns // _MINUTE_NS + 1) * _MINUTE_NS)

    account.on_service(begin)
