"""CloudWatch: the statistics of metrics, as far as they are published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.errors import ServiceError, not_implemented
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.metric_windows import METRICS, metric_windows

__all__ = ["get_metric_statistics", "list_metrics"]

_NAMESPACE: Final = "AWS/SageMaker"
_MOST_POINTS: Final = 1_440
_MINUTE_NS: Final = 60 * 10**9
_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


def get_metric_statistics(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GetMetricStatistics: a datapoint for each period with a request, in no order to rely on.

    The start is rounded down to the minute, and the end is not included.
    """
    period_ns = _period_ns(parameters["Period"])
    start_ns = account.timeline.ns_of(parameters["StartTime"]) // _MINUTE_NS * _MINUTE_NS
    end_ns = account.timeline.ns_of(parameters["EndTime"])
    if end_ns <= start_ns:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    starts_ns = range(start_ns, end_ns, period_ns)
    if len(starts_ns) > _MOST_POINTS:
        raise ServiceError(
            "InvalidParameterCombination",
            f"You have requested up to {len(starts_ns):,} datapoints, which exceeds the limit of "
            f"{_MOST_POINTS:,}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range.",
        )
    name, statistics = parameters["MetricName"], _statistics(parameters)
    points = [
        point
        for endpoint, variant in _asked(account, parameters)
        for point in _points(account, (endpoint, variant, name), statistics, starts_ns)
    ]
    unit = parameters.get("Unit")
    shown = [point for point in points if unit is None or point["Unit"] == unit]
    return {"Label": name, "Datapoints": shown}


def list_metrics(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListMetrics: those of which something has been published."""
    wanted = parameters.get("Dimensions", ())
    found = []
    if parameters.get("Namespace", _NAMESPACE) == _NAMESPACE:
        for endpoint, variant in _serving(account):
            values = {"EndpointName": endpoint.name, "VariantName": variant}
            fits = all(
                values.get(each["Name"]) == each.get("Value", values.get(each["Name"]))
                and each["Name"] in values
                for each in wanted
            )
            published = endpoint.metrics.published_until_ns
            worlds = endpoint.played(variant)
            if fits and any(
                endpoint.metrics.requests(world, 0, published).invocations for world in worlds
            ):
                found += [
                    {
                        "Namespace": _NAMESPACE,
                        "MetricName": name,
                        "Dimensions": [{"Name": k, "Value": v} for k, v in values.items()],
                    }
                    for name in METRICS
                    if parameters.get("MetricName", name) == name
                ]
    return {"Metrics": found}


def _period_ns(period_s: int) -> int:
    if period_s in (1, 5, 10, 20, 30):
        raise not_implemented("cloudwatch", "high-resolution metrics: a Period below 60")
    if period_s % 60:
        raise _invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    return period_s * 10**9


def _statistics(parameters: Mapping[str, Any]) -> list[str]:
    plain, extended = parameters.get("Statistics"), parameters.get("ExtendedStatistics")
    if plain and extended:
        raise ServiceError(
            "InvalidParameterCombination",
            "At most one of the parameters ExtendedStatistics and Statistics must be specified.",
        )
    if not plain and not extended:
        raise ServiceError(
            "InvalidParameterCombination",
            "At least one of the parameters ExtendedStatistics and Statistics must be specified.",
        )
    for name in extended or ():
        if not _PERCENTILE.fullmatch(name):
            raise not_implemented("cloudwatch", f"the statistic {name}")
    return [*(plain or ()), *(extended or ())]


def _asked(account: Account, parameters: Mapping[str, Any]) -> Iterator[tuple[LiveEndpoint, str]]:
    """The endpoint and variant that the dimensions name exactly; nothing where they name none."""
    if parameters["Namespace"] != _NAMESPACE or parameters["MetricName"] not in METRICS:
        return
    named = {each["Name"]: each["Value"] for each in parameters.get("Dimensions", ())}
    for endpoint, variant in _serving(account):
        if named == {"EndpointName": endpoint.name, "VariantName": variant}:
            yield endpoint, variant


def _serving(account: Account) -> Iterator[tuple[LiveEndpoint, str]]:
    """All variants that serve or have served."""
    there = [each for each in account.endpoints.values() if each not in account.deleted]
    for endpoint in (*account.deleted, *there):
        if endpoint.session is not None:
            for variant in endpoint.names:
                yield endpoint, variant


def _points(
    account: Account,
    asked: tuple[LiveEndpoint, str, str],
    statistics: Sequence[str],
    starts_ns: range,
) -> Iterator[dict[str, Any]]:
    endpoint, variant, name = asked
    metric, network_us = METRICS[name], account.settings.network_ns / 1_000
    for start_ns, window in metric_windows(endpoint, variant, starts_ns, network_us):
        if not metric.samples(window):
            continue
        point: dict[str, Any] = {
            "Timestamp": account.timeline.date_of(start_ns),
            "Unit": metric.unit,
        }
        for statistic in statistics:
            if not _PERCENTILE.fullmatch(statistic):
                point[statistic] = metric.statistic(statistic, window)
            elif metric.percentile is not None:
                share = float(statistic[1:]) / 100
                extended = point.setdefault("ExtendedStatistics", {})
                extended[statistic] = metric.percentile(window, share)
        yield point


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)
