"""CloudWatch: the statistics of metrics, as far as they are published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.errors import ServiceError, not_implemented
from simab.aws.metric_query import NAMESPACE, MetricQuery, is_percentile, period_of
from simab.aws.metric_windows import METRICS
from simab.aws.queries import metric_of, serving, values, windows

__all__ = ["get_metric_data", "get_metric_statistics", "list_metrics"]

_MOST_POINTS: Final = 1_440
_MOST_DATA_POINTS: Final = 100_800
_MINUTE_NS: Final = 60 * 10**9
_STATISTICS: Final = ("Sum", "Average", "SampleCount", "Minimum", "Maximum")


def get_metric_statistics(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GetMetricStatistics: a datapoint for each period with a request, in no order to rely on.

    The start is rounded down to the minute, and the end is not included.
    """
    statistics = _statistics(parameters)
    starts_ns = _starts_ns(account, parameters, parameters["Period"])
    if len(starts_ns) > _MOST_POINTS:
        raise ServiceError(
            "InvalidParameterCombination",
            f"You have requested up to {len(starts_ns):,} datapoints, which exceeds the limit of "
            f"{_MOST_POINTS:,}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range.",
        )
    query = MetricQuery.of(parameters, parameters.get("Unit"))
    metric = metric_of(query)
    points: list[dict[str, Any]] = []
    if metric is not None:
        for start_ns, window in windows(account, query, starts_ns):
            point: dict[str, Any] = {
                "Timestamp": account.timeline.date_of(start_ns),
                "Unit": metric.unit,
            }
            for name in statistics:
                value = metric.value(name, window)
                if value is not None and is_percentile(name):
                    point.setdefault("ExtendedStatistics", {})[name] = value
                elif value is not None:
                    point[name] = value
            points.append(point)
    return {"Label": parameters["MetricName"], "Datapoints": points}


def get_metric_data(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """GetMetricData: values by query, the newest first unless told otherwise; no expressions."""
    results = []
    for query in parameters["MetricDataQueries"]:
        if "MetricStat" not in query:
            raise not_implemented("cloudwatch", "GetMetricData with an Expression")
        asked = query["MetricStat"]
        if not (asked["Stat"] in _STATISTICS or is_percentile(asked["Stat"])):
            raise not_implemented("cloudwatch", f"the statistic {asked['Stat']}")
        starts_ns = _starts_ns(account, parameters, asked["Period"])
        if len(starts_ns) > _MOST_DATA_POINTS:
            raise _invalid("The requested time range holds too many datapoints.")
        metric = MetricQuery.of(asked["Metric"], asked.get("Unit"))
        found = values(account, metric, starts_ns, asked["Stat"])
        if parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            found = found[::-1]
        if query.get("ReturnData", True):
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label", asked["Metric"]["MetricName"]),
                    "Timestamps": [account.timeline.date_of(start_ns) for start_ns, _ in found],
                    "Values": [value for _, value in found],
                    "StatusCode": "Complete",
                }
            )
    return {"MetricDataResults": results, "Messages": []}


def _starts_ns(account: Account, parameters: Mapping[str, Any], period_s: int) -> range:
    """The starts of the periods that are asked for."""
    period_ns = period_of(period_s)
    if period_ns is None:
        raise _invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    start_ns = account.timeline.ns_of(parameters["StartTime"]) // _MINUTE_NS * _MINUTE_NS
    end_ns = account.timeline.ns_of(parameters["EndTime"])
    if end_ns <= start_ns:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    return range(start_ns, end_ns, period_ns)


def list_metrics(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListMetrics: those of which something has been published."""
    wanted = parameters.get("Dimensions", ())
    found = []
    if parameters.get("Namespace", NAMESPACE) == NAMESPACE:
        for endpoint, variant in serving(account):
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
                        "Namespace": NAMESPACE,
                        "MetricName": name,
                        "Dimensions": [{"Name": k, "Value": v} for k, v in values.items()],
                    }
                    for name in METRICS
                    if parameters.get("MetricName", name) == name
                ]
    return {"Metrics": found}


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
        if not is_percentile(name):
            raise not_implemented("cloudwatch", f"the statistic {name}")
    return [*(plain or ()), *(extended or ())]


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)
