"""What fields of records say of their place in JSON, as metadata: `json_form` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["ABSENT", "REQUIRED", "SPREAD", "absent_if_none", "required_keys", "spread_keys"]

REQUIRED: Final = "keys that must be there"
ABSENT: Final = "absent where it is None"
SPREAD: Final = "keys at the level of the other fields"


def required_keys(keys: Iterable[str]) -> Mapping[str, Any]:
    """Metadata of a field with a mapping that must have these keys."""
    return {REQUIRED: tuple(keys)}


def spread_keys(keys: Iterable[str]) -> Mapping[str, Any]:
    """Metadata of a mapping whose entries JSON holds at the level of the other fields."""
    return {SPREAD: tuple(keys)}


def absent_if_none() -> Mapping[str, Any]:
    """Metadata of a field that JSON does not hold where it is None."""
    return {ABSENT: True}
