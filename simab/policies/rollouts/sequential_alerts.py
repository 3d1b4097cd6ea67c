"""A scheduled ramp with alerts: guardrail metrics are tested now and then, and an alert ends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from simab.description import SMALLEST_ERROR, Duration, PositiveDuration
from simab.policies.actions import Action, Promote, RollBack
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import FineUnit, PlannedTest
from simab.policies.rollouts.staged_release import StagedRelease
from simab.policies.rollouts.watched_metrics import Watch, WatchedMetric, read_now

__all__ = ["AlertedMetric", "SequentialAlerts", "SequentialAlertsState"]

_CONTINUOUS_TO: Final = 0.5
_HOUR: Final = 3_600_000_000_000


class SequentialAlertsState(NamedTuple):
    """The stage and since when it serves (None: not yet), what is watched, and the checks.

    `started_ns` is when the first stage began to serve, `checked_ns` the last check (the start
    before the first), `alerted_ns` when an alert came, and `alert` what it said.
    """

    stage: int = 0
    since_ns: int | None = None
    watch: Watch | None = None
    started_ns: int | None = None
    checked_ns: int = 0
    alerted_ns: int | None = None
    alert: str = ""
    finished: bool = False


Step = tuple[Sequence[Action], SequentialAlertsState | None]


class AlertedMetric(WatchedMetric):
    """A metric with an alert."""

    difference: Literal["absolute", "relative"] = "relative"
    """As a part of the control's value, as Statsig shows deltas, or in the metric's unit."""


class SequentialAlerts(StagedRelease):
    """A ramp by schedule; a check that finds a metric worse beyond its threshold rolls back.

    Checks come every hour on the first day, then once a day, and read everything since the start.
    An alert needs the whole interval of the difference on the worse side, by a test that allows for
    looking. A stage above 50 % is read by itself. Source: Statsig's documentation of rollout
    alerts, sequential testing and "Measuring multiple rollout stages". Its alerts notify; here the
    people on call roll back `reacts_after` later. Not found in it: the mixing variance of its
    mSPRT (here a normal mixture, narrowest at `tight_at`), and a correction for several metrics
    (here none). It misleads where stages are shorter than the time between checks: the schedule
    goes on unseen, and what happens after the last check is promoted.
    """

    kind: Literal["sequential_alerts"] = "sequential_alerts"
    metrics: Annotated[tuple[AlertedMetric, ...], Field(min_length=1)]
    """The guardrail metrics."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """One less the level of each metric's two-sided interval; an alert is one of its two sides."""
    tight_at: Annotated[int, Field(ge=1)] = 5000
    """Values a variant at which the intervals are to be narrowest."""
    early_for: Duration = 24 * _HOUR
    """How long from the start of the first stage the early checks go on."""
    early_check_every: PositiveDuration = _HOUR
    """Time from one early check to the next."""
    check_every: PositiveDuration = 24 * _HOUR
    """Time from one check to the next after that."""
    reacts_after: Duration = 0
    """How long people take from an alert to the rollback; the schedule goes on meanwhile, but
    nothing is promoted."""

    def decide(self, state: SequentialAlertsState | None, observation: Observation) -> Step:
        """Start, check when a check is due, roll back after an alert, or go on by the schedule."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        if state is None:
            return (self.entered(0, "the ramp starts", observation),), SequentialAlertsState()
        if state.since_ns is None:
            if observation.refused:  # the stage was never entered
                return (self.entered(state.stage, "asked again", observation),), state
            return (), self._begun(state, observation)
        now_ns, ends_ns = observation.now_ns, state.since_ns + self.stages[state.stage].lasts
        if state.alerted_ns is None and now_ns >= self._next_check_ns(state):
            state = self._checked(state, observation)
        if state.alerted_ns is not None and now_ns - state.alerted_ns >= self.reacts_after:
            return (RollBack(because=state.alert),), state._replace(finished=True)
        if now_ns < ends_ns:
            return (), state
        return self._served_out(state, observation)

    def _begun(
        self, state: SequentialAlertsState, observation: Observation
    ) -> SequentialAlertsState:
        """The stage serves from now on."""
        now_ns, watch = observation.now_ns, state.watch
        if watch is None or self.stages[state.stage].share > _CONTINUOUS_TO:
            watch = Watch.begun(self.compared(observation))
        if state.started_ns is None:
            state = state._replace(started_ns=now_ns, checked_ns=now_ns)
        return state._replace(since_ns=now_ns, watch=watch)

    def _next_check_ns(self, state: SequentialAlertsState) -> int:
        assert state.started_ns is not None
        early_ns = state.checked_ns + self.early_check_every
        if early_ns - state.started_ns <= self.early_for:
            return early_ns
        return state.checked_ns + self.check_every

    def _checked(
        self, state: SequentialAlertsState, observation: Observation
    ) -> SequentialAlertsState:
        state = state._replace(checked_ns=observation.now_ns)
        for reading in self._read(state, observation):
            if reading.passed is False:
                alert = f"alert at {self.stages[state.stage].share:.3g}: {reading.reading}"
                return state._replace(alerted_ns=observation.now_ns, alert=alert)
        return state

    def _read(
        self, state: SequentialAlertsState, observation: Observation
    ) -> Sequence[LookReading]:
        """Each metric now; it neither passes nor fails where nothing is known."""
        assert state.watch is not None
        return read_now(
            self.metrics,
            state.watch,
            self.compared(observation),
            level=1.0 - self.alpha,
            tight_at=self.tight_at,
            unit=self.unit,
        )

    def _served_out(self, state: SequentialAlertsState, observation: Observation) -> Step:
        share, following = self.stages[state.stage].share, state.stage + 1
        because = f"the schedule leaves {share:.3g}, without an alert"
        if state.alerted_ns is not None:
            because = f"the schedule leaves {share:.3g}, since nobody has stopped it"
        if following < len(self.stages):
            after = state._replace(stage=following, since_ns=None)
            return (self.entered(following, because, observation),), after
        if state.alerted_ns is not None:
            return (), state
        promote = Promote(observation.candidate, because=because)
        return (promote,), state._replace(finished=True)

    def readings(
        self, before: SequentialAlertsState | None, after: Any, observation: Observation
    ) -> Sequence[LookReading]:
        """Each metric at a check."""
        if before is None or after is None or before.since_ns is None:
            return ()
        checked = after.checked_ns != before.checked_ns
        return self._read(before, observation) if checked else ()

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """The end of the stage, the next check, or the rollback after an alert."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state is None or state.since_ns is None:
            return None
        times_ns = [state.since_ns + self.stages[state.stage].lasts]
        if state.alerted_ns is None:
            times_ns.append(self._next_check_ns(state))
        else:
            times_ns.append(state.alerted_ns + self.reacts_after)
        return NextLook.at_first(times_ns)

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Of a metric of labels, over the stages that are read together, or else the first."""
        if self.unit != unit:
            return None
        if not any(metric.reads_labels for metric in self.metrics):
            return None
        together = [stage for stage in self.stages if stage.share <= _CONTINUOUS_TO]
        return self.test_of_stages(together or self.stages[:1])
