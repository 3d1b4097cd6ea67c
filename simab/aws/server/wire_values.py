"""Single values as clients write them: dates, bytes, numbers and truth values."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from simab.aws.errors import ServiceError

__all__ = ["bytes_of", "date_of", "value_of_text"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(
    r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,4})?"
)
_TRUTH: Final = {"true": True, "false": False}


def date_of(value: Any) -> Any:
    """A date that is written as seconds since 1970 or by ISO 8601; without a time zone it is UTC.

    What is neither a number nor a text is left.

    Raises:
        ServiceError: it is not a date.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        if isinstance(value, str):
            date = datetime.fromisoformat(value)
            return date if date.tzinfo else date.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ServiceError("SerializationException", f"{value!r:.60} is not a date.") from None


def bytes_of(text: str) -> bytes:
    """Bytes that are written in base64.

    Raises:
        ServiceError: they are not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("SerializationException", "A blob is not in base64.") from None


def value_of_text(type_name: str, text: str) -> Any:
    """A value of a form, which holds texts alone, as its type.

    Raises:
        ServiceError: it is not of its type.
    """
    match type_name:
        case "integer" | "long" if _INTEGER.fullmatch(text):
            return int(text)
        case "float" | "double" if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        case "boolean" if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        case "timestamp":
            return date_of(text)
        case "blob":
            return bytes_of(text)
        case "string" | "character":
            return text
    raise ServiceError("MalformedInput", f"{text!r:.60} is not of type {type_name}.")
