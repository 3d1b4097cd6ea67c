"""The decision by many metrics: one has to be better, all guardrails not worse by a margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

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
from simab.policies.policy import FineUnit, PlannedTest, Policy, labels_of_both
from simab.stats.margin_tests import Margin
from simab.stats.ship_decision import (
    adjusted_alpha,
    decision_p_value,
    levels_of_candidates,
    ship_decision,
)

__all__ = ["ShipByMetrics", "ShipState"]

Among: TypeAlias = Literal["holm", "bonferroni", "none"]


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
    gain: float


class _Verdict(NamedTuple):
    """On a candidate: whether it may be shipped, why, and its gain in the first success metric."""

    candidate: str
    ship: bool
    because: str
    gain: float


class ShipByMetrics(Policy):
    """Promote if a success metric is better and no guardrail worse: one test of many metrics.

    One look, after a sample or a time that is fixed beforehand. Ship if at least one success metric
    is significantly better, every guardrail is significantly not worse by its margin, and nothing
    is significantly worse that must not be; else keep the control. Success metrics are tested at
    alpha over their number, for one is enough; guardrails at alpha whole, for all of them have to
    pass; tests of deterioration at their own alpha over their number. All are one-sided. Two equal
    variants are then shipped with probability alpha at most, and one that is worse by the margin of
    a guardrail too, however the metrics depend on each other. Of several candidates each is decided
    so, at its part of alpha by `correction`: the family is that of candidates, each with all its
    success metrics and guardrails, so that alpha is that of shipping any that should not be; of
    those that pass the one with the largest gain in the first success metric is shipped. Source:
    Schultzberg, Ankargren and Frånberg 2024 (arXiv 2402.11609), for one candidate; Holm (1979). It
    misleads where the sample is too small for all guardrails together: then it ships hardly
    anything, for each of them needs the power to show that nothing is wrong; and in latencies and
    errors where a batch of time is not much longer than a busy queue's memory.
    """

    chooses_among_all: ClassVar[bool] = True

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
    correction: Annotated[Among | None, Field(exclude_if=is_absent)] = None
    """How several candidates share alpha: by Holm, which is used if absent, by Bonferroni, or not
    at all (`none`: each as if alone). Tests of deterioration have their alpha for each candidate.
    It changes nothing where there is one."""

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
        """At which each metric of a role is tested, of one candidate; there must be one."""
        match role:
            case "success":
                return adjusted_alpha(self.alpha, len(self.of_role(role)))
            case "deterioration":
                return self.deterioration_alpha / len(self.of_role(role))
            case _:
                return self.alpha

    @property
    def shares_alpha_by(self) -> Among:
        """The correction that is made where there are several candidates."""
        return self.correction or "holm"

    def one_of(self, candidates: int) -> ShipByMetrics:
        """At the part of alpha that each of so many has at least, but for `none`."""
        if candidates == 1 or self.shares_alpha_by == "none":
            return self
        return self.model_copy(update={"alpha": self.alpha / candidates})

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

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Where a metric of labels is tested by the unit: at its part of alpha, to be better."""
        by_unit = [
            each.role for each in self.metrics if each.reads_labels and each.tested_by == unit
        ]
        if not by_unit:
            return None
        success = self.of_role("success")
        alpha = self.alpha / len(success) if "success" in by_unit else None
        both = labels_of_both(self.labelled_requests or 0, ratio)
        return PlannedTest("only look", both, self.duration, alpha, two_sided=False)

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
        """The time, or the labels of all that are compared."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if self.labelled_requests is None:
            return NextLook(at_ns=self.duration)
        compared = observation.control, *observation.candidates
        return NextLook.once_labelled(compared, self.labelled_requests)

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
        because, several = "", len(observation.candidates) > 1
        if self.sample_ratio_alpha is not None:
            because = split_mismatch(observation, self.sample_ratio_alpha)
        verdicts = [] if because else self._verdicts(state, observation)
        passed = [each for each in verdicts if each.ship]
        chosen = max(passed, key=lambda each: each.gain, default=None)
        name = observation.control if chosen is None else chosen.candidate
        if chosen is not None:
            because = chosen.because
        elif verdicts:
            names = [f"{each.candidate}: " if several else "" for each in verdicts]
            told = zip(names, verdicts, strict=True)
            because = "; ".join(f"{which}{each.because}" for which, each in told)
        because = f"{'keep' if chosen is None else 'ship'}: {because}"
        if several:
            because += f" ({len(observation.candidates)} candidates: {self.shares_alpha_by})"
        return (Promote(name, because=because),), state._replace(finished=True)

    def _verdicts(self, state: ShipState, observation: Observation) -> list[_Verdict]:
        """On each candidate, at its level."""
        race = _each(observation)
        asked = [self._asked(state, each) for each in race]
        levels = self._levels(asked)
        found = []
        for seen, questions, alpha in zip(race, asked, levels, strict=True):
            decided = ship_decision(
                *_of_role(questions, *_ROLES),
                alpha=alpha,
                deterioration_alpha=self.deterioration_alpha,
            )
            because = _because(
                questions, decided.improved, decided.not_cleared, decided.deteriorated
            )
            gain = next(each.gain for each in questions if each.role == "success")
            gain = -math.inf if math.isnan(gain) else gain
            found.append(_Verdict(seen.candidate, decided.ship, because, gain))
        return found

    def _levels(self, asked: Sequence[Sequence[_Asked]]) -> list[float]:
        """The alpha of each candidate, by the questions on all."""
        p_values = [_of_role(each, "success", "guardrail") for each in asked]
        return levels_of_candidates(
            [decision_p_value(*each) for each in p_values], self.alpha, self.shares_alpha_by
        )

    def readings(
        self, before: ShipState | None, after: ShipState, observation: Observation
    ) -> Sequence[LookReading]:
        """Each question at the decision, and whether it went well for the candidate."""
        if not after.finished or (before is not None and before.finished):
            return ()
        race, several = _each(observation), observation.several
        asked = [self._asked(after, each) for each in race]
        rules = [self.model_copy(update={"alpha": each}) for each in self._levels(asked)]
        return [
            LookReading(
                f"{each.role} {each.metric.metric}" + (f", {seen.candidate}" if several else ""),
                f"{each.words} (level {rule.level_of(each.role):.3g})",
                (each.p_value <= rule.level_of(each.role)) != (each.role == "deterioration"),
            )
            for seen, questions, rule in zip(race, asked, rules, strict=True)
            for each in questions
        ]

    def _is_due(self, observation: Observation) -> bool:
        if self.labelled_requests is None:
            assert self.duration is not None
            return observation.now_ns >= self.duration
        labels = observation.metrics.labels
        compared = observation.control, *observation.candidates
        return min(labels(each).labelled for each in compared) >= self.labelled_requests

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
                found.append(_Asked(metric, role, p_value, words, contrast.contrast))
        return found


_ROLES: Final[tuple[Role, ...]] = ("success", "guardrail", "deterioration")
_QUESTIONS = {"success": "better", "guardrail": "not worse", "deterioration": "worse"}


def _each(observation: Observation) -> list[Observation]:
    """The endpoint in the eyes of each comparison with the control."""
    return [observation.of(each) for each in observation.several] or [observation]


def _of_role(asked: Sequence[_Asked], *roles: Role) -> list[list[float]]:
    """The p-values of each role."""
    return [[each.p_value for each in asked if each.role == role] for role in roles]


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
