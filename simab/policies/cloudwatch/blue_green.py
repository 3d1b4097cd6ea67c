"""Blue/green deployments with guardrails: shift in steps, bake each, roll back on an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import Description, Duration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, AddVariant, Promote, RemoveVariant, RollBack, SetWeights
from simab.policies.cloudwatch.alarm_evaluation import AlarmState
from simab.policies.cloudwatch.alarms import Alarm, AlarmRecord, watch
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import beside_others, candidate_share, pair_weights
from simab.policies.policy import Policy

__all__ = ["BlueGreen", "BlueGreenState", "Deployment", "TrafficShift"]

_LARGEST_STEP: Final = 0.5
_SMALLEST_LINEAR_STEP: Final = 0.1
_SMALLEST_REST: Final = 0.05  # a smaller rest goes with the step before: 33, 66, 100 and not 99
_SAME_SHARE: Final = 1e-9

WaitingTime = Annotated[Duration, Field(ge=0, le=3_600_000_000_000)]


class Deployment(StrEnum):
    """Where a deployment stands."""

    WAITING = "Waiting"
    PROVISIONING = "Provisioning"
    SHIFTING = "ActivatingTraffic"
    BAKING = "Baking"
    ROLLING_BACK = "RollingBack"
    TERMINATING = "TerminationWait"
    FINISHED = "Finished"


class BlueGreenState(NamedTuple):
    """Where the deployment stands, on which step and since when, and the state of each alarm."""

    phase: Deployment = Deployment.WAITING
    step: int = 0
    since_ns: int = 0
    started_ns: int = 0
    reason: str = ""
    alarms: tuple[AlarmRecord, ...] = ()


class TrafficShift(Description):
    """How traffic moves from the old fleet to the new one."""

    type: Literal["ALL_AT_ONCE", "CANARY", "LINEAR"] = "ALL_AT_ONCE"
    """In one step, in two steps, or in equal steps."""
    size: Annotated[Share, Field(gt=0)] | None = None
    """Part of the new fleet's capacity that the canary, or each linear step, turns on."""
    instances: Annotated[int, Field(ge=1)] | None = None
    """The same as a number of the new fleet's instances, instead of `size`."""

    @model_validator(mode="after")
    def _has_its_size(self) -> TrafficShift:
        given = (self.size is not None) + (self.instances is not None)
        if self.type == "ALL_AT_ONCE" and given:
            raise InvalidInput("ALL_AT_ONCE has no size; remove size and instances")
        if self.type != "ALL_AT_ONCE" and given != 1:
            raise InvalidInput(f"{self.type} needs one size; give either size or instances")
        if self.size is not None and self.size > _LARGEST_STEP:
            raise InvalidInput(f"{self.type} turns on at most 50 % in a step; lower size")
        if self.type == "LINEAR" and self.size is not None and self.size < _SMALLEST_LINEAR_STEP:
            raise InvalidInput("LINEAR steps are at least 10 %; raise size")
        return self

    def shares(self, instances: int) -> tuple[float, ...]:
        """The new fleet's share of traffic after each step, for a fleet of so many instances."""
        size = self.size if self.instances is None else min(self.instances / instances, 1.0)
        if size is None or self.type == "ALL_AT_ONCE":
            return (1.0,)
        if self.type == "CANARY":
            return (size, 1.0) if size < 1 else (1.0,)
        steps = [number * size for number in range(1, int(1 / size) + 1)]
        return (*(share for share in steps if share < 1 - _SMALLEST_REST), 1.0)


