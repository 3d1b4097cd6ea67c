"""What a policy answered, once it is known to be actions and a state: plain values, or no decision.

Weights become Python's floats, counts whole numbers, names and reasons text that UTF-8 can hold. So
whatever the endpoint then accepts or refuses can be logged, stored and written by a report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, TypeVar

from simab.errors import InvalidInput
from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Deploy,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SessionAffinity,
    SetInstances,
    SetWeights,
)

Number = TypeVar("Number", int, float)

__all__ = ["MOST_ACTIONS", "NoDecision", "checked_decision", "shown"]

MOST_ACTIONS: Final = 1000
"""At one look; an endpoint takes one change at a time."""
_LONGEST_REASON: Final = 2000
_LONGEST_NAME: Final = 100
_LARGEST_COUNT: Final = 2**63
_RULE: Final = (
    "it must return a pair, the actions (of simab.policies; none is []) and the next state; "
    "end it with `return [], state`, say"
)


class NoDecision(InvalidInput):
    """A policy answered with something else than actions and a state."""


def checked_decision(decision: Any) -> tuple[tuple[Action, ...], Any]:
    """The actions, in plain values, and the next state.

    Raises:
        NoDecision: it is not a pair of actions and a state, or an action holds what is not a name,
            number or reason. Values that are only out of range are the endpoint's to refuse.
    """
    if not (isinstance(decision, tuple | list) and len(decision) == 2):
        raise NoDecision(f"decide returned {shown(decision)}: {_RULE}")
    actions, state = decision
    if type(actions) is tuple and not actions:  # at nearly all ticks
        return actions, state
    if not isinstance(actions, Iterable) or isinstance(actions, str | bytes | Mapping):
        raise NoDecision(f"decide returned {shown(actions)} for actions: {_RULE}")
    asked = tuple(islice(actions, MOST_ACTIONS + 1))
    if len(asked) > MOST_ACTIONS:
        raise NoDecision(f"decide returned more than {MOST_ACTIONS:,} actions at once: {_RULE}")
    return tuple(_plain(action) for action in asked), state


def shown(value: Any) -> str:
    """A value in one short piece, although its `repr` may be anything."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # an object of the user's own; or a number too long to write
        text = f"a value of type {type(value).__name__}"
    return _writable(text if len(text) <= 60 else f"{text[:57]}...")


def _plain(action: Any) -> Action:
    if not isinstance(action, Action) or type(action) is Action:
        raise NoDecision(f"decide returned {shown(action)} as an action: {_RULE}")
    try:
        return _of_plain_values(action)
    except NoDecision:
        raise
    except Exception as error:  # noqa: BLE001  # a mapping or number of the user's own may raise anything
        raise NoDecision(
            f"decide returned an action {type(action).__name__} that cannot be read "
            f"({type(error).__name__}); give it plain names and numbers"
        ) from None


def _of_plain_values(action: Action) -> Action:
    because = _reason(action)
    match action:
        case SetWeights():
            return SetWeights(
                _by_name(action, "weights", action.weights, _number),
                _cookie(action),
                _copies(action),
                because=because,
            )
        case Deploy():
            return Deploy(
                _by_name(action, "weights", action.weights, _number),
                _by_name(action, "instances", action.instances, _count),
                because=because,
            )
        case Promote():
            variant = _name(action, "variant", action.variant)
            estimates = (_estimate(action, each) for each in ("estimate", "corrected"))
            return Promote(variant, *estimates, because=because)
        case RollBack():
            return RollBack(_name(action, "removed", action.removed), because=because)
        case Conclude():
            return Conclude(because=because)
        case SetInstances():
            variant = _name(action, "variant", action.variant)
            count = _count(action, "instances", action.instances)
            return SetInstances(variant, count, because=because)
        case AddVariant():
            variant = _name(action, "variant", action.variant)
            return AddVariant(variant, _number(action, "weight", action.weight), because=because)
        case RemoveVariant():
            return RemoveVariant(_name(action, "variant", action.variant), because=because)
        case _:  # a class of the user's own, which the endpoint refuses by its name
            return replace(action, because=because)


def _by_name(
    action: Action, field: str, given: Any, read: Callable[[Action, str, Any], Number]
) -> Mapping[str, Number]:
    """A number each for some variants; it cannot be changed, as a refused action is shown later."""
    if not isinstance(given, Mapping):
        raise _wrong(action, field, given, 'a mapping such as {"Variant1": 0.5}')
    return MappingProxyType(
        {_name(action, field, name): read(action, field, number) for name, number in given.items()}
    )


def _reason(action: Action) -> str:
    because = action.because
    if not isinstance(because, str):
        raise _wrong(action, "because", because, "a text; write str(...) around it")
    text = _writable(because)
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"


def _name(action: Action, field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(action, field, value, "the name of a variant, a text")
    return _writable(value)[:_LONGEST_NAME]  # no variant has a longer one


def _number(action: Action, field: str, value: Any, rule: str = "a number of at least 0") -> float:
    """The number that stands there; infinite where it is larger than a float."""
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        raise _wrong(action, field, value, rule)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):  # an array, say
        raise _wrong(action, field, value, rule) from None


def _estimate(action: Promote, field: str) -> float | None:
    value = getattr(action, field)
    return None if value is None else _number(action, field, value, "a number, or None")


def _count(action: Action, field: str, value: Any) -> int:
    """A whole number where it is one; any other number is the endpoint's to refuse."""
    if not hasattr(value, "__index__"):
        return _number(action, field, value)  # type: ignore[return-value]
    try:
        count: int = value.__index__()
    except TypeError:  # an array, say
        raise _wrong(action, field, value, "a whole number") from None
    return max(min(count, _LARGEST_COUNT), -_LARGEST_COUNT)


def _cookie(action: SetWeights) -> SessionAffinity | None:
    cookie = action.session_affinity
    if cookie is None:
        return None
    if not isinstance(cookie, SessionAffinity):
        raise _wrong(action, "session_affinity", cookie, "a SessionAffinity, or None")
    age_ns = _count(action, "session_affinity.max_age_ns", cookie.max_age_ns)
    return SessionAffinity(_name(action, "session_affinity.variant", cookie.variant), age_ns)


def _copies(action: SetWeights) -> Mirror | None:
    mirror = action.mirror
    if mirror is None:
        return None
    if not isinstance(mirror, Mirror):
        raise _wrong(action, "mirror", mirror, "a Mirror, or None")
    share = _number(action, "mirror.share", mirror.share)
    return Mirror(_name(action, "mirror.variant", mirror.variant), share)


def _wrong(action: Action, field: str, value: Any, rule: str) -> NoDecision:
    return NoDecision(
        f"decide returned {type(action).__name__} with {field} = {shown(value)}: must be {rule}"
    )


def _writable(text: str) -> str:
    """The text as UTF-8 can hold it: half of a surrogate pair is written as its number."""
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")
