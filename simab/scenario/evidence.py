"""What is true of the two variants, and how many labelled requests it takes to see it.

Closed forms for shares and mean rewards only, at 5 % two-sided and 80 % power, for independent
requests.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simab import units
from simab.policies.experiment import Experiment
from simab.policies.fixed_horizon import FixedHorizonTest
from simab.policies.two_metrics import COUNTED_AS_CORRECT
from simab.profiles.truth import Truth, truth_of
from simab.scenario.capacity import rates_per_s, start_weights
from simab.scenario.models import Objective, Scenario
from simab.scenario.wording import duration_text, name_text, number_text, series
from simab.stats.means import trials_for_means
from simab.stats.proportions import power_two_proportions
from simab.stats.sample_size import pooled_trials

__all__ = [
    "Evidence",
    "Need",
    "TruthRow",
    "evidence_of",
    "evidence_sentences",
    "labelled_per_hour",
    "labels_ratio",
    "labels_until",
]

_HOUR_NS: Final = 3_600 * 10**9
_AGES_NS: Final = 2.0**62  # longer than any label is late
_SHARES = ("accuracy", "success_rate", "precision", "recall")


@dataclass(frozen=True, slots=True)
class TruthRow:
    """A variant's true value of the objective's metric, and its labels an hour at the start.

    `truth` is NaN where the metric is undefined.
    """

    variant: str
    truth: float
    labelled_per_hour: float


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes to see a difference: labelled requests, and how long they take.

    `labelled_requests` are those of the variant that gets fewer at the split of the start, None
    where no closed form is used; `reason` says why. `other_arm` are those that the other has by
    then: as many where one of the two gets none. `duration_s` is inf where one of the two gets no
    labelled request at the split of the start.
    """

    difference: float
    labelled_requests: int | None
    duration_s: float
    reason: str = ""
    other_arm: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The truth of every variant, and the needs of the smallest effect and the true difference."""

    rows: tuple[TruthRow, ...]
    smallest_effect: Need
    true_difference: Need

    def row(self, variant: str) -> TruthRow:
        """The row of one variant."""
        return next(row for row in self.rows if row.variant == variant)


def labelled_per_hour(scenario: Scenario) -> dict[str, float]:
    """Labelled requests an hour of every variant, at the split of the start, once labels flow."""
    segments = [segment for segment in scenario.traffic.values() if segment.labelled]
    rates = rates_per_s(segments, start_weights(scenario))
    return {
        name: rates.get(name, 0.0) * 3_600 * (1 - variant.error_rate) * (1 - scenario.labels.never)
        for name, variant in scenario.endpoint.variants.items()
    }


def labels_until(scenario: Scenario, labelled_per_hour: float, until_ns: int) -> float:
    """Labels of a variant that are expected to have arrived: each comes its own delay late."""
    short_ns = scenario.labels.delay.table().mean_shortfall(until_ns)
    return labelled_per_hour * short_ns / _HOUR_NS


def evidence_of(scenario: Scenario) -> Evidence:
    """Truths and needs of a scenario."""
    objective = scenario.objective
    labelled = labelled_per_hour(scenario)
    truths = _truths(scenario)
    control, candidate = (
        truths[role].metric(objective.metric) for role in (objective.control, objective.candidate)
    )
    better = objective.sign * objective.smallest_effect
    if objective.metric != "reward" and not 0 <= control + better <= 1:
        better = -better  # nothing is better than 100 %: the same distance on the other side
    per_hour = labelled[objective.control], labelled[objective.candidate]
    needs = [
        _need(scenario, truths, difference, per_hour)
        for difference in (better, candidate - control)
    ]
    rows = [
        TruthRow(name, truth.metric(objective.metric), labelled[name])
        for name, truth in truths.items()
    ]
    return Evidence(tuple(rows), *needs)


def evidence_sentences(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Truths and needs in words."""
    roles = [
        evidence.row(name) for name in (scenario.objective.control, scenario.objective.candidate)
    ]
    yield _truth_sentence(scenario.objective, *roles)
    each = [f"{name_text(row.variant)} gets {number_text(row.labelled_per_hour)}" for row in roles]
    yield f"Labelled requests an hour at the starting split: {', '.join(each)}."
    yield from _tested_sentences(scenario)
    effect, true = evidence.smallest_effect, evidence.true_difference
    if effect.labelled_requests is None:
        yield effect.reason
        return
    smallest = number_text(scenario.objective.smallest_effect)
    if true.labelled_requests == effect.labelled_requests:
        yield f"To see that difference, which is the smallest that matters: {_in_words(effect)}."
    else:
        yield f"To see a difference of {smallest}, the smallest that matters: {_in_words(effect)}."
        if true.labelled_requests is not None:
            yield f"To see the true difference: {_in_words(true)}."
    yield from _power_sentences(scenario, roles[0].truth, effect.difference)


def _truths(scenario: Scenario) -> Mapping[str, Truth]:
    tables, positive_share = scenario.outcome_tables, scenario.labels.positive_share
    return {
        name: truth_of(variant.quality.sampler(tables, positive_share))
        for name, variant in scenario.endpoint.variants.items()
    }


def _truth_sentence(objective: Objective, control: TruthRow, candidate: TruthRow) -> str:
    names = [name_text(row.variant) for row in (control, candidate)]
    each = [
        f"{row.truth:.4g} for {name}" for row, name in zip((control, candidate), names, strict=True)
    ]
    head = f"True {objective.metric}: {', '.join(each)}"
    gain = objective.sign * (candidate.truth - control.truth)
    if math.isnan(gain):
        return f"{head}; it is undefined where a variant never predicts or meets a positive."
    if gain == 0:
        return f"{head}: no difference, an A/A rehearsal."
    small = (
        "" if abs(gain) >= objective.smallest_effect * (1 - 1e-9) else ", less than what matters"
    )
    return f"{head}: {names[gain > 0]} is better by {number_text(abs(gain))}{small}."


