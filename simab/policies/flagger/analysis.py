"""Flagger's canary analysis: at every tick check, then step up, promote or roll back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from simab.description import Duration, Share
from simab.errors import InvalidInput
from simab.policies.actions import (
    Action,
    AddVariant,
    Mirror,
    Promote,
    RollBack,
    SessionAffinity,
    SetWeights,
)
from simab.policies.flagger.metrics import FlaggerMetric, run_checks
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import beside_others
from simab.policies.policy import Policy

__all__ = ["FlaggerAnalysis", "FlaggerState", "Phase"]

Percentage = Annotated[int, Field(ge=1, le=100)]
TOTAL: Final = 100
"""All traffic, in Flagger's weights."""


class Phase(StrEnum):
    """Where a canary stands; the words are Flagger's."""

    INITIALIZED = "Initialized"
    PROGRESSING = "Progressing"
    WAITING_PROMOTION = "WaitingPromotion"
    PROMOTING = "Promoting"
    FINALISING = "Finalising"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


_ENDED: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})


class FlaggerState(NamedTuple):
    """The canary's status.

    `next_tick_ns` is None before the first tick. `failed_checks` counts over the whole run.
    `left_to_shift` is what the canary still has of the traffic while the promotion moves it.
    `mirrored` says whether it gets copies.
    `measured` says what the newest tick read, empty where it checked nothing; `left_open` that too
    few requests were there for a verdict; `last_failure` what the newest failed one read.
    """

    phase: Phase = Phase.INITIALIZED
    next_tick_ns: int | None = None
    failed_checks: int = 0
    iterations: int = 0
    waiting_since_ns: int | None = None
    left_to_shift: int = 0
    promoted: bool = False
    mirrored: bool = False
    measured: str = ""
    last_failure: str = ""
    left_open: bool = False


FlaggerStep = tuple[Sequence[Action], FlaggerState]


