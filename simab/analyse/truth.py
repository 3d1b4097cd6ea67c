"""The truth of a scenario: which variant is best, by how much, and which is right to end with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isnan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.guardrail_truth import broken_guardrails
from simab.analyse.request_truth import request_truths
from simab.errors import InvalidInput
from simab.explain.capacity import splits
from simab.policies.metrics import label_metrics_beside, of_requests
from simab.profiles.truth import Truth, metric_difference
from simab.result.run_summary import Judgement
from simab.result.truth_summary import JudgedFrom, TruthOfTimes, TruthSummary
from simab.scenario.answers_over_time import AnswersOverTime, answers_change, variant_truths
from simab.scenario.epochs import epochs
from simab.scenario.models import Scenario
from simab.scenario.parts import Objective
from simab.units import NANOSECONDS_PER_SECOND, seconds

__all__ = ["ScenarioTruth", "contenders", "truth_of_scenario", "truth_of_values"]

_ROUNDING: Final = 1e-12  # of a metric's size: what sums and differences of floats may be off
_SPANS: Final = 240  # of a run, by which instants are sought at which judgements change


@dataclass(frozen=True, slots=True)
class ScenarioTruth:
    """True metrics by variant, and what they mean for the objective.

    `gains` says by how much each variant is better than the control on the objective's metric
    (negative: worse; NaN: undefined); differences within the rounding of floats are 0. `breaks`
    says in words which guardrail a variant breaks by what it is, or why it is unfit, for those that
    are.
    `contenders` are the variants that a run can end with: those deployed, the objective's two, and
    those that a policy of the scenario may add. Where answers change, values are those that a run
    without a decision is judged by, and `over_time` has the others.
    """

    objective: Objective
    values: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, float]
    breaks: Mapping[str, str]
    contenders: tuple[str, ...]
    over_time: TruthOverTime | None = None

    def judged_from(self, at_ns: int) -> ScenarioTruth:
        """What a decision at an instant is judged by."""
        return self if self.over_time is None else self.over_time.since(at_ns)

    @property
    def metric(self) -> str:
        """The objective's metric."""
        return self.objective.metric

    @property
    def control(self) -> str:
        """The variant that is there now."""
        return self.objective.control

    @property
    def best(self) -> str:
        """The best contender that breaks no guardrail; of equal ones the control, then the first.

        The control is there already: a guardrail that it breaks itself speaks for no other.
        """
        return max(self._keepers(), key=lambda name: (self.gains[name], name == self.control))

    @property
    def worse(self) -> tuple[str, ...]:
        """The variants that are worse than the best, or break a guardrail."""
        return tuple(
            name
            for name in self.values
            if self.shortfall(name) > 0 or (name in self.breaks and name != self.control)
        )

    def shortfall(self, variant: str) -> float:
        """By how much a variant's metric misses the best one's: at least 0; 0 where undefined."""
        best, value = (self.values[name][self.metric] for name in (self.best, variant))
        return (
            0.0 if isnan(value) else max(0.0, self.objective.sign * metric_difference(best, value))
        )

    def judgement(self, variant: str | None) -> Judgement:
        """Whether it is right to end a run with this variant; None for several: NEITHER.

        Right is the best one, where it is better than the control by what matters, and the control
        where none is better. Wrong is what breaks a guardrail, what is not better than the control
        that it replaces, and what misses the best one by what matters. What lies between, a
        difference too small to matter, counts as neither.
        """
        if variant is None:
            return Judgement.NEITHER
        shortfall = self.shortfall(variant)
        if variant == self.control:
            return self._judged(shortfall, keeps=True)
        if variant in self.breaks or not self.gains[variant] > 0 or self._matters(shortfall):
            return Judgement.WRONG
        return self._judged(shortfall, keeps=self._matters(self.gains[variant]))

    def summary(self) -> TruthSummary:
        """The truth as a result holds it."""
        return TruthSummary(
            metric=self.metric,
            direction="higher" if self.objective.sign > 0 else "lower",
            values=self.values,
            gains=self.gains,
            breaks=self.breaks,
            judgements={name: str(self.judgement(name)) for name in self.values},
            contenders=self.contenders,
            best=self.best,
            worse=self.worse,
            smallest_effect=self.objective.smallest_effect,
            control=self.control,
            candidate=self.objective.candidate,
            over_time=None if self.over_time is None else self.over_time.summary(),
            candidates=self.objective.every_candidate if self.objective.several else None,
        )

    def _judged(self, shortfall: float, *, keeps: bool) -> Judgement:
        if self._matters(shortfall):
            return Judgement.WRONG
        return Judgement.RIGHT if keeps and shortfall == 0 else Judgement.NEITHER

    def _matters(self, difference: float) -> bool:
        # 0.925 - 0.905 is a hair below 0.02 in floats.
        known = [own[self.metric] for own in self.values.values() if not isnan(own[self.metric])]
        slack = _ROUNDING * max(map(abs, known))
        return difference >= self.objective.smallest_effect * (1 - 1e-9) - slack

    def _keepers(self) -> list[str]:
        return [
            name
            for name in self.contenders
            if name == self.control or (name not in self.breaks and not isnan(self.gains[name]))
        ]


