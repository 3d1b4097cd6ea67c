"""Values of a result as a page shows them: each with its interval, as finely as that warrants.

How their numbers are written is the matter of `simab.text.typeset`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from simab.result import Mean, Proportion, Quantiles
from simab.text.typeset import (
    NOT_KNOWN,
    THIN,
    count,
    decimal,
    duration,
    duration_range,
    percent,
    percentage,
    signed,
)

__all__ = [
    "ABOUT",
    "ALWAYS",
    "METRIC_NAMES",
    "NEVER",
    "SAME",
    "Written",
    "difference",
    "duration_quantiles",
    "marked",
    "mean",
    "mean_duration",
    "mean_excess",
    "mean_metric",
    "mean_share",
    "metric_name",
    "points",
    "proportion",
    "quantiles",
    "same_quantiles",
    "signed_duration",
]

ABOUT: Final = "≈"  # before an interval that may be too short
ALWAYS: Final = "in every run"  # instead of an interval without width
NEVER: Final = "none possible"  # the same of 0, where the scenario has nothing that could be more
SAME: Final = "the same at 10 and 90\u202f%"  # instead of two quantiles that agree
METRIC_NAMES: Final = {
    "f1": "F1",
    "brier": "Brier score",
    "roc_auc": "ROC AUC",
    "roc_auc_binary": "ROC AUC of the decisions",
    "latency_mean": "mean latency in ms",
    "latency_p50": "median latency in ms",
    **{
        f"latency_p{percent}": f"{percent}\u202f% latency in ms"
        for percent in ("90", "95", "99", "99.9")
    },
}


class Written(NamedTuple):
    """A value as text, with its interval or what else qualifies it; the latter may be empty."""

    value: str
    interval: str

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


def proportion(value: Proportion) -> Written:
    """A share of runs with its interval, as finely as the interval's width warrants."""
    if not math.isfinite(value.share):
        return Written(NOT_KNOWN, "")
    decimals = _decimals_of_percentage(value.high - value.low)
    low, high = percentage(value.low, decimals), percentage(value.high, decimals)
    return Written(percent(value.share, decimals), f"{low} to {high}{THIN}%")


def mean(value: Mean, most_decimals: int = 4) -> Written:
    """A mean over runs with its interval, to the first digit of the interval's half width."""
    if not math.isfinite(value.mean):
        return Written(NOT_KNOWN, "")
    decimals = _decimals(value, most_decimals)
    text = decimal(value.mean, decimals)
    if not (math.isfinite(value.low) and math.isfinite(value.high)):
        return Written(text, "")
    if value.low == value.high:
        return Written(text, _without_width(value))
    return _as_marked(
        value, text, f"{decimal(value.low, decimals)} to {decimal(value.high, decimals)}"
    )


def _without_width(value: Mean) -> str:
    """Nothing else is possible: runs of which some could differ have an interval."""
    return ALWAYS if value.mean else NEVER


def marked(written: Written) -> Written:
    """The same with the sign that the interval is approximate."""
    return (
        Written(written.value, f"{ABOUT}{THIN}{written.interval}") if written.interval else written
    )


def _as_marked(value: Mean, text: str, interval: str) -> Written:
    written = Written(text, interval)
    return marked(written) if value.approximate else written


def mean_share(value: Mean) -> Written:
    """A mean of shares over runs with its interval, as percentages."""
    if not math.isfinite(value.mean):
        return Written(NOT_KNOWN, "")
    decimals = _decimals_of_percentage(value.high - value.low)
    if 0 < value.mean < 0.01:  # a whole percent would hide what is rare
        decimals = max(decimals, 2)
    text = percent(value.mean, decimals)
    if not (math.isfinite(value.low) and math.isfinite(value.high)):
        return Written(text, "")
    if value.low == value.high:
        return Written(text, _without_width(value))
    low, high = (percentage(max(each, 0.0), decimals) for each in (value.low, value.high))
    return _as_marked(value, text, f"{low} to {high}{THIN}%")


def mean_metric(value: Mean) -> Written:
    """A mean of metric values over runs, which may be as small as the effects that matter."""
    return mean(value, most_decimals=10)


def mean_gain(value: Mean) -> Written:
    """A mean of differences of the metric over runs, with its sign."""
    written = difference(value.mean, value.low, value.high, most_decimals=10)
    return marked(written) if value.approximate else written