class FlaggerAnalysis(Policy):
    """At every tick check the candidate; a passed check is a step up, enough failed ones the end.

    The first tick notices the candidate, the second takes the first step unchecked. From then on a
    tick rolls back if `threshold` checks have failed by now, over the whole run and not in a row;
    otherwise it checks the metrics, in which no data is a failure, and if they pass takes the next
    step, or promotes after the last. Source: fluxcd/flagger@15bd6ad5, pkg/controller/scheduler.go.

    Flagger gives the primary the new version and then moves the traffic there; both run it by then,
    so the promotion is one move of all traffic here, at the tick after the last check. While the
    endpoint is Updating the candidate is not ready, and a tick passes without a check. Webhooks are
    taken to succeed, but for the approval that `confirm_promotion_after` delays. It misleads
    because checks with few requests fail by chance: with 0.5 % errors, 22 % of checks on 50
    requests miss a success rate of 99 %. It also compares the candidate with limits and never with
    the control, so that a baseline has no use: slower or worse within the limits, it is promoted.
    Its percentages are whole, as Flagger's are: no share is below 1 %. And with session affinity a
    step's weight is not its share of users, as each request of a user draws again until it meets
    the candidate: at a weight of 10 %, 41 % of users stay there after 5 requests each.
    """

    kind: Literal["flagger"] = "flagger"
    interval: Annotated[Duration, Field(ge=10_000_000_000)] = 60_000_000_000
    """From one tick to the next; a tick is a look of the controller, so let its interval divide
    this one."""
    threshold: Annotated[int, Field(ge=1)] = 1
    """Failed checks, added up over the run, that roll back."""
    step_weight: Percentage | None = None
    """How many percent of the traffic each step adds."""
    step_weights: tuple[Percentage, ...] = ()
    """The candidate's percentage at each step, rising; `step_weight` wins if both are given."""
    max_weight: Percentage = 100
    """The percentage from which a passed check promotes; the last of `step_weights`, if given."""
    step_weight_promotion: Annotated[int, Field(ge=0, le=100)] = 0
    """How many percent each tick of the promotion moves; 0 moves all at once."""
    iterations: Annotated[int, Field(ge=1)] | None = None
    """Blue/green without weights: passed checks before all traffic goes to the candidate."""
    router: bool = True
    """Whether a mesh or an ingress moves traffic. Without one, as under the provider kubernetes,
    the candidate answers no user before the promotion; `iterations` are its tests' checks."""
    matched_share: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """A/B testing by headers or cookies: the share of the requests that match. The candidate
    answers these, and no others, while `iterations` checks pass. Which request matches is drawn by
    the scenario's routing: with `sticky_hash` it is the same users all along."""
    metrics: tuple[FlaggerMetric, ...] = ()
    """What each tick checks; built-in metrics first, then in order."""
    confirm_promotion_after: Duration = 0
    """How long a human takes to approve the promotion; checks go on meanwhile."""
    skip_analysis: bool = False
    """Promote at the second tick, whatever is measured."""
    mirror: bool = False
    """Copy requests to the candidate for one check before it answers any, or, with `iterations`,
    for all of them; the copies' replies are dropped."""
    mirror_weight: Percentage = 100
    """How many percent of the requests are copied."""
    session_affinity: bool = False
    """Keep users whom the candidate has answered there by a cookie, while it has a weight."""
    cookie_max_age: Annotated[Duration, Field(gt=0)] = 86_400_000_000_000
    """How long such a cookie lasts."""

    @model_validator(mode="after")
    def _can_be_played(self) -> FlaggerAnalysis:
        if list(self.step_weights) != sorted(set(self.step_weights)):
            raise InvalidInput("the step_weights do not rise; list growing percentages")
        if not (self.step_weight or self.step_weights or self.iterations or self.skip_analysis):
            raise InvalidInput(
                "no way to shift traffic; give step_weight, step_weights or iterations"
            )
        if self.matched_share is not None and not (self.iterations and self.router):
            raise InvalidInput("matched_share needs iterations and a router; give both")
        if not self.router and not (self.iterations or self.skip_analysis):
            raise InvalidInput("without a router no weights can be set; give iterations")
        return self

    @property
    def last_weight(self) -> int:
        """The percentage from which a passed check promotes."""
        return self.step_weights[-1] if self.step_weights else self.max_weight

    def has_ended(self, state: Any) -> bool:
        return state.phase in _ENDED

    def decide(self, state: FlaggerState | None, observation: Observation) -> FlaggerStep:
        """Tick if it is time; a tick during an update passes, as one without a ready canary."""
        state = state or FlaggerState()
        now_ns = observation.now_ns
        if state.phase in _ENDED or now_ns < (state.next_tick_ns or 0):
            return (), state
        due_ns = now_ns if state.next_tick_ns is None else state.next_tick_ns
        following = due_ns + ((now_ns - due_ns) // self.interval + 1) * self.interval
        state = state._replace(next_tick_ns=following, measured="", left_open=False)
        if observation.status is EndpointStatus.UPDATING:
            return (), state
        if state.phase is Phase.INITIALIZED:
            return self._notice(state, observation)
        if self.skip_analysis:
            promote = Promote(observation.candidate, because="the analysis is skipped")
            return (promote,), state._replace(phase=Phase.SUCCEEDED)
        if state.phase is Phase.PROMOTING:
            return self._move(state, observation)
        if state.phase is Phase.FINALISING:
            return (), state._replace(phase=Phase.SUCCEEDED)
        return self._analyse(state, observation)

    def readings(
        self, before: FlaggerState | None, after: FlaggerState, observation: Observation
    ) -> Sequence[LookReading]:
        """The check of a tick, beside the ranges that pass."""
        before = before or FlaggerState()
        if not after.measured or after.next_tick_ns == before.next_tick_ns:
            return ()
        ranges = ", ".join(f"{each.name} {each.passing.words}" for each in self.metrics)
        reading = f"{after.measured} (passes: {ranges or 'always'})"
        passed = None if after.left_open else after.failed_checks == before.failed_checks
        return (LookReading("check", reading, passed),)

    def next_look(self, state: FlaggerState, observation: Observation) -> NextLook:
        """The next tick of its own clock."""
        return NextLook(at_ns=state.next_tick_ns)

    def adds_candidate(self, candidate: str) -> bool:
        """Always: the candidate is scaled up first."""
        return True

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """The first tick notices; then a tick a step, and one more that promotes."""
        if self.skip_analysis:
            return self.interval
        checks = self.iterations or sum(1 for _ in self.percentages())
        # Blue/green checks once more after the last iteration; an A/B test does not.
        checks += 1 if self.iterations and self.matched_share is None else 0
        return (checks + 2) * self.interval + self.confirm_promotion_after

    def copied_share(self) -> float:
        """What is mirrored before the first weight, or during blue/green's iterations."""
        mirrors = self.mirror and self.router and not self.skip_analysis
        return self.mirror_weight / TOTAL if mirrors and self.matched_share is None else 0.0

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """None for the candidate at first, each step, and all traffic to either."""
        idle = beside_others(_split(0, control, candidate), weights)
        steps: list[Mapping[str, float]] = [{**weights, **idle}]
        shifts = not (self.iterations or self.skip_analysis)
        for weight in self.percentages() if shifts else ():
            pair = beside_others(_split(weight, control, candidate), weights)
            steps.append({**weights, **pair})
        if self.iterations and self.router:
            percent = TOTAL * (self.matched_share or 1.0)
            tested = beside_others(_split(percent, control, candidate), weights)
            steps.append({**weights, **tested})
        return [*steps, *super().splits(control, candidate, weights)]

    def _notice(self, state: FlaggerState, observation: Observation) -> FlaggerStep:
        """The first tick: the candidate is there, and has no traffic yet."""
        state = state._replace(phase=Phase.PROGRESSING)
        if observation.candidate not in observation.weights:
            add = AddVariant(observation.candidate, because="the candidate is scaled up")
            return (add,), state
        if observation.weights[observation.candidate] == 0:
            return (), state
        because = "the candidate gets no traffic until the analysis starts"
        return (self._shift(0, because, observation),), state

    def _analyse(self, state: FlaggerState, observation: Observation) -> FlaggerStep:
        if state.failed_checks >= self.threshold:
            because = (
                f"{state.failed_checks} failed checks reach the threshold {self.threshold}; "
                f"the last: {state.last_failure}"
            )
            return (RollBack(because=because),), state._replace(phase=Phase.FAILED)
        weight = _weight(observation)
        because = "the analysis starts"
        if weight > 0 or state.iterations > 0 or state.mirrored:
            check = run_checks(self.metrics, observation)
            state = state._replace(measured=check.measured, left_open=check.passed is None)
            if check.passed is None:
                return (), state
            if not check.passed:
                failed = state.failed_checks + 1
                return (), state._replace(failed_checks=failed, last_failure=check.measured)
            because = f"passed: {check.measured}"
        if self.iterations is not None:
            return self._iterate(self.iterations, because, state, observation)
        if weight >= self.last_weight:
            return self._promote(state, observation)
        if self.mirror and weight == 0 and not state.mirrored:
            return self._copied(because, state, observation)
        following = min(weight + self._step(weight), TOTAL)
        unmirrored = state._replace(mirrored=False)
        return (self._shift(following, because, observation),), unmirrored

    def _copied(self, because: str, state: FlaggerState, observation: Observation) -> FlaggerStep:
        """A step at weight 0: the candidate gets copies of what the others answer."""
        shift = self._shift(0, f"mirrored, {because}", observation, mirrored=True)
        return (shift,), state._replace(mirrored=True)

    def _iterate(
        self, wanted: int, because: str, state: FlaggerState, observation: Observation
    ) -> FlaggerStep:
        """Blue/green: count to `wanted`, give the candidate all traffic, check once more."""
        if state.iterations < wanted:
            counted = state._replace(iterations=state.iterations + 1)
            if self.matched_share is not None:
                return self._matched(because, counted, observation)
            if self.mirror and self.router and not state.mirrored:
                return self._copied(because, counted, observation)
            return (), counted
        if state.iterations > wanted or self.matched_share is not None:
            return self._promote(state, observation)
        approved, state = self._approval(state, observation.now_ns)
        if not approved:
            return (), state
        after = state._replace(iterations=state.iterations + 1, mirrored=False)
        return (self._shift(TOTAL, because, observation),) if self.router else (), after

    def _matched(
        self, because: str, counted: FlaggerState, observation: Observation
    ) -> FlaggerStep:
        """A/B: the requests that match go to the candidate from the first iteration on."""
        if counted.iterations > 1:
            return (), counted
        share = TOTAL * (self.matched_share or 0.0)
        return (self._shift(share, f"requests that match, {because}", observation),), counted

    def _promote(self, state: FlaggerState, observation: Observation) -> FlaggerStep:
        """Once approved, the primary gets the new version; the traffic moves at the next tick."""
        approved, state = self._approval(state, observation.now_ns)
        if not approved:
            return (), state
        # Of what matches, Flagger's router says 100; without a router there is nothing to move.
        left = TOTAL if self.matched_share is not None else _weight(observation)
        left = left if self.router else 0
        return (), state._replace(phase=Phase.PROMOTING, left_to_shift=left)

    def _approval(self, state: FlaggerState, now_ns: int) -> tuple[bool, FlaggerState]:
        since_ns = now_ns if state.waiting_since_ns is None else state.waiting_since_ns
        waiting = state._replace(phase=Phase.WAITING_PROMOTION, waiting_since_ns=since_ns)
        if now_ns - since_ns < self.confirm_promotion_after:
            return False, waiting
        return True, waiting._replace(phase=state.phase)

    def _move(self, state: FlaggerState, observation: Observation) -> FlaggerStep:
        """One tick of moving the traffic back; the new version serves all of it from the first."""
        left = max(state.left_to_shift - (self.step_weight_promotion or TOTAL), 0)
        phase = Phase.PROMOTING if left else Phase.FINALISING
        after = state._replace(phase=phase, left_to_shift=left, promoted=True)
        if state.promoted:
            return (), after
        failed = state.failed_checks
        because = f"every step passed, {failed} check{'' if failed == 1 else 's'} failed on the way"
        return (Promote(observation.candidate, because=because),), after

    def percentages(self) -> Iterator[int]:
        """The candidate's percentage at each step."""
        weight = 0
        while weight < self.last_weight:
            weight = min(weight + self._step(weight), TOTAL)
            yield weight

    def _step(self, weight: int) -> int:
        """How many percent the next step adds; past the last of `step_weights`, all the rest."""
        if self.step_weight is not None:
            return self.step_weight
        higher = [each for each in self.step_weights if each > weight]
        known = weight == 0 or weight in self.step_weights
        return (higher[0] if known and higher else TOTAL) - weight

    def _shift(
        self, weight: float, because: str, observation: Observation, *, mirrored: bool = False
    ) -> Action:
        """The candidate gets `weight` percent of what the two have, other variants keep theirs."""
        control, candidate = observation.control, observation.candidate
        weights = observation.weights
        both = weights.get(control, 0.0) + weights.get(candidate, 0.0) or float(TOTAL)
        split = _split(weight, control, candidate)
        scaled = {name: both * percent / TOTAL for name, percent in split.items()}
        cookie = SessionAffinity(candidate, self.cookie_max_age)
        return SetWeights(
            scaled,
            session_affinity=cookie if self.session_affinity and weight > 0 else None,
            mirror=Mirror(candidate, self.mirror_weight / TOTAL) if mirrored else None,
            because=f"{candidate} to {weight:g} %: {because}",
        )


def _split(weight: float, control: str, candidate: str) -> dict[str, float]:
    return {control: float(TOTAL - weight), candidate: float(weight)}


def _weight(observation: Observation) -> int:
    """The candidate's percentage of what it and the control get, as the router says it."""
    candidate = observation.weights.get(observation.candidate, 0.0)
    both = candidate + observation.weights.get(observation.control, 0.0)
    return round(TOTAL * candidate / both) if both else 0
