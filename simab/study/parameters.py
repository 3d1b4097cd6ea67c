"""A policy's parameters and documentation as plain data that JSON and UTF-8 can hold.

A policy of one's own may hold anything: arrays, endless numbers, half of a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simab.description import Description
from simab.scenario.field_texts import class_text

__all__ = ["documentation", "non_default", "parameters", "plain"]

_LARGEST_WHOLE_NUMBER: Final = 2**63
_LONGEST: Final = 200


def parameters(policy: Description) -> dict[str, Any]:
    """The fields by name, without the kind; what is not a plain value is shown as text."""
    try:
        data = policy.model_dump(mode="json", exclude={"kind"})
    except Exception:  # noqa: BLE001  # what a field may hold has no type that says how to write it
        data = {name: value for name, value in policy if name != "kind"}
    fields: dict[str, Any] = plain(data)
    return fields


def non_default(policy: Description) -> list[str]:
    """The names of the fields that differ from their defaults, without the kind."""
    try:
        return list(policy.model_dump(exclude_defaults=True, exclude={"kind"}))
    except Exception:  # noqa: BLE001  # arrays, say, cannot be compared with one answer
        return [name for name in type(policy).model_fields if name in policy.model_fields_set]


def documentation(policy: object) -> str:
    """The documentation of a policy's class; empty where there is none."""
    owner = type(policy)
    given: object = owner.__doc__  # which may be anything
    words: str = plain(class_text(owner)) if given is None or isinstance(given, str) else ""
    return words


def plain(value: Any) -> Any:
    """The value in dictionaries, lists, text and numbers; anything else as it shows itself."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return str.encode(value, "utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int) and abs(value) <= _LARGEST_WHOLE_NUMBER:
        return int(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    try:
        text = plain(repr(value)[:_LONGEST])
    except Exception:  # noqa: BLE001  # `repr` of an object of the user's own, or of a huge number
        return type(value).__name__
    return type(value).__name__ if " at 0x" in text else text  # an address differs in every run
