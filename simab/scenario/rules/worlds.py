"""Rules on the worlds of a study and on what is required in them."""

from __future__ import annotations

from collections.abc import Iterator

from simab.documents.violations import Violation, violation_at_key
from simab.scenario.parts import UncheckedScenario
from simab.scenario.suggestions import remedy_for_name
from simab.scenario.world_names import (
    BROKEN,
    DESCRIBED,
    SLOW,
    TITLES,
    default_world_names,
    world_names,
)

__all__ = [
    "all_worlds_have_a_weight_or_none",
    "clients_are_counted",
    "costs_have_prices",
    "described_is_the_file",
    "dropped_worlds_are_played_otherwise",
    "own_worlds_change_something",
    "requirements_can_be_judged",
    "requirements_name_policies",
    "some_world_is_played",
    "titles_differ",
]


def described_is_the_file(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What the file describes stays as it is described."""
    settings = scenario.worlds.get(DESCRIBED)
    if settings is None:
        return
    for field in ("change", "effect"):
        if getattr(settings, field):
            rule = f"{DESCRIBED} is the world that the rest of the file describes"
            remedy = "Change the file itself, or give this world another name."
            yield violation_at_key(("worlds", DESCRIBED, field), rule, remedy)


def own_worlds_change_something(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A world of one's own differs from the one described."""
    usual = _known_names(scenario)
    for name, settings in scenario.worlds.items():
        if settings is None or name in usual:
            continue
        if not settings.change and settings.effect is None:
            remedy = remedy_for_name(name, usual, "Worlds that need no change")
            remedy = f"Add `change:` or `effect:`. {remedy}"
            yield violation_at_key(("worlds", name), "changes nothing", remedy)


def dropped_worlds_are_played_otherwise(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Only a world that would be played can be left out; slow may be left out in any case."""
    usual = _known_names(scenario)
    for name, settings in scenario.worlds.items():
        if settings is None and name not in usual:
            remedy = remedy_for_name(name, usual, "Worlds that can be left out")
            yield violation_at_key(
                ("worlds", name), "leaves out a world that is not played", remedy
            )


def titles_differ(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Reports name worlds by their titles, so that two of one title could not be distinguished."""
    first: dict[str, str] = {}
    for name in world_names(scenario):
        settings = scenario.worlds.get(name)
        own = settings is not None and (settings.change or settings.effect is not None)
        given = None if settings is None else settings.title
        title = given or (name if own else TITLES.get(name, name))
        title = " ".join(title.split()).casefold()
        other = first.setdefault(title, name)
        if other != name:
            owner, other = (name, other) if name in scenario.worlds else (other, name)
            rule, remedy = f"has the title of {other}", "Give it another title."
            yield violation_at_key(("worlds", owner, "title"), rule, remedy)


def some_world_is_played(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A study needs a world."""
    if not world_names(scenario):
        yield violation_at_key(("worlds",), "leaves no world to play", "Keep one of them.")


def all_worlds_have_a_weight_or_none(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Weights are a prior over all that may be true: a world without one would not count."""
    played = world_names(scenario)
    settings = {name: scenario.worlds.get(name) for name in played}
    weights = {name: each.weight for name, each in settings.items() if each is not None}
    known = {name: weight for name, weight in weights.items() if weight is not None}
    missing = [name for name in played if name not in known]
    if known and missing:
        first = next(iter(known))
        rule = f"{first} has a weight, and {', '.join(missing)} has none"
        if len(missing) > 1:
            rule = f"{first} has a weight, and {', '.join(missing)} have none"
        remedy = f"Add `{missing[0]}: {{weight: ...}}`, leave it out by `{missing[0]}: null`, or "
        yield violation_at_key(("worlds",), rule, f"{remedy}remove all weights.")
    elif known and not any(known.values()):
        remedy = "Give one of them a weight above 0, or remove all weights."
        yield violation_at_key(("worlds",), "all worlds have weight 0", remedy)


def requirements_name_policies(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A requirement of one policy names one that is compared."""
    for index, each in enumerate(scenario.requirements):
        if each.policy is not None and each.policy not in scenario.policies:
            remedy = remedy_for_name(each.policy, scenario.policies, "Policies")
            yield Violation(("requirements", index, "policy"), "names no policy", remedy)


def costs_have_prices(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What serving costs is known only by the prices of variants."""
    for variant in scenario.endpoint.variants.values():
        if variant.cost_per_request is not None or variant.cost_per_instance_hour is not None:
            return
    rule = "asks what serving costs, and no variant states a price"
    remedy = "Add `cost_per_request` or `cost_per_instance_hour` to the variants"
    for index, each in enumerate(scenario.requirements):
        if each.quantity == "cost_of_serving":
            place = ("requirements", index, "quantity")
            yield Violation(place, rule, f"{remedy}, or bound the regret.")
    if scenario.prefer == "least_cost":
        yield Violation(("prefer",), rule, f"{remedy}, or prefer least_exposure.")


def clients_are_counted(scenario: UncheckedScenario) -> Iterator[Violation]:
    """How many clients met a worse variant is known only where they are counted."""
    for index, each in enumerate(scenario.requirements):
        if each.quantity == "clients_on_worse" and not scenario.objective.count_clients:
            rule = "asks for clients, and the study does not count them"
            remedy = "Add `count_clients: true` under `objective`, or bound requests_on_worse."
            yield Violation(("requirements", index, "quantity"), rule, remedy)


def requirements_can_be_judged(scenario: UncheckedScenario) -> Iterator[Violation]:
    """How soon a broken candidate is gone is seen only where one is played."""
    if {BROKEN, SLOW} & set(world_names(scenario)):
        return
    for index, each in enumerate(scenario.requirements):
        if each.quantity == "broken_gone_within":
            rule = "asks for a broken candidate, and worlds leaves out those that have one"
            remedy = f"Remove `{BROKEN}: null`, or this requirement."
            yield Violation(("requirements", index, "quantity"), rule, remedy)


def _known_names(scenario: UncheckedScenario) -> tuple[str, ...]:
    """The worlds that simab can make by itself."""
    return tuple(dict.fromkeys((*default_world_names(scenario), SLOW)))
