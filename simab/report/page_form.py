"""A result as a page may hold it: no character steers, and every mapping is in order of its names.

So a study just played and the same read back from its file make the same page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from simab.result import PolicyResult
from simab.text.untrusted import without_controls

__all__ = ["for_page", "shown_parameters"]

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


def shown_parameters(policy: PolicyResult) -> list[tuple[str, str]]:
    """The parameters that differ from their defaults, by name; all where that is not known."""
    changed = policy.non_default
    return [
        (name, _parameter(value))
        for name, value in policy.parameters.items()
        if changed is None or name in changed
    ]


def _parameter(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(_given(value), ensure_ascii=False, sort_keys=True)


def _given(value: Any) -> Any:
    """The value without what it leaves open: null."""
    if isinstance(value, Mapping):
        return {key: _given(each) for key, each in value.items() if each is not None}
    return [_given(each) for each in value] if isinstance(value, list | tuple) else value
