"""Constraints of a service model and the places of a request that break them.

Places are named as the platform names them, and what is shown of a value is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from simab.aws.checks.shapes import COLLECTIONS, Shape

__all__ = ["GIVEN", "LONGEST_SHOWN", "Constraint", "MapKey", "Part", "Violation", "shortened"]

LONGEST_SHOWN: Final = 200  # characters of a value in a message

Kind = Literal[
    "given",  # there at all
    "enum",  # one of the names in `limit`
    "longest",  # characters, bytes, elements or entries
    "shortest",
    "most",  # the value of a number
    "least",
    "pattern",
    "members",  # each element of a list keeps the constraints in `limit`
    "keys",  # each key of a map does
    "values",  # each value of a map does
]


class Constraint(NamedTuple):
    """What has to hold of a value."""

    kind: Kind
    limit: Any = None


GIVEN: Final = Constraint("given")


class MapKey(str):
    """A key of a map: chosen by the caller, where the name of a member is the service's."""

    __slots__ = ()


# The name of a member, the position in a list from 1, or the key in a map.
Part = str | int


@dataclass(frozen=True, slots=True)
class Violation:
    """A constraint that a value of a request breaks.

    Attributes:
        path: where the value is, from the request down.
        type_name: the type of what is there.
        shown: the value in the words of a message, with a space before it; may be nothing.
        constraint: what it breaks.
        within: the first element that breaks it, if it is of the elements of `path`.
    """

    path: tuple[Part, ...]
    type_name: str
    shown: str
    constraint: Constraint
    within: Violation | None = None

    @classmethod
    def missing(cls, path: tuple[Part, ...], shape: Shape) -> Violation:
        """A member that is required and not given."""
        return cls(path, shape.type_name, " null", GIVEN)

    @classmethod
    def of(
        cls,
        path: tuple[Part, ...],
        shape: Shape,
        value: Any,
        constraint: Constraint,
        within: Violation | None = None,
    ) -> Violation:
        """A value that is given, shown unless it is secret or has no text of its own."""
        return cls(path, shape.type_name, _shown(shape, value), constraint, within)


def shortened(text: str) -> str:
    """At most as much of a value as a message may show."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _shown(shape: Shape, value: Any) -> str:
    """The value in quotation marks with a space before it; nothing where it is not shown."""
    held = [shape]
    if shape.type_name == "list":
        held.append(shape.member)
    elif shape.type_name == "map":
        held += [shape.key, shape.value]
    secret = any("sensitive" in each.metadata for each in held)
    textless = shape.type_name in {"blob", "structure"} or (
        any(each.type_name in COLLECTIONS | {"blob"} for each in held[1:]) and len(value) > 0
    )
    if secret or textless:
        return ""
    if shape.type_name in {"float", "double"}:
        value = float(value)
    return f" '{shortened(_text(value))}'"


def _text(value: Any) -> str:
    """As Java writes it, up to a little more than is shown."""
    some = LONGEST_SHOWN + 1
    if isinstance(value, str):
        return value[:some]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        entries = islice(value.items(), some)
        return f"{{{', '.join(f'{_text(key)}={_text(held)}' for key, held in entries)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_text(each) for each in islice(value, some))}]"
    return "null" if value is None else str(value)
