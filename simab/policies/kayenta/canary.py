"""Kayenta's canary analysis: judge the candidate's windows against the control's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simab.description import Duration, OptionalCount, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote, RollBack, SetWeights
from simab.policies.kayenta.classifier import MetricAnalysis, classify
from simab.policies.kayenta.judge import JudgedMetric, Judgement, judge
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, MetricsView, Observation, newest_published
from simab.policies.pair_weights import beside_others, pair_weights
from simab.policies.policy import Policy
from simab.policies.window_series import WindowReading
from simab.stats.request_totals import RequestTotals

__all__ = ["KayentaCanary", "KayentaMetric", "KayentaState"]

Score = Annotated[float, Field(ge=0, le=100)]


class KayentaMetric(WindowReading):
    """A metric of the canary configuration: what is read of each window, and how it is judged."""

    name: Annotated[str, Field(min_length=1)]
    """Its name in the decision log."""
    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    """The groups whose scores it counts in."""
    analysis: MetricAnalysis = MetricAnalysis()
    """How it is judged."""
    minimum_requests: OptionalCount = None
    """Requests of a variant below which its window is no datapoint, as by a query that asks for so
    many; any number if absent. With too few datapoints the metric has no data."""

    def reading(self, totals: RequestTotals) -> float | None:
        """A window's datapoint; None where there is none."""
        few = self.minimum_requests is not None and totals.invocations < self.minimum_requests
        value = math.nan if few else self.read(totals)
        return None if math.isnan(value) else value


@dataclass(frozen=True, slots=True)
class Datapoints:
    """The readings of one window, in the order of the metrics; None where there is none."""

    start_ns: int
    experiment: tuple[float | None, ...]
    control: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class KayentaState:
    """Since when the analysis runs (None: not yet), judgements made, windows read, and the end.

    `last` is the newest judgement.
    """

    started_ns: int | None = None
    judgements: int = 0
    windows: tuple[Datapoints, ...] = ()
    last: Judgement | None = None
    finished: bool = False


