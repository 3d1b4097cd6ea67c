"""Values of a request that have another type than the service expects.

Botocore refuses them before it sends anything; other clients may send what they like.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from simab.aws.checks.shapes import Shape
from simab.aws.errors import ServiceError

__all__ = ["check_types"]

_BITS: Final = {"integer": 32, "long": 64}
_NAMES: Final = {
    "string": "a String",
    "character": "a String",
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
    "boolean": "a Boolean",
    "blob": "a Blob",
    "timestamp": "milliseconds since epoch",
}
# Seconds from 1970 of the first and the last date that Python has.
_FIRST_DATE_S: Final = -62_135_596_800
_LAST_DATE_S: Final = 253_402_300_799
_LONGEST_DATE: Final = 100  # characters


def check_types(shape: Shape, value: Any) -> None:
    """Refuse a request in which anything is of a wrong type; what is null is not there.

    Members that the service does not know are passed over, as are the elements of a list beyond
    the most that it may have.

    Raises:
        ServiceError: `SerializationException`, for the first such value.
    """
    if shape.type_name == "structure":
        _check_opening(value, Mapping, "Expected null")
        for name, member in shape.members.items():
            if (held := value.get(name)) is not None:
                check_types(member, held)
    elif shape.type_name == "list":
        _check_opening(value, list | tuple, "Expected list or null")
        for held in islice(value, shape.metadata.get("max")):
            if held is not None:
                check_types(shape.member, held)
    elif shape.type_name == "map":
        _check_opening(value, Mapping, "Expected map or null")
        for key, held in islice(value.items(), shape.metadata.get("max")):
            check_types(shape.key, key)
            if held is not None:
                check_types(shape.value, held)
    elif not _fits(shape.type_name, value):
        raise _refusal(_scalar_message(shape.type_name, value))


def _refusal(message: str) -> ServiceError:
    return ServiceError("SerializationException", message)


def _check_opening(value: Any, expected: Any, otherwise: str) -> None:
    """The value is of the kind of collection that is expected."""
    if not isinstance(value, expected):
        raise _refusal(_opening_of(value) or otherwise)


def _opening_of(value: Any) -> str | None:
    """What is said of a collection that is not expected."""
    if isinstance(value, Mapping):
        return "Start of structure or map found where not expected."
    if isinstance(value, list | tuple):
        return "Start of list found where not expected"
    return None


def _scalar_message(type_name: str, value: Any) -> str:
    if opening := _opening_of(value):
        return opening
    if isinstance(value, bool):
        token = f"{str(value).upper()}_VALUE"
    elif isinstance(value, int | float | Decimal):
        token = "NUMBER_VALUE"
    else:
        token = "STRING_VALUE"
    return f"{token} can not be converted to {_NAMES[type_name]}"


def _fits(type_name: str, value: Any) -> bool:
    """Whether a value that has no members is of its type."""
    if type_name not in _NAMES:
        return True
    if type_name == "boolean" or isinstance(value, bool):
        return type_name == "boolean" and isinstance(value, bool)
    if type_name in {"string", "character"}:
        return isinstance(value, str)
    if type_name in _BITS:
        limit = 1 << (_BITS[type_name] - 1)
        return isinstance(value, int) and -limit <= value < limit
    if type_name in {"float", "double"}:
        return isinstance(value, int | float | Decimal) and _is_finite(value)
    if type_name == "blob":
        return isinstance(value, bytes | bytearray | str) or hasattr(value, "read")
    return _is_date(value)


def _is_finite(number: Any) -> bool:
    try:
        return math.isfinite(float(number))
    except (ValueError, OverflowError):
        return False


def _is_date(value: Any) -> bool:
    """Whether it is a date, seconds from 1970, or a text that botocore reads as a date."""
    if isinstance(value, int | float | Decimal):
        return _is_finite(value) and _FIRST_DATE_S <= value <= _LAST_DATE_S
    if not isinstance(value, str):
        return isinstance(value, datetime)
    if len(value) > _LONGEST_DATE:
        return False
    from botocore.utils import (  # type: ignore[import-untyped, unused-ignore]
        parse_to_aware_datetime,
    )

    try:
        parse_to_aware_datetime(value)
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError, Warning):
        return False
    return True
