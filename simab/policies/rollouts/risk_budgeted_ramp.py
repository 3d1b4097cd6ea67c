"""The ramp that a budget of harm allows: as large a share as keeps it with high probability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from simab.description import Difference, Duration, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote, RollBack
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation, newest_published
from simab.policies.policy import FineUnit, PlannedTest, Policy
from simab.policies.rollouts.baseline import Baseline, compared_with, require_room
from simab.policies.rollouts.loss_seen import labels_of, variance_of
from simab.policies.rollouts.ramp_shares import (
    FINEST,
    entered,
    pair_split,
    share_now,
    share_up_to,
)
from simab.policies.rollouts.watched_metrics import OptionalUnit
from simab.stats.bayes import Normal
from simab.stats.design_effect import ServedShare
from simab.stats.ramp_budget import largest_exposure

__all__ = ["RiskBudgetedRamp", "RiskBudgetedRampState"]


class RiskBudgetedRampState(NamedTuple):
    """The steps asked for, when the last was, since when it serves, and how long a change takes."""

    step: int = 0
    share: float = 0.0
    asked_ns: int = 0
    since_ns: int | None = None
    update_ns: int = 0
    finished: bool = False


class _Standing(NamedTuple):
    """What a step is decided by: the loss, requests so far, more allowed, all that will come."""

    loss: Normal
    exposed: float
    allowed: float
    coming: float


Step = tuple[Sequence[Action], RiskBudgetedRampState | None]


class RiskBudgetedRamp(Policy):
    """Give the candidate, step by step, the largest share that keeps a budget of harm.

    Harm is what the candidate's answers lose against the control's: correct answers, or reward. The
    loss per request has a normal prior with mean 0, and with it and the labels so far a normal
    posterior. A step has as many requests as may follow before the harm exceeds `budget` with more
    than its part of `risk`, which is even over the steps and the end. Too small a share rolls back;
    a budget that allows all traffic for a step promotes, after the first step. Requests of a step
    are forecast from the last windows, with the time that a change takes. Source: the
    risk-of-ruin-constrained ramp of Li, Mao and Bojinov, "Balancing Risk and Reward: An Automated
    Phased Release Strategy" (2023, arXiv 2305.09626), known from its abstract; of its model this
    takes the budget, the posterior and the inverted probability. A prior of mean 0, one known
    spread, even parts of the risk and the end by a promotion are simplifications of simab. It
    misleads where the candidate is worse than `typical_loss` says, for the first steps then are too
    large: the budget is kept on average over the prior; where traffic grows in a step, where users
    who differ are kept with a variant, or where shares change while quality does: labels of all
    steps are taken together. What is lost after the promotion is in no budget.
    """

    counts_correct_answers: ClassVar[bool] = True
    tests_the_objective: ClassVar[bool] = True
    fields_of_either: ClassVar[tuple[str, ...]] = ("typical_loss", "spread")

    kind: Literal["risk_budgeted_ramp"] = "risk_budgeted_ramp"
    budget: Annotated[float, Field(gt=0, le=1e9)]
    """The harm that the ramp may do: so many correct answers fewer, or so much reward."""
    typical_loss: Annotated[Difference, Field(gt=0, le=1e9)]
    """Standard deviation of what a request loses, or gains, by what is known beforehand."""
    spread: Annotated[float, Field(gt=0, le=1e9)]
    """Standard deviation of the value of one answer; no share of correct answers has above 0.5."""
    every: PositiveDuration
    """How long each step serves."""
    change_takes: Duration = 120_000_000_000
    """How long the first change of weights is taken to take until a tick sees it: the platform's
    62 s, at ticks of a minute. Requests go on coming in it; later changes are taken to take as long
    as the one before."""
    steps: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many steps there are at most."""
    risk: Annotated[Share, Field(gt=0, lt=0.5)] = 0.05
    """Probability, over all steps and over what was believed beforehand of the loss, that the harm
    exceeds the budget. Of a candidate that loses more than `typical_loss` it is larger."""
    largest_share: Annotated[Share, Field(gt=0, lt=1)] = 0.5
    """The most that the candidate has of what the two have, until it is promoted."""
    smallest_share: Annotated[Share, Field(ge=1 / FINEST, lt=1)] = 0.001
    """The share below which the budget counts as used up: it is rolled back."""
    unit: OptionalUnit = "request"
    """What the loss is known by: labelled requests as independent draws, or users or sessions,
    for the same loss a request, by the delta method. What requests still to come lose is taken for
    independent in each."""
    inconclusive: Literal["keep", "ship"] = "keep"
    """What to do after the last step: keep the control, or promote the candidate."""
    baseline: Baseline = None
    """A variant like the control that has as much traffic as the candidate in every step, and that
    the candidate is compared with in place of the control: both are new and of one size, so that
    cold caches and small samples speak against neither. The control itself if absent."""

    @model_validator(mode="after")
    def _shares_rise(self) -> RiskBudgetedRamp:
        if self.smallest_share > self.largest_share:
            raise InvalidInput(
                f"smallest_share = {self.smallest_share:g} is above largest_share = "
                f"{self.largest_share:g}; lower it, or leave it out"
            )
        require_room("largest_share", self.largest_share, self.baseline)
        return self

    def reads_answers(self) -> bool:
        """By user or session."""
        return self.unit != "request"

    def has_ended(self, state: Any) -> bool:
        return bool(state and state.finished)

    def decide(self, state: RiskBudgetedRampState | None, observation: Observation) -> Step:
        """Wait for requests to forecast by, then for each step to serve; then decide the next."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        if state is None:
            if not self._rate(observation):
                return (), None
            share = share_now(observation, self.baseline)
            begun = RiskBudgetedRampState(share=share, update_ns=self.change_takes)
            return self._decided(begun, observation)
        if state.since_ns is None:
            now_ns = observation.now_ns
            if observation.refused:  # the step was never entered
                asked = entered(state.share, "asked again", observation, self.baseline)
                return (asked,), state._replace(asked_ns=now_ns)
            return (), state._replace(since_ns=now_ns, update_ns=now_ns - state.asked_ns)
        if observation.now_ns < state.since_ns + self.every:
            return (), state
        return self._decided(state, observation)

    def _decided(self, state: RiskBudgetedRampState, observation: Observation) -> Step:
        """The next step's share; or the end, for better or for worse."""
        standing = self._standing(state, observation)
        if not standing.coming:  # no traffic to decide about
            return (), state
        because = self._because(state, standing, observation)
        control, candidate = observation.control, observation.candidate
        ended = state._replace(finished=True)
        if state.step and standing.allowed >= standing.coming:
            why = f"{because}: enough for a step with all traffic"
            return (Promote(candidate, because=why),), ended
        if state.step >= self.steps:
            winner = candidate if self.inconclusive == "ship" else control
            why = f"{because}: over after {self.steps} steps: {self.inconclusive}"
            return (Promote(winner, because=why),), ended
        allowed = standing.allowed / standing.coming
        share = share_up_to(self.largest_share, allowed)
        if allowed < self.smallest_share:
            why = f"{because}: less than a share of {self.smallest_share:g}"
            return (RollBack(because=why),), ended
        now_ns = observation.now_ns
        state = RiskBudgetedRampState(
            state.step + 1, share, now_ns, update_ns=state.update_ns, since_ns=None
        )
        if math.isclose(share, share_now(observation, self.baseline), abs_tol=1e-9):
            return (), state._replace(since_ns=now_ns)  # served already
        return (entered(share, f"{because}: {share:g}", observation, self.baseline),), state

    def _standing(self, state: RiskBudgetedRampState, observation: Observation) -> _Standing:
        """The budget, with the requests that will come before the next share is in force."""
        rate, metrics = self._rate(observation), observation.metrics
        until_ns, update_ns = metrics.published_until_ns, state.update_ns
        served = metrics.requests(observation.candidate, 0, until_ns).invocations
        unseen_ns = observation.now_ns - until_ns + update_ns
        exposed = served + rate * state.share * unseen_ns
        loss, labelled = self._belief(observation)
        allowed = largest_exposure(
            self.budget,
            loss,
            exposed=exposed,
            known=min(labelled, exposed),
            spread=self.spread,
            risk=self.risk / (self.steps + 1),
        )
        return _Standing(loss, exposed, allowed, rate * (self.every + update_ns))

    def _rate(self, observation: Observation) -> float:
        """Requests of both in a nanosecond, in the last windows of a step's length; 0 at first."""
        since_ns, until_ns = newest_published(observation.metrics, self.every)
        if until_ns <= since_ns:
            return 0.0
        names = [observation.control, observation.candidate]
        names += [] if self.baseline is None else [self.baseline]
        counts = [observation.metrics.requests(each, since_ns, until_ns) for each in names]
        return sum(each.invocations for each in counts) / (until_ns - since_ns)

    def _belief(self, observation: Observation) -> tuple[Normal, int]:
        """The posterior of the loss per request, and the candidate's labels behind it."""
        seen, (_, labelled) = labels_of(compared_with(self.baseline, observation), self.unit)
        variance = variance_of(seen)
        if not variance > 0.0:
            return Normal(0.0, self.typical_loss), 0
        weight = self.typical_loss**2 / (self.typical_loss**2 + variance)
        return Normal(-weight * seen.difference, math.sqrt(weight * variance)), labelled

    def _because(
        self, state: RiskBudgetedRampState, standing: _Standing, observation: Observation
    ) -> str:
        seen, _ = labels_of(compared_with(self.baseline, observation), self.unit)
        loss, (_, exposed, allowed, coming) = standing.loss, standing
        more = f"{allowed:.0f} more keep" if math.isfinite(allowed) else "any number more keeps"
        return (
            f"after step {state.step}: {seen}: expected loss {loss.mean:.4g} a "
            f"request, with a standard deviation of {loss.standard_deviation:.4g}; of "
            f"{observation.candidate} about {exposed:.0f} requests, {more} the budget of "
            f"{self.budget:g}, {coming:.0f} of both in a step"
        )

    def readings(
        self, before: RiskBudgetedRampState | None, after: Any, observation: Observation
    ) -> Sequence[LookReading]:
        """What is known at the end of a step; it passes where the share does not fall."""
        if before is None or after is None or before.finished:
            return ()
        if not (after.finished or after.step != before.step):
            return ()
        standing = self._standing(before, observation)
        falls = standing.allowed < before.share * standing.coming
        reading = self._because(before, standing, observation)
        return (LookReading(f"step {before.step}", reading, not falls),)

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """The first window, and the end of a step."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state is None:
            return NextLook(published=True)
        if state.since_ns is None:
            return None
        return NextLook(at_ns=state.since_ns + self.every)

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Of all labels, after the last step."""
        if self.unit != unit:
            return None
        stage = ServedShare(self.largest_share, self.every)
        with_baseline = self.baseline is not None
        ends_ns = self.steps * self.every
        return PlannedTest("last look", at_ns=ends_ns, stages=(stage,), baseline=with_baseline)

    def waits_ns(self) -> Sequence[int]:
        """A step."""
        return (self.every,)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """One step, which may have the share of the start."""
        return self.every

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The largest share, and all traffic to either."""
        largest = pair_split(self.largest_share, (control, candidate), weights, self.baseline)
        return [largest, *super().splits(control, candidate, weights)]
