"""What may be true of the candidates other than described: equal, exchanged, broken or slow."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from simab.policies.metrics import OF_REQUESTS
from simab.profiles.quality import JointOutcomes
from simab.scenario.changes.lasting_answers import with_lasting_answers_of
from simab.scenario.changes.variants import (
    metric_of,
    with_answers_of,
    with_mixed_columns,
    with_variants,
)
from simab.scenario.models import Scenario
from simab.scenario.service_alone import CAPACITY

__all__ = [
    "BROKEN_ERROR_RATE",
    "SLOWER",
    "baselines_like_the_control",
    "best_of",
    "with_broken",
    "with_equal",
    "with_exchanged",
    "with_slow",
]

BROKEN_ERROR_RATE: Final = 0.3
"""Share of requests that a broken candidate answers with a 500."""
SLOWER: Final = 3.0
"""How many times as long a slow candidate takes."""


def with_equal(scenario: Scenario, candidates: Sequence[str]) -> Scenario:
    """All candidates as good as the control: its quality, latency and errors, capacity their own.

    Where the objective is a metric of requests, which wait by it, they have its capacity too.
    Columns of a joint outcome table take each other's place in equal shares of the rows, so that
    two of them still differ in as many rows. Other answers are drawn for each variant apart. What
    the timeline changes of the control's answers for good it changes of theirs, and nothing else.
    """
    variants = scenario.endpoint.variants
    control = scenario.objective.control
    model = variants[control]
    alike: dict[str, Any] = {field: getattr(model, field) for field in _served_by(scenario)}
    if isinstance(model.quality, JointOutcomes):
        names = (control, *candidates)
        made = with_mixed_columns(scenario, names, [Fraction(1, len(names))] * len(names))
    else:
        made, alike["quality"] = scenario, model.quality
    models = dict.fromkeys(candidates, control)
    made = with_lasting_answers_of(with_answers_of(made, models), models)
    return with_variants(made, dict.fromkeys(candidates, alike))


def with_exchanged(scenario: Scenario, candidate: str) -> Scenario:
    """Control and candidate with each other's quality, latency and errors, capacity their own.

    Where the objective is a metric of requests, they have each other's capacity too.
    So they have what the timeline changes of each other's answers for good. Baselines that were
    like the control are like it again, or a rule would compare two copies of one variant.
    """
    control = scenario.objective.control
    copies = dict.fromkeys(baselines_like_the_control(scenario), candidate)
    models = {control: candidate, candidate: control, **copies}
    taken = {
        name: {
            field: getattr(scenario.endpoint.variants[other], field)
            for field in ("quality", *_served_by(scenario))
        }
        for name, other in models.items()
    }
    made = with_lasting_answers_of(with_answers_of(scenario, models), models)
    return with_variants(made, taken)


def baselines_like_the_control(scenario: Scenario) -> list[str]:
    """Baselines of policies whose quality, latency and errors are described as the control's."""
    variants, control = scenario.endpoint.variants, scenario.objective.control
    named = {getattr(policy, "baseline", None) for policy in scenario.policies.values()}
    fields, segments = ("quality", *_served_by(scenario)), scenario.traffic.values()
    return [
        name
        for name, variant in variants.items()
        if name in named
        and name not in (control, *scenario.objective.every_candidate)
        and all(getattr(variant, each) == getattr(variants[control], each) for each in fields)
        and all(each.quality.get(name) == each.quality.get(control) for each in segments)
    ]


def with_broken(scenario: Scenario, candidate: str, why: str) -> Scenario:
    """The candidate with errors in 30 % of its answers, or as described if these are more."""
    rate = max(scenario.endpoint.variants[candidate].error_rate, BROKEN_ERROR_RATE)
    return _unfit(with_variants(scenario, {candidate: {"error_rate": rate}}), candidate, why)


def with_slow(scenario: Scenario, candidate: str, why: str) -> Scenario:
    """The candidate three times as slow as described."""
    latency = scenario.endpoint.variants[candidate].latency
    slow = latency.model_copy(update={"scale": latency.scale * SLOWER})
    return _unfit(with_variants(scenario, {candidate: {"latency": slow}}), candidate, why)


def best_of(scenario: Scenario, candidates: Sequence[str]) -> str:
    """The candidate whose metric is truly best; of equal ones the first."""
    sign = scenario.objective.sign
    return max(candidates, key=lambda name: sign * metric_of(scenario, name))


def _served_by(scenario: Scenario) -> tuple[str, ...]:
    """The fields of a variant that decide how requests fare, as far as a world equals them."""
    of_requests = scenario.objective.metric in OF_REQUESTS
    return ("latency", "error_rate", *(CAPACITY if of_requests else ()))


def _unfit(scenario: Scenario, candidate: str, why: str) -> Scenario:
    """Wrong to end with, whether or not a guardrail of the file says so."""
    objective = scenario.objective
    unfit = {**objective.unfit, candidate: why}
    return scenario.model_copy(update={"objective": objective.model_copy(update={"unfit": unfit})})
