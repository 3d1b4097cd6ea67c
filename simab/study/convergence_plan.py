"""What a study of convergence plays: a scenario with its weights held, or under one of its rules.

It is played once more with all labels at once, which is what an oracle would see, on the same
requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from simab.analyse.convergence.metric_convergence import (
    AskedMetric,
)
from simab.analyse.convergence.needed_samples import theory_half_width_samples, theory_samples
from simab.analyse.convergence.record import ConvergenceMeasure
from simab.analyse.convergence.request_estimates import REQUEST_METRICS
from simab.errors import InvalidInput
from simab.explain.evidence import labelled_per_hour, labels_ratio, labels_until
from simab.policies.metrics import (
    LOWER_IS_BETTER,
    OF_EARNINGS,
    LabelMetric,
    label_metrics_beside,
    of_labels,
)
from simab.profiles.quality import rows_that_differ
from simab.profiles.truth import Truth, metric_difference
from simab.result.measured_policy import HELD
from simab.scenario import Scenario
from simab.scenario.answers_over_time import variant_truths
from simab.scenario.changes import with_changes
from simab.scenario.labels import Labels
from simab.scenario.world_names import DESCRIBED
from simab.stats.sample_size import pooled_trials
from simab.study.label_countings import ComparedCounting, compared_countings
from simab.study.measuring import HoldWeights
from simab.study.plan import StudyPlan
from simab.text.numbers import two_figures
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["ORACLE", "ConvergencePlan", "ConvergenceSettings", "metrics_of"]

ORACLE: Final = "all labels at once"
ERROR_EFFECT: Final = 0.01
"""The difference of error rates that sample sizes are for."""
LATENCY_EFFECT: Final = 0.05
"""The difference of latencies that sample sizes are for, as a part of the control's."""
_FEWEST_COUNTED: Final = 10
_OF_CLASSIFIERS: Final[tuple[LabelMetric, ...]] = (
    *("accuracy", "precision", "recall", "f1", "roc_auc", "brier"),
)


@dataclass(frozen=True, slots=True)
class ConvergenceSettings:
    """The metric, the half-width of its difference, the labels at which to judge; None: usual."""

    metric: str | None = None
    half_width: float | None = None
    labels: int | None = None


