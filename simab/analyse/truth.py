"""The truth of a scenario: which variant is best, by how much, and which is right to end with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final, get_args

from simab.analyse.guardrail_truth import broken_guardrails
from simab.errors import InvalidInput
from simab.explain.capacity import splits
from simab.policies.metrics import LabelMetric
from simab.profiles.truth import metric_difference, truth_of
from simab.result.run_summary import Judgement
from simab.result.truth_summary import TruthSummary
from simab.scenario.models import Scenario
from simab.scenario.parts import Objective

__all__ = ["ScenarioTruth", "contenders", "truth_of_scenario", "truth_of_values"]

_ROUNDING: Final = 1e-12  # of a metric's size: what sums and differences of floats may be off


@dataclass(frozen=True, slots=True)
class ScenarioTruth:
    """True metrics by variant, and what they mean for the objective.

    `gains` says by how much each variant is better than the control on the objective's metric
    (negative: worse; NaN: undefined); differences within the rounding of floats are 0. `breaks`
    says in words which guardrail a variant breaks by what it is, or why it is unfit, for those that
    are.
    `contenders` are the variants that a run can end with: those deployed, the objective's two, and
    those that a policy of the scenario may add.
    """

    objective: Objective
    values: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, float]
    breaks: Mapping[str, str]
    contenders: tuple[str, ...]

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

    Only where a guardrail depends on how long requests queue, a run with all traffic on the variant
    is played; without `by_runs` it is not, and the variant is taken to keep that guardrail.

    Raises:
        InvalidInput: the objective's metric does not exist for the control or the candidate.
    """
    truths = {
        name: truth_of(
            variant.quality.sampler(scenario.outcome_tables, scenario.labels.positive_share)
        )
        for name, variant in scenario.endpoint.variants.items()
    }
    objective = scenario.objective
    values = {
        name: {metric: truth.metric(metric) for metric in get_args(LabelMetric)}
        for name, truth in truths.items()
    }
    for role in (objective.control, objective.candidate):
        if isnan(values[role][objective.metric]):
            raise InvalidInput(
                f"objective.metric = {objective.metric}: undefined for {role}, whose outcomes lack "
                "what it divides by; choose another metric, or describe the quality otherwise"
            )
    breaks = {**objective.unfit, **broken_guardrails(scenario, by_runs=by_runs)}
    return truth_of_values(objective, values, breaks=breaks, contenders=contenders(scenario))


def contenders(scenario: Scenario) -> tuple[str, ...]:
    """The variants that a run can end with: by what is deployed, or by what a policy may add."""
    roles = scenario.objective.control, scenario.objective.candidate
    may_serve = {
        name for split in splits(scenario) for name in split.weights if split.weights[name]
    }
    return tuple(
        name
        for name, variant in scenario.endpoint.variants.items()
        if variant.deployed or name in roles or name in may_serve
    )