def mean_duration(value: Mean) -> Written:
    """A mean number of seconds with its interval, as durations."""
    if not math.isfinite(value.mean):
        return Written(NOT_KNOWN, "")
    if not (math.isfinite(value.low) and math.isfinite(value.high)):
        return Written(duration(value.mean), "")
    if value.low == value.high:
        return Written(duration(value.mean), _without_width(value))
    return _as_marked(value, duration(value.mean), duration_range(value.low, value.high))


def mean_excess(value: Mean) -> Written:
    """A mean difference in seconds with its interval: with its sign, nothing where it is 0."""
    if not math.isfinite(value.mean):
        return Written(NOT_KNOWN, "")
    written = signed_duration(value.mean, value.low, value.high)
    if value.mean == 0:
        return Written("none", "" if value.low == value.high else written.interval)
    return marked(written) if value.approximate else written


def signed_duration(value: float, low: float, high: float) -> Written:
    """A difference of two lengths of time with its sign and its interval."""
    text = f"+{duration(value)}" if value > 0 else duration(value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Written(text, "")
    if low == high:
        return Written(text, ALWAYS)
    return Written(text, duration_range(low, high))


def duration_quantiles(value: Quantiles, horizon_s: float = math.nan) -> Written:
    """The median duration over all runs, with the 10 % and 90 % quantiles.

    A quantile that lies beyond the horizon is not known, only that it is longer.
    """
    beyond = f"over {duration(horizon_s)}" if math.isfinite(horizon_s) else "after the horizon"
    return _quantiles(value, beyond, duration, duration_range)


def same_quantiles(value: Quantiles) -> bool:
    """Whether the 10 % and 90 % quantiles agree, so that they say no more than the median."""
    return math.isfinite(value.p10) and value.p10 == value.p90


def quantiles(value: Quantiles) -> Written:
    """The median count over all runs, with the 10 % and 90 % quantiles."""
    return _quantiles(
        value, "not reached", count, lambda low, high: f"{count(low)} to {count(high)}"
    )


def _quantiles(
    value: Quantiles,
    beyond: str,
    one: Callable[[float], str],
    both: Callable[[float, float], str],
) -> Written:
    if value.decided == 0:
        return Written("no decision", "")
    median = one(value.p50) if math.isfinite(value.p50) else beyond
    if same_quantiles(value):
        return Written(median, SAME)
    if math.isfinite(value.p10) and math.isfinite(value.p90):
        return Written(median, both(value.p10, value.p90))
    return Written(median, f"{one(value.p10)} or more" if math.isfinite(value.p10) else "")


def difference(value: float, low: float, high: float, most_decimals: int = 4) -> Written:
    """A difference with its sign and its interval."""
    if not math.isfinite(value):
        return Written(NOT_KNOWN, "")
    decimals = _decimals(Mean(mean=value, low=low, high=high), most_decimals)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Written(signed(value, decimals), "")
    if low == high:
        return Written(signed(value, decimals), ALWAYS)
    return Written(signed(value, decimals), f"{signed(low, decimals)} to {signed(high, decimals)}")


def points(value: float, low: float, high: float) -> Written:
    """A difference of shares in percentage points, with its interval."""
    if not math.isfinite(value):
        return Written(NOT_KNOWN, "")
    decimals = _decimals_of_percentage(high - low)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Written(f"{signed(100 * value, decimals)} points", "")
    if low == high:
        return Written(f"{signed(100 * value, decimals)} points", ALWAYS)
    return Written(
        f"{signed(100 * value, decimals)} points",
        f"{signed(100 * low, decimals)} to {signed(100 * high, decimals)}",
    )


def metric_name(name: str) -> str:
    """A metric as people write it: F1, ROC AUC, precision."""
    return METRIC_NAMES.get(name, name.replace("_", " "))


def _decimals_of_percentage(width: float) -> int:
    if not math.isfinite(width) or width <= 0 or width >= 0.02:
        return 0
    return 1 if width >= 0.002 else 2


def _decimals(value: Mean, most: int = 4) -> int:
    """Decimals that show the first digit of the half width of the interval.

    Without such a width two, or two digits of what is smaller than a hundredth.
    """
    half_width = (value.high - value.low) / 2
    if not math.isfinite(half_width) or half_width <= 0:
        if float(value.mean).is_integer():
            return 0
        return min(most, max(2, 1 - math.floor(math.log10(abs(value.mean)))))
    return min(most, max(0, -math.floor(math.log10(half_width))))
