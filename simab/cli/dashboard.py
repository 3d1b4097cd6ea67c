"""What production shows at one moment, as rows of a table: the observation of a controller."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simab.units import seconds

if TYPE_CHECKING:
    from simab.policies import Observation

__all__ = ["dashboard_rows", "headings", "state_line"]


def headings(seen: Observation) -> tuple[str, ...]:
    """The names of the columns of `dashboard_rows`."""
    from simab.report import formatting

    metric = formatting.metric_name(seen.metric)
    return ("variant", "weight", "requests", "errors", "p99", "labels", metric, "")


def state_line(seen: Observation) -> str:
    """The time, whether a change is under way, and until when metrics are published."""
    from simab.text.durations import duration_text

    until = duration_text(seconds(seen.metrics.published_until_ns))
    known = f"metrics until {until}" if seen.metrics.published_until_ns else "no metrics yet"
    return f"{duration_text(seconds(seen.now_ns))}, {seen.status.value}, {known}"


def dashboard_rows(seen: Observation) -> list[Sequence[str]]:
    """A row for each deployed variant: all published windows, and all labels that have arrived."""
    from simab.analyse.series import metric_value
    from simab.policies.metrics import of_labels, of_requests, request_metric
    from simab.text import typeset

    whole = sum(seen.weights.values())
    rows: list[Sequence[str]] = []
    for name, weight in seen.weights.items():
        totals = seen.metrics.requests(name, 0, seen.metrics.published_until_ns)
        labels = seen.metrics.labels(name)
        p99_s = totals.latency_quantile_ns(0.99) / 1e9
        found = low = high = math.nan
        if (of_answers := of_labels(seen.metric)) is not None and labels.labelled:
            value = metric_value(of_answers, name, labels)
            found, low, high = value.value, value.low, value.high
        elif (metric := of_requests(seen.metric)) is not None:
            found = request_metric(metric, totals)
        cells = (
            name,
            typeset.percent(weight / whole, 1),
            f"{totals.invocations:,}",
            typeset.percent(totals.error_rate, 1) if totals.invocations else "-",
            typeset.duration(p99_s) if p99_s >= 0 else "-",
            f"{labels.labelled:,}",
            typeset.metric_value(found) if math.isfinite(found) else "-",
            _interval(low, high),
        )
        rows.append([typeset.plain_spaces(each) for each in cells])
    return rows


def _interval(low: float, high: float) -> str:
    from simab.text import typeset

    if low != low or high != high:
        return ""
    return f"({typeset.metric_value(low)} to {typeset.metric_value(high)})"
