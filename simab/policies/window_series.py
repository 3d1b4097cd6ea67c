"""One datapoint a metric window: what a time-series store would hold of a variant."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from simab.description import Description
from simab.policies.metrics import ErrorMetric, LatencyMetric, latency_metric_ns
from simab.stats.request_totals import RequestTotals

__all__ = ["CountMetric", "WindowMetric", "WindowReading", "window_metric"]

CountMetric: TypeAlias = Literal["requests", "errors"]
WindowMetric: TypeAlias = (
    LatencyMetric | ErrorMetric | Literal["success_rate_of_requests"] | CountMetric
)

_NANOSECONDS_PER_MILLISECOND: Final = 1e6


def window_metric(name: WindowMetric, totals: RequestTotals) -> float:
    """A latency in milliseconds, a share from 0 to 1, or a count; NaN where there are no values.

    A window without requests has no values, not 0 errors; nor a latency if none was served.
    """
    if totals.invocations == 0:
        return math.nan
    if name == "requests":
        return float(totals.invocations)
    if name == "errors":
        return float(totals.failed + totals.rejected)
    if name == "error_rate":
        return totals.error_rate
    if name == "success_rate_of_requests":
        return totals.answered / totals.invocations
    return latency_metric_ns(name, totals) / _NANOSECONDS_PER_MILLISECOND


class WindowReading(Description):
    """A metric of the requests of some windows, in the unit that a dashboard would show it in."""

    measures: WindowMetric
    """What is read: a latency in milliseconds, the share with or without 5XX, or a count of
    requests or 5XX."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What the reading is multiplied by: 100 for the share of 5XX in percent, say."""

    def read(self, totals: RequestTotals) -> float:
        """The reading; NaN where there are no values."""
        return self.scale * window_metric(self.measures, totals)