class KayentaCanary(Policy):
    """Score the candidate against the control at fixed intervals; promote if the last score passes.

    Each metric window is one datapoint of each metric; a Mann-Whitney test at 98 % with a tolerance
    of a quarter of the shift calls a metric High, Low or Pass, and the score is the weighted share
    of passed metrics. A judgement before the last stops at `marginal_score` or below; the last must
    be above it and reach `pass_score`. A canary that fails is removed, and the others keep their
    weights: next to a production variant the control, Kayenta's baseline, is one small instance.
    Source: spinnaker/kayenta@a69573be, NetflixACAJudge-v1.0 and
    the standalone canary analysis. It misleads where windows are few or depend on each other. Its
    test condemns an equal candidate in 0.19 % of comparisons of 60 independent datapoints, far
    fewer than the 2 % that its level suggests. With a single datapoint of each variant it condemns
    every one. Where neighbours of 60 correlate, as waiting times in a busy queue do, it condemns
    6 % at a correlation of 0.5 and 31 % at 0.8. A candidate that is not provably worse
    passes, however little was seen.
    """

    kind: Literal["kayenta"] = "kayenta"
    metrics: Annotated[tuple[KayentaMetric, ...], Field(min_length=1)]
    """What is compared."""
    group_weights: dict[str, Score] = {}
    """Weight of each group, in percent; groups without one share what is left of 100 equally."""
    pass_score: Score = 95.0
    """The score that the last judgement must reach."""
    marginal_score: Score = 75.0
    """The score that every judgement must be above."""
    lifetime: Annotated[Duration, Field(gt=0)]
    """How long the analysis lasts."""
    begin_after: Duration = 0
    """How long the candidate serves before the analysis begins."""
    analysis_interval: Annotated[Duration, Field(gt=0)] | None = None
    """From one judgement to the next; one judgement, at the end, if absent."""
    lookback: Annotated[Duration, Field(gt=0)] | None = None
    """Judge only the newest published windows of that length; all since the start if absent."""
    share: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """The candidate's share meanwhile; the weights stay as they are if absent."""

    @model_validator(mode="after")
    def _consistent(self) -> KayentaCanary:
        if self.marginal_score > self.pass_score:
            raise InvalidInput("marginal_score is above pass_score; exchange the two")
        names = [metric.name for metric in self.metrics]
        if len(set(names)) < len(names):
            raise InvalidInput("two metrics have the same name; give each its own")
        if math.fsum(self.group_weights.values()) > 100.0:
            raise InvalidInput("the group_weights sum to more than 100; lower them")
        if self.best_score < self.pass_score:
            raise InvalidInput(
                f"no canary can pass: groups with metrics weigh {self.best_score:g} of 100, and "
                f"pass_score is {self.pass_score:g}; give their weights to groups that have metrics"
            )
        return self

    @property
    def best_score(self) -> float:
        """The score when every metric passes: a group without metrics takes its weight along."""
        groups = {group for metric in self.metrics for group in metric.groups}
        if groups <= self.group_weights.keys():
            return round(math.fsum(self.group_weights[group] for group in groups), 2)
        idle = (weight for group, weight in self.group_weights.items() if group not in groups)
        return round(100.0 - math.fsum(idle), 2)

    @property
    def interval_ns(self) -> int:
        """From one judgement to the next; never longer than the lifetime, as in Kayenta."""
        return min(self.analysis_interval or self.lifetime, self.lifetime)

    @property
    def judgements(self) -> int:
        """How many judgements there are at most; a remainder of the lifetime is not used."""
        return self.lifetime // self.interval_ns

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: KayentaState | None, observation: Observation
    ) -> tuple[Sequence[Action], KayentaState | None]:
        """Send the candidate its share, wait, judge when a judgement is due."""
        if observation.status is EndpointStatus.UPDATING:
            return (), state
        if state is None and self.share is not None:
            weights = pair_weights(1.0 - self.share, self.share, observation)
            because = f"{observation.candidate} gets {self.share:.3g} for the canary analysis"
            return (SetWeights(weights, because=because),), KayentaState()
        state = state or KayentaState()
        if state.finished:
            return (), state
        if state.started_ns is None:
            started_ns = observation.now_ns + self.begin_after
            return (), replace(state, started_ns=started_ns)
        end_ns = state.started_ns + (state.judgements + 1) * self.interval_ns
        if observation.now_ns < end_ns:
            return (), state
        return self._judge(state, state.started_ns, end_ns, observation)

    def readings(
        self, before: KayentaState | None, after: KayentaState | None, observation: Observation
    ) -> Sequence[LookReading]:
        """Each judgement: its score, beside what it must be above or reach."""
        known = before.judgements if before else 0
        if after is None or after.last is None or after.judgements == known:
            return ()
        number, score = after.judgements, after.last.score
        bound, passed = f"above {self.marginal_score:g}", score > self.marginal_score
        if number == self.judgements:
            bound, passed = f"at least {self.pass_score:g}", passed and score >= self.pass_score
        reading = f"score {score:g} ({bound} passes): {after.last.reason}"
        return (LookReading(f"judgement {number} of {self.judgements}", reading, passed),)

    def next_look(self, state: KayentaState | None, observation: Observation) -> NextLook | None:
        """The next judgement."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state is None or state.started_ns is None:
            return None
        return NextLook(at_ns=state.started_ns + (state.judgements + 1) * self.interval_ns)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """The last judgement promotes."""
        update_ns = 0 if self.share is None else weight_update_ns
        return update_ns + self.begin_after + self.judgements * self.interval_ns

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The share under analysis, and all traffic to either, or to the others of the canary."""
        ends = super().splits(control, candidate, weights)
        if any(weight for name, weight in weights.items() if name not in (control, candidate)):
            ends = [each for each in ends if not each.get(control)] + [{**weights, candidate: 0.0}]
        if self.share is None:
            return ends
        pair = beside_others({control: 1 - self.share, candidate: self.share}, weights)
        return [{**weights, **pair}, *ends]

    def _judge(
        self, state: KayentaState, started_ns: int, end_ns: int, observation: Observation
    ) -> tuple[Sequence[Action], KayentaState]:
        windows = self._windows(state.windows, started_ns, end_ns, observation)
        since_ns = self._since_ns(started_ns, end_ns, observation.metrics)
        judged = [each for each in windows if each.start_ns >= since_ns]
        number = state.judgements + 1
        judgement = self._judgement(judged)
        after = replace(state, judgements=number, windows=windows, last=judgement)
        said = (
            f"judgement {number} of {self.judgements} over {len(judged)} windows: "
            f"score {judgement.score:g}"
        )
        if judgement.score <= self.marginal_score:
            because = f"{said}, not above {self.marginal_score:g}: {judgement.reason}"
            return (RollBack(removed=observation.candidate, because=because),), replace(
                after, finished=True
            )
        if number < self.judgements:
            return (), after
        over = replace(after, finished=True)
        if judgement.score < self.pass_score:
            because = f"{said}, below {self.pass_score:g}: {judgement.reason}"
            return (RollBack(removed=observation.candidate, because=because),), over
        because = f"{said}, at least {self.pass_score:g}: {judgement.reason}"
        return (Promote(observation.candidate, because=because),), over

    def _judgement(self, windows: Sequence[Datapoints]) -> Judgement:
        judged = []
        for number, metric in enumerate(self.metrics):
            experiment = _series([window.experiment[number] for window in windows])
            control = _series([window.control[number] for window in windows])
            verdict = classify(experiment, control, metric.analysis)
            judged.append(JudgedMetric(metric.name, metric.groups, verdict))
        return judge(
            judged,
            group_weights=self.group_weights,
            pass_score=self.pass_score,
            marginal_score=self.marginal_score,
        )

    def _since_ns(self, started_ns: int, end_ns: int, metrics: MetricsView) -> int:
        """Where the windows begin that a judgement reads: the newest published of `lookback`."""
        if self.lookback is None:
            return started_ns
        return newest_published(metrics, self.lookback, before_ns=end_ns)[0]

    def _windows(
        self, known: tuple[Datapoints, ...], started_ns: int, end_ns: int, observation: Observation
    ) -> tuple[Datapoints, ...]:
        """The windows known and those published since, whole ones before `end_ns` only.

        A published window never changes, so none is read twice; one that is published late is
        missing from this judgement and read by the next. A sliding analysis may look back past its
        beginning, as Kayenta's does.
        """
        metrics = observation.metrics
        earliest_ns = self._since_ns(started_ns, end_ns, metrics)
        first_ns = -(-earliest_ns // metrics.period_ns) * metrics.period_ns
        if known:
            first_ns = max(first_ns, known[-1].start_ns + metrics.period_ns)
        last_ns = min(end_ns, metrics.published_until_ns) - metrics.period_ns
        new = tuple(
            Datapoints(
                start_ns,
                self._read(metrics, observation.candidate, start_ns),
                self._read(metrics, observation.control, start_ns),
            )
            for start_ns in range(first_ns, last_ns + 1, metrics.period_ns)
        )
        return known + new

    def _read(self, metrics: MetricsView, variant: str, start_ns: int) -> tuple[float | None, ...]:
        totals = metrics.requests(variant, start_ns, start_ns + metrics.period_ns)
        # None, for a state is compared, and NaN is not equal to itself.
        return tuple(metric.reading(totals) for metric in self.metrics)


def _series(readings: Sequence[float | None]) -> list[float]:
    return [math.nan if reading is None else reading for reading in readings]
