"""What is true of the two variants, and how many labelled requests it takes to see it.

Closed forms for shares only, at 5 % two-sided and 80 % power, for independent requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from simab import units
from simab.policies.fixed_horizon import FixedHorizonTest
from simab.profiles.truth import Truth, truth_of
from simab.scenario.capacity import rates_per_s, start_weights
from simab.scenario.models import Objective, Scenario
from simab.scenario.wording import duration_text, name_text, number_text
from simab.stats.proportions import power_two_proportions, sample_size_two_proportions

__all__ = ["Need", "TruthRow", "evidence_sentences", "labelled_per_hour", "needs", "truth_rows"]

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
    """What it takes to see a difference: labelled requests an arm, and how long they take.

    `labelled_requests` is None where no closed form is used; `reason` says why. `duration_s` is inf
    where one of the two gets no labelled request at the split of the start.
    """

    difference: float
    labelled_requests: int | None
    duration_s: float
    reason: str = ""


def labelled_per_hour(scenario: Scenario) -> dict[str, float]:
    """Labelled requests an hour of every variant, at the split of the start, once labels flow."""
    rates = rates_per_s(scenario, start_weights(scenario))
    return {
        name: rates.get(name, 0.0) * 3_600 * (1 - variant.error_rate) * (1 - scenario.labels.never)
        for name, variant in scenario.endpoint.variants.items()
    }


def truth_rows(scenario: Scenario) -> tuple[TruthRow, ...]:
    """The truth of every variant."""
    labelled = labelled_per_hour(scenario)
    metric = scenario.objective.metric
    return tuple(
        TruthRow(name, _truth(scenario, name).metric(metric), labelled[name])
        for name in scenario.endpoint.variants
    )


def needs(scenario: Scenario) -> tuple[Need, Need]:
    """What the smallest effect that matters takes, and what the true difference takes."""
    objective = scenario.objective
    control = _truth(scenario, objective.control).metric(objective.metric)
    candidate = _truth(scenario, objective.candidate).metric(objective.metric)
    better = objective.sign * objective.smallest_effect
    if not 0 <= control + better <= 1:
        better = -better  # nothing is better than 100 %: the same distance on the other side
    return _need(scenario, better), _need(scenario, candidate - control)


def evidence_sentences(scenario: Scenario) -> Iterator[str]:
    """Truth and needs in words."""
    yield _truth_sentence(scenario)
    effect, true = needs(scenario)
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
    yield from _power_sentences(scenario, effect)


def _power_sentences(scenario: Scenario, effect: Need) -> Iterator[str]:
    """How good the fixed-horizon tests are; they test the share of correct answers."""
    objective = scenario.objective
    if objective.metric not in ("accuracy", "success_rate"):
        return
    base = _truth(scenario, objective.control).metric(objective.metric)
    for name, policy in scenario.policies.items():
        if isinstance(policy, FixedHorizonTest):
            count = policy.labelled_requests
            power = power_two_proportions(
                base, base + effect.difference, count, count, alpha=policy.alpha
            )
            yield (
                f"{name_text(name)} tests once, at {count:,} labelled requests a variant, and "
                f"would see that smallest difference with probability {power:.2f}."
            )


def _truth(scenario: Scenario, name: str) -> Truth:
    quality = scenario.endpoint.variants[name].quality
    return truth_of(quality.sampler(scenario.outcome_tables, scenario.labels.positive_share))


def _truth_sentence(scenario: Scenario) -> str:
    objective = scenario.objective
    roles = (objective.control, objective.candidate)
    control, candidate = (_truth(scenario, name).metric(objective.metric) for name in roles)
    names = [name_text(name) for name in roles]
    head = f"True {objective.metric}: {control:.4g} for {names[0]}, {candidate:.4g} for {names[1]}"
    gain = objective.sign * (candidate - control)
    if math.isnan(gain):
        return f"{head}; it is undefined where a variant never predicts or meets a positive."
    if gain == 0:
        return f"{head}: no difference, an A/A rehearsal."
    small = "" if abs(gain) >= objective.smallest_effect else ", less than what matters"
    return f"{head}: {names[gain > 0]} is better by {number_text(abs(gain))}{small}."


def _need(scenario: Scenario, difference: float) -> Need:
    objective = scenario.objective
    truth = _truth(scenario, objective.control)
    base = truth.metric(objective.metric)
    reason = _no_closed_form(objective, base, difference)
    if reason:
        return Need(difference, None, math.nan, reason)
    counted = _counted_share(truth, objective)
    trials = sample_size_two_proportions(base, min(max(base + difference, 0.0), 1.0))
    labelled = math.ceil(trials / counted)
    labels = labelled_per_hour(scenario)
    slower = min(labels[objective.control], labels[objective.candidate]) / 3_600
    delay_s = units.seconds(scenario.labels.delay.table().mean)
    return Need(difference, labelled, labelled / slower + delay_s if slower else math.inf)


def _no_closed_form(objective: Objective, base: float, difference: float) -> str:
    if objective.metric not in _SHARES:
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


def _in_words(need: Need) -> str:
    labelled = f"{need.labelled_requests:,} labelled requests an arm"
    if math.isinf(need.duration_s):
        return f"{labelled}, which the starting split never gives"
    return f"{labelled}, {duration_text(need.duration_s)} at the starting split"
