"""The worlds that a file describes: scenarios made from it, and what is wrong with any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from simab.documents.violations import Path, Violation, field_name, violation_at_key
from simab.errors import InvalidInput, InvalidScenario
from simab.scenario.changes.changing import ChangesRefused, with_changes
from simab.scenario.changes.effects import EffectRefused, with_effect
from simab.scenario.changes.paths import path_of
from simab.scenario.parts import UncheckedScenario
from simab.scenario.played import not_played
from simab.scenario.world_settings import WorldSettings

__all__ = ["changed_by", "without_worlds", "world_violations"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)

_ASKED: Final = ("worlds", "requirements", "prefer")


def without_worlds(scenario: AnyScenario) -> AnyScenario:
    """The scenario without what it says of worlds, and of what is required in them."""
    fields = UncheckedScenario.model_fields
    return scenario.model_copy(update={name: fields[name].default for name in _ASKED})


def changed_by(settings: WorldSettings, scenario: AnyScenario) -> AnyScenario:
    """The scenario as it is in a world: its fields changed, then the candidate given the effect.

    Raises:
        InvalidScenario: the changes cannot be made, or what comes out breaks a rule.
        InvalidInput: the effect cannot be reached.
    """
    made = without_worlds(scenario)
    if settings.change:
        made = with_changes(made, settings.change)
    return made if settings.effect is None else with_effect(made, settings.effect)


def world_violations(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What is wrong with the worlds of a scenario that is valid but for them."""
    for name, settings in scenario.worlds.items():
        if settings is not None:
            yield from _of_world(scenario, ("worlds", name), settings)


def _of_world(
    scenario: UncheckedScenario, here: Path, settings: WorldSettings
) -> Iterator[Violation]:
    unplayed = list(_unplayed(scenario, here, settings))
    if unplayed:
        yield from unplayed
        return
    try:
        changed_by(settings, scenario)
    except ChangesRefused as refused:
        for violation in refused.violations:
            yield _placed(violation, here, settings, refused.no_path)
    except EffectRefused as refused:
        yield Violation((*here, "effect"), refused.rule, refused.remedy)
    except InvalidScenario as refused:
        for problem in refused.problems:
            yield violation_at_key(here, f"{problem.field} {problem.rule}", problem.remedy)
    except InvalidInput as refused:
        rule, _, remedy = str(refused).partition("; ")
        yield violation_at_key(here, rule, f"{remedy[:1].upper()}{remedy[1:].rstrip('.')}.")


def _unplayed(
    scenario: UncheckedScenario, here: Path, settings: WorldSettings
) -> Iterator[Violation]:
    """Changes of what is the same in all worlds."""
    fixed = not_played(scenario)
    for text in settings.change:
        try:
            first = path_of(text)[0]
        except InvalidInput:
            continue  # refused with its reason when the change is made
        if first in fixed:
            rule = f"{first} is the same in all worlds"
            remedy = "Change what is played: endpoint, traffic, labels, metrics or objective."
            place = (*here, "change", text)
            yield Violation(place, rule, remedy, on_key=True, shows_value=False)


def _placed(violation: Violation, here: Path, settings: WorldSettings, no_path: str) -> Violation:
    """A violation of the changed scenario at the change that causes it, as far as one is seen."""
    rule, remedy = violation.rule, violation.remedy
    if no_path:
        return Violation((*here, "change", no_path), rule, remedy, on_key=True, shows_value=False)
    found = violation.path
    for text in settings.change:
        path = path_of(text)
        if found[: len(path)] == path:
            place = (*here, "change", text, *found[len(path) :])
            return Violation(
                place, rule, remedy, on_key=violation.on_key, shows_value=violation.shows_value
            )
        if path[: len(found)] == found:
            here = (*here, "change", text)
            break
    return violation_at_key(here, f"in this world {field_name(found)}: {rule}", remedy)
