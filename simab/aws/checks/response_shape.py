"""Whether a response is what the service model says of it: for tests of every operation.

A client of botocore shows whatever a response holds; a member with a wrong name would be missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

from simab.aws.checks.shapes import OperationModel, Shape
from simab.aws.checks.violations import shortened

__all__ = ["check_output"]

MOST_NAMED: Final = 20
_ADDED_BY_BOTOCORE: Final = "ResponseMetadata"
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "structure": Mapping,
    "list": list,
    "map": Mapping,
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": datetime,
}


def check_output(operation_model: OperationModel, response: Mapping[str, Any]) -> None:
    """Refuse a response, as botocore hands it over, that does not fit the model.

    All members are known and have their types, those required are there, and values are among
    the names that an enumeration has. Dates have a time zone, and numbers are finite. What
    botocore adds of the HTTP response is passed over.

    Raises:
        ValueError: it does not fit; the message names what is wrong, up to twenty places.
    """
    held = {name: value for name, value in response.items() if name != _ADDED_BY_BOTOCORE}
    shape = operation_model.output_shape
    if shape is None:
        found = [f"{shortened(name)}: the operation returns nothing" for name in held]
    else:
        found = list(islice(_problems(shape, held, ""), MOST_NAMED))
    if found:
        raise ValueError(f"{operation_model.name}: {'; '.join(found)}")


def _problems(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """What does not fit, by place."""
    if problem := _problem_of_type(shape, value):
        yield f"{place or 'the response'}: {problem}"
    elif shape.type_name == "structure":
        yield from _problems_of_members(shape, value, f"{place}." if place else "")
    elif shape.type_name == "list":
        for number, held in enumerate(value):
            yield from _problems(shape.member, held, f"{place}[{number}]")
    elif shape.type_name == "map":
        for key, held in value.items():
            yield from _problems(shape.key, key, f"a key of {place}")
            yield from _problems(shape.value, held, f"{place}[{shortened(repr(key))}]")
    elif (names := shape.metadata.get("enum")) and value not in names:
        yield f"{place}: {shortened(repr(value))} is not in {', '.join(names)}"


def _problems_of_members(shape: Shape, value: Mapping[str, Any], before: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{before}{name}: is required"
    for name, held in value.items():
        if name in shape.members:
            yield from _problems(shape.members[name], held, f"{before}{name}")
        else:
            yield f"{before}{shortened(name)}: is not a member"


def _problem_of_type(shape: Shape, value: Any) -> str | None:
    """What is wrong with the type of a value itself, whatever it may hold."""
    if shape.type_name == "blob":
        fits = isinstance(value, bytes | bytearray) or hasattr(value, "read")
    else:
        fits = isinstance(value, _TYPES[shape.type_name])
    if isinstance(value, bool) and shape.type_name != "boolean":
        fits = False
    if not fits:
        return f"{type(value).__name__} where {shape.type_name} is expected"
    if isinstance(value, datetime) and value.tzinfo is None:
        return "a date without a time zone"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not finite"
    return None