def _need(
    scenario: Scenario,
    truths: Mapping[str, Truth],
    difference: float,
    per_hour: tuple[float, float],
) -> Need:
    objective = scenario.objective
    truth = truths[objective.control]
    base = truth.metric(objective.metric)
    reason = _no_closed_form(objective, base, difference)
    if reason:
        return Need(difference, None, math.nan, reason)
    ratio = labels_ratio(*per_hour)
    if objective.metric == "reward":
        spread = (truth.reward_variance, truths[objective.candidate].reward_variance)
        trials = trials_for_means(spread, difference, ratio=ratio)
    else:
        trials = pooled_trials(base, min(max(base + difference, 0.0), 1.0), ratio=ratio)
    control = trials / _counted_share(truth, objective)
    fewer = max(math.ceil(control * min(ratio, 1.0)), 1)
    more = max(math.ceil(control * max(ratio, 1.0)), 1)
    return Need(difference, fewer, _wait_s(scenario, fewer, min(per_hour)), other_arm=more)


def labels_ratio(control_per_hour: float, candidate_per_hour: float) -> float:
    """The candidate's labels for each of the control's; 1 where either gets none.

    Beyond a million millions to one the smaller arm alone decides, and sizes stay finite.
    """
    if control_per_hour <= 0.0 or candidate_per_hour <= 0.0:
        return 1.0
    return min(max(candidate_per_hour / control_per_hour, 1e-12), 1e12)


def _wait_s(scenario: Scenario, labelled: int, labelled_per_hour: float) -> float:
    """When so many labels are expected to have arrived; inf where none ever does."""
    if not labelled_per_hour:
        return math.inf
    delay = scenario.labels.delay.table()
    needed_ns = labelled / labelled_per_hour * _HOUR_NS
    if needed_ns > _AGES_NS:
        return needed_ns / 1e9
    served_ns = math.ceil(needed_ns)

    def arrived_ns(until_ns: int) -> int:
        """The time that it takes to serve as many requests as labels have arrived by then."""
        return math.floor(delay.mean_shortfall(until_ns))

    # The mean delay later at most: a label that is later than it makes up for one that is not.
    within = range(served_ns, served_ns + math.ceil(delay.mean) + 1)
    first = bisect_left(within, served_ns, hi=len(within) - 1, key=arrived_ns)
    return units.seconds(within[first])


def _no_closed_form(objective: Objective, base: float, difference: float) -> str:
    if objective.metric not in (*_SHARES, "reward"):
        return (
            f"How many labelled requests {objective.metric} takes has no closed form here; "
            "simulate it."
        )
    if math.isnan(base + difference):
        return f"{objective.metric} is undefined for one of the two, so no sample decides."
    return "" if difference else "There is no true difference, so no sample finds one."


def _counted_share(truth: Truth, objective: Objective) -> float:
    """The share of labelled requests that the metric counts: all, or only (predicted) positives."""
    cells = truth.confusion
    if cells is None or objective.metric not in ("precision", "recall"):
        return 1.0
    other = cells.false_positive if objective.metric == "precision" else cells.false_negative
    return (cells.true_positive + other) / cells.total


def _tested_sentences(scenario: Scenario) -> Iterator[str]:
    """Which rules test a metric other than correct answers, and by how many labels they look."""
    metric = scenario.objective.metric
    testing = [
        name_text(name)
        for name, policy in scenario.policies.items()
        if isinstance(policy, Experiment) and not policy.counts_correct_answers
    ]
    if metric not in COUNTED_AS_CORRECT and testing:
        verb = "tests" if len(testing) == 1 else "test"
        yield f"{series(testing)} {verb} {metric}; looks count labelled requests."


def _power_sentences(scenario: Scenario, base: float, difference: float) -> Iterator[str]:
    """How good the fixed-horizon tests of correct answers are; of rewards none is told."""
    if scenario.objective.metric not in ("accuracy", "success_rate"):
        return
    for name, policy in scenario.policies.items():
        if isinstance(policy, FixedHorizonTest):
            sample = policy.sample_at(_ratio(scenario))
            control, candidate = _labelled_at_the_look(scenario, sample)
            power = power_two_proportions(
                base, base + difference, control, candidate, alpha=policy.alpha
            )
            yield (
                f"{name_text(name)} tests once, at "
                f"{number_text(sample)} labelled requests "
                "of the variant that gets fewer, and would see that smallest difference with "
                f"probability {power:.2f}."
            )


def _ratio(scenario: Scenario) -> float:
    labels, objective = labelled_per_hour(scenario), scenario.objective
    return labels_ratio(labels[objective.control], labels[objective.candidate])


def _labelled_at_the_look(scenario: Scenario, needed: int) -> tuple[int, int]:
    """Labels of control and candidate when the slower of them has what is needed."""
    labels, objective = labelled_per_hour(scenario), scenario.objective
    rates = labels[objective.control], labels[objective.candidate]
    slower = min(rates)
    if slower <= 0:
        return needed, needed
    return round(needed * rates[0] / slower), round(needed * rates[1] / slower)


def _in_words(need: Need) -> str:
    fewer, more = need.labelled_requests or 0, need.other_arm or 0
    labelled = f"{number_text(fewer)} labelled requests an arm"
    if more != fewer:
        labelled = (
            f"{number_text(fewer)} labelled requests of the variant that gets fewer and "
            f"{number_text(more)} of the other"
        )
    if math.isinf(need.duration_s):
        return f"{labelled}, which the starting split never gives"
    return f"{labelled}, {duration_text(need.duration_s)} at the starting split"
