"""The canary strategy of Argo Rollouts: steps of weights, pauses and analyses, until 100 %."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from simab.description import Description, PositiveDuration
from simab.errors import InvalidInput
from simab.policies.actions import Action, AddVariant, Promote, RollBack, SetWeights
from simab.policies.argo.analysis import (
    AnalysisRun,
    advance,
    new_measurements,
    next_measurement_ns,
    start,
)
from simab.policies.argo.metrics import ArgoMetric, Phase
from simab.policies.argo.replicas import replica_counts
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import beside_others, candidate_share, pair_weights
from simab.policies.policy import Policy

__all__ = ["ArgoRollouts", "ArgoState", "ArgoStep", "BackgroundAnalysis", "Pause", "RolloutPhase"]

_SAME_SHARE: Final = 1e-9

Name = Annotated[str, Field(min_length=1)]
Metrics = Annotated[dict[Name, ArgoMetric], Field(min_length=1)]
Step = tuple[Sequence[Action], "ArgoState"]


class RolloutPhase(StrEnum):
    """How the rollout stands (the tool's own words)."""

    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    DEGRADED = "Degraded"
    HEALTHY = "Healthy"


class ArgoState(NamedTuple):
    """Where the rollout stands.

    `step` counts from 0 and `step_since_ns` is when it began to wait (None: it has not);
    `inconclusive_since_ns` is when an inconclusive analysis paused the rollout; `abort` is the
    reason of a rollback, and `over` whether it, or the promotion, has been asked for. `passed` are
    the steps whose analysis the newest look has ended, each with its run.
    """

    replicas: int
    phase: RolloutPhase = RolloutPhase.PROGRESSING
    step: int = 0
    step_since_ns: int | None = None
    analysis: AnalysisRun | None = None
    background: AnalysisRun | None = None
    inconclusive_since_ns: int | None = None
    abort: str = ""
    over: bool = False
    passed: tuple[tuple[int, AnalysisRun], ...] = ()


class Pause(Description):
    """A step that waits."""

    duration: PositiveDuration | None = None
    """How long; without it, until a person resumes the rollout."""


class ArgoStep(Description):
    """One step of the rollout: a weight, a pause or an analysis."""

    set_weight: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """The candidate's part of the traffic, in percent, or in parts of `max_traffic_weight`."""
    pause: Pause | None = None
    """Wait."""
    analysis: Metrics | None = None
    """Metrics by name: run them to their end, then go on or abort."""

    @model_validator(mode="after")
    def _one_thing(self) -> ArgoStep:
        given = [n for n in ("set_weight", "pause", "analysis") if getattr(self, n) is not None]
        if len(given) != 1:
            raise InvalidInput(
                "a step does one thing; give exactly one of set_weight, pause and analysis"
            )
        for name, metric in (self.analysis or {}).items():
            if metric.effective_count is None:
                raise InvalidInput(
                    f"metric {name} of an analysis step would never end; give it a count"
                )
        return self


class BackgroundAnalysis(Description):
    """An analysis in the background of the steps, from one of them until the rollout ends."""

    metrics: Metrics
    """Metrics by name."""
    starting_step: Annotated[int, Field(ge=0)] = 0
    """The step, counted from 0, that starts it."""


def _is_percent(weight: object) -> bool:
    return weight == 100


class ArgoRollouts(Policy):
    """Raise the candidate's weight step by step; abort to 0 when an analysis fails or errs.

    After the last step the candidate gets 100 %. An inconclusive analysis, like a pause without a
    duration, waits for a person. Source: argo-rollouts 9f8d111d, rollout/canary.go and
    analysis/analysis.go. Measurements follow the clock of their metric: a look of the controller
    takes each one that was due since the look before, as of its own instant. It misleads because a
    measurement compares one number with a limit, however few requests it rests on: at low traffic
    a healthy candidate fails by chance, and every further measurement is one more chance to abort.
    A measurement `of: ratio` compares with the control itself: Argo's baseline is a template of an
    experiment step, which is not played.
    """

    kind: Literal["argo_rollouts"] = "argo_rollouts"
    steps: Annotated[tuple[ArgoStep, ...], Field(min_length=1)]
    """What to do, in order."""
    background: BackgroundAnalysis | None = None
    """An analysis in the background of the steps."""
    traffic_routing: bool = False
    """Whether a router splits by weight; otherwise the split is that of the replica counts."""
    max_traffic_weight: Annotated[int, Field(ge=1, le=1_000_000, exclude_if=_is_percent)] = 100
    """What all traffic weighs at the router: 1000 for weights in tenths of a percent."""
    replicas: Annotated[int, Field(ge=1)] | None = None
    """Replicas of the rollout, where they make the split; the control's instances if absent."""
    surge: bool = True
    """Whether one replica more may run (maxSurge above 0), for a split that comes nearer."""
    resume_after: PositiveDuration | None = None
    """How long a person takes to resume a pause without an end; never if absent."""

    @model_validator(mode="after")
    def _weights_fit(self) -> ArgoRollouts:
        most = self.max_traffic_weight
        if most != 100 and not self.traffic_routing:
            raise InvalidInput(
                f"max_traffic_weight = {most} is that of a router; write traffic_routing: true, or "
                "leave it out"
            )
        for number, step in enumerate(self.steps):
            if step.set_weight is not None and step.set_weight > most:
                raise InvalidInput(
                    f"steps[{number}] sets a weight of {step.set_weight}, above all traffic, which "
                    f"weighs {most}; lower it, or raise max_traffic_weight"
                )
        return self

    @model_validator(mode="after")
    def _background_starts(self) -> ArgoRollouts:
        if self.background is not None and self.background.starting_step >= len(self.steps):
            raise InvalidInput(
                f"the background analysis starts at step {self.background.starting_step}, but the "
                f"last step is {len(self.steps) - 1}; lower starting_step"
            )
        return self

    def decide(self, state: ArgoState | None, observation: Observation) -> Step:
        """Measure what is due, then take the rollout as far as it can go now."""
        if state is None:
            control = observation.instances.get(observation.control, 1)
            state = ArgoState(replicas=self.replicas or control)
        if state.passed:
            state = state._replace(passed=())
        in_service = observation.status is EndpointStatus.IN_SERVICE
        if state.over:
            refused = [each.action for each in observation.refused] if in_service else []
            return [each for each in refused if isinstance(each, Promote | RollBack)], state
        if not state.abort:
            state = self._analysed(state, observation)
        if not in_service:
            return (), state
        if state.abort:
            return _aborted(state)
        return self._progressed(state, observation)

    def next_look(self, state: ArgoState, observation: Observation) -> NextLook | None:
        """The next measurement, or the end of a pause."""
        if state.abort and not state.over:
            return None
        if state.over:
            return NextLook()
        background = {} if self.background is None else self.background.metrics
        step = self.steps[state.step]
        times_ns = [
            next_measurement_ns(state.background, background),
            next_measurement_ns(state.analysis, step.analysis or {}),
        ]
        if state.inconclusive_since_ns is not None:
            times_ns.append(_end_ns(state.inconclusive_since_ns, self.resume_after))
        if step.pause is not None:
            times_ns.append(_end_ns(state.step_since_ns, step.pause.duration or self.resume_after))
        return NextLook.at_first(times_ns)

    def readings(
        self, before: ArgoState | None, after: ArgoState, observation: Observation
    ) -> Sequence[LookReading]:
        """The newest measurement of each metric, in the background and in the analysis of steps."""
        known = {run.started_ns: run for run in (before.analysis,) if run} if before else {}
        found: list[LookReading] = []
        if self.background is not None and after.background is not None:
            earlier = before.background if before else None
            if earlier is not None and earlier.started_ns != after.background.started_ns:
                earlier = None
            found += new_measurements(earlier, after.background, self.background.metrics)
        runs = list(after.passed)
        if after.analysis is not None and after.step < len(self.steps):
            runs.append((after.step, after.analysis))
        for step, run in runs:
            metrics = self.steps[step].analysis or {}
            found += new_measurements(known.pop(run.started_ns, None), run, metrics)
        return found

    # -- analysis --------------------------------------------------------------------------------

    def _analysed(self, state: ArgoState, observation: Observation) -> ArgoState:
        """Take the measurements of both runs, and note what they mean for the rollout."""
        background = self._background_run(state, observation)
        metrics = self.steps[state.step].analysis if state.step < len(self.steps) else None
        analysis = state.analysis
        if metrics is not None and analysis is not None:
            analysis = advance(analysis, metrics, observation)
        return _judged(state._replace(background=background, analysis=analysis), observation)

    def _background_run(self, state: ArgoState, observation: Observation) -> AnalysisRun | None:
        if self.background is None or state.step < self.background.starting_step:
            return None
        if state.background is None:
            return start(self.background.metrics, observation)
        return advance(state.background, self.background.metrics, observation)

    # -- steps -----------------------------------------------------------------------------------

    def _progressed(self, state: ArgoState, observation: Observation) -> Step:
        """Complete steps until one has to wait."""
        while state.step < len(self.steps) and not state.abort:
            correction = self._correction(state, observation)
            if correction is not None:
                return (correction,), state._replace(phase=RolloutPhase.PROGRESSING)
            state = self._resumed(state, observation)
            if state.inconclusive_since_ns is not None:
                return (), state._replace(phase=RolloutPhase.PAUSED)
            done, state = self._step_done(state, observation)
            if done:
                state = self._next_step(state, observation)
            elif not state.abort:
                return (), state
        if state.abort:
            return _aborted(state)
        over = state._replace(phase=RolloutPhase.HEALTHY, over=True)
        because = f"all {len(self.steps)} steps are done{_background_words(state.background)}"
        return (Promote(observation.candidate, because=because),), over

    def _next_step(self, state: ArgoState, observation: Observation) -> ArgoState:
        if state.analysis is not None:
            state = state._replace(passed=(*state.passed, (state.step, state.analysis)))
        state = state._replace(step=state.step + 1, step_since_ns=None, analysis=None)
        if state.step < len(self.steps) and state.background is None:
            return self._analysed(state, observation)
        return state

    def _correction(self, state: ArgoState, observation: Observation) -> Action | None:
        """What brings the endpoint to the weight of the current step; None when it is there."""
        if observation.candidate not in observation.weights:
            because = "the new version is scaled up without traffic"
            return AddVariant(observation.candidate, because=because)
        weight = self._weight(state.step)
        canary, stable = self.counts(weight, state.replicas)
        weights = pair_weights(stable, canary, observation)
        asked, given = (
            candidate_share(each, observation) for each in (weights, observation.weights)
        )
        if abs(asked - given) < _SAME_SHARE:
            return None
        words = f"step {state.step + 1} of {len(self.steps)}: set_weight {weight}"
        if self.steps[state.step].set_weight is None:
            words = f"the rollout starts at weight {weight}"
        if self.max_traffic_weight != 100:
            words += f" of {self.max_traffic_weight}"
        if not self.traffic_routing:
            words += f", which {canary} of {canary + stable} replicas come nearest to"
        return SetWeights(weights, because=words)

    def _weight(self, step: int) -> int:
        """The weight that the newest set_weight asks for; 0 before the first."""
        asked = [each.set_weight for each in self.steps[: step + 1] if each.set_weight is not None]
        return asked[-1] if asked else 0

    def counts(self, weight: int, replicas: int | None) -> tuple[int, int]:
        """Canary and stable: parts of all, or replicas where these are known and split."""
        if self.traffic_routing or replicas is None:
            return weight, self.max_traffic_weight - weight
        return replica_counts(replicas, weight, surge=self.surge)

    def _step_done(self, state: ArgoState, observation: Observation) -> tuple[bool, ArgoState]:
        step = self.steps[state.step]
        if step.set_weight is not None:  # the endpoint is at that weight, or this is not asked
            return True, state._replace(phase=RolloutPhase.PROGRESSING)
        if step.pause is not None:
            since_ns = observation.now_ns if state.step_since_ns is None else state.step_since_ns
            waits = state._replace(phase=RolloutPhase.PAUSED, step_since_ns=since_ns)
            duration = self.resume_after if step.pause.duration is None else step.pause.duration
            return duration is not None and observation.now_ns - since_ns >= duration, waits
        assert step.analysis is not None
        if state.analysis is None:
            run = start(step.analysis, observation)
            state = _judged(state._replace(analysis=run), observation)
        assert state.analysis is not None
        phase = RolloutPhase.PROGRESSING
        if state.inconclusive_since_ns is not None:
            phase = RolloutPhase.PAUSED
        return state.analysis.phase is Phase.SUCCESSFUL, state._replace(phase=phase)

    def _resumed(self, state: ArgoState, observation: Observation) -> ArgoState:
        """After an inconclusive analysis a person resumes, and the same analysis starts anew."""
        since_ns = state.inconclusive_since_ns
        if since_ns is None or self.resume_after is None:
            return state
        if observation.now_ns - since_ns < self.resume_after:
            return state
        analysis, background = _unless_inconclusive(state.analysis), state.background
        anew = state._replace(inconclusive_since_ns=None, analysis=analysis)
        if background is None or background.phase is not Phase.INCONCLUSIVE:
            return anew
        return self._analysed(anew._replace(background=None), observation)

    def adds_candidate(self, candidate: str) -> bool:
        """Always: the new version is scaled up first."""
        return True

    def waits_ns(self) -> Sequence[int]:
        """Pauses that end by themselves."""
        pauses = [step.pause for step in self.steps if step.pause is not None]
        return [each.duration for each in pauses if each.duration]

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Pauses and analyses, one after the other; changes of weight take their time."""
        spent_ns: float = 0
        for step in self.steps:
            if step.set_weight is not None:
                spent_ns += weight_update_ns
            elif step.pause is not None:
                waits_ns = step.pause.duration or self.resume_after
                spent_ns += math.inf if waits_ns is None else waits_ns
            else:
                assert step.analysis is not None
                spent_ns += max(metric.shortest_ns for metric in step.analysis.values())
        return spent_ns

    def waits_for_a_person(self) -> tuple[Sequence[str], Sequence[str]]:
        """Pauses without a duration; analyses that can end inconclusive."""
        if self.resume_after is not None:
            return (), ()
        always, perhaps = [], []
        for number, step in enumerate(self.steps, start=1):
            if step.pause is not None and step.pause.duration is None:
                always.append(f"step {number}")
            if any(each.can_be_inconclusive for each in (step.analysis or {}).values()):
                perhaps.append(f"the analysis of step {number}")
        background = {} if self.background is None else self.background.metrics
        if any(each.can_be_inconclusive for each in background.values()):
            perhaps.append("the background analysis")
        return always, perhaps

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The split of each set_weight (as asked where the replicas are not known), and the end."""
        idle = beside_others({control: 1.0, candidate: 0.0}, weights)  # before the first set_weight
        splits: list[Mapping[str, float]] = []
        for weight in (step.set_weight for step in self.steps if step.set_weight is not None):
            canary, stable = self.counts(weight, self.replicas)
            pair = beside_others({control: stable, candidate: canary}, weights)
            splits.append({**weights, **pair})
        return [*splits, {**weights, **idle}, *super().splits(control, candidate, weights)]


def _judged(state: ArgoState, observation: Observation) -> ArgoState:
    """What the two runs mean: Failed and Error abort, Inconclusive pauses."""
    runs = (("background analysis", state.background), ("analysis", state.analysis))
    for name, run in runs:
        if run is not None and run.phase in (Phase.FAILED, Phase.ERROR):
            where = f"{name} at step {state.step + 1}"
            return state._replace(abort=f"{where}: {run.message}")
    inconclusive = any(run is not None and run.phase is Phase.INCONCLUSIVE for _, run in runs)
    if inconclusive and state.inconclusive_since_ns is None:
        return state._replace(inconclusive_since_ns=observation.now_ns)
    return state


def _end_ns(since_ns: int | None, duration_ns: int | None) -> int | None:
    return None if since_ns is None or duration_ns is None else since_ns + duration_ns


def _unless_inconclusive(run: AnalysisRun | None) -> AnalysisRun | None:
    return None if run is not None and run.phase is Phase.INCONCLUSIVE else run


def _aborted(state: ArgoState) -> Step:
    over = state._replace(phase=RolloutPhase.DEGRADED, over=True)
    return (RollBack(because=state.abort),), over


def _background_words(run: AnalysisRun | None) -> str:
    if run is None:
        return ""
    failed = ", ".join(f"{name} {each.failed}" for name, each in run.results.items())
    return f"; failed measurements in the background: {failed}"
