"""A result as a page may hold it: no character steers, and every mapping is in order of its names.

So a study just played and the same read back from its file make the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from simab.text.untrusted import without_controls

__all__ = ["for_page"]

Value = TypeVar("Value")


def for_page(value: Value) -> Value:
    """The same record, with all of its texts fit to be shown."""
    shown: Value = _shown(value)
    return shown


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, int | float):  # first, as most values are numbers
        return value
    if isinstance(value, str):
        return without_controls(value)
    if isinstance(value, list | tuple):
        return tuple(_shown(each) for each in value)
    if isinstance(value, Mapping):
        return {without_controls(str(key)): _shown(value[key]) for key in sorted(value)}
    shown = {each.name: _shown(getattr(value, each.name)) for each in fields(value)}
    return type(value)(**shown)
