"""The safe rollout: raise the share in monitored stages, stop for harm, ship otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import SMALLEST_ERROR, Duration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Hold, HoldReason, Promote, RollBack, SetWeights
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.guardrails import Guardrail
from simab.policies.holds import hold_for
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import beside_others
from simab.policies.policy import FineUnit, PlannedTest, Policy
from simab.policies.rollouts.baseline import Baseline, compared_with, parts_of, require_room
from simab.policies.rollouts.watched_metrics import (
    Arms,
    OptionalUnit,
    WatchedMetric,
    compared,
    users_since,
)
from simab.policies.two_proportions import ProportionEvidence, TwoProportions
from simab.stats.design_effect import ServedShare

__all__ = ["SafeRollout", "SafeRolloutState"]

_NOTHING = TwoProportions(0, 0, 0, 0)
_CORRECT = WatchedMetric(metric="success_rate")


class SafeRolloutState(NamedTuple):
    """The stage, the stretch that it serves in (None: not yet), and what is counted of it.

    `labels` are those that had arrived when the stage began, `errors` the 5XX of its windows.
    """

    stage: int = 0
    stretch: ConstantWeightPeriod | None = None
    labels: TwoProportions = _NOTHING
    errors: TwoProportions = _NOTHING
    counted_until_ns: int = 0
    holds: int = 0
    held_for: HoldReason | None = None
    finished: bool = False


class SafeRollout(Policy):
    """Stages of the candidate's share, each watched for significant harm; promote if there is none.

    At every tick the stage's correct answers and 5XX are compared with the control's by confidence
    sequences, which share alpha over both metrics and all stages; significant harm rolls back. A
    stage that is served out is held while the candidate has too few requests, the split does not
    follow the weights, or a guardrail objects. What is inconclusive at the end ships. Source:
    GrowthBook's safe rollouts and monitored ramps, whose control is an equal part of the traffic:
    here that is `baseline`, and without one the whole control is the comparison. It misleads when
    shipping is read as success: a candidate that is worse by less than the stages can show is
    shipped nearly always.
    """

    needs_right_or_wrong: ClassVar[bool] = True
    counts_correct_answers: ClassVar[bool] = True
    counts_errors: ClassVar[bool] = True

    kind: Literal["safe_rollout"] = "safe_rollout"
    stages: Annotated[tuple[Annotated[Share, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (
        0.01,
        0.05,
        0.10,
        0.25,
        0.50,
    )
    """The candidate's share of what the two have in each stage, rising; promoted after the last."""
    bake: Annotated[Duration, Field(gt=0)]
    """How long each stage serves at least."""
    minimum_requests: Annotated[int, Field(ge=1)] = 1
    """Requests that the candidate must have had in a stage before the next."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of rolling back a candidate that is as good, over all stages."""
    tight_at: Annotated[int, Field(ge=1)] = 5000
    """Requests a variant at which the confidence sequences are to be narrowest."""
    unit: OptionalUnit = "request"
    """What correct answers are compared by: labelled requests as independent draws, or users or
    sessions, by the delta method, of requests that came since the stage began. 5XX are always of
    requests."""
    guardrails: tuple[Guardrail, ...] = ()
    """Margins that the candidate must keep, against the control, to leave a stage. A small stage
    may take long to show it."""
    sample_ratio_alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] | None = 0.001
    """Hold where a stage's requests, or users under a hash or cookies, are not split as its weights
    ask, by a test that errs so often in a whole run at most; null never does."""
    maximum_duration: Annotated[Duration, Field(gt=0)] | None = None
    """When a rollout that is not through keeps the control; never if absent."""
    baseline: Baseline = None
    """A variant like the control that has as much traffic as the candidate in every stage, and that
    the candidate is compared with in place of the control: both are new and of one size, so that
    cold caches and small samples speak against neither. The control itself if absent."""

    @model_validator(mode="after")
    def _baseline_has_room(self) -> SafeRollout:
        require_room("a stage", max(self.stages), self.baseline)
        return self

    @model_validator(mode="after")
    def _rising(self) -> SafeRollout:
        if list(self.stages) != sorted(set(self.stages)):
            raise InvalidInput("the stages do not rise; list growing shares such as 5%, 25%, 50%")
        return self

    def reads_answers(self) -> bool:
        """By user or session."""
        return self.unit != "request"

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: SafeRolloutState | None, observation: Observation
    ) -> tuple[Sequence[Action], SafeRolloutState | None]:
        """Start, count, roll back for harm, hold, or go on to the next stage."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        if state is None:
            return (self._enter(0, "the rollout starts", observation),), SafeRolloutState()
        if state.stretch is None and observation.refused:  # the stage was never entered
            return (self._enter(state.stage, "asked again", observation),), state
        state = self._counted(state, observation)
        labels = self._labels(observation)
        harm = self._harm(state, labels, observation)
        if harm:
            return (RollBack(because=harm),), state._replace(finished=True)
        assert state.stretch is not None
        hold: Hold | None = None
        begun: tuple[Action, ...] = ()
        if observation.now_ns - state.stretch.since_ns >= self.bake:
            hold = self._hold(state, observation)
            if hold is None:
                return self._passed(state, observation, labels)
            begun = () if hold.reason is state.held_for else (hold,)
            state = state._replace(holds=state.holds + 1, held_for=hold.reason)
        if self.maximum_duration is not None and observation.now_ns >= self.maximum_duration:
            because = (
                f"not through after {units.format_duration(self.maximum_duration)}, "
                f"{self._standing(state, labels)}; "
                + (hold.because if hold else "the stage is not served out")
            )
            promote = Promote(observation.control, because=because)
            return (*begun, promote), state._replace(finished=True)
        return begun, state

    def readings(
        self, before: SafeRolloutState | None, after: Any, observation: Observation
    ) -> Sequence[LookReading]:
        """The standing of a stage at its end, and where a hold begins."""
        if before is None or after is None or before.finished:
            return ()
        ends = after.finished or after.stage != before.stage
        begins_hold = after.held_for is not None and after.held_for is not before.held_for
        if before.stretch is None or not (ends or begins_hold):
            return ()
        state, labels = self._counted(before, observation), self._labels(observation)
        harm = self._harm(state, labels, observation)
        reading = harm or f"no significant harm, {self._standing(state, labels)}"
        passed = False if harm else None if begins_hold and not after.stage > before.stage else True
        return (LookReading(f"stage {self.stages[before.stage]:.3g}", reading, passed),)

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """Every tick, since labels may arrive at any; but for those of an update."""
        return NextLook() if observation.status is EndpointStatus.UPDATING else None

    def _counted(self, state: SafeRolloutState, observation: Observation) -> SafeRolloutState:
        """With the windows that were published since the last tick, of the stage's stretch."""
        stretch = state.stretch
        weights = tuple(observation.weights.items())
        if stretch is None or stretch.weights != weights:
            since_ns = observation.now_ns
            labels = self._labels(observation).shares
            return SafeRolloutState(
                state.stage, ConstantWeightPeriod(weights, since_ns), labels, holds=state.holds
            )
        first_ns, until_ns = stretch.span(observation.metrics)
        from_ns = max(state.counted_until_ns, first_ns)
        if from_ns >= until_ns:
            return state
        new = ConstantWeightPeriod(weights, from_ns).errors(
            compared_with(self.baseline, observation)
        )
        errors = TwoProportions(*(a + b for a, b in zip(state.errors, new, strict=True)))
        return state._replace(errors=errors, counted_until_ns=until_ns)

    def _harm(
        self, state: SafeRolloutState, labels: ProportionEvidence, observation: Observation
    ) -> str:
        """Significant harm in this stage, in words; empty while there is none."""
        # Two sides of which one is harm, in two metrics: alpha shared over the stages alone.
        level = 1.0 - self.alpha / len(self.stages)
        if self.unit != "request":
            harm = self._harm_to_users(state, observation, level)
            if harm:
                return harm
        correct = _NOTHING if self.unit != "request" else labels.shares.since(state.labels)
        for name, shares, sign in (("correct", correct, 1.0), ("5XX", state.errors, -1.0)):
            if not sign * shares.difference < 0.0:  # its interval holds it: no harm is certain
                continue
            interval = shares.confidence_sequence(self.tight_at, level)
            worst = interval.high if sign > 0.0 else interval.low
            if sign * worst < 0.0:
                return (
                    f"harm at {self.stages[state.stage]:.3g}: {name} {shares.control_hits}/"
                    f"{shares.control_total} of {labels.control}, {shares.candidate_hits}/"
                    f"{shares.candidate_total} of {labels.candidate}: difference "
                    f"{shares.difference:+.4f}, {level:.4g} confidence sequence "
                    f"{interval.low:+.4f} to {interval.high:+.4f}"
                )
        return ""

    def _harm_to_users(
        self, state: SafeRolloutState, observation: Observation, level: float
    ) -> str:
        """Significant harm in correct answers, with errors over users; empty if there is none."""
        assert state.stretch is not None
        seen = compared_with(self.baseline, observation)
        arms = Arms.of_users(users_since(state.stretch.since_ns, seen, self.unit))
        interval = compared(_CORRECT, arms, level=level, tight_at=self.tight_at)
        if not _CORRECT.is_worse(interval):
            return ""
        where = f"harm at {self.stages[state.stage]:.3g}"
        return f"{where}: {_CORRECT.reading(arms, interval, self.unit)}"

    def _hold(self, state: SafeRolloutState, observation: Observation) -> Hold | None:
        """Why the stage is held; None if the next may begin."""
        assert state.stretch is not None
        requests = state.errors.candidate_total
        if requests < self.minimum_requests:
            because = f"{requests} requests of the candidate (at least {self.minimum_requests})"
            return Hold(HoldReason.TOO_FEW_REQUESTS, because=because)
        seen = compared_with(self.baseline, observation)
        return hold_for(state.stretch, seen, self.guardrails, self.sample_ratio_alpha)

    def _passed(
        self, state: SafeRolloutState, observation: Observation, labels: ProportionEvidence
    ) -> tuple[Sequence[Action], SafeRolloutState]:
        because = f"no significant harm, {self._standing(state, labels)}"
        following = state.stage + 1
        if following < len(self.stages):
            entered = self._enter(following, because, observation)
            return (entered,), SafeRolloutState(following, holds=state.holds)
        because += ": inconclusive ships"
        promote = Promote(observation.candidate, because=because)
        return (promote,), state._replace(finished=True)

    def _standing(self, state: SafeRolloutState, labels: ProportionEvidence) -> str:
        correct, errors = labels.shares.since(state.labels), state.errors
        held = f", held at {state.holds} ticks" if state.holds else ""
        return (
            f"stage {self.stages[state.stage]:.3g}: correct {correct.control_hits}/"
            f"{correct.control_total} against {correct.candidate_hits}/{correct.candidate_total}, "
            f"5XX {errors.control_hits}/{errors.control_total} against "
            f"{errors.candidate_hits}/{errors.candidate_total}{held}"
        )

    def _enter(self, stage: int, because: str, observation: Observation) -> Action:
        parts = self._parts(self.stages[stage], observation.control, observation.candidate)
        return SetWeights(beside_others(parts, observation.weights), because=because)

    def _labels(self, observation: Observation) -> ProportionEvidence:
        return ProportionEvidence.of(compared_with(self.baseline, observation))

    def _parts(self, share: float, control: str, candidate: str) -> dict[str, float]:
        return parts_of(share, control, candidate, self.baseline)

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Of the labels of one stage."""
        if self.unit != unit:
            return None
        stage = ServedShare(max(self.stages), self.bake)
        with_baseline = self.baseline is not None
        return PlannedTest("last look", at_ns=self.bake, stages=(stage,), baseline=with_baseline)

    def longest_ns(self) -> int | None:
        """`maximum_duration`."""
        return self.maximum_duration

    def waits_ns(self) -> Sequence[int]:
        """The bake of a stage."""
        return (self.bake,)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Each stage is asked for, put in force and served out."""
        return len(self.stages) * (weight_update_ns + self.bake)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Each stage, and all traffic to either."""
        pairs = [self._parts(share, control, candidate) for share in self.stages]
        stages = [{**weights, **beside_others(pair, weights)} for pair in pairs]
        return [*stages, *super().splits(control, candidate, weights)]
