"""Flagger's metric checks: what is read, over which windows, and the range that passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, cast, get_args

from pydantic import Field, model_validator

from simab import units
from simab.description import Description, Duration, OptionalCount
from simab.errors import InvalidInput
from simab.policies.metrics import LabelMetric, label_metric, latency_floor_ns
from simab.policies.observation import Observation, newest_published
from simab.policies.window_series import WindowMetric, window_metric
from simab.stats.request_totals import RequestTotals
from simab.text.numbers import figure_text

__all__ = ["BuiltInMetric", "Check", "FlaggerMetric", "ThresholdRange", "run_checks"]

BuiltInMetric: TypeAlias = Literal["request-success-rate", "request-duration"]

_BUILT_IN: Final = frozenset(get_args(BuiltInMetric))
_LABEL_METRICS: Final = frozenset(get_args(LabelMetric))
_NANOSECONDS_PER_MILLISECOND: Final = 1_000_000


class ThresholdRange(Description):
    """The values that pass; a value equal to an end passes."""

    min: float | None = None
    """The lowest value that passes."""
    max: float | None = None
    """The highest value that passes."""

    @model_validator(mode="after")
    def _says_something(self) -> ThresholdRange:
        if self.min is None and self.max is None:
            raise InvalidInput("a threshold_range without min and max checks nothing; give one")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise InvalidInput("min is above max, so that nothing passes; exchange them")
        return self

    @property
    def words(self) -> str:
        """The range in words: >= 99, or 1 to 20."""
        if self.min is not None and self.max is not None:
            return f"{self.min:g} to {self.max:g}"
        return f">= {self.min:g}" if self.min is not None else f"<= {self.max:g}"

    def broken_by(self, value: float) -> str:
        """The comparison that fails, in words; empty if the value passes."""
        if self.min is not None and value < self.min:
            return f"< {self.min:g}"
        return f"> {self.max:g}" if self.max is not None and value > self.max else ""


class FlaggerMetric(Description):
    """One metric of the analysis.

    `request-success-rate` is the percentage of requests without a 5XX, `request-duration` the 99th
    percentile in whole milliseconds, cut off. Any other name is that of a metric template, whose
    query `measures` replaces; a metric of labels reads all labels so far, whatever the interval.
    """

    name: Annotated[str, Field(min_length=1)]
    """A built-in metric, or the name of your own."""
    measures: WindowMetric | LabelMetric | Literal["nothing"] | None = None
    """What a metric of your own reads; latencies are in milliseconds, shares from 0 to 1. Of a
    metric without template and query write `nothing`: Flagger fails every check of it."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What the reading of a metric of your own is multiplied by: 100 for percentages."""
    threshold_range: ThresholdRange
    """The values that pass."""
    interval: Annotated[Duration, Field(gt=0)] = 60_000_000_000
    """The newest span that is read, rounded up to whole metric windows; longer than the policy's
    interval, successive checks share requests."""
    minimum_requests: OptionalCount = None
    """Requests in that span, or labels so far, below which the metric leaves the check open: the
    tick neither takes a step nor counts a failure. Flagger has no such field; its own would be a
    webhook `confirm-traffic-increase`. None if absent."""

    @model_validator(mode="after")
    def _readable(self) -> FlaggerMetric:
        if self.built_in and (self.measures is not None or self.scale != 1.0):
            raise InvalidInput(f"{self.name} is built in; remove measures and scale")
        if not self.built_in and self.measures is None:
            raise InvalidInput(
                f"{self.name} is not built in; say with `measures` which metric it reads"
            )
        return self

    @property
    def passing(self) -> ThresholdRange:
        """The range that is compared: of a duration in whole milliseconds, cut off as Flagger's."""
        if self.name != "request-duration":
            return self.threshold_range
        return _cut_off(self.threshold_range)

    @property
    def missing(self) -> str:
        """Why there is no value, in words."""
        if self.measures == "nothing":
            return "neither template nor query"
        return f"no values in {units.format_duration(self.interval)}"

    @property
    def built_in(self) -> bool:
        """Whether Flagger brings the query."""
        return self.name in _BUILT_IN

    def read(self, observation: Observation) -> float:
        """The candidate's value in the newest published span; NaN where there are no values."""
        variant, metrics = observation.candidate, observation.metrics
        if self.measures == "nothing":
            return math.nan
        if self.measures in _LABEL_METRICS:
            labels = metrics.labels(variant)
            return self.scale * label_metric(cast(LabelMetric, self.measures), labels)
        since_ns, until_ns = newest_published(metrics, self.interval)
        if since_ns == until_ns:
            return math.nan
        return self._of_requests(metrics.requests(variant, since_ns, until_ns))

    def too_few(self, observation: Observation) -> str:
        """That too few requests are known for a verdict, in words; empty where there are enough."""
        if self.minimum_requests is None:
            return ""
        variant, metrics, count = observation.candidate, observation.metrics, 0
        if self.measures in _LABEL_METRICS:
            count = metrics.labels(variant).labelled
        else:
            since_ns, until_ns = newest_published(metrics, self.interval)
            if since_ns < until_ns:
                count = metrics.requests(variant, since_ns, until_ns).invocations
        few = count < self.minimum_requests
        return f"{count} requests (at least {self.minimum_requests})" if few else ""

    def _of_requests(self, totals: RequestTotals) -> float:
        if self.name == "request-success-rate":
            return 100.0 * _share_without_5xx(totals)
        if self.name == "request-duration":
            latency_ns = latency_floor_ns("latency_p99", totals)
            # Flagger turns the query's float into an integer before it compares.
            return (
                latency_ns if math.isnan(latency_ns) else latency_ns // _NANOSECONDS_PER_MILLISECOND
            )
        return self.scale * window_metric(cast(WindowMetric, self.measures), totals)


@lru_cache(maxsize=64)  # asked for at every tick
def _cut_off(passing: ThresholdRange) -> ThresholdRange:
    ends = passing.model_dump(exclude_none=True)
    return ThresholdRange(**{end: float(math.trunc(value)) for end, value in ends.items()})


class Check(NamedTuple):
    """Whether one tick's metrics passed (None: left open), and what was measured, up to the first
    that failed.
    """

    passed: bool | None
    measured: str


def run_checks(metrics: Sequence[FlaggerMetric], observation: Observation) -> Check:
    """Built-in metrics first, then the others; the first that fails ends the check.

    No value is a failure: Flagger halts with "no values found". A metric with too few requests
    leaves open what no other fails.
    """
    readings, passed = [], True
    for metric in sorted(metrics, key=lambda each: not each.built_in):
        few = metric.too_few(observation)
        if few:
            readings.append(f"{metric.name}: {few}")
            passed = False
            continue
        value = metric.read(observation)
        if math.isnan(value):
            readings.append(f"{metric.name}: {metric.missing}")
            return Check(False, ", ".join(readings))
        broken = metric.passing.broken_by(value)
        readings.append(f"{metric.name} {_shown(value)} {broken}".rstrip())
        if broken:
            return Check(False, ", ".join(readings))
    return Check(passed or None, ", ".join(readings) or "no metrics")


def _share_without_5xx(totals: RequestTotals) -> float:
    """From the counts, so that 99 of 100 is exactly 99 %."""
    if totals.invocations == 0:
        return math.nan
    return (totals.invocations - totals.failed - totals.rejected) / totals.invocations


def _shown(value: float) -> str:
    return figure_text(value, ".4f").rstrip("0").rstrip(".")
