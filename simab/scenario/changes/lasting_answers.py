"""Copies of a scenario whose timeline changes the answers of other variants for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from simab.scenario.parts import UncheckedScenario
from simab.scenario.timeline import Conditions, TimelineEntry

__all__ = ["lasting_answers_differ", "with_lasting_answers_of"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)


def with_lasting_answers_of(scenario: AnyScenario, models: Mapping[str, str]) -> AnyScenario:
    """The scenario in which the timeline changes answers of variants as those of their models.

    What is gone by the horizon stays with whom it hits, as a novelty does: nothing is judged by it.
    """
    timeline: list[TimelineEntry] = []
    for entry in scenario.timeline:
        timeline += _moved(scenario, entry, models)
    return scenario.model_copy(update={"timeline": tuple(timeline)})


def lasting_answers_differ(scenario: UncheckedScenario, one: str, other: str) -> bool:
    """Whether the timeline changes for good the answers of one of two variants alone."""
    return any(
        entry.hits_variant(one) != entry.hits_variant(other)
        for entry in scenario.timeline
        if isinstance(entry, Conditions) and _lasts(scenario, entry)
    )


def _moved(
    scenario: UncheckedScenario, entry: TimelineEntry, models: Mapping[str, str]
) -> Iterator[TimelineEntry]:
    """The entry as it is, or its quality apart from its latency and errors, for others."""
    if not isinstance(entry, Conditions) or not _lasts(scenario, entry):
        yield entry
        return
    variants = tuple(scenario.endpoint.variants)
    before = tuple(name for name in variants if entry.hits_variant(name))
    after = tuple(name for name in variants if entry.hits_variant(models.get(name, name)))
    if before == after:
        yield entry
        return
    rest = entry.model_copy(update={"quality": None})
    if rest.latency_times != 1.0 or rest.error_rate:
        yield rest
    if after:
        update = {"variants": after, "latency_times": 1.0, "error_rate": 0.0}
        yield entry.model_copy(update=update)


def _lasts(scenario: UncheckedScenario, entry: Conditions) -> bool:
    """Whether it gives answers another quality, and is not over for good by the horizon."""
    if entry.quality is None:
        return False
    if entry.repeats:
        return True
    strength = entry.strength_over(scenario.start, scenario.horizon)
    return strength.at(scenario.horizon - 1) > 0
