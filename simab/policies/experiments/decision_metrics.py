"""The metrics that one decision is made by: what each has to show, and by which test."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field, field_validator, model_validator

from simab.description import Description, Difference, is_absent, is_nothing
from simab.errors import InvalidInput
from simab.policies.experiments.answers_with_margin import (
    REWARD_PROBABILITIES,
    RewardPercentile,
    of_answers,
)
from simab.policies.experiments.requests_with_margin import Span, of_requests
from simab.policies.metrics import (
    COUNTED_AS_CORRECT,
    LOWER_IS_BETTER,
    OF_EARNINGS,
    ErrorMetric,
    LabelMetric,
    LatencyMetric,
)
from simab.policies.observation import Observation
from simab.stats.classification import SHARES
from simab.stats.label_estimates import metric_estimate
from simab.stats.label_totals import LabelTotals
from simab.stats.margin_tests import (
    Contrast,
    Margin,
    margin_test_of_means,
    margin_test_of_shares,
)
from simab.stats.means import Moments
from simab.text.lists import listed
from simab.text.numbers import figure_text

__all__ = ["DecisionMetric", "MetricName", "Role"]

MetricName: TypeAlias = Literal[LabelMetric, RewardPercentile, ErrorMetric, LatencyMetric]
Unit: TypeAlias = Literal["batch", "request", "session", "user"]
Role: TypeAlias = Literal["success", "guardrail", "deterioration"]

_OF_LABELS: Final = frozenset(get_args(LabelMetric))
_ADDED_BY_USER: Final = frozenset({*COUNTED_AS_CORRECT, *OF_EARNINGS})
_LATENCIES: Final = frozenset(get_args(LatencyMetric))
_WORSE_WHEN_HIGHER: Final = LOWER_IS_BETTER | _LATENCIES
_NANOSECONDS_PER_MILLISECOND: Final = 1e6


class DecisionMetric(Description):
    """A metric with what it has to show for a candidate to be shipped, and how it is tested.

    Shares of labelled requests: the pooled z-test, and with an absolute margin that of Farrington
    and Manning. Rewards: Welch's t; of their percentiles z from the width of the ranks. By user:
    with what each user adds to the error. F1, AUC and Brier: z by the delta method or DeLong. Error
    rates and latencies: Student's t of what each batch of time adds to the error.
    """

    metric: MetricName
    """A metric of labels, 5XX over requests, or a latency."""
    role: Role
    """`success`: being better speaks for the candidate, and one is enough. `guardrail`: it must be
    shown not to be worse by the margin. `deterioration`: it must not be shown to be worse."""
    margin: Annotated[Difference, Field(ge=0, le=1e9, exclude_if=is_nothing)] = 0.0
    """By how much it may be worse: in the metric's unit (milliseconds for a latency), or as a part
    of the control's value. A guardrail has one above 0, a success metric none."""
    difference: Literal["absolute", "relative"] = "absolute"
    """In which of the two the margin is stated."""
    direction: Annotated[Literal["higher", "lower"] | None, Field(exclude_if=is_absent)] = None
    """What is better. Absent: lower for errors, latencies, costs and the Brier score, else higher.
    """
    unit: Annotated[Unit | None, Field(exclude_if=is_absent)] = None
    """What is taken for independent. Of error rates and latencies `batch`, batches of time, if
    absent, or `request`, as many tools do it, which errs far too often where requests wait for each
    other. Of metrics of labels each `request` if absent, or `user` or `session` for the share of
    correct answers and rewards, whose percentiles are by user if absent, or by request."""

    @field_validator("margin", mode="before")
    @classmethod
    def _margin_has_no_unit(cls, margin: Any) -> Any:
        written = re.fullmatch(r"([0-9.]+) ?ms", margin) if isinstance(margin, str) else None
        if written is not None:
            raise InvalidInput(
                f"a margin of latency is a number of milliseconds; write {written[1]}"
            )
        return margin

    @model_validator(mode="after")
    def _margin_fits_the_role(self) -> DecisionMetric:
        if self.role == "guardrail" and not self.margin:
            raise InvalidInput(
                f"{self.metric} is a guardrail without a margin; no sample shows that it is not "
                "worse at all. Give a margin above 0, or make its role deterioration"
            )
        if self.role == "success" and self.margin:
            raise InvalidInput(
                f"{self.metric} has to be better, and a margin says how much worse it may be; "
                "leave out margin, or make its role guardrail"
            )
        if self.unit is not None and self.unit not in self._units:
            raise InvalidInput(
                f"unit {self.unit} is not of {self.metric}; "
                f"write {listed(self._units, 'or')}, or leave it out"
            )
        largest = self.difference == "relative" and self.higher_is_better
        if self.margin >= 1 and (largest or (self.is_share and self.difference == "absolute")):
            raise InvalidInput(
                f"margin {self.margin:g} of {self.metric} allows anything; write for example 0.01"
            )
        return self

    @property
    def reads_labels(self) -> bool:
        """Whether it is known by labels."""
        return self.metric in _OF_LABELS or self.metric in REWARD_PROBABILITIES

    @property
    def tested_by(self) -> Unit:
        """The unit that is taken for independent."""
        return self.unit or self._units[0]

    def adds_up_by(self, unit: str) -> bool:
        """Whether it is of labels that are added up, and not ranked, with that unit for draws."""
        return self.metric in _OF_LABELS and self.tested_by == unit

    @property
    def reads_answers(self) -> bool:
        """Whether it takes answers one by one, with whose they are."""
        return self.tested_by in ("session", "user") or self.metric in REWARD_PROBABILITIES

    @property
    def _units(self) -> tuple[Unit, ...]:
        if not self.reads_labels:
            return ("batch", "request")
        if self.metric in REWARD_PROBABILITIES:
            return ("user", "request")
        return ("request", "user", "session") if self.metric in _ADDED_BY_USER else ("request",)

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.metric not in (*_LATENCIES, *OF_EARNINGS, *REWARD_PROBABILITIES)

    @property
    def higher_is_better(self) -> bool:
        """By `direction`, or by the metric."""
        if self.direction is None:
            return self.metric not in _WORSE_WHEN_HIGHER
        return self.direction == "higher"

    @property
    def tested_margin(self) -> Margin:
        """The margin in the unit that is computed in: nanoseconds for a latency."""
        relative = self.difference == "relative"
        in_time = self.metric in _LATENCIES and not relative
        size = self.margin * (_NANOSECONDS_PER_MILLISECOND if in_time else 1.0)
        return Margin(size, relative, self.higher_is_better)

    def contrast(self, observation: Observation, span: Span, margin: Margin) -> Contrast:
        """What is known of it by now; a margin of its own where another question is asked."""
        if self.reads_answers:
            return of_answers(self.metric, self.tested_by, observation, margin)
        if self.reads_labels:
            labels = observation.metrics.labels
            both = labels(observation.control), labels(observation.candidate)
            return _of_labels(self.metric, *both, margin)  # type: ignore[arg-type]
        return of_requests(self.metric, span, margin, batched=self.tested_by == "batch")

    def reading(self, found: Contrast, p_value: float, asked: str) -> str:
        """What was measured, in words."""
        unit = "ms" if self.metric in _LATENCIES else ""
        scale = _NANOSECONDS_PER_MILLISECOND if unit else 1.0
        form = ".1f" if unit else ".4g"
        values = " against ".join(
            "no data" if math.isnan(each) else f"{format(each / scale, form)}{unit}"
            for each in (found.b, found.a)
        )
        why = f" ({found.reason})" if found.reason else ""
        return f"{self.metric} {values}, {asked} p = {figure_text(p_value, '.3g')}{why}"