def truth_of_values(
    objective: Objective,
    values: Mapping[str, Mapping[str, float]],
    *,
    breaks: Mapping[str, str],
    contenders: Sequence[str],
) -> ScenarioTruth:
    """The truth of variants whose metrics are known."""
    control = values[objective.control][objective.metric]
    gains = {
        name: objective.sign * metric_difference(own[objective.metric], control)
        for name, own in values.items()
    }
    return ScenarioTruth(objective, values, gains, breaks, tuple(contenders))


def truth_of_scenario(scenario: Scenario, *, by_runs: bool = True) -> ScenarioTruth:
    """Compute the truth from the profiles, exactly.

    Only where a guardrail, or the metric, depends on how long requests queue, a run with all
    traffic on the variant is played; without `by_runs` it is not: the variant is taken to keep that
    guardrail, and the metric is that of the service alone.

    Raises:
        InvalidInput: the objective's metric does not exist for the control or the candidate.
    """
    objective = scenario.objective
    values = values_of(variant_truths(scenario), objective.metric)
    if (metric := of_requests(objective.metric)) is not None:
        found = request_truths(scenario, metric, by_runs=by_runs)
        values = {name: {**own, metric: found[name]} for name, own in values.items()}
    for role in (objective.control, *objective.every_candidate):
        if isnan(values[role][objective.metric]):
            raise InvalidInput(
                f"objective.metric = {objective.metric}: undefined for {role}, whose outcomes lack "
                "what it divides by; choose another metric, or describe the quality otherwise"
            )
    breaks = {**objective.unfit, **broken_guardrails(scenario, by_runs=by_runs)}
    truth = truth_of_values(objective, values, breaks=breaks, contenders=contenders(scenario))
    if not answers_change(scenario) or metric is not None:
        return truth
    return replace(truth, over_time=TruthOverTime(truth, AnswersOverTime(scenario)))


