"""Parameters of a policy in words: names as words, values as people write them, never as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simab.result import PolicyResult
from simab.text.durations import duration_text
from simab.text.lists import listed
from simab.text.numbers import exact_text
from simab.units import parse_duration, seconds

__all__ = ["parameter_lines", "parameters_in_words"]

_FIRST: Final = frozenset({"name", "metric", "measures", "at", "type"})  # what a part is about
_DURATION: Final = re.compile(r"\d+(\.\d+)?(ns|us|ms|s|min|h|d)")


def parameters_in_words(policy: PolicyResult) -> list[tuple[str, list[str]]]:
    """Names and values of the parameters that differ from their defaults; all where unknown.

    A value is one line, or one for each of its parts where these have parts of their own.
    """
    changed = policy.non_default
    return [
        (_word(name), parameter_lines(value))
        for name, value in policy.parameters.items()
        if (changed is None or name in changed) and _says(value)
    ]


def parameter_lines(value: Any) -> list[str]:
    """A value in words, a line for each of its parts that has parts itself."""
    if isinstance(value, Mapping):
        shown = {key: each for key, each in value.items() if _says(each)}
        if any(isinstance(each, Mapping) for each in shown.values()):
            return [_named(key, each) for key, each in shown.items()]
        return [_phrase(shown)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(each, Mapping) for each in value):
            return [f"{number}. {_inline(each)}" for number, each in enumerate(value, start=1)]
        return [", ".join(_inline(each) for each in value) or "none"]
    return [_inline(value)]


def _named(key: str, value: Any) -> str:
    return f"{_word(key)}: {_inline(value)}"


def _phrase(mapping: Mapping[str, Any]) -> str:
    order = sorted(mapping, key=lambda key: key not in _FIRST)
    parts = [f"{_word(key)} {_inline(mapping[key], nested=True)}" for key in order]
    return ", ".join(parts) or "as by default"


def _inline(value: Any, *, nested: bool = False) -> str:
    """A value within a line; what has parts stands in brackets where it is itself a part."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return exact_text(float(value))
    if value is None:
        return "not set"
    if isinstance(value, str):
        is_duration = _DURATION.fullmatch(value) is not None
        return duration_text(seconds(parse_duration(value))) if is_duration else value
    if isinstance(value, Mapping):
        said = _phrase({key: each for key, each in value.items() if _says(each)})
    else:
        said = listed([_inline(each) for each in value]) or "none"
        nested = nested and any(isinstance(each, Mapping) for each in value)
    return f"({said})" if nested else said


def _says(value: Any) -> bool:
    """Whether a part of a value is set: neither absent nor empty."""
    empty = isinstance(value, Mapping | Sequence) and not isinstance(value, str) and not value
    return value is not None and not empty


def _word(name: str) -> str:
    return name.replace("_", " ")