def _of_labels(
    name: LabelMetric, control: LabelTotals, candidate: LabelTotals, margin: Margin
) -> Contrast:
    if name in OF_EARNINGS:
        both = (control.rewards, candidate.rewards)
        moments = [Moments(each.count, each.mean, each.variance) for each in both]
        if not all(each.tells_spread for each in both):
            reason = "the spread of the rewards is not known"
            return Contrast.unknown(moments[0].mean, moments[1].mean, reason)
        return margin_test_of_means(moments[0], moments[1], margin)
    if name in COUNTED_AS_CORRECT:
        judged = (control.correct, control.labelled, candidate.correct, candidate.labelled)
        return margin_test_of_shares(*judged, margin)
    if name in SHARES:
        counted = SHARES[name].counted
        hits = (*counted(control.confusion), *counted(candidate.confusion))
        return margin_test_of_shares(*hits, margin)
    a, b = metric_estimate(name, control), metric_estimate(name, candidate)
    variance = margin.factor(a.value) ** 2 * a.variance + b.variance
    contrast = margin.contrast(a.value, b.value)
    if not variance > 0.0:
        return Contrast.unknown(a.value, b.value, f"the labels leave the spread of {name} open")
    return Contrast(a.value, b.value, contrast, math.sqrt(variance))
