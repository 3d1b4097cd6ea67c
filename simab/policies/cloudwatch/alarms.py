"""CloudWatch metric alarms on a variant's published metrics, in the platform's own words.

An alarm turns each period into one datapoint, or into none where there was no traffic, and the
newest datapoints into a state. Only whole periods count, once they are published.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from simab import units
from simab.description import Description, Duration, OptionalCount
from simab.errors import InvalidInput
from simab.policies.cloudwatch.alarm_evaluation import (
    EXTRA_PERIODS,
    AlarmState,
    TreatMissingData,
    next_state,
)
from simab.policies.observation import Observation
from simab.stats.request_totals import (
    RequestTotals,
    bucket_ceiling_ns,
    bucket_floor_ns,
    known_latencies,
)

__all__ = ["STATISTICS", "Alarm", "AlarmMetric", "AlarmRecord", "ComparisonOperator", "watch"]

AlarmMetric: TypeAlias = Literal["Invocations", "Invocation5XXErrors", "ModelLatency"]
ComparisonOperator: TypeAlias = Literal[
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]

STATISTICS: Final[Mapping[AlarmMetric, tuple[str, ...]]] = {
    "Invocations": ("Sum", "SampleCount"),
    "Invocation5XXErrors": ("Average", "Sum", "SampleCount"),
    "ModelLatency": ("Average", "Sum", "Minimum", "Maximum", "SampleCount"),
}
_PERCENTILE: Final = r"p(?:100|[0-9]{1,2}(?:\.[0-9]{1,10})?)"
_NS_PER_US: Final = 1_000
_COMPARISONS: Final[Mapping[ComparisonOperator, tuple[str, Callable[[float, float], bool]]]] = {
    "GreaterThanThreshold": (">", operator.gt),
    "GreaterThanOrEqualToThreshold": (">=", operator.ge),
    "LessThanThreshold": ("<", operator.lt),
    "LessThanOrEqualToThreshold": ("<=", operator.le),
}


def _known_statistic(text: str) -> str:
    names = dict.fromkeys(name for each in STATISTICS.values() for name in each)
    if text not in names and not re.fullmatch(_PERCENTILE, text):
        raise InvalidInput(
            f"unknown statistic; write one of {', '.join(names)}, or a percentile such as p99"
        )
    return text


Statistic = Annotated[
    str,
    AfterValidator(_known_statistic),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^(Average|Sum|Minimum|Maximum|SampleCount|{_PERCENTILE})$",
            "examples": ["Average", "p99"],
        }
    ),
]


class Alarm(Description):
    """A CloudWatch metric alarm; M of the N newest datapoints must breach the threshold.

    Percentiles, the minimum and the maximum of latency are known to 0.8 %, and are read at the edge
    that does not breach.
    """

    metric: AlarmMetric
    """What is measured; ModelLatency is the time from arrival to reply, in microseconds."""
    statistic: Statistic = "Average"
    """How a period becomes one number: Average, Sum, Minimum, Maximum, SampleCount or pNN."""
    of: Literal["candidate", "control", "both"] = "candidate"
    """Whose metric; `both` adds the fleets up, as an alarm on endpoint and variant name does."""
    period: Annotated[Duration, Field(gt=0)] = 60_000_000_000
    """Length of a datapoint's period, a multiple of the scenario's metric period."""
    evaluation_periods: Annotated[int, Field(ge=1, le=1440)] = 1
    """N: how many datapoints are evaluated."""
    datapoints_to_alarm: Annotated[int, Field(ge=1, le=1440)] | None = None
    """M: how many of them must breach; all of them if absent."""
    threshold: float
    """The limit, in the metric's own unit: requests, errors (Average: a share), microseconds."""
    comparison: ComparisonOperator = "GreaterThanThreshold"
    """When a datapoint breaches."""
    treat_missing_data: TreatMissingData = "missing"
    """What a period without a datapoint counts for."""
    minimum_requests: OptionalCount = None
    """Invocations below which a period has no datapoint, as by metric math with IF; none if
    absent."""

    @model_validator(mode="after")
    def _fits_together(self) -> Alarm:
        allowed = STATISTICS[self.metric]
        percentile = self.statistic not in ("Average", *STATISTICS["ModelLatency"])
        if self.statistic not in allowed and not (percentile and self.metric == "ModelLatency"):
            more = " or a percentile" if self.metric == "ModelLatency" else ""
            raise InvalidInput(
                f"{self.metric} has no statistic {self.statistic}; "
                f"choose {', '.join(allowed)}{more}"
            )
        if self.needed[0] > self.evaluation_periods:
            raise InvalidInput(
                f"datapoints_to_alarm {self.datapoints_to_alarm} is more than evaluation_periods "
                f"{self.evaluation_periods}; lower it, or raise evaluation_periods"
            )
        return self

    @property
    def needed(self) -> tuple[int, int]:
        """M and N of "M out of N"."""
        return self.datapoints_to_alarm or self.evaluation_periods, self.evaluation_periods

    def datapoint(self, totals: RequestTotals) -> float | None:
        """The number of a period; None where there was nothing to measure."""
        served = totals.answered + totals.failed
        errors = totals.failed + totals.rejected
        if self.minimum_requests is not None and totals.invocations < self.minimum_requests:
            return None
        match self.metric:
            case "Invocations":
                return float(totals.invocations) if totals.invocations else None
            case "Invocation5XXErrors":
                if not totals.invocations:
                    return None
                counts = {"Sum": errors, "SampleCount": totals.invocations}
                return float(counts.get(self.statistic, totals.error_rate))
            case _:
                # Known to 0.8 %: what may be within the threshold does not breach it.
                upper = self.comparison.startswith("Greater")
                edge = bucket_floor_ns if upper else bucket_ceiling_ns
                return _latency_us(self.statistic, totals, edge) if served else None

    def breaches(self, value: float) -> bool:
        """Whether a datapoint is beyond the threshold."""
        return _COMPARISONS[self.comparison][1](value, self.threshold)

    def reading(self, values: tuple[float | None, ...]) -> str:
        """The datapoints behind the state, the newest last, in words."""
        newest = values[-(self.evaluation_periods + EXTRA_PERIODS) :]
        shown = " ".join("-" if each is None else f"{each:.6g}" for each in newest)
        sign, (to_alarm, evaluated) = _COMPARISONS[self.comparison][0], self.needed
        return (
            f"{self.metric} {self.statistic} of {self.of} per {units.format_duration(self.period)}"
            f" was {shown} ({to_alarm} of {evaluated} {sign} {self.threshold:g})"
        )


