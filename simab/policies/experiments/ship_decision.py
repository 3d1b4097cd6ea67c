"""The decision by many metrics: one has to be better, all guardrails not worse by a margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, PositiveDuration, is_absent
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.experiments.decision_metrics import DecisionMetric, Role
from simab.policies.experiments.requests_with_margin import Span
from simab.policies.holds import split_mismatch
from simab.policies.immature import AsArrived, OptionalImmature, Wait
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import Policy, RequestTest, labels_of_both
from simab.stats.margin_tests import Margin
from simab.stats.ship_decision import adjusted_alpha, ship_decision

__all__ = ["ShipByMetrics", "ShipState"]


class ShipState(NamedTuple):
    """Since when the weights are what they are, and whether all is decided."""

    stretch: ConstantWeightPeriod = ConstantWeightPeriod()
    finished: bool = False


class _Asked(NamedTuple):
    """One question to a metric: by its role, or whether it has become worse."""

    metric: DecisionMetric
    role: Role
    p_value: float
    words: str


class ShipByMetrics(Policy):
    """Promote if a success metric is better and no guardrail worse: one test of many metrics.

    One look, after a sample or a time that is fixed beforehand. Ship if at least one success metric
    is significantly better, every guardrail is significantly not worse by its margin, and nothing
    is significantly worse that must not be; else keep the control. Success metrics are tested at
    alpha over their number, for one is enough; guardrails at alpha whole, for all of them have to
    pass; tests of deterioration at their own alpha over their number. All are one-sided. Two equal
    variants are then shipped with probability alpha at most, and one that is worse by the margin of
    a guardrail too, however the metrics depend on each other. Source: Schultzberg, Ankargren and
    Frånberg 2024 (arXiv 2402.11609). It misleads where the sample is too small for all guardrails
    together: then it ships hardly anything, for each of them needs the power to show that nothing
    is wrong; and in latencies and errors where a batch of time
    is not much longer than a busy queue's memory.
    """

    kind: Literal["ship_decision"] = "ship_decision"
    metrics: Annotated[tuple[DecisionMetric, ...], Field(min_length=1)]
    """What is compared, with the role of each."""
    labelled_requests: Annotated[int | None, Field(ge=1, exclude_if=is_absent)] = None
    """Labelled requests that each of the two variants must have first."""
    duration: Annotated[PositiveDuration | None, Field(exclude_if=is_absent)] = None
    """In their place: when to decide, from the start of the run."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of shipping what is nowhere better, and what is worse by a guardrail's margin."""
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Probability to be had of shipping what is better in one success metric and equal in all
    guardrails: what is said of the power of each test follows from it. Nothing is decided by it."""
    deterioration_alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.01
    """Probability that a metric which has not become worse stops a candidate, of all together."""
    deterioration: Literal["named", "all"] = "named"
    """Which metrics are tested for being worse: those of that role, or all."""
    batches: Annotated[int, Field(ge=5, le=1000)] = 20
    """Into how many batches of time error rates and latencies are cut. Each has to be much longer
    than a busy queue's memory."""
    sample_ratio_alpha: Annotated[
        float | None, Field(ge=SMALLEST_ERROR, lt=1, exclude_if=is_absent)
    ] = None
    """Keep the control where requests, or users, are not split as the weights ask, by a test that
    errs so often at most; 0.001 is usual. Never if absent."""
    immature: OptionalImmature = None
    """How requests count whose labels are not all there yet; as labels arrive if absent."""

    @model_validator(mode="after")
    def _design_is_whole(self) -> ShipByMetrics:
        if self.labelled_requests is not None and self.duration is not None:
            raise InvalidInput(
                "labelled_requests and duration both say when to decide; give one of them"
            )
        if self.labelled_requests is None and self.duration is None:
            raise InvalidInput("nothing says when to decide; give labelled_requests or duration")
        if self.false_alarms >= 1.0 - self.power:
            raise InvalidInput(
                f"deterioration_alpha {self.deterioration_alpha:g} alone takes all that power "
                f"{self.power:g} leaves to err; lower one of them"
            )
        if not self.of_role("success"):
            raise InvalidInput(
                "no metric has the role success; nothing is shipped for guardrails alone: name "
                "what should improve"
            )
        seen = [(each.metric, each.role) for each in self.metrics]
        for metric, role in seen:
            if seen.count((metric, role)) > 1:
                raise InvalidInput(f"{metric} is given twice as {role}; leave out one of them")
        if self.reads_answers() and not isinstance(self.immature, Wait | AsArrived | None):
            raise InvalidInput(
                f"immature {self.immature.kind} is for counts, and a metric reads single answers; "
                "write `{kind: wait, after: 7d}`"
            )
        return self

    def of_role(self, role: Role) -> tuple[DecisionMetric, ...]:
        """The metrics of a role; of deterioration all that are tested for it."""
        if role == "deterioration" and self.deterioration == "all":
            return self.metrics
        return tuple(each for each in self.metrics if each.role == role)

    def level_of(self, role: Role) -> float:
        """At which each metric of a role is tested; there must be one."""
        match role:
            case "success":
                return adjusted_alpha(self.alpha, len(self.of_role(role)))
            case "deterioration":
                return self.deterioration_alpha / len(self.of_role(role))
            case _:
                return self.alpha

    @property
    def false_alarms(self) -> float:
        """How often tests of deterioration stop what is not worse; 0 where there are none."""
        return self.deterioration_alpha if self.of_role("deterioration") else 0.0

    @property
    def reads_windows(self) -> bool:
        """Whether it compares error rates or latencies, of published windows."""
        return any(not each.reads_labels for each in self.metrics)

    def looks_at(self) -> tuple[str, ...]:
        """Quality also where that is a percentile of rewards."""
        found = super().looks_at()
        quality = any(each.reads_labels for each in self.metrics)
        return ("quality", *found) if quality and "quality" not in found else found

    def reads_answers(self) -> bool:
        """For metrics by user, and for percentiles of rewards."""
        return any(each.reads_answers for each in self.metrics)

    def request_test(self, ratio: float) -> RequestTest | None:
        """Where a metric of labels is tested by request: at its part of alpha, to be better."""
        by_request = [each.role for each in self.metrics if each.tests_requests]
        if not by_request:
            return None
        success = self.of_role("success")
        alpha = self.alpha / len(success) if "success" in by_request else None
        both = labels_of_both(self.labelled_requests or 0, ratio)
        return RequestTest("only look", both, self.duration, alpha, two_sided=False)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """`duration`."""
        return self.duration or 0

    def longest_ns(self) -> int | None:
        """`duration`."""
        return self.duration

    def labels_needed(self, ratio: float) -> int:
        """As given, whatever the split."""
        return self.labelled_requests or 0

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def next_look(self, state: ShipState, observation: Observation) -> NextLook:
        """The time, or the labels of both variants."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if self.labelled_requests is None:
            return NextLook(at_ns=self.duration)
        both = observation.control, observation.candidate
        return NextLook.once_labelled(both, self.labelled_requests)

    def decide(
        self, state: ShipState | None, observation: Observation
    ) -> tuple[Sequence[Action], ShipState]:
        """Decide at the first tick at which the sample or the time is reached."""
        state = state or ShipState()
        if state.finished:
            return (), state
        stretch = state.stretch.followed(observation)
        if stretch is not state.stretch:
            state = state._replace(stretch=stretch)
        if observation.status is EndpointStatus.UPDATING or not self._is_due(observation):
            return (), state
        mismatch = ""
        if self.sample_ratio_alpha is not None:
            mismatch = split_mismatch(observation, self.sample_ratio_alpha)
        asked = self._asked(state, observation)
        decided = ship_decision(
            *([each.p_value for each in asked if each.role == role] for role in _ROLES),
            alpha=self.alpha,
            deterioration_alpha=self.deterioration_alpha,
        )
        ship = decided.ship and not mismatch
        because = _because(asked, decided.improved, decided.not_cleared, decided.deteriorated)
        because = f"{'ship' if ship else 'keep'}: {mismatch or because}"
        name = observation.candidate if ship else observation.control
        return (Promote(name, because=because),), state._replace(finished=True)

    def readings(
        self, before: ShipState | None, after: ShipState, observation: Observation
    ) -> Sequence[LookReading]:
        """Each question at the decision, and whether it went well for the candidate."""
        if not after.finished or (before is not None and before.finished):
            return ()
        return [
            LookReading(
                f"{each.role} {each.metric.metric}",
                f"{each.words} (level {self.level_of(each.role):.3g})",
                (each.p_value <= self.level_of(each.role)) != (each.role == "deterioration"),
            )
            for each in self._asked(after, observation)
        ]

    def _is_due(self, observation: Observation) -> bool:
        if self.labelled_requests is None:
            assert self.duration is not None
            return observation.now_ns >= self.duration
        labels = observation.metrics.labels
        both = labels(observation.control), labels(observation.candidate)
        return min(each.labelled for each in both) >= self.labelled_requests

    def _asked(self, state: ShipState, observation: Observation) -> list[_Asked]:
        """All questions, by role."""
        span = Span(0, 0)
        if self.reads_windows:
            span = Span.of(state.stretch, observation, self.batches)
        found = []
        for role in _ROLES:
            for metric in self.of_role(role):
                margin = metric.tested_margin
                if role == "deterioration" and metric.role != role:
                    margin = Margin(higher_is_better=metric.higher_is_better)
                contrast = metric.contrast(observation, span, margin)
                worse = role == "deterioration"
                p_value = contrast.p_worse if worse else contrast.p_not_worse
                words = metric.reading(contrast, p_value, _QUESTIONS[role])
                found.append(_Asked(metric, role, p_value, words))
        return found


_ROLES: tuple[Role, ...] = ("success", "guardrail", "deterioration")
_QUESTIONS = {"success": "better", "guardrail": "not worse", "deterioration": "worse"}


def _because(asked: Sequence[_Asked], *places: tuple[int, ...]) -> str:
    """The metrics that decided, in words; all success metrics where none is better."""
    improved, not_cleared, deteriorated = (
        [each.words for each in asked if each.role == role] for role in _ROLES
    )
    parts = [
        ("better", [improved[place] for place in places[0]]),
        ("no gain shown", [] if places[0] else improved),
        ("guardrail not cleared", [not_cleared[place] for place in places[1]]),
        ("worse", [deteriorated[place] for place in places[2]]),
    ]
    return "; ".join(f"{what}: {', '.join(words)}" for what, words in parts if words)
