"""The worlds that a study of a scenario plays: what may be true, each a scenario of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from simab.documents.violations import short_text
from simab.errors import InvalidInput
from simab.policies.metrics import OF_REQUESTS
from simab.scenario.changes.block import changed_by, without_worlds
from simab.scenario.changes.lasting_answers import lasting_answers_differ
from simab.scenario.models import Scenario
from simab.scenario.played import played_text
from simab.scenario.world_names import (
    BROKEN,
    DESCRIBED,
    EQUAL,
    EXCHANGED,
    SLOW,
    TITLES,
    world_names,
)
from simab.scenario.world_settings import WorldSettings
from simab.scenario.worlds.derived import (
    BROKEN_ERROR_RATE,
    SLOWER,
    baselines_like_the_control,
    best_of,
    with_broken,
    with_equal,
    with_exchanged,
    with_slow,
)
from simab.text.lists import listed, named
from simab.text.numbers import exact_text, percent_text

__all__ = ["World", "worlds_of"]


@dataclass(frozen=True)
class World:
    """What may be true: a scenario under a name.

    `title` names it in reports; `made` says in a sentence how it was made from the file. `weight`
    is how likely the file holds it to be, in proportion to the others. `same_as` is the name of an
    earlier world in which every run goes as it does in this one and is judged alike.
    """

    name: str
    title: str
    made: str
    scenario: Scenario
    weight: float | None = None
    same_as: str | None = None


def worlds_of(
    scenario: Scenario,
    policies: Mapping[str, object] | None = None,
    *,
    names: Sequence[str] | None = None,
) -> tuple[World, ...]:
    """The worlds of a study: those that every study has and the file keeps, then the file's own.

    `policies` are those that are played; of the scenario if absent. The world with a slow candidate
    is there where one of them, a guardrail or the metric reads latency; a policy of one's own may.
    With `names` only these, in the same order.

    Raises:
        InvalidInput: a world cannot be made of this scenario, or some have a weight and others not;
            or a name is that of no world.
    """
    known = world_names(scenario, policies)
    for name in () if names is None else names:
        if name not in known:
            raise InvalidInput(
                f"worlds: there is no world {name!r}; name one of {listed(known, 'or')}"
            )
    if names is not None and not names:
        raise InvalidInput("worlds = []: a study plays at least one world; name one")
    found = [_world(scenario, name) for name in known if names is None or name in names]
    _require_titles(found)
    if any(world.weight is not None for world in found):
        # A world that only a policy of one's own brings in could not be weighed by the file.
        stated = world_names(scenario)
        found = [each if each.name in stated else replace(each, weight=0.0) for each in found]
    weighted = [world.name for world in found if world.weight is not None]
    if weighted and len(weighted) < len(found):
        other = next(world.name for world in found if world.weight is None)
        raise InvalidInput(
            f"worlds: {weighted[0]} has a weight, and {other} has none; give each a weight, or none"
        )
    return tuple(_with_coincidences(found))


def _require_titles(worlds: Sequence[World]) -> None:
    """A file's titles differ; a world that a policy of one's own brings in may have one of them."""
    first: dict[str, str] = {}
    for world in worlds:
        other = first.setdefault(world.title, world.name)
        if other != world.name:
            raise InvalidInput(
                f"worlds: {world.name} and {other} have one title, {world.title!r}; give one of "
                "them another title"
            )


def _world(scenario: Scenario, name: str) -> World:
    settings = scenario.worlds.get(name) or WorldSettings()
    make = _OF_EVERY_STUDY.get(name)
    try:
        if make is None or settings.change or settings.effect is not None:
            world = _own(scenario, name, settings)
        else:
            world = make(without_worlds(scenario), scenario.objective.every_candidate)
    except InvalidInput as refused:
        raise InvalidInput(
            f"worlds.{name}: it cannot be made of this scenario ({refused}); leave it out by "
            f"`worlds: {{{name}: null}}`"
        ) from None
    return replace(world, title=settings.title or world.title, weight=settings.weight)


def _own(scenario: Scenario, name: str, settings: WorldSettings) -> World:
    """A world that the file makes by changes or an effect."""
    changes = [
        f"{path} is {short_text(value) or 'another'}" for path, value in settings.change.items()
    ]
    if settings.effect is not None:
        objective = scenario.objective
        changes.append(
            f"the {objective.metric} of {named(objective.candidate)} is that of "
            f"{named(objective.control)} {settings.effect:+g}"
        )
    made = f"As described, but {listed(changes)}."
    return World(name, name, made, changed_by(settings, scenario))


def _described(scenario: Scenario, _: tuple[str, ...]) -> World:
    return World(DESCRIBED, TITLES[DESCRIBED], "As the file describes it.", scenario)


def _equal(scenario: Scenario, candidates: tuple[str, ...]) -> World:
    names, control = listed([named(each) for each in candidates]), scenario.objective.control
    has = "have" if len(candidates) > 1 else "has"
    capacity = "the capacity as described"
    if scenario.objective.metric in OF_REQUESTS:
        capacity = "its capacity, by which requests wait"
    made = (
        f"{names} {has} the quality, latency and errors of {named(control)}, and {capacity}; "
        "answers differ by chance."
    )
    if scenario.endpoint.variants[control].quality.kind == "joint_table":
        made = (
            f"{named(control)} and {names} take each other's place in equal shares of the rows of "
            f"their table, so that as many rows as before are answered differently; {names} {has} "
            f"the latency and errors of {named(control)}"
            f"{' and its capacity' if scenario.objective.metric in OF_REQUESTS else ''}."
        )
    if any(lasting_answers_differ(scenario, control, each) for each in candidates):
        made += " What the timeline changes of answers for good is the same for all of them."
    return World(EQUAL, TITLES[EQUAL], made, with_equal(scenario, candidates))


def _exchanged(scenario: Scenario, candidates: tuple[str, ...]) -> World:
    best, control = best_of(scenario, candidates), scenario.objective.control
    stay = "names, weights and capacity stay"
    if scenario.objective.metric in OF_REQUESTS:
        stay = "capacity too; names and weights stay"
    made = f"{named(control)} and {named(best)} have exchanged quality, latency and errors; {stay}"
    if copies := baselines_like_the_control(scenario):
        goes = "goes" if len(copies) == 1 else "go"
        made += f"; {listed([*map(named, copies)])} {goes} with the control, as a baseline"
    made += "."
    if lasting_answers_differ(scenario, control, best):
        made += " So is what the timeline changes of their answers for good."
    return World(EXCHANGED, TITLES[EXCHANGED], made, with_exchanged(scenario, best))


def _broken(scenario: Scenario, candidates: tuple[str, ...]) -> World:
    candidate = candidates[0]
    share = max(scenario.endpoint.variants[candidate].error_rate, BROKEN_ERROR_RATE)
    why = f"{named(candidate)} answers {percent_text(share)} of its requests with a 500"
    return World(BROKEN, TITLES[BROKEN], f"{why}.", with_broken(scenario, candidate, why))


def _slow(scenario: Scenario, candidates: tuple[str, ...]) -> World:
    candidate = candidates[0]
    why = f"{named(candidate)} takes {exact_text(SLOWER)} times as long as described"
    return World(SLOW, TITLES[SLOW], f"{why}.", with_slow(scenario, candidate, why))


_OF_EVERY_STUDY: Final[Mapping[str, Callable[[Scenario, tuple[str, ...]], World]]] = {
    DESCRIBED: _described,
    EQUAL: _equal,
    EXCHANGED: _exchanged,
    BROKEN: _broken,
    SLOW: _slow,
}


def _with_coincidences(worlds: list[World]) -> Iterator[World]:
    """Each world, with the first before it that is played and judged as it is."""
    played = [played_text(world.scenario) for world in worlds]
    for number, world in enumerate(worlds):
        first = played.index(played[number])
        yield world if first == number else replace(world, same_as=worlds[first].name)
