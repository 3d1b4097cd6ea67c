"""How numbers are written on a page: shares, intervals, durations, counts. Nothing else does it.

Digits are grouped by commas, as in all sentences of simab; minus is a minus sign, and what is not
known is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from simab.result import Mean, Proportion, Quantiles
from simab.scenario.wording import duration_parts

__all__ = [
    "NOT_KNOWN",
    "THIN",
    "Written",
    "count",
    "counted",
    "decimal",
    "difference",
    "duration",
    "duration_quantiles",
    "duration_range",
    "marked",
    "mean",
    "mean_duration",
    "mean_excess",
    "mean_metric",
    "mean_share",
    "metric_name",
    "metric_value",
    "p_value",
    "percent",
    "points",
    "proportion",
    "quantiles",
    "same_quantiles",
    "signed_duration",
    "times",
    "whole_percent",
]

THIN: Final = "\u202f"  # narrow no-break space: parts a number from its unit
ABOUT: Final = "≈"  # before an interval that may be too short
ALWAYS: Final = "in every run"  # instead of an interval without width
NEVER: Final = "none possible"  # the same of 0, where the scenario has nothing that could be more
SAME: Final = "the same at 10 and 90\u202f%"  # instead of two quantiles that agree
_MOST_DECIMALS: Final = 4  # of a percentage: what is nearer to 0 or 100 is said to be so
NO_BREAK: Final = "\u00a0"
MINUS: Final = "−"
NOT_KNOWN: Final = "not known"
METRIC_NAMES: Final = {
    "f1": "F1",
    "brier": "Brier score",
    "roc_auc": "ROC AUC",
    "roc_auc_binary": "ROC AUC of the decisions",
}


class Written(NamedTuple):
    """A value as text, with its interval or what else qualifies it; the latter may be empty."""

    value: str
    interval: str

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


def decimal(value: float, decimals: int) -> str:
    """A number with that many decimals, digits grouped by commas."""
    if not math.isfinite(value):
        return NOT_KNOWN
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if negative else text


def count(value: float) -> str:
    """A whole number: 12,345."""
    return decimal(value, 0)


def counted(value: float, noun: str) -> str:
    """A whole number of things: 1 run, 2 runs, 1,200 requests."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def percent(share: float, decimals: int = 0) -> str:
    """A share as a percentage that says 0 or 100 only where it is exactly that."""
    if not math.isfinite(share):
        return NOT_KNOWN
    return f"{_percentage(share, decimals)}{THIN}%"


def whole_percent(share: float) -> str:
    """A share for a narrow place: no decimals, `<1 %` and `>99 %` at the ends."""
    if 0 < share < 0.005:
        return f"<1{THIN}%"
    if 0.995 <= share < 1:
        return f">99{THIN}%"
    return percent(share)


def proportion(value: Proportion) -> Written:
    """A share of runs with its interval, as finely as the interval's width warrants."""
    if not math.isfinite(value.share):
        return Written(NOT_KNOWN, "")
    decimals = _decimals_of_percentage(value.high - value.low)
    low, high = _percentage(value.low, decimals), _percentage(value.high, decimals)
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
    low, high = (_percentage(max(each, 0.0), decimals) for each in (value.low, value.high))
    return _as_marked(value, text, f"{low} to {high}{THIN}%")


def mean_metric(value: Mean) -> Written:
    """A mean of metric values over runs, which may be as small as the effects that matter."""
    return mean(value, most_decimals=10)


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


def times(value: float) -> str:
    """A ratio: 2.3 times."""
    return f"{decimal(value, 1)} times" if math.isfinite(value) else "not defined"


def difference(value: float, low: float, high: float) -> Written:
    """A difference with its sign and its interval."""
    if not math.isfinite(value):
        return Written(NOT_KNOWN, "")
    decimals = _decimals(Mean(mean=value, low=low, high=high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Written(_signed(value, decimals), "")
    if low == high:
        return Written(_signed(value, decimals), ALWAYS)
    return Written(
        _signed(value, decimals), f"{_signed(low, decimals)} to {_signed(high, decimals)}"
    )


def points(value: float, low: float, high: float) -> Written:
    """A difference of shares in percentage points, with its interval."""
    if not math.isfinite(value):
        return Written(NOT_KNOWN, "")
    decimals = _decimals_of_percentage(high - low)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Written(f"{_signed(100 * value, decimals)} points", "")
    if low == high:
        return Written(f"{_signed(100 * value, decimals)} points", ALWAYS)
    return Written(
        f"{_signed(100 * value, decimals)} points",
        f"{_signed(100 * low, decimals)} to {_signed(100 * high, decimals)}",
    )


def p_value(value: float) -> str:
    """A p-value to two digits, and no more than that it is very small."""
    if not math.isfinite(value):
        return NOT_KNOWN
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}"


def duration(seconds: float) -> str:
    """A length of time as everywhere in simab: 5 h 12 min, 48 s, 250 ms."""
    if not math.isfinite(seconds):
        return NOT_KNOWN
    if seconds < 0:
        text = duration(-seconds)
        return text if text == duration(0.0) else f"{MINUS}{text}"
    parts = duration_parts(seconds)
    return NO_BREAK.join(f"{amount}{THIN}{unit}" for amount, unit in parts)


def metric_value(value: float) -> str:
    """A metric such as F1, to three decimals, or more where it is smaller than that."""
    if not math.isfinite(value) or value == 0 or abs(value) >= 0.01:
        return decimal(value, 3)
    return decimal(value, min(8, 1 - math.floor(math.log10(abs(value)))))


def metric_name(name: str) -> str:
    """A metric as people write it: F1, ROC AUC, precision."""
    return METRIC_NAMES.get(name, name.replace("_", " "))


def duration_range(low: float, high: float) -> str:
    """Two lengths of time, each written as it is alone, so that a value between them looks so."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return NOT_KNOWN
    first, last = duration(low), duration(high)
    unit = f"{THIN}{last.split(THIN)[-1]}"
    if NO_BREAK not in first + last and first.endswith(unit):
        first = first.removesuffix(unit)  # 9 to 12 s
    return f"{first} to {last}"


def _percentage(share: float, decimals: int) -> str:
    """The number before the % sign, with more decimals where it would wrongly say 0 or 100.

    No more than four: nothing here is known more finely than one in a million.
    """
    if not math.isfinite(share):
        return NOT_KNOWN
    if share in (0, 1):
        return f"{100 * share:.0f}"
    while 0 < share < 1 and round(100 * share, decimals) in (0, 100):
        if decimals >= _MOST_DECIMALS:
            return "under 0.0001" if share < 0.5 else "over 99.9999"
        decimals += 1
    return decimal(round(100 * share, 9), decimals)  # 0.575 is 57.5, not 57.4999


def _decimals_of_percentage(width: float) -> int:
    if not math.isfinite(width) or width <= 0 or width >= 0.02:
        return 0
    return 1 if width >= 0.002 else 2


def _decimals(value: Mean, most: int = 4) -> int:
    """Decimals that show the first digit of the half width of the interval."""
    half_width = (value.high - value.low) / 2
    if not math.isfinite(half_width) or half_width <= 0:
        return 0 if float(value.mean).is_integer() else 2
    return min(most, max(0, -math.floor(math.log10(half_width))))


def _signed(value: float, decimals: int) -> str:
    text = decimal(value, decimals)
    plain = any(digit in "123456789" for digit in text)
    return f"+{text}" if value > 0 and plain and math.isfinite(value) else text
