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

from simab import units
from simab.policies.explaining.setting import Answering
from simab.policies.limits import ErrorRateLimit, Limit
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.profiles.quantile_table import QuantileTable
from simab.stats.request_totals import LATENCY_BUCKETS, bucket_floor_ns
from simab.text.numbers import percent_text

__all__ = [
    "COMPARISONS",
    "Marked",
    "Mean",
    "Reading",
    "Values",
    "Verdicts",
    "ceilings",
    "error_share",
    "floors",
    "limit_text",
    "limit_value_text",
    "of_limit",
    "percentile",
]

Values: TypeAlias = NDArray[np.float64]
Verdicts: TypeAlias = NDArray[np.bool_]
Breaks: TypeAlias = Callable[[Values, Values], Verdicts]
Whose: TypeAlias = Literal["candidate", "control", "both"]

_MANY: Final = 1e9  # requests that stand for the long run
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


@dataclass(frozen=True, slots=True)
class Marked:
    """A count: each request is marked with chance `share`; `breaks` takes the marked and all.

    `adds_up` says that a count is judged as it is, so that its long run depends on the traffic.
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
    def broken_always(self) -> bool:
        """Whether what it is breaks the limit, however many requests there are."""
        counted = isinstance(self.law, Marked) and self.law.adds_up
        return not counted and not self.law.keeps(_MANY)


def of_limit(limit: Limit, variant: Answering, words: str = "") -> Reading:
    """A limit of a guardrail or of a staged canary."""
    if isinstance(limit, ErrorRateLimit):
        return Reading(words, error_share(variant, lambda share: share > limit.at_most))
    if limit.metric == "latency_mean":
        return Reading(words, Mean(variant.latency.table(), limit.at_most, ">"))
    breaking = floors() > limit.at_most
    return Reading(words, percentile(variant, LATENCY_PROBABILITIES[limit.metric], breaking))


def error_share(variant: Answering, breaking: Callable[[Values], Verdicts]) -> Marked:
    """The share of errors, and which shares break the limit."""
    return Marked(variant.error_rate, lambda errors, all_: breaking(errors / all_))


def percentile(variant: Answering, probability: float, breaking: Verdicts) -> Marked:
    """A percentile breaks a limit when too many requests, or too few, lie in buckets beyond it."""
    upwards = bool(breaking[-1])
    # The first bucket of those beyond the limit, or of those beyond the ones that fall short of it.
    first = int(np.argmax(breaking) if upwards else np.argmin(breaking))
    if bool(breaking[0]) == upwards:
        beyond = 1.0
    else:
        beyond = variant.latency.table().survival(int(floors()[first]) - 1)

    def breaks(over: Values, all_: Values) -> Verdicts:
        allowed = all_ - np.maximum(np.ceil(probability * all_), 1.0)
        if bool(breaking.all()) or not bool(breaking.any()):
            return np.full(over.shape, upwards)
        verdicts: Verdicts = over > allowed if upwards else over <= allowed
        return verdicts

    return Marked(beyond, breaks)


@cache
def floors() -> Values:
    """The shortest latency of each bucket, in nanoseconds."""
    return np.array([bucket_floor_ns(each) for each in range(LATENCY_BUCKETS)], dtype=np.float64)


@cache
def ceilings() -> Values:
    """The longest latency of each bucket, in nanoseconds."""
    return np.append(floors()[1:], float(bucket_floor_ns(LATENCY_BUCKETS))) - 1.0


def limit_text(limit: Limit) -> str:
    """A limit in words, such as `error_rate at most 1 %`."""
    return f"{limit.metric} at most {limit_value_text(limit)}"


def limit_value_text(limit: Limit) -> str:
    """How much a limit allows, in words."""
    if isinstance(limit, ErrorRateLimit):
        return percent_text(limit.at_most)
    return units.format_duration(limit.at_most)
