"""The guarded release: stages watched for a regression, which rolls back or waits for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from simab import units
from simab.description import SMALLEST_ERROR, Duration, PositiveDuration
from simab.policies.actions import Action, Hold, HoldReason, Promote, RollBack
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import FineUnit, PlannedTest
from simab.policies.rollouts.staged_release import StagedRelease
from simab.policies.rollouts.watched_metrics import (
    Watch,
    WatchedMetric,
    compared,
    read_now,
    requests_since,
)

__all__ = ["GuardedMetric", "GuardedRelease", "GuardedReleaseState"]


class GuardedReleaseState(NamedTuple):
    """The stage, since when it serves (None: not yet), and what is watched since the first did.

    `held_since_ns` is when a regression that only notifies stopped the stage; `dismissed` lists, by
    their places, the metrics whose regression a person has let pass. `extended`: the stage got its
    extension.
    """

    stage: int = 0
    since_ns: int | None = None
    watch: Watch | None = None
    held_since_ns: int | None = None
    dismissed: tuple[int, ...] = ()
    extended: bool = False
    finished: bool = False


Step = tuple[Sequence[Action], GuardedReleaseState | None]


class GuardedMetric(WatchedMetric):
    """A metric that a guarded release monitors, and what a regression of it does."""

    on_regression: Literal["roll_back", "notify"] = "roll_back"
    """Roll back at once, or stop the release where it is and tell people."""


class GuardedRelease(StagedRelease):
    """Stages of the candidate's share, watched for regressions; promote after the last.

    A regression is found when the interval of a metric's difference lies wholly on the worse side
    of its threshold. It rolls back, or stops the release until a person lets it go on. A stage in
    which the candidate had too few requests is extended once, and then rolled back. Source:
    LaunchDarkly's documentation of guarded rollouts, "Regression detection", "Difference types" and
    "Regression thresholds", and the release policies of its API (stages, minSampleSize). `credible`
    is its earlier method, `sequential` its present one. Its documentation was not found to say the
    level, the prior, the boundary of the sequential test, the usual minimum, or whether stages are
    judged apart: here 95 %, a flat prior, a confidence sequence, the API's example of 100, and all
    stages together. Its health checks are not played. It misleads where many metrics are watched,
    for each has the whole level; a credible interval is not made for looking again and again; and
    what is worse by less than the stages can show is promoted nearly always.
    """

    kind: Literal["guarded_release"] = "guarded_release"
    metrics: Annotated[tuple[GuardedMetric, ...], Field(min_length=1)]
    """What is watched."""
    interval: Literal["sequential", "credible"] = "sequential"
    """Which interval: one that holds at all looks, or a posterior's at each."""
    level: Annotated[float, Field(gt=0.5, le=1 - SMALLEST_ERROR)] = 0.95
    """Level of the two-sided interval of each metric."""
    tight_at: Annotated[int, Field(ge=1)] = 5000
    """Values a variant at which the sequential interval is to be narrowest."""
    minimum_requests: Annotated[int, Field(ge=0)] = 100
    """Requests that the candidate must have had in a stage by its end."""
    extension: Duration = 0
    """How much longer a stage serves that had too few; then, or at once if 0, it is rolled back."""
    resume_after: PositiveDuration | None = None
    """How long people take to let a stopped release go on; never if absent."""

    def decide(self, state: GuardedReleaseState | None, observation: Observation) -> Step:
        """Start, look for a regression, wait, or go on to the next stage."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        if state is None:
            return (self.entered(0, "the release starts", observation),), GuardedReleaseState()
        if state.since_ns is None:
            if observation.refused:  # the stage was never entered
                return (self.entered(state.stage, "asked again", observation),), state
            watch = state.watch or Watch.begun(self.compared(observation))
            return (), state._replace(since_ns=observation.now_ns, watch=watch)
        state = self._resumed(state, observation)
        for place, because in self._regressions(state, observation):
            if self.metrics[place].on_regression == "roll_back":
                return (RollBack(because=because),), state._replace(finished=True)
            if state.held_since_ns is None and place not in state.dismissed:
                hold = Hold(HoldReason.GUARDRAIL, because=f"people are told: {because}")
                return (hold,), state._replace(held_since_ns=observation.now_ns)
        if state.held_since_ns is not None or observation.now_ns < self._ends_ns(state):
            return (), state
        return self._served_out(state, observation)

    def _ends_ns(self, state: GuardedReleaseState) -> int:
        assert state.since_ns is not None
        extension = self.extension if state.extended else 0
        return state.since_ns + self.stages[state.stage].lasts + extension

    def _resumed(self, state: GuardedReleaseState, observation: Observation) -> GuardedReleaseState:
        """After a person has looked: what is a regression by now is let pass."""
        since_ns = state.held_since_ns
        if since_ns is None or self.resume_after is None:
            return state
        if observation.now_ns - since_ns < self.resume_after:
            return state
        seen = (place for place, _ in self._regressions(state, observation))
        passed = tuple(sorted({*state.dismissed, *seen}))
        return state._replace(held_since_ns=None, dismissed=passed)

    def _regressions(
        self, state: GuardedReleaseState, observation: Observation
    ) -> Iterator[tuple[int, str]]:
        """The metrics that are worse by more than is tolerated, by place, in words."""
        assert state.watch is not None
        for place, metric in enumerate(self.metrics):
            arms = state.watch.arms(metric.metric, self.compared(observation), self.unit)
            interval = compared(metric, arms, level=self.level, tight_at=self._tight_at)
            if metric.is_worse(interval):
                where = f"regression at {self.stages[state.stage].share:.3g}"
                yield place, f"{where}: {metric.reading(arms, interval, self.unit)}"

    @property
    def _tight_at(self) -> int | None:
        return self.tight_at if self.interval == "sequential" else None

    def _served_out(self, state: GuardedReleaseState, observation: Observation) -> Step:
        assert state.since_ns is not None
        totals = requests_since(state.since_ns, observation.metrics, observation.candidate)
        requests = 0 if totals is None else totals.invocations
        share = self.stages[state.stage].share
        if requests < self.minimum_requests:
            said = f"{requests} requests at {share:.3g} (at least {self.minimum_requests})"
            if self.extension and not state.extended:
                longer = f"{said}: extended by {units.format_duration(self.extension)}"
                hold = Hold(HoldReason.TOO_FEW_REQUESTS, because=longer)
                return (hold,), state._replace(extended=True)
            return (RollBack(because=said),), state._replace(finished=True)
        because = f"no regression that stops it by the end of {share:.3g}, {requests} requests"
        following = state.stage + 1
        if following < len(self.stages):
            after = GuardedReleaseState(following, watch=state.watch, dismissed=state.dismissed)
            return (self.entered(following, because, observation),), after
        promote = Promote(observation.candidate, because=because)
        return (promote,), state._replace(finished=True)

    def readings(
        self, before: GuardedReleaseState | None, after: Any, observation: Observation
    ) -> Sequence[LookReading]:
        """Each metric where a stage ends, or where a regression stops it."""
        if before is None or after is None or before.since_ns is None or before.finished:
            return ()
        stopped = after.held_since_ns is not None and before.held_since_ns is None
        if not (after.finished or stopped or after.stage != before.stage):
            return ()
        assert before.watch is not None
        return read_now(
            self.metrics,
            before.watch,
            self.compared(observation),
            level=self.level,
            tight_at=self._tight_at,
            unit=self.unit,
        )

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """The end of a stage or of a stop, every window, and every tick where labels may arrive."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state is None or state.since_ns is None:
            return None
        if any(metric.reads_labels for metric in self.metrics):
            return None
        if state.held_since_ns is None:
            return NextLook(at_ns=self._ends_ns(state), published=True)
        resumed_ns = None if self.resume_after is None else state.held_since_ns + self.resume_after
        return NextLook(at_ns=resumed_ns, published=True)

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """Of a metric of labels, over all stages."""
        if self.unit != unit:
            return None
        reads_labels = any(metric.reads_labels for metric in self.metrics)
        return self.test_of_stages(self.stages) if reads_labels else None

    def waits_for_a_person(self) -> tuple[Sequence[str], Sequence[str]]:
        """A regression that only notifies."""
        notified = [each.metric for each in self.metrics if each.on_regression == "notify"]
        if self.resume_after is not None:
            return (), ()
        return (), [f"a regression of {name}" for name in notified]
