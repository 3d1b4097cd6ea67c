"""The ramp whose stages last as long as power asks, with shares as large as risk allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import SMALLEST_ERROR, Difference, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote, RollBack
from simab.policies.experiments.evidence import Evidence
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import FineUnit, PlannedTest, Policy
from simab.policies.rollouts.baseline import Baseline, compared_with, require_room
from simab.policies.rollouts.loss_seen import labels_of, variance_of, variance_since
from simab.policies.rollouts.ramp_shares import FINEST, entered, pair_split, share_up_to
from simab.policies.rollouts.watched_metrics import OptionalUnit
from simab.stats.always_valid import running_p_value
from simab.stats.bayes import Normal, expected_loss_normal
from simab.stats.design_effect import ServedShare
from simab.stats.interval import normal_quantile
from simab.text.numbers import figure_text

__all__ = ["RampByPower", "RampByPowerState"]

_NOTHING = Normal(0.0, 0.0)


class RampByPowerState(NamedTuple):
    """The stage, its share, since when it serves, both labels then, and the smallest p-value."""

    stage: int = 1
    share: float = 0.0
    since_ns: int | None = None
    labelled: tuple[int, int] = (0, 0)
    p_value: float = 1.0
    finished: bool = False


Step = tuple[Sequence[Action], RampByPowerState | None]


class RampByPower(Policy):
    """Leave a stage once it can show a degradation, for the largest share that risk allows.

    A stage ends when its own labels would give a one-sided test at `alpha` the power to find
    `degradation`. The next has the share at which the expected loss, by a normal posterior under a
    flat prior, is `risk` for a request of the two; where that is no more than now, a stage with the
    same share follows. All the while an always-valid test (mSPRT) of all labels watches, and a
    significant loss rolls back. The candidate is promoted after a stage at `largest_share`. Source:
    Zhao, Liu and Deb, "Safely and Quickly Deploying New Features with a Staged Rollout Framework
    Using Sequential Test and Adaptive Experimental Design" (2019, arXiv 1905.10493), known from its
    abstract, which names a variant of the SPRT as monitor and schedules by time, by power and by
    risk (a Bayesian approach). How these are put together, the mixture, the flat prior and the
    expected loss as the risk are simab's own. It misleads where the first share is small, for its
    stage may outlast the run; where labels come late, for a stage waits for them and goes on in the
    meantime; and a power of 80 % still misses every fifth degradation
    in a test of one stage.
    """

    counts_correct_answers: ClassVar[bool] = True
    tests_the_objective: ClassVar[bool] = True
    fields_of_either: ClassVar[tuple[str, ...]] = ("degradation", "spread")

    kind: Literal["ramp_by_power"] = "ramp_by_power"
    degradation: Annotated[Difference, Field(gt=0, le=1e9)]
    """The loss of correct answers, or of reward, per request that a stage must be able to show."""
    spread: Annotated[float, Field(gt=0, le=1e9)]
    """Standard deviation of the value of one answer; no share of correct answers has above 0.5."""
    risk: Annotated[Difference, Field(gt=0, le=1e9)]
    """The expected loss of a request, over all requests of the two, that a stage may have."""
    power: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    """Probability of finding the degradation in the labels of a stage."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=0.5)] = 0.05
    """Level of that test; and twice the probability that the watching test ever rolls back a
    candidate that is as good."""
    first_share: Annotated[Share, Field(ge=1 / FINEST, lt=1)] = 0.01
    """The candidate's share of what the two have in the first stage."""
    largest_share: Annotated[Share, Field(gt=0, lt=1)] = 0.5
    """The share of the last stage."""
    labelled_requests: Annotated[int, Field(ge=1)] = 100
    """Labelled requests that each variant must have before the watching test looks."""
    unit: OptionalUnit = "request"
    """What is taken for an independent draw: each labelled request, or each user or
    session, for the same values a request, by the delta method. A stage then ends when the errors
    over these, in its own requests, are those that the test needs."""
    maximum_duration: PositiveDuration | None = None
    """When a ramp that is not through keeps the control; never if absent."""
    baseline: Baseline = None
    """A variant like the control that has as much traffic as the candidate in every stage, and that
    the candidate is compared with in place of the control: both are new and of one size, so that
    cold caches and small samples speak against neither. The control itself if absent."""

    @model_validator(mode="after")
    def _shares_rise(self) -> RampByPower:
        if self.first_share > self.largest_share:
            raise InvalidInput(
                f"first_share = {self.first_share:g} is above largest_share = "
                f"{self.largest_share:g}; lower it, or leave it out"
            )
        require_room("largest_share", self.largest_share, self.baseline)
        return self

    def stage_information(self) -> float:
        """1 / (1 / labels of the control + 1 / labels of the candidate) that ends a stage."""
        needed = normal_quantile(1.0 - self.alpha) + normal_quantile(self.power)
        return (needed * self.spread / self.degradation) ** 2

    def labels_of_a_stage(self, share: float) -> float:
        """Labels of all that share the traffic, until a stage of this share has its power."""
        other = 1.0 - share if self.baseline is None else share
        return self.stage_information() * (1.0 / share + 1.0 / other)

    def reads_answers(self) -> bool:
        """By user or session."""
        return self.unit != "request"

    def has_ended(self, state: Any) -> bool:
        return bool(state and state.finished)

    def decide(self, state: RampByPowerState | None, observation: Observation) -> Step:
        """Start, watch, and go on once the stage has its power."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        if state is None:
            start = RampByPowerState(share=self.first_share)
            return (entered(start.share, "the ramp starts", observation, self.baseline),), start
        seen, labelled = labels_of(compared_with(self.baseline, observation), self.unit)
        if state.since_ns is None:
            if observation.refused:  # the stage was never entered
                return (entered(state.share, "asked again", observation, self.baseline),), state
            return (), state._replace(since_ns=observation.now_ns, labelled=labelled)
        state = self._watched(state, seen, labelled)
        if state.p_value <= self.alpha:
            because = f"loss at {state.share:g}: {self._standing(state, seen)}"
            return (RollBack(because=because),), state._replace(finished=True)
        if self._has_power(state, labelled, observation):
            return self._passed(state, seen, labelled, observation)
        if self.maximum_duration is not None and observation.now_ns >= self.maximum_duration:
            over = units.format_duration(self.maximum_duration)
            because = f"not through after {over}, at {state.share:g}: {self._standing(state, seen)}"
            keep = Promote(observation.control, because=because)
            return (keep,), state._replace(finished=True)
        return (), state

    def _watched(
        self, state: RampByPowerState, seen: Evidence, labelled: tuple[int, int]
    ) -> RampByPowerState:
        """With the p-value of a loss; a gain, however clear, says nothing of one later on."""
        if min(labelled) < self.labelled_requests or not seen.difference < 0.0:
            return state
        p_value = running_p_value(state.p_value, seen.mixture_test(self.degradation**2).p_value)
        return state if p_value == state.p_value else state._replace(p_value=p_value)

    def _has_power(
        self, state: RampByPowerState, labelled: tuple[int, int], observation: Observation
    ) -> bool:
        """Whether the labels since the stage began would show the degradation."""
        if self.unit != "request":
            assert state.since_ns is not None
            needed = self.spread**2 / self.stage_information()  # of the variance
            compared = compared_with(self.baseline, observation)
            return variance_since(state.since_ns, compared, self.unit) <= needed
        control, candidate = (
            now - then for now, then in zip(labelled, state.labelled, strict=True)
        )
        if min(control, candidate) <= 0:
            return False
        return control * candidate / (control + candidate) >= self.stage_information()

    def _passed(
        self,
        state: RampByPowerState,
        seen: Evidence,
        labelled: tuple[int, int],
        observation: Observation,
    ) -> Step:
        """The next stage, at the share that risk allows; or the promotion."""
        standing = self._standing(state, seen)
        if state.share >= self.largest_share:
            because = f"stage {state.stage} at {state.share:g} is through: {standing}"
            promote = Promote(observation.candidate, because=because)
            return (promote,), state._replace(finished=True)
        share = self._share_at_risk(seen)
        following = state._replace(stage=state.stage + 1, labelled=labelled)
        if share <= state.share:
            return (), following._replace(since_ns=observation.now_ns)
        because = f"stage {state.stage} at {state.share:g} is through: {standing}: {share:g}"
        asked = entered(share, because, observation, self.baseline)
        return (asked,), following._replace(share=share, since_ns=None)

    def _share_at_risk(self, seen: Evidence) -> float:
        """The largest share whose expected loss keeps the risk, in ten-thousandths."""
        loss = self._expected_loss(seen)
        share = self.risk / loss if loss > 0.0 else math.inf
        return share_up_to(self.largest_share, share)

    def _expected_loss(self, seen: Evidence) -> float:
        """What a request of the candidate is expected to lose, gains counted as none."""
        variance = variance_of(seen)
        if not variance > 0.0:
            return math.inf
        return expected_loss_normal(_NOTHING, Normal(seen.difference, math.sqrt(variance)))

    def _standing(self, state: RampByPowerState, seen: Evidence) -> str:
        loss = figure_text(self._expected_loss(seen), ".3g")
        return (
            f"{seen}: difference {seen.written(seen.difference)}, expected loss {loss} a request, "
            f"always-valid p = {figure_text(state.p_value, '.3g')} (alpha {self.alpha:g})"
        )

    def readings(
        self, before: RampByPowerState | None, after: Any, observation: Observation
    ) -> Sequence[LookReading]:
        """What is known at the end of a stage, or where the watching test stops it."""
        if before is None or after is None or before.finished:
            return ()
        if not (after.finished or after.stage != before.stage):
            return ()
        seen, labelled = labels_of(compared_with(self.baseline, observation), self.unit)
        promoted = after.finished and self._has_power(before, labelled, observation)
        passed = True if promoted or after.share > before.share else None
        verdict = False if after.p_value <= self.alpha else passed
        return (LookReading(f"stage {before.stage}", self._standing(after, seen), verdict),)

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """Every tick, since labels may arrive at any; but for those of an update."""
        return NextLook() if observation.status is EndpointStatus.UPDATING else None

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Of the labels of the first stage, by which its power is computed."""
        if self.unit != unit:
            return None
        return PlannedTest(
            "end of the first stage",
            math.ceil(self.labels_of_a_stage(self.first_share)),
            self.maximum_duration,
            stages=(ServedShare(self.first_share, 1.0),),
            baseline=self.baseline is not None,
        )

    def longest_ns(self) -> int | None:
        """`maximum_duration`."""
        return self.maximum_duration

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """The first stage, and the last, are asked for."""
        return weight_update_ns * (1 + (self.first_share < self.largest_share))

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The first and the largest share, and all traffic to either."""
        roles, shares = (control, candidate), (self.first_share, self.largest_share)
        stages = [pair_split(share, roles, weights, self.baseline) for share in shares]
        return [*stages, *super().splits(control, candidate, weights)]
