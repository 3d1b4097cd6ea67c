"""What a limit reads of the requests of some windows, and which of its values break it.

A reading is a number of marked requests (errors, or requests slower than a limit) among all, or the
sum of how far latencies exceed a limit. Service alone counts: waiting is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.policies.argo.conditions import comparison_of
from simab.policies.argo.metrics import LATENCY_UNITS_NS, ArgoMetric
from simab.policies.cloudwatch.alarms import Alarm
from simab.policies.flagger.metrics import FlaggerMetric, ThresholdRange
from simab.policies.limits import ErrorRateLimit, Limit
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.parts import Variant
from simab.stats.request_totals import LATENCY_BUCKETS, bucket_floor_ns

__all__ = ["Marked", "Mean", "Reading", "of_alarm", "of_argo", "of_flagger", "of_limit"]

Values: TypeAlias = NDArray[np.float64]
Verdicts: TypeAlias = NDArray[np.bool_]
Breaks: TypeAlias = Callable[[Values, Values], Verdicts]
Whose: TypeAlias = Literal["candidate", "control", "both"]

_MANY: Final = 1e9  # requests that stand for the long run
_NS_PER_MS: Final = 1e6
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
_SIGNS: Final = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


@dataclass(frozen=True, slots=True)
class Marked:
    """A count: each request is marked with chance `share`; `breaks` takes the marked and all.

    `adds_up` says that a count is judged as it is, so that the long run of it hangs on the traffic.
    """

    share: float
    breaks: Breaks
    adds_up: bool = False

    def keeps(self, requests: float) -> bool:
        """Whether what it is keeps the limit: so many requests, or very many, without chance."""
        total = requests if self.adds_up else _MANY
        marked = np.array([round(self.share * total) if not self.adds_up else self.share * total])
        return not bool(self.breaks(marked, np.array([total]))[0])


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean latency beyond a limit: the excesses over the limit sum to more than nothing."""

    table: QuantileTable
    limit_ns: float
    sign: str

    def keeps(self, requests: float) -> bool:
        """Whether the mean of the profile keeps the limit."""
        return not bool(COMPARISONS[self.sign](self.table.mean, self.limit_ns))


@dataclass(frozen=True, slots=True)
class Reading:
    """A limit that a policy reads, in words, whose requests it reads, and the law of that."""

    words: str
    law: Marked | Mean
    whose: Whose = "candidate"

    @property
    def broken_anyhow(self) -> bool:
        """Whether what it is breaks the limit, however many requests there are."""
        counted = isinstance(self.law, Marked) and self.law.adds_up
        return not counted and not self.law.keeps(_MANY)


def of_limit(limit: Limit, variant: Variant, words: str = "") -> Reading:
    """A limit of a guardrail or of a staged canary."""
    if isinstance(limit, ErrorRateLimit):
        return Reading(words, _error_share(variant, lambda share: share > limit.at_most))
    if limit.metric == "latency_mean":
        return Reading(words, Mean(variant.latency.table(), limit.at_most, ">"))
    breaking = _floors() > limit.at_most
    return Reading(words, _percentile(variant, LATENCY_PROBABILITIES[limit.metric], breaking))


def of_alarm(alarm: Alarm, variant: Variant, words: str) -> Reading | None:
    """A CloudWatch alarm; None for counts of requests, which say nothing of a variant."""
    compare, law = COMPARISONS[_SIGNS[alarm.comparison]], None
    if alarm.metric == "Invocation5XXErrors" and alarm.statistic == "Average":
        law = _error_share(variant, lambda share: compare(share, alarm.threshold))
    elif alarm.metric == "Invocation5XXErrors" and alarm.statistic == "Sum":
        law = Marked(variant.error_rate, lambda errors, _: compare(errors, alarm.threshold), True)
    elif alarm.metric == "ModelLatency":
        return _latency_alarm(alarm, variant, words)
    return None if law is None else Reading(words, law, alarm.of)


def _latency_alarm(alarm: Alarm, variant: Variant, words: str) -> Reading | None:
    sign = _SIGNS[alarm.comparison]
    if alarm.statistic == "Average":
        law = Mean(variant.latency.table(), alarm.threshold * 1e3, sign)
        return Reading(words, law, alarm.of)
    if alarm.statistic in ("Sum", "SampleCount"):
        return None
    edges_us = (_floors() if sign.startswith(">") else _ceilings()) / 1e3
    ends = {"Minimum": 0.0, "Maximum": 1.0}
    probability = ends.get(alarm.statistic)
    if probability is None:
        probability = float(alarm.statistic[1:]) / 100
    breaking = COMPARISONS[sign](edges_us, alarm.threshold)
    return Reading(words, _percentile(variant, probability, breaking), alarm.of)


