"""Copies of a scenario in which some variants have other parts, and the rules still hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from simab.policies.metrics import of_requests
from simab.profiles.quality import JointOutcomes, OutcomeTable
from simab.profiles.truth import truth_of
from simab.scenario import rules
from simab.scenario.changes.mixing import rotated
from simab.scenario.parts import UncheckedScenario
from simab.scenario.service_alone import metric_alone

__all__ = ["metric_of", "with_answers_of", "with_mixed_columns", "with_variants"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)


def with_variants(
    scenario: AnyScenario,
    parts: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, OutcomeTable] | None = None,
) -> AnyScenario:
    """The scenario with some fields of some variants, and perhaps outcome tables, replaced.

    Raises:
        InvalidScenario: the rules across fields do not hold.
    """
    endpoint = scenario.endpoint
    variants = {
        name: variant.model_copy(update=dict(parts.get(name, {})))
        for name, variant in endpoint.variants.items()
    }
    made = scenario.model_copy(
        update={
            "endpoint": endpoint.model_copy(update={"variants": variants}),
            "outcome_tables": {**scenario.outcome_tables, **(tables or {})},
        }
    )
    rules.require(made)
    return made


def with_answers_of(scenario: AnyScenario, models: Mapping[str, str]) -> AnyScenario:
    """The scenario in which variants answer single segments as others, their models, do there."""
    traffic = {}
    for name, segment in scenario.traffic.items():
        quality = {each: own for each, own in segment.quality.items() if each not in models}
        quality |= {
            each: segment.quality[model]
            for each, model in models.items()
            if model in segment.quality
        }
        traffic[name] = segment.model_copy(update={"quality": quality})
    return scenario.model_copy(update={"traffic": traffic})


def with_mixed_columns(
    scenario: AnyScenario, names: Sequence[str], shares: Sequence[Fraction]
) -> AnyScenario:
    """The scenario whose variants take each other's place in shares of the rows of their table."""
    variants = scenario.endpoint.variants
    columns = {
        name: quality
        for name in names
        if isinstance(quality := variants[name].quality, JointOutcomes)
    }
    name = next(iter(columns.values())).table
    kept = dict.fromkeys(
        variant.quality.column
        for other, variant in variants.items()
        if other not in columns
        and isinstance(variant.quality, JointOutcomes)
        and variant.quality.table == name
    )
    table, qualities = rotated(scenario.outcome_tables[name], columns, shares, list(kept))
    parts = {variant: {"quality": quality} for variant, quality in qualities.items()}
    return with_variants(scenario, parts, {name: table})


def metric_of(scenario: UncheckedScenario, variant: str) -> float:
    """The true value of the objective's metric for a variant; NaN where it is undefined.

    Of requests that of the service alone.
    """
    if (metric := of_requests(scenario.objective.metric)) is not None:
        return metric_alone(scenario, variant, metric)
    sampler = scenario.sampler(scenario.endpoint.variants[variant].quality)
    return truth_of(sampler).metric(scenario.objective.metric)