class AlarmRecord(NamedTuple):
    """An alarm's state, its newest datapoints and the end of the last period among them.

    `sounded` holds the datapoints with which it was in ALARM since the look before, if it was.
    """

    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    values: tuple[float | None, ...] = ()
    until_ns: int = 0
    sounded: tuple[float | None, ...] | None = None


def watch(alarm: Alarm, record: AlarmRecord, observation: Observation) -> AlarmRecord:
    """The alarm after all periods that have been published since the last look.

    Raises:
        InvalidInput: the alarm's period is not a multiple of the metric period.
    """
    metrics = observation.metrics
    if alarm.period % metrics.period_ns:
        raise InvalidInput(
            f"alarm period = {units.format_duration(alarm.period)}: is not a multiple of "
            f"metrics.period {units.format_duration(metrics.period_ns)}. Lengthen it."
        )
    kept = alarm.evaluation_periods + EXTRA_PERIODS
    state, values, until_ns, sounded = record.state, record.values, record.until_ns, None
    while until_ns + alarm.period <= metrics.published_until_ns:
        totals = _totals(alarm, observation, until_ns)
        values = (*values, alarm.datapoint(totals))[-kept:]
        until_ns += alarm.period
        breaches = [None if each is None else alarm.breaches(each) for each in values]
        state = next_state(breaches, alarm.needed, alarm.treat_missing_data, state)
        sounded = values if state is AlarmState.ALARM else sounded
    return AlarmRecord(state, values, until_ns, sounded)


def _totals(alarm: Alarm, observation: Observation, since_ns: int) -> RequestTotals:
    roles = {"candidate": observation.candidate, "control": observation.control}
    whose = roles.values() if alarm.of == "both" else [roles[alarm.of]]
    until_ns = since_ns + alarm.period
    first, *rest = [observation.metrics.requests(each, since_ns, until_ns) for each in whose]
    for other in rest:
        first = RequestTotals(
            invocations=first.invocations + other.invocations,
            answered=first.answered + other.answered,
            failed=first.failed + other.failed,
            rejected=first.rejected + other.rejected,
            latency_sum_ns=first.latency_sum_ns + other.latency_sum_ns,
            read_latencies=known_latencies(
                np.vstack([first.latency_histogram, other.latency_histogram])
            ),
        )
    return first


def _latency_us(statistic: str, totals: RequestTotals, edge: Callable[[int], int]) -> float:
    """A statistic of the latencies of some served requests, in microseconds."""
    match statistic:
        case "SampleCount":
            return float(totals.answered + totals.failed)
        case "Sum":
            return totals.latency_sum_ns / _NS_PER_US
        case "Average":
            return totals.latency_mean_ns / _NS_PER_US
        case "Minimum" | "Maximum":
            buckets = np.flatnonzero(np.atleast_2d(totals.latency_histogram).sum(axis=0))
            bucket = buckets[0] if statistic == "Minimum" else buckets[-1]
            return edge(int(bucket)) / _NS_PER_US
        case _:
            quantile = totals.latency_quantile_bucket(float(statistic[1:]) / 100)
            return math.nan if quantile is None else edge(quantile) / _NS_PER_US
