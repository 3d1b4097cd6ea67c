"""A violation: one broken rule at one place of a document, before it has a line and a column.

Reading, the models' validation and the rules across fields all report violations; loading gives
each its place in the file and makes the `Problem` that people see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from simab.errors import Problem

__all__ = ["Path", "Violation", "field_name", "problem_of", "short_text", "violation_at_key"]

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of the document."""

_LONGEST_VALUE = 40
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong at `path`, and what to do.

    `on_key` places it on the key rather than on the value; `mark` is a place, line and column from
    1, that no path leads to (the second of two equal keys); `shows_value` says whether the value
    helps to see what is meant.
    """

    path: Path
    rule: str
    remedy: str
    on_key: bool = False
    shows_value: bool = True
    mark: tuple[int, int] | None = None


def violation_at_key(path: Path, rule: str, remedy: str) -> Violation:
    """What is wrong with the whole of a value, or with its absence: at its key, without the value.

    Where the key is not there either, its place is that of what would hold it.
    """
    return Violation(path, rule, remedy, on_key=True, shows_value=False)


def problem_of(
    violation: Violation, data: Any, mark: tuple[int | None, int | None] = (None, None)
) -> Problem:
    """The problem that people see: with the value in `data`, and the line and column if any."""
    value = short_text(_value_at(data, violation.path)) if violation.shows_value else ""
    field = field_name(violation.path)
    return Problem(field, value, violation.rule, violation.remedy, *mark)


def _value_at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return data


def field_name(path: Sequence[str | int]) -> str:
    """The path as people write it: `traffic."night shift".rate`, `steps[2].weights`."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
            continue
        plain = part if _PLAIN_NAME.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        name += f".{plain}" if name else plain
    return name


def short_text(value: Any) -> str:
    """A value in one short piece; empty for a mapping, which is better looked at in the file."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, float):
        text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and re.fullmatch(r"[\w%./+-][\w %./+-]*", value):
        text = value
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