def of_argo(metric: ArgoMetric, variant: Variant, words: str) -> Reading | None:
    """A metric of Argo whose failing is one comparison with a number; None for any other."""
    condition = metric.failure_condition or metric.success_condition
    comparison = None if condition is None else comparison_of(condition)
    if metric.of == "ratio" or metric.metric == "requests" or comparison is None:
        return None
    sign, number = comparison
    fails = metric.failure_condition is not None

    def breaking(values: Values) -> Verdicts:
        verdicts: Verdicts = COMPARISONS[sign](metric.scale * values, number)
        return verdicts if fails else ~verdicts

    if metric.metric == "error_rate":
        return Reading(words, _error_share(variant, breaking), metric.of)
    if metric.metric == "success_rate_of_requests":
        law = Marked(variant.error_rate, lambda errors, all_: breaking((all_ - errors) / all_))
        return Reading(words, law, metric.of)
    unit_ns = LATENCY_UNITS_NS[metric.latency_unit]
    if metric.metric == "latency_mean":
        opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
        limit_ns = number * unit_ns / metric.scale
        mean = Mean(variant.latency.table(), limit_ns, sign if fails else opposite[sign])
        return Reading(words, mean, metric.of)
    probability = LATENCY_PROBABILITIES[metric.metric]
    middles = (_floors() + _ceilings() + 1) / 2.0 / unit_ns
    return Reading(words, _percentile(variant, probability, breaking(middles)), metric.of)


def of_flagger(metric: FlaggerMetric, variant: Variant, words: str) -> Reading | None:
    """A metric of Flagger; None for labels, counts of requests and ranges of a latency."""
    passing, scale = metric.passing, metric.scale
    if metric.name == "request-success-rate":
        return Reading(words, _success_share(variant, passing, 100.0))
    if metric.name == "request-duration":
        if passing.min is not None or passing.max is None:
            return None
        breaking = _floors() // _NS_PER_MS > passing.max
        return Reading(words, _percentile(variant, 0.99, breaking))
    match metric.measures:
        case "error_rate":
            return Reading(
                words, _error_share(variant, lambda share: _outside(scale * share, passing))
            )
        case "success_rate_of_requests":
            return Reading(words, _success_share(variant, passing, scale))
        case "errors":
            count = Marked(
                variant.error_rate, lambda errors, _: _outside(scale * errors, passing), True
            )
            return Reading(words, count)
        case "latency_mean" if passing.min is None and passing.max is not None:
            limit_ns = passing.max / scale * _NS_PER_MS
            return Reading(words, Mean(variant.latency.table(), limit_ns, ">"))
        case str() as name if name in LATENCY_PROBABILITIES and passing.min is None:
            middles_ms = (_floors() + _ceilings() + 1) / 2.0 / _NS_PER_MS
            breaking = _outside(scale * middles_ms, passing)
            return Reading(words, _percentile(variant, LATENCY_PROBABILITIES[name], breaking))
    return None


def _outside(values: Values, passing: ThresholdRange) -> Verdicts:
    broken = np.zeros(values.shape, dtype=bool)
    if passing.min is not None:
        broken |= values < passing.min
    if passing.max is not None:
        broken |= values > passing.max
    return broken


def _error_share(variant: Variant, breaking: Callable[[Values], Verdicts]) -> Marked:
    return Marked(variant.error_rate, lambda errors, all_: breaking(errors / all_))


def _success_share(variant: Variant, passing: ThresholdRange, scale: float) -> Marked:
    return Marked(
        variant.error_rate,
        lambda errors, all_: _outside(scale * ((all_ - errors) / all_), passing),
    )


def _percentile(variant: Variant, probability: float, breaking: Verdicts) -> Marked:
    """A percentile breaks a limit when too many requests, or too few, lie in buckets beyond it."""
    upwards = bool(breaking[-1])
    # The first bucket of those beyond the limit, or of those beyond the ones that fall short of it.
    first = int(np.argmax(breaking) if upwards else np.argmin(breaking))
    if bool(breaking[0]) == upwards:
        beyond = 1.0
    else:
        beyond = variant.latency.table().survival(int(_floors()[first]) - 1)

    def breaks(over: Values, all_: Values) -> Verdicts:
        allowed = all_ - np.maximum(np.ceil(probability * all_), 1.0)
        if bool(breaking.all()) or not bool(breaking.any()):
            return np.full(over.shape, upwards)
        verdicts: Verdicts = over > allowed if upwards else over <= allowed
        return verdicts

    return Marked(beyond, breaks)


@cache
def _floors() -> Values:
    """The shortest latency of each bucket, in nanoseconds."""
    return np.array([bucket_floor_ns(each) for each in range(LATENCY_BUCKETS)], dtype=np.float64)


@cache
def _ceilings() -> Values:
    """The longest latency of each bucket, in nanoseconds."""
    return np.append(_floors()[1:], float(bucket_floor_ns(LATENCY_BUCKETS))) - 1.0