@dataclass(frozen=True)
class ConvergencePlan:
    """What to play, and what to measure in each run."""

    scenario: Scenario
    policy: tuple[str, Decider]
    settings: ConvergenceSettings
    replications: int
    seed: int
    engine: str
    at_a_glance: bool = False
    """Whether to look at the objective's metric alone, at fewer instants, and at no oracle."""
    rules: tuple[str, ...] = ()
    """The rules of the file of which the first that counts labels decides; all where empty."""

    @cached_property
    def metrics(self) -> tuple[LabelMetric, ...]:
        """The label metrics: that of the objective first, then all that the answers support."""
        if self.at_a_glance:
            return (_objective_of_labels(self.scenario),)
        return metrics_of(self.scenario, self.settings.metric)

    @cached_property
    def decision(self) -> tuple[int, str]:
        """The labels at which a rule of the file decides, and that rule; 0 where none counts."""
        if self.settings.labels is not None:
            return self.settings.labels, ""
        known = self.scenario.policies
        asked = self.rules or tuple(known)
        if self.policy[0] != HELD and not self.rules:
            asked = (self.policy[0],)
        for name in asked:
            needed = known[name].labels_needed(self._ratio) if name in known else 0
            if needed:
                return needed, name
        return 0, ""

    @cached_property
    def other_decisions(self) -> dict[str, int]:
        """The other rules of the file that count labels, with the labels at which they decide."""
        known = self.scenario.policies
        needed = {name: rule.labels_needed(self._ratio) for name, rule in known.items()}
        return {name: count for name, count in needed.items() if count and name != self.decision[1]}

    @cached_property
    def truth_table(self) -> tuple[int, int]:
        """Rows of the one table by which both answer, and on how many their decisions differ."""
        variants = self.scenario.endpoint.variants
        return rows_that_differ(
            [variants[name].quality for name in self.measure.variants],
            self.scenario.outcome_tables,
        )

    @cached_property
    def measure(self) -> ConvergenceMeasure:
        """What is kept of each run."""
        objective = self.scenario.objective
        return ConvergenceMeasure(
            variants=(objective.control, objective.candidate),
            metrics=self.metrics,
            times_ns=_times_ns(self.scenario, *((16, 3) if self.at_a_glance else (32, 8))),
            counts=self._counts,
            labels_alone=self.at_a_glance,
        )

    @cached_property
    def plan(self) -> StudyPlan:
        """The runs of the scenario as described, and of what the oracle sees."""
        worlds = {DESCRIBED: self.scenario}
        if self._oracle[0] is not None:
            worlds[ORACLE] = self._oracle[0]
        return StudyPlan(
            worlds,
            dict([self.policy]),
            self.replications,
            self.seed,
            self.engine,
            measure=self.measure,
        )

    @cached_property
    def countings(self) -> list[ComparedCounting]:
        """Ways to count young requests; none where labels are not late, or not compared."""
        metric = self.metrics[0]
        if self._oracle[0] is None or metric != self._asked_for:
            return []
        rules = self.rules or tuple(self.scenario.policies)
        found = compared_countings(self.scenario, rules)
        return found if len(found) > 1 else []

    @cached_property
    def counted_otherwise(self) -> StudyPlan | None:
        """The runs in which young requests are counted in other ways than as labels arrive."""
        others = {
            each.name: HoldWeights(each.immature)
            for each in self.countings
            if each.immature.kind != "as_arrived"
        }
        if not others:
            return None
        measure = replace(self.measure, metrics=self.metrics[:1], counts=(), labels_alone=True)
        return replace(
            self.plan, worlds={DESCRIBED: self.scenario}, policies=others, measure=measure
        )

    @property
    def no_oracle(self) -> str:
        """Why nothing is compared with all labels at once; empty where it is."""
        return self._oracle[1]

    @cached_property
    def _oracle(self) -> tuple[Scenario | None, str]:
        """The scenario with all labels at once; or None, with the reason in words."""
        if self.at_a_glance:
            return None, "a report looks at the labels that arrive"
        if self.policy[0] != HELD:
            return None, "a rule that sees all labels at once would send requests elsewhere"
        labels = self.scenario.labels
        if labels.is_plain and labels.delay.table().mean == 0 and not labels.never:
            return None, "all labels arrive at once"
        at_once = {"labels.delay": {"kind": "constant", "value": "0s"}, "labels.never": 0}
        if not labels.is_plain:
            return _right_at_once(self.scenario), ""
        try:
            return with_changes(self.scenario, at_once), ""
        except InvalidInput as refused:
            return None, f"the file does not allow it: {refused}"

    @property
    def rows(self) -> int:
        """How many runs it has."""
        cells = len(self.plan.worlds)
        if self.counted_otherwise is not None:
            cells += len(self.counted_otherwise.policies)
        return self.replications * cells

    @cached_property
    def truths(self) -> tuple[Truth, Truth]:
        """Of control and candidate."""
        truths = variant_truths(self.scenario)
        control, candidate = (truths[name] for name in self.measure.variants)
        return control, candidate

    @cached_property
    def _per_hour(self) -> tuple[float, float]:
        found = labelled_per_hour(self.scenario)
        objective = self.scenario.objective
        return found[objective.control], found[objective.candidate]

    @property
    def _ratio(self) -> float:
        return labels_ratio(*self._per_hour)

    @cached_property
    def _counts(self) -> tuple[int, ...]:
        """10, 15, 20, 30, 50 and so on, to what nearly all runs reach; and the decision."""
        expected = labels_until(self.scenario, min(self._per_hour), self.scenario.horizon)
        sure = expected - 3.0 * math.sqrt(expected)
        wanted = {step * 10**power // 2 for power in range(1, 8) for step in (2, 3, 4, 6, 10, 14)}
        wanted = {each for each in wanted if each <= sure}
        if sure >= _FEWEST_COUNTED:
            wanted.add(int(two_figures(sure)))
        if self.decision[0]:
            wanted.add(self.decision[0])
        return tuple(sorted(wanted))

    def asked(self, metric: LabelMetric) -> AskedMetric:
        """A label metric, with its truth and closed forms."""
        objective = self.scenario.objective
        values = [truth.metric(metric) for truth in self.truths]
        true = metric_difference(values[1], values[0])
        effect = (-1 if metric in LOWER_IS_BETTER else 1) * objective.smallest_effect
        if metric not in OF_EARNINGS and not 0 <= values[0] + effect <= 1:
            effect = -effect
        differences = {"smallest effect": effect, "true difference": true}
        half_width = self._half_width(metric, objective.smallest_effect)
        return AskedMetric(
            name=metric,
            kind="labels",
            lower_is_better=metric in LOWER_IS_BETTER,
            truths=(values[0], values[1], true),
            effect=objective.smallest_effect,
            half_width=half_width,
            theory={
                "half-width": theory_half_width_samples(
                    metric, self.truths, half_width, self._ratio
                ),
                **{
                    purpose: theory_samples(metric, self.truths, difference, self._ratio)
                    for purpose, difference in differences.items()
                },
            },
        )

    def asked_of_requests(
        self, name: str, truths: tuple[float, float], *, differ: bool
    ) -> AskedMetric:
        """A metric of requests, with the truth of all runs together; 0 where none `differ`."""
        difference = truths[1] - truths[0]
        if math.isfinite(difference) and not differ:
            difference = 0.0
        kind = "errors" if name == "error_rate" else "latency"
        effect = ERROR_EFFECT if kind == "errors" else LATENCY_EFFECT * truths[0]
        theory = {}
        if kind == "errors" and math.isfinite(difference):
            for purpose, each in (("smallest effect", effect), ("true difference", difference)):
                share = truths[0] + each
                if each and 0 <= share <= 1:
                    theory[purpose] = pooled_trials(truths[0], share, ratio=self._ratio), ""
        return AskedMetric(
            name=name,
            kind=kind,
            lower_is_better=True,
            truths=(*truths, difference),
            effect=effect,
            half_width=self._half_width(name, effect),
            theory=theory,
        )

    def _half_width(self, metric: str, usual: float) -> float:
        asked = self.settings.half_width
        return asked if asked is not None and metric == self._asked_for else usual

    @property
    def _asked_for(self) -> str:
        return self.settings.metric or self.scenario.objective.metric


def metrics_of(scenario: Scenario, asked: str | None) -> tuple[LabelMetric, ...]:
    """The label metrics of control and candidate that are defined, that of the objective first.

    Raises:
        InvalidInput: the metric asked for is not one, or not one of these variants; or the
            objective's is none of labels.
    """
    objective = scenario.objective
    by_variant = variant_truths(scenario)
    truths = [by_variant[name] for name in (objective.control, objective.candidate)]

    def known(metric: str) -> bool:
        return all(math.isfinite(truth.metric(metric)) for truth in truths)

    wanted = [_objective_of_labels(scenario)]
    if all(truth.confusion is not None for truth in truths):
        wanted += _OF_CLASSIFIERS
    if asked is not None and asked not in REQUEST_METRICS:
        usable = [each for each in label_metrics_beside(objective.metric) if known(each)]
        if asked not in usable:
            raise InvalidInput(
                f"metric = {asked!r}: is not known for {objective.control} and "
                f"{objective.candidate}; name one of {', '.join([*usable, *REQUEST_METRICS])}"
            )
        wanted[:0] = [each for each in usable if each == asked]
    return tuple(dict.fromkeys(filter(known, wanted)))


def _objective_of_labels(scenario: Scenario) -> LabelMetric:
    metric = of_labels(scenario.objective.metric)
    if metric is None:
        raise InvalidInput(
            f"objective.metric = {scenario.objective.metric}: convergence starts from a metric of "
            "labels; make success_rate, say, the objective, with a smallest_effect in its unit"
        )
    return metric


def _right_at_once(scenario: Scenario) -> Scenario:
    """The scenario with labels that are right and there at once; no rule has to wait for any."""
    labels = Labels(positive_share=scenario.labels.positive_share)
    treated = "immature"
    policies = {
        name: policy.model_copy(update={treated: None}) if hasattr(policy, treated) else policy
        for name, policy in scenario.policies.items()
    }
    return scenario.model_copy(update={"labels": labels, "policies": policies})


def _times_ns(scenario: Scenario, even: int, early: int) -> tuple[int, ...]:
    """Some early instants, then even ones to the horizon: ends of label buckets."""
    resolution = Blueprint.of(scenario).label_resolution_ns
    buckets = math.ceil(scenario.horizon / resolution)
    shares = [2.0 ** (each - early) / even for each in range(early)]
    shares += [(each + 1) / even for each in range(even)]
    found = sorted({max(1, round(buckets * share)) for share in shares})
    return tuple(each * resolution for each in found)
