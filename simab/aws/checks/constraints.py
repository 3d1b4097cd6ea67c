"""What the services check of a request on their side, which botocore leaves to them.

Botocore looks at types, at required members and at `min` alone. Here a request is checked against
all constraints of the service model, and refused in the words of the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import SEEK_END
from itertools import islice
from typing import Any, Final

from simab.aws.checks.java_patterns import compiled
from simab.aws.checks.refusals import refusal
from simab.aws.checks.response_shape import check_output
from simab.aws.checks.shapes import COLLECTIONS, OperationModel, Shape
from simab.aws.checks.violations import Constraint, MapKey, Part, Violation
from simab.aws.checks.wire_types import check_types

__all__ = ["check_input", "check_output"]

MOST_REPORTED: Final = 10  # the platform names no more violations than that
LONGEST_MATCHED: Final = 20_000  # characters; a longer text is not held against a pattern
_NUMBERS: Final = frozenset({"integer", "long", "float", "double"})


def check_input(operation_model: OperationModel, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters of an operation that its service would refuse.

    Members that are null count as absent, and members that the service does not know are passed
    over, as the real services do. Neither is removed from `parameters`.

    Raises:
        ServiceError: what the service answers: `SerializationException` where something has a
            wrong type, else the code and the message for constraints that are broken.
    """
    shape = operation_model.input_shape
    if shape is None:
        return
    check_types(shape, parameters)
    found = list(islice(_violations(shape, parameters, ()), MOST_REPORTED))
    if found:
        raise refusal(operation_model, found)


def _violations(shape: Shape, value: Any, path: tuple[Part, ...]) -> Iterator[Violation]:
    """Every constraint that a value breaks, with those of what it holds, in the model's order."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            held, place = value.get(name), (*path, name)
            if held is not None:
                yield from _violations(member, held, place)
            elif name in shape.required_members:
                yield Violation.missing(place, member)
        return
    broken = list(_broken(shape, value))
    yield from (Violation.of(path, shape, value, each) for each in broken)
    if any(each.kind == "longest" for each in broken):
        return
    if shape.type_name == "list":
        yield from _list_violations(shape, value, path)
    elif shape.type_name == "map":
        yield from _map_violations(shape, value, path)


def _list_violations(shape: Shape, value: Any, path: tuple[Part, ...]) -> Iterator[Violation]:
    """Elements without members are reported together, at the place of their list."""
    together = shape.member.type_name not in COLLECTIONS
    for number, held in enumerate(value, start=1):
        place = (*path, number)
        if held is None:
            yield Violation.missing(place, shape.member)
        elif not together:
            yield from _violations(shape.member, held, place)
        elif broken := next(_broken(shape.member, held), None):
            constraint = Constraint("members", _constraints(shape.member))
            within = Violation.of(place, shape.member, held, broken)
            yield Violation.of(path, shape, value, constraint, within)
            return


def _map_violations(shape: Shape, value: Any, path: tuple[Part, ...]) -> Iterator[Violation]:
    """Keys are reported together, and so are values without members."""
    if any(any(_broken(shape.key, key)) for key in value):
        yield Violation.of(path, shape, value, Constraint("keys", _constraints(shape.key)))
    together = shape.value.type_name not in COLLECTIONS
    for key, held in value.items():
        place = (*path, MapKey(key))
        if held is None:
            yield Violation.missing(place, shape.value)
        elif not together:
            yield from _violations(shape.value, held, place)
        elif any(_broken(shape.value, held)):
            yield Violation.of(path, shape, value, Constraint("values", _constraints(shape.value)))
            return


def _constraints(shape: Shape) -> tuple[Constraint, ...]:
    """All constraints of a type, in the order in which they are reported."""
    limits, numeric = shape.metadata, shape.type_name in _NUMBERS
    all_of_them: list[Constraint] = []
    if "enum" in limits:
        all_of_them.append(Constraint("enum", tuple(limits["enum"])))
    if "max" in limits:
        all_of_them.append(Constraint("most" if numeric else "longest", limits["max"]))
    if "min" in limits:
        all_of_them.append(Constraint("least" if numeric else "shortest", limits["min"]))
    if "pattern" in limits:
        all_of_them.append(Constraint("pattern", limits["pattern"]))
    return tuple(all_of_them)


def _broken(shape: Shape, value: Any) -> Iterator[Constraint]:
    """Those constraints of its own type that a value breaks.

    A text that is longer than it may be is not held against the pattern: that could take long.
    """
    size = None
    for constraint in _constraints(shape):
        kind, limit = constraint
        if kind == "enum":
            breaks = value not in limit
        elif kind == "pattern":
            breaks = not _matches(limit, value)
        else:
            if size is None:
                size = value if kind in {"most", "least"} else _size(shape, value)
            breaks = size is not None and (
                size > limit if kind in {"most", "longest"} else size < limit
            )
        if breaks:
            yield constraint
            if kind in {"enum", "longest"}:
                return


def _matches(pattern: str, text: str) -> bool:
    """Whether all of the text is as the pattern says, or cannot be judged."""
    expression = compiled(pattern)
    if expression is None or len(text) > LONGEST_MATCHED:
        return True
    return expression.fullmatch(text) is not None


def _size(shape: Shape, value: Any) -> int | None:
    """Characters, bytes, elements or entries; nothing for a stream that cannot be measured."""
    if shape.type_name == "blob" and isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    if hasattr(value, "__len__"):
        return len(value)
    try:
        at = value.tell()
        value.seek(0, SEEK_END)
        end = value.tell()
        value.seek(at)
    except (AttributeError, OSError, ValueError):
        return None
    return int(end - at)