def values_of(truths: Mapping[str, Truth], objective: str) -> dict[str, dict[str, float]]:
    """Every metric of labels, by variant, where `objective` is the one that decides."""
    metrics = label_metrics_beside(objective)
    return {
        name: {metric: truth.metric(metric) for metric in metrics} for name, truth in truths.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class TruthOverTime:
    """What is true of variants whose answers change, at each time of a run."""

    at_start: ScenarioTruth
    answers: AnswersOverTime
    _spans: dict[tuple[int, int], dict[str, list[Truth]]] = field(default_factory=dict, repr=False)
    _windows: dict[Any, tuple[NDArray[np.bool_], NDArray[np.float64]]] = field(
        default_factory=dict, repr=False
    )
    _since: dict[int, ScenarioTruth] = field(default_factory=dict, repr=False)

    def since(self, at_ns: int) -> ScenarioTruth:
        """What a decision at an instant is judged by: the mean from then on to the horizon."""
        if at_ns not in self._since:
            self._since[at_ns] = self._of(self.answers.judged_from(at_ns))
        return self._since[at_ns]

    def between(self, edges_ns: Sequence[int]) -> list[ScenarioTruth]:
        """What held in each of the spans between rising instants."""
        return self._each_of(self.answers.between(edges_ns), len(edges_ns) - 1)

    def _each_of(self, truths: Mapping[str, Sequence[Truth]], spans: int) -> list[ScenarioTruth]:
        """The truth of each of so many spans."""
        return [
            self._of({name: own[span] for name, own in truths.items()}) for span in range(spans)
        ]

    def summary(self) -> TruthOfTimes:
        """From when on decisions are judged how, to a second, and who is worse at some time."""
        horizon_ns = self.answers.scenario.horizon
        instants = [horizon_ns * part // _SPANS for part in range(_SPANS)]
        found = [self._judged(0)]
        for before_ns, at_ns in pairwise(instants):
            if not _alike(self._judged(at_ns), found[-1]):
                found.append(self._judged(self._changes_ns(before_ns, at_ns)))
        # Where a difference changes its sign, both are equal for no time at all.
        ends_s = [*(each.since_s for each in found[1:]), seconds(horizon_ns)]
        spans = [
            each for each, end_s in zip(found, ends_s, strict=True) if end_s > each.since_s + 1
        ]
        known = {epoch.since_ns for epoch in epochs(self.answers.scenario)}
        truths = self.between(sorted({*instants, *known, horizon_ns}))
        worse = [
            name for name in self.at_start.values if any(name in each.worse for each in truths)
        ]
        return TruthOfTimes(spans=tuple(spans or found[:1]), worse=tuple(worse))

    def _changes_ns(self, before_ns: int, at_ns: int) -> int:
        """An instant between the two from which on decisions are judged as at the second."""
        late = self._judged(at_ns)
        while at_ns - before_ns > NANOSECONDS_PER_SECOND:
            middle_ns = (before_ns + at_ns) // 2
            if _alike(self._judged(middle_ns), late):
                at_ns = middle_ns
            else:
                before_ns = middle_ns
        return at_ns

    def _judged(self, at_ns: int) -> JudgedFrom:
        truth = self.since(at_ns)
        facts = replace(truth, over_time=None).summary()
        better, worse = facts.standings() if facts.several else (None, None)
        return JudgedFrom(
            since_s=seconds(at_ns),
            asks=facts.asks,
            is_worse=facts.is_worse,
            judgements=facts.judgements,
            better=better,
            worse=worse,
        )

    def in_windows(self, period_ns: int, windows: int) -> Mapping[str, Sequence[Truth]]:
        """What held in each metric window, by variant; all runs of a study ask for the same."""
        if (period_ns, windows) not in self._spans:
            horizon_ns = self.answers.scenario.horizon
            edges_ns = [min(each * period_ns, horizon_ns) for each in range(windows + 1)]
            self._spans[period_ns, windows] = self.answers.between(edges_ns)
        return self._spans[period_ns, windows]

    def by_window(
        self, names: Sequence[str], period_ns: int, windows: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether each variant was a worse one, and its shortfall, shape (windows, variants)."""
        key = tuple(names), period_ns, windows
        if key not in self._windows:
            truths = self._each_of(self.in_windows(period_ns, windows), windows)
            worse = [[name in each.worse for name in names] for each in truths]
            shortfalls = [[each.shortfall(name) for name in names] for each in truths]
            self._windows[key] = np.array(worse), np.array(shortfalls)
        return self._windows[key]

    def _of(self, truths: Mapping[str, Truth]) -> ScenarioTruth:
        start = self.at_start
        values = values_of(truths, start.metric)
        return truth_of_values(
            start.objective, values, breaks=start.breaks, contenders=start.contenders
        )


def _alike(one: JudgedFrom, other: JudgedFrom) -> bool:
    return replace(one, since_s=other.since_s) == other


def contenders(scenario: Scenario) -> tuple[str, ...]:
    """The variants that a run can end with: by what is deployed, or by what a policy may add."""
    roles = scenario.objective.control, *scenario.objective.every_candidate
    may_serve = {
        name for split in splits(scenario) for name in split.weights if split.weights[name]
    }
    return tuple(
        name
        for name, variant in scenario.endpoint.variants.items()
        if variant.deployed or name in roles or name in may_serve
    )
