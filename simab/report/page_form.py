"""A result as a page may hold it: no character steers, and every mapping is in order of its names.

So a study just played and the same read back from its file make the same page.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final, TypeVar

from simab.text.untrusted import without_controls

__all__ = ["for_page"]

Value = TypeVar("Value")
_SHOWN_AS_IT_IS: Final = {float, int, bool, type(None)}


def for_page(value: Value) -> Value:
    """The same record, with all of its texts fit to be shown."""
    shown: Value = _shown(value)
    return shown


def _shown(value: Any) -> Any:
    kind: Any = type(value)
    if kind in _SHOWN_AS_IT_IS:  # first, as most values are numbers
        return value
    if isinstance(value, str):
        return without_controls(value)
    if isinstance(value, list | tuple):
        if _SHOWN_AS_IT_IS.issuperset(map(type, value)):
            return tuple(value)
        return tuple(_shown(each) for each in value)
    if isinstance(value, Mapping):
        return {without_controls(str(key)): _shown(value[key]) for key in sorted(value)}
    if isinstance(value, int | float):
        return value
    return kind(**{name: _shown(getattr(value, name)) for name in _names_of(kind)})


@cache
def _names_of(kind: Hashable) -> tuple[str, ...]:
    owner: Any = kind
    return tuple(each.name for each in fields(owner))
