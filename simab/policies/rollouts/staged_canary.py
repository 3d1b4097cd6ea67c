"""The staged canary: raise the candidate's share step by step, bake, roll back on an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import Duration, OptionalCount, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote, RollBack, SetWeights
from simab.policies.limits import Limit
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import Policy
from simab.stats.request_totals import RequestTotals

__all__ = ["CanaryState", "StagedCanary"]


class CanaryState(NamedTuple):
    """Which stage was asked for, since when it serves (None: not yet), and whether it is over.

    `seen_until_ns` is the end of the newest window that an alarm was looked for in.
    """

    stage: int = 0
    serving_since_ns: int | None = None
    seen_until_ns: int = 0
    finished: bool = False


class StagedCanary(Policy):
    """Stages of the candidate's share, each baked under alarms; then promotion.

    An alarm sounds when the candidate breaks one of the limits in `periods` published windows on
    end, all of them within the stage. Source: blue/green canary and linear traffic shifting with
    auto-rollback alarms, as the serving platforms offer it. It misleads because it asks only
    whether the candidate is broken, by limits and not by the control (a baseline has no use), and
    never whether it is better; and a bake shorter than the metrics' delay ends before anything of
    its stage was seen.
    """

    kind: Literal["staged_canary"] = "staged_canary"
    stages: Annotated[tuple[Annotated[Share, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (
        0.05,
        0.25,
        0.5,
    )
    """The candidate's share in each stage, rising; after the last it is promoted."""
    bake: Annotated[Duration, Field(gt=0)]
    """How long each stage serves before the next."""
    alarms: Annotated[tuple[Limit, ...], Field(min_length=1)]
    """Limits that the candidate must keep."""
    periods: Annotated[int, Field(ge=1)] = 1
    """Metric windows on end that must break a limit for its alarm to sound."""
    minimum_requests: OptionalCount = None
    """Requests of the candidate below which a window breaks no limit; any number if absent."""

    @model_validator(mode="after")
    def _rising(self) -> StagedCanary:
        if list(self.stages) != sorted(set(self.stages)):
            raise InvalidInput("the stages do not rise; list growing shares such as 5%, 25%, 50%")
        return self

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: CanaryState | None, observation: Observation
    ) -> tuple[Sequence[Action], CanaryState]:
        """Start, wait, sound the alarm, or go on to the next stage."""
        if state is None:
            return (self._enter(0, "the canary starts", observation),), CanaryState()
        if state.finished or observation.status is EndpointStatus.UPDATING:
            return (), state
        if state.serving_since_ns is None:
            if observation.refused:  # the stage was never entered
                return (self._enter(state.stage, "asked again", observation),), state
            now_ns, seen_ns = observation.now_ns, observation.metrics.published_until_ns
            return (), state._replace(serving_since_ns=now_ns, seen_until_ns=seen_ns)
        alarm = self._alarm(state, observation)
        if alarm:
            return (RollBack(because=alarm),), state._replace(finished=True)
        if observation.now_ns - state.serving_since_ns < self.bake:
            return (), state._replace(seen_until_ns=observation.metrics.published_until_ns)
        because = (
            f"no alarm in {units.format_duration(self.bake)} at {self.stages[state.stage]:.3g}"
        )
        following = state.stage + 1
        if following == len(self.stages):
            promote = Promote(observation.candidate, because=because)
            return (promote,), state._replace(finished=True)
        return (self._enter(following, because, observation),), CanaryState(following)

    def readings(
        self, before: CanaryState | None, after: CanaryState, observation: Observation
    ) -> Sequence[LookReading]:
        """Each limit in each window that was published since the look before."""
        idle = before is None or before.finished or before.serving_since_ns is None
        if before is None or idle or observation.status is EndpointStatus.UPDATING:
            return ()
        return tuple(
            self._read(limit, windows)
            for windows in self._new_windows(before, observation)
            for limit in self.alarms
        )

    def _read(self, limit: Limit, windows: Sequence[RequestTotals]) -> LookReading:
        """The newest window; it leaves open what is over the limit in too few windows on end.

        And what a window without a request, or with too few, cannot tell.
        """
        kept = next((at for at, each in enumerate(windows) if not self._breaks(limit, each)), None)
        reading = limit.reading(windows[0])
        if kept is not None and kept > 0:
            return LookReading(limit.metric, f"{reading}: above, {kept} of {self.periods}", None)
        told = windows[0].invocations >= (self.minimum_requests or 1)
        return LookReading(limit.metric, reading, kept == 0 if told else None)

    def next_look(self, state: CanaryState, observation: Observation) -> NextLook | None:
        """The end of the stage, and every window that is published on the way."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state.serving_since_ns is None:
            return None
        return NextLook(at_ns=state.serving_since_ns + self.bake, published=True)

    def _enter(self, stage: int, because: str, observation: Observation) -> Action:
        control, candidate = observation.control, observation.candidate
        weights = self._weights(stage, control, candidate, observation.weights)
        return SetWeights(weights, because=because)

    def _weights(
        self, stage: int, control: str, candidate: str, weights: Mapping[str, float]
    ) -> dict[str, float]:
        """Others keep their traffic; the stage is a share of all, or what the two have if less."""
        whole = sum(weights.values())
        two = weights.get(control, 0.0) + weights.get(candidate, 0.0)
        if not two < whole:
            two = whole = 1.0
        share = min(self.stages[stage] * whole, two)
        return {control: two - share, candidate: share}

    def _alarm(self, state: CanaryState, observation: Observation) -> str:
        """What sounded the alarm since the last look, in words; empty while all is well."""
        for windows in self._new_windows(state, observation):
            for limit in self.alarms:
                if self._sounds(limit, windows):
                    return f"{observation.candidate}: {limit.reading(windows[0])}"
        return ""

    def _sounds(self, limit: Limit, windows: Sequence[RequestTotals]) -> bool:
        return all(self._breaks(limit, window) for window in windows)

    def _breaks(self, limit: Limit, window: RequestTotals) -> bool:
        enough = self.minimum_requests is None or window.invocations >= self.minimum_requests
        return enough and limit.breached(window)

    def _new_windows(
        self, state: CanaryState, observation: Observation
    ) -> Iterator[Sequence[RequestTotals]]:
        """Of each window published since the last look, it and those before it, newest first."""
        metrics, since_ns = observation.metrics, state.serving_since_ns or 0
        period_ns = metrics.period_ns
        first_start_ns = -(-since_ns // period_ns) * period_ns
        first_end_ns = first_start_ns + self.periods * period_ns
        start_ns = max(first_end_ns, state.seen_until_ns + period_ns)
        for end_ns in range(start_ns, metrics.published_until_ns + 1, period_ns):
            yield [
                metrics.requests(observation.candidate, each_end_ns - period_ns, each_end_ns)
                for each_end_ns in range(end_ns, end_ns - self.periods * period_ns, -period_ns)
            ]

    def waits_ns(self) -> Sequence[int]:
        """The bake of a stage."""
        return (self.bake,)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Each stage is asked for, put in force and baked."""
        return len(self.stages) * (weight_update_ns + self.bake)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Each stage, and all traffic to either."""
        stages = [
            {**weights, **self._weights(stage, control, candidate, weights)}
            for stage in range(len(self.stages))
        ]
        return [*stages, *super().splits(control, candidate, weights)]
