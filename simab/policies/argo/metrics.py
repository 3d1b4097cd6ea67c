"""What an Argo analysis metric measures here, and the verdict of one measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from simab import units
from simab.description import Description, Duration, OptionalCount, PositiveDuration
from simab.errors import InvalidInput
from simab.policies.argo.condition_values import Shape
from simab.policies.argo.conditions import NoVerdict, checked_condition, holds, shape_of
from simab.policies.metrics import latency_metric_ns
from simab.policies.observation import Observation, newest_published
from simab.stats.request_totals import RequestTotals
from simab.text.numbers import figure_text

__all__ = [
    "LATENCY_UNITS_NS",
    "ArgoMetric",
    "Condition",
    "Measured",
    "Measurement",
    "Phase",
    "measure",
]

Measured: TypeAlias = Literal[
    "error_rate",
    "success_rate_of_requests",
    "latency_mean",
    "latency_p50",
    "latency_p90",
    "latency_p95",
    "latency_p99",
    "latency_p99.9",
    "requests",
]
Condition = Annotated[str, Field(min_length=1), AfterValidator(checked_condition)]

LATENCY_UNITS_NS: Final[Mapping[str, int]] = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000}
"""Nanoseconds of each unit in which conditions may read a latency."""


class Phase(StrEnum):
    """How a measurement, a metric or an analysis run stands (the tool's own words)."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"

    @property
    def completed(self) -> bool:
        """Whether it is over."""
        return self not in (Phase.PENDING, Phase.RUNNING)


class ArgoMetric(Description):
    """A metric of an analysis run: what is measured, how often, and what counts as failed."""

    metric: Measured
    """What is measured, over the newest published windows."""
    of: Literal["candidate", "control", "ratio"] = "candidate"
    """Whose metric; `ratio` divides the candidate's by the control's."""
    window: PositiveDuration = 300_000_000_000
    """How much a measurement reads, rounded up to whole metric windows, the newest published."""
    latency_unit: Literal["s", "ms", "us"] = "ms"
    """The unit in which conditions read a latency."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What the reading is multiplied by: 100 for conditions in percent; a ratio has no unit."""
    interval: Annotated[Duration, Field(ge=1_000_000_000)] | None = None
    """Time from one measurement to the next; a single measurement if absent. Argo counts whole
    seconds, so it is at least 1s."""
    initial_delay: Duration = 0
    """Time from the start of the analysis run to the first measurement."""
    count: Annotated[int, Field(ge=0)] | None = None
    """Measurements to take; with an interval, 0 or absent means until the rollout ends."""
    success_condition: Condition | None = None
    """When a measurement is Successful, such as `result[0] >= 0.95`."""
    failure_condition: Condition | None = None
    """When a measurement is Failed; it wins where both hold."""
    failure_limit: Annotated[int, Field(ge=-1)] = 0
    """Failed measurements that are still fine: one MORE fails the metric; -1 never does."""
    inconclusive_limit: Annotated[int, Field(ge=0)] = 0
    """Inconclusive measurements that are still fine."""
    consecutive_error_limit: Annotated[int, Field(ge=0)] = 4
    """Errors on end that are still fine."""
    consecutive_success_limit: Annotated[int, Field(ge=0)] = 0
    """Successful measurements on end that end the metric as Successful; 0 never does."""
    dry_run: bool = False
    """Whether the metric is measured without having a say."""
    minimum_requests: OptionalCount = None
    """Requests below which a measurement is Inconclusive, as by two conditions neither of which
    holds for a small count; none if absent."""

    @model_validator(mode="after")
    def _counts_fit(self) -> ArgoMetric:
        if self.count and self.count > 1 and self.interval is None:
            raise InvalidInput(f"count {self.count} needs an interval; add interval, such as 60s")
        for field in ("failure_limit", "inconclusive_limit"):
            limit = getattr(self, field)
            if self.count and self.count < limit:
                raise InvalidInput(
                    f"{field} {limit} is more than count {self.count} and can never be passed; "
                    f"lower {field} or raise count"
                )
        return self

    @model_validator(mode="after")
    def _conditions_fit(self) -> ArgoMetric:
        if len(set(self._shapes())) > 1:
            raise InvalidInput(
                "success_condition and failure_condition read the result in two ways, as a list, a "
                "number or another field; read it in one"
            )
        return self

    def _shapes(self) -> list[tuple[Shape, str]]:
        conditions = (self.success_condition, self.failure_condition)
        shapes = (shape_of(each) for each in conditions if each is not None)
        return [each for each in shapes if each is not None]

    @property
    def result_shape(self) -> Shape | None:
        """What the conditions take the result for; None where they leave it open."""
        return next((shape for shape, _ in self._shapes()), None)

    @property
    def bound(self) -> str:
        """Its conditions in words, to stand after a reading; empty where it has none."""
        conditions = {"succeeds if": self.success_condition, "fails if": self.failure_condition}
        words = [f"{what} {each}" for what, each in conditions.items() if each is not None]
        return f" ({'; '.join(words)})" if words else ""

    @property
    def effective_count(self) -> int | None:
        """Measurements to take; None for endless."""
        return self.count or (1 if self.interval is None else None)

    @property
    def shortest_ns(self) -> int:
        """How long it lasts at least, if no measurement fails."""
        counts = [each for each in (self.effective_count, self.consecutive_success_limit) if each]
        return self.initial_delay + (min(counts, default=1) - 1) * (self.interval or 0)

    @property
    def can_be_inconclusive(self) -> bool:
        """Whether it counts, and may end Inconclusive: neither Successful nor Failed."""
        gap = self.success_condition is not None and self.failure_condition is not None
        both_limits = self.consecutive_success_limit > 0 and self.failure_limit >= 0
        unfinished = both_limits and self.effective_count is not None
        return not self.dry_run and (gap or unfinished or self.minimum_requests is not None)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: its verdict, what the query found, and both in words."""

    phase: Phase
    result: tuple[float, ...]
    words: str


def measure(metric: ArgoMetric, observation: Observation) -> Measurement:
    """Look at the metric now.

    Both conditions absent: Successful. One given: the other is its opposite. Both given and
    neither true: Inconclusive. A condition that cannot be evaluated, as one that reads an
    empty result: Error. Fewer requests than `minimum_requests`: Inconclusive, whatever they say.
    """
    result, words = _found(metric, observation)
    if metric.minimum_requests is not None:
        fewest = min(_requests_read(metric, observation))
        if fewest < metric.minimum_requests:
            few = f"{fewest} requests (at least {metric.minimum_requests}): {words}"
            return Measurement(Phase.INCONCLUSIVE, result, few)
    try:
        phase = _verdict(metric, result)
    except NoVerdict as why:
        return Measurement(Phase.ERROR, result, f"{why}: {words}")
    return Measurement(phase, result, words)


def _verdict(metric: ArgoMetric, result: tuple[float, ...]) -> Phase:
    success, failure, shape = (
        metric.success_condition,
        metric.failure_condition,
        metric.result_shape,
    )
    succeeds = success is not None and holds(success, result, shape)
    fails = failure is not None and holds(failure, result, shape)
    if failure is None:
        fails = success is not None and not succeeds
    elif success is None:
        succeeds = not fails
    if fails:
        return Phase.FAILED
    return Phase.SUCCESSFUL if succeeds or success is None else Phase.INCONCLUSIVE


def _found(metric: ArgoMetric, observation: Observation) -> tuple[tuple[float, ...], str]:
    """What the query finds, one number or none, and what it was made from, in words."""
    seen = f"{metric.of} {metric.metric} over {units.format_duration(metric.window)}"
    roles = {"candidate": observation.candidate, "control": observation.control}
    whose = list(roles.values()) if metric.of == "ratio" else [roles[metric.of]]
    totals = [_totals(metric, observation, variant) for variant in whose]
    values = [_value(metric, each) for each in totals if each is not None and each.invocations]
    if len(values) < len(whose):
        return (), f"{seen}: no requests are published"
    counted = [
        f"{variant} {figure_text(value, '.6g')} in {each.invocations} requests"
        for variant, value, each in zip(whose, values, totals, strict=True)
        if each is not None
    ]
    if metric.of == "ratio":
        values = [_ratio(*values)]
    value = math.nan if math.isnan(values[0]) else values[0]  # one NaN, so that states compare
    return (value,), f"{seen} = {figure_text(value, '.6g')} ({', '.join(counted)})"


def _requests_read(metric: ArgoMetric, observation: Observation) -> list[int]:
    """How many requests of each variant that is read."""
    roles = {"candidate": observation.candidate, "control": observation.control}
    whose = list(roles.values()) if metric.of == "ratio" else [roles[metric.of]]
    totals = [_totals(metric, observation, variant) for variant in whose]
    return [0 if each is None else each.invocations for each in totals]


def _totals(metric: ArgoMetric, observation: Observation, variant: str) -> RequestTotals | None:
    """Totals of the newest published windows of that length; None where there is none."""
    since_ns, until_ns = newest_published(observation.metrics, metric.window)
    return observation.metrics.requests(variant, since_ns, until_ns) if until_ns else None


def _value(metric: ArgoMetric, totals: RequestTotals) -> float:
    return metric.scale * _unscaled(metric, totals)


def _unscaled(metric: ArgoMetric, totals: RequestTotals) -> float:
    match metric.metric:
        case "requests":
            return float(totals.invocations)
        case "error_rate":
            return totals.error_rate
        case "success_rate_of_requests":
            return totals.answered / totals.invocations
        case _:
            return latency_metric_ns(metric.metric, totals) / LATENCY_UNITS_NS[metric.latency_unit]


def _ratio(candidate: float, control: float) -> float:
    if control == 0:
        return math.inf if candidate > 0 else math.nan
    return candidate / control
