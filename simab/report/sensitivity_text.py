"""The answer of a sensitivity in sentences: which assumptions move the rule or turn a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simab.report import formatting
from simab.report.requirement_text import bounds_text
from simab.result.sensitivity_result import AssumptionEffect, SensitivityResult
from simab.result.study_change import QuantityChange
from simab.text.lists import listed, listed_few, named
from simab.text.numbers import counted

__all__ = [
    "QUANTITY_TITLES",
    "change_text",
    "largest",
    "sensitivity_sentences",
    "unchanged_sentences",
    "verdict_text",
    "world_title",
]

_MOST_NAMES: Final = 4
QUANTITY_TITLES: Final = {
    "promotes": "promotes",
    "time_to_decision": "time to decision",
    "requests_on_worse": "requests on worse variants",
    "error_share": "requests in error",
}
_VERBS: Final = {"passes": "passes", "fails": "fails", "cannot tell": "is not known to pass"}


def sensitivity_sentences(result: SensitivityResult) -> list[str]:
    """Which changes move the rule to use, which turn a verdict, and what moves most."""
    sentences = [_varied(result), _rule(result), _turned(result), _moved(result)]
    return [each for each in sentences if each]


def unchanged_sentences(result: SensitivityResult) -> list[str]:
    """The assumptions that stay as they are, with the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in result.unchanged:
        found.setdefault((each.assumption, each.reason), []).append(each.change)
    return [
        f"{assumption[:1].upper()}{assumption[1:]} cannot be {listed(changes, 'or')}: {reason}."
        for (assumption, reason), changes in found.items()
    ]


def _varied(result: SensitivityResult) -> str:
    changes = counted(len(result.effects), "change")
    return (
        f"{counted(len(result.assumptions), 'assumption')} halved and doubled where that can be, "
        f"one at a time: {changes}, each with {counted(result.base.replications, 'run')} of every "
        f"rule in every world, on the same clients, judged by {bounds_text(result.base)}."
    )


def _rule(result: SensitivityResult) -> str:
    """Whether the rule to use stays, and where it does not."""
    chosen = result.recommended
    moved = [each for each in result.effects if each.recommended != chosen]
    if chosen is None:
        if not moved:
            return "As described no rule meets all of it, and none does under any change."
        where = listed([f"{named(str(each.recommended))} with {each.name}" for each in moved])
        return f"As described no rule meets all of it; {where} does."
    if not moved:
        return f"{named(chosen)} is the rule to use as described, and under every change."
    where = listed([f"{_to(each)} with {each.name}" for each in moved])
    return f"{named(chosen)} is the rule to use as described; it is {where}."


def _to(effect: AssumptionEffect) -> str:
    return "none" if effect.recommended is None else named(effect.recommended)


def _turned(result: SensitivityResult) -> str:
    """The verdicts that turn, and those that are open now."""
    turned = [
        f"{named(each.policy)} {each.after} with {effect.name} ({each.before} as described)"
        for effect in result.effects
        for each in effect.turned
    ]
    unsettled = [
        f"{effect.name} ({listed_few([each.policy for each in effect.unsettled], _MOST_NAMES)})"
        for effect in result.effects
        if effect.unsettled
    ]
    words = "No change turns a verdict from pass to fail or back."
    if turned:
        words = f"Verdicts turn: {listed(turned)}."
    if unsettled:
        words += f" More runs would be needed to tell with {listed(unsettled)}."
    return words


def _moved(result: SensitivityResult) -> str:
    """The change that moves a share of promotions most, and how many move nothing."""
    moving = [
        (effect, each)
        for effect in result.effects
        for each in effect.quantities
        if each.quantity == "promotes" and each.differs
    ]
    still = [
        effect.name
        for effect in result.effects
        if not any(each.differs for each in effect.quantities)
    ]
    words = "No change moves any share of promotions by more than chance."
    if moving:
        effect, most = max(moving, key=lambda each: abs(each[1].difference))
        words = (
            f"Promotions move most with {effect.name}: {named(most.policy)} "
            f"{change_text(most)}, {world_title(result, most.world)}."
        )
    if still:
        words += f" Nothing that is compared moves with {listed(still)}."
    return words


def world_title(result: SensitivityResult, world: str) -> str:
    """What the candidate is like in a world."""
    found = next((each.label.title for each in result.base.worlds if each.name == world), world)
    return f"candidate {found}" if found != world else f"in {named(world)}"


def change_text(change: QuantityChange) -> str:
    """A difference with its interval, in the unit of its quantity."""
    ends = (change.difference, change.low, change.high)
    match change.quantity:
        case "promotes":
            return str(formatting.points(*ends))
        case "time_to_decision":
            return str(formatting.signed_duration(*ends))
        case "error_share":
            return str(formatting.points(*ends))
    return str(formatting.difference(*ends))


def largest(changes: Sequence[QuantityChange], quantity: str) -> QuantityChange | None:
    """The largest difference of a quantity that is more than chance; None where there is none."""
    found = [each for each in changes if each.quantity == quantity and each.differs]
    return max(found, key=lambda each: abs(each.difference), default=None)


def verdict_text(effect: AssumptionEffect) -> str:
    """The verdicts that are others, in words."""
    found = [
        f"{named(each.policy)} {_VERBS.get(each.after, each.after)}"
        for each in (*effect.turned, *effect.unsettled)
    ]
    return listed(found) or "none"