class BlueGreen(Policy):
    """Shift traffic to the candidate's fleet in steps, bake each, go back if an alarm is in ALARM.

    The control is the blue fleet, the candidate the green one with instances of its own. Alarms
    count while a step bakes; one that is in ALARM at the start ends the deployment at once. Without
    alarms nothing is ever rolled back. Source: Amazon SageMaker Developer Guide, "Deployment
    guardrails", and the API's BlueGreenUpdatePolicy. The guide does not say how an uneven last step
    is cut (here a rest below 5 % goes with the step before), nor that a timeout rolls back (here it
    does). It misleads where a bake is shorter than its alarms take: a datapoint is published after
    its period, so a broken fleet gets the next step before the first alarm can sound. Alarms
    compare a fleet with fixed thresholds and with no other fleet: a baseline has no use.
    """

    kind: Literal["blue_green"] = "blue_green"
    traffic: TrafficShift = TrafficShift()
    """How traffic moves."""
    wait_interval: WaitingTime = 0
    """How long each step bakes, the last one included."""
    termination_wait: WaitingTime = 0
    """How long the old fleet is kept after the last bake."""
    maximum_execution_timeout: Annotated[Duration, Field(gt=0)] | None = None
    """The longest time for the whole deployment; then all traffic goes back."""
    alarms: dict[Annotated[str, Field(min_length=1, max_length=255)], Alarm] = {}
    """Alarms by name; any of them in ALARM rolls back."""
    start_after: Duration = 0
    """When the deployment starts, from the start of the run."""

    def has_ended(self, state: Any) -> bool:
        return state.phase is Deployment.FINISHED

    def decide(
        self, state: BlueGreenState | None, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        """Look at the alarms, then take the deployment as far as it can go now."""
        state = state or BlueGreenState(alarms=(AlarmRecord(),) * len(self.alarms))
        if state.phase is Deployment.FINISHED:
            return (), state
        state = self._watched(state, observation)
        if observation.status is EndpointStatus.UPDATING:
            return (), state
        match state.phase:
            case Deployment.WAITING:
                return self._wait(state, observation)
            case Deployment.PROVISIONING:
                return self._provision(state, observation)
            case Deployment.SHIFTING:
                return self._shift(state, observation)
            case Deployment.BAKING:
                return self._bake(state, observation)
            case Deployment.ROLLING_BACK:
                return self._rolled_back(state, observation)
            case _:
                return self._terminate(state, observation)

    def readings(
        self, before: BlueGreenState | None, after: BlueGreenState, observation: Observation
    ) -> Sequence[LookReading]:
        """Each alarm with its newest datapoints, where there are new ones."""
        known = before.alarms if before else (AlarmRecord(),) * len(self.alarms)
        passed = {AlarmState.OK: True, AlarmState.ALARM: False}
        return tuple(
            LookReading(f"alarm {name}", alarm.reading(new.values), passed.get(new.state))
            for (name, alarm), old, new in zip(
                self.alarms.items(), known, after.alarms, strict=True
            )
            if new.until_ns != old.until_ns
        )

    def next_look(self, state: BlueGreenState, observation: Observation) -> NextLook | None:
        """The end of what it waits for, and every window that its alarms may read on the way."""
        ends_ns: dict[Deployment, int | None] = {
            Deployment.WAITING: self.start_after,
            Deployment.BAKING: state.since_ns + self.wait_interval,
            Deployment.TERMINATING: state.since_ns + self.termination_wait,
        }
        late_ns, published = None, bool(self.alarms)
        if self.maximum_execution_timeout is not None:
            late_ns = state.started_ns + self.maximum_execution_timeout + 1
        if observation.status is EndpointStatus.UPDATING:
            return NextLook(published=published)
        if state.phase not in ends_ns:
            return None
        return NextLook.at_first((ends_ns[state.phase], late_ns), published=published)

    def _watched(self, state: BlueGreenState, observation: Observation) -> BlueGreenState:
        watching = zip(self.alarms.values(), state.alarms, strict=True)
        records = tuple(watch(alarm, record, observation) for alarm, record in watching)
        return state._replace(alarms=records)

    def _alarm(self, state: BlueGreenState) -> str:
        """The first alarm in ALARM, with its datapoints; empty while all is well."""
        for (name, alarm), record in zip(self.alarms.items(), state.alarms, strict=True):
            if record.state is AlarmState.ALARM:
                return f"alarm {name} is in ALARM: {alarm.reading(record.values)}"
            # It may have been between two looks; the platform watches all the time.
            if record.sounded is not None and state.phase is Deployment.BAKING:
                return f"alarm {name} was in ALARM: {alarm.reading(record.sounded)}"
        return ""

    def _wait(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        if observation.now_ns < self.start_after:
            return (), state
        alarm = self._alarm(state)
        if alarm:
            return self._roll_back(state, f"before any traffic was shifted, {alarm}")
        started = state._replace(phase=Deployment.PROVISIONING, started_ns=observation.now_ns)
        return self._provision(started, observation)

    def _provision(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        if observation.candidate not in observation.weights:
            because = "the green fleet is provisioned without traffic"
            return (AddVariant(observation.candidate, because=because),), state
        return self._shift(state._replace(phase=Deployment.SHIFTING), observation)

    def _shift(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        late = self._late(state, observation)
        if late:
            return self._roll_back(state, late)
        share = self._shares(observation)[state.step]
        if abs(candidate_share(observation.weights, observation) - share) < _SAME_SHARE:
            baking = state._replace(phase=Deployment.BAKING, since_ns=observation.now_ns)
            return self._bake(baking, observation)
        because = f"step {state.step + 1} turns on {share:.4g} of the traffic"
        if state.step:
            because += f": no alarm in {units.format_duration(self.wait_interval)}"
        weights = pair_weights(1.0 - share, share, observation)
        return (SetWeights(weights, because=because),), state

    def _bake(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        wrong = self._alarm(state) or self._late(state, observation)
        if wrong:
            return self._roll_back(state, wrong)
        if observation.now_ns - state.since_ns < self.wait_interval:
            return (), state
        if state.step + 1 < len(self._shares(observation)):
            following = state._replace(phase=Deployment.SHIFTING, step=state.step + 1)
            return self._shift(following, observation)
        because = f"no alarm in the last bake of {units.format_duration(self.wait_interval)}"
        baked = state._replace(phase=Deployment.TERMINATING, since_ns=observation.now_ns)
        return (Promote(observation.candidate, because=because),), baked

    def _terminate(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        if observation.control not in observation.weights:
            return (), state._replace(phase=Deployment.FINISHED)
        if observation.now_ns - state.since_ns < self.termination_wait:
            return (), state
        because = f"the blue fleet ends {units.format_duration(self.termination_wait)} after"
        removal = RemoveVariant(observation.control, because=f"{because} the last bake")
        return (removal,), state

    def _roll_back(
        self, state: BlueGreenState, because: str
    ) -> tuple[Sequence[Action], BlueGreenState]:
        back = state._replace(phase=Deployment.ROLLING_BACK, reason=because)
        return (RollBack(because=because),), back

    def _rolled_back(
        self, state: BlueGreenState, observation: Observation
    ) -> tuple[Sequence[Action], BlueGreenState]:
        if any(isinstance(refusal.action, RollBack) for refusal in observation.refused):
            return self._roll_back(state, state.reason)
        return (), state._replace(phase=Deployment.FINISHED)

    def _late(self, state: BlueGreenState, observation: Observation) -> str:
        limit = self.maximum_execution_timeout
        if limit is None or observation.now_ns - state.started_ns <= limit:
            return ""
        return f"the deployment took longer than {units.format_duration(limit)}"

    def _shares(self, observation: Observation) -> tuple[float, ...]:
        return self.traffic.shares(observation.instances.get(observation.candidate, 1))

    def adds_candidate(self, candidate: str) -> bool:
        """Always: the green fleet is the candidate's."""
        return True

    def waits_ns(self) -> Sequence[int]:
        """The bake of a step."""
        return (self.wait_interval,)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Each step is put in force and baked."""
        size = 1 if self.traffic.instances is None else self.traffic.instances
        steps = len(self.traffic.shares(size))  # at least: of a fleet as small as a step
        return self.start_after + steps * (weight_update_ns + self.wait_interval)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The split of each step where it does not depend on the fleet, and all to either."""
        shares = (1.0,) if self.traffic.instances is not None else self.traffic.shares(1)
        pairs = [{control: 1.0 - share, candidate: share} for share in shares]
        steps = [{**weights, **beside_others(pair, weights)} for pair in pairs]
        return [*steps, *super().splits(control, candidate, weights)]
