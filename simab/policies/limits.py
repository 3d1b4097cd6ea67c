"""A limit that a variant must keep, as alarms and guardrails state it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simab import units
from simab.description import Description, Duration, Share
from simab.policies.metrics import (
    NO_DATA,
    ErrorMetric,
    LatencyMetric,
    latency_floor_ns,
    latency_metric_ns,
    milliseconds_text,
)
from simab.stats.request_totals import RequestTotals

__all__ = ["ErrorRateLimit", "LatencyLimit", "Limit"]


class ErrorRateLimit(Description):
    """The share of 5XX responses stays at or below a limit."""

    metric: ErrorMetric
    """5XX responses over invocations."""
    at_most: Share
    """The highest share that is still fine."""

    def breached(self, totals: RequestTotals) -> bool:
        """Whether the totals are over the limit; without requests they are not."""
        return totals.error_rate > self.at_most

    def reading(self, totals: RequestTotals) -> str:
        """What was measured, in words."""
        seen = f"{totals.error_rate:.2%}" if totals.invocations else NO_DATA
        return f"error_rate {seen} (limit {self.at_most:.2%})"


class LatencyLimit(Description):
    """A latency, as mean or percentile, stays at or below a limit.

    A percentile is known to 0.8 %; it breaks the limit where no value within that keeps it.
    """

    metric: LatencyMetric
    """Which latency."""
    at_most: Annotated[Duration, Field(gt=0)]
    """The longest latency that is still fine."""

    def breached(self, totals: RequestTotals) -> bool:
        """Whether the totals are over the limit; without requests they are not."""
        return latency_floor_ns(self.metric, totals) > self.at_most

    def reading(self, totals: RequestTotals) -> str:
        """What was measured, in words."""
        seen = milliseconds_text(latency_metric_ns(self.metric, totals))
        return f"{self.metric} {seen} (limit {units.format_duration(self.at_most)})"


Limit = Annotated[ErrorRateLimit | LatencyLimit, Field(discriminator="metric")]
"""A limit on errors or on latency; `metric` says which in a file."""
