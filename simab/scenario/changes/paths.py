"""Paths of fields as people write them, `traffic.users.rate`, and where they lead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from simab.description import Description
from simab.documents.violations import Path, field_name
from simab.errors import InvalidInput
from simab.scenario.suggestions import remedy_for_name

__all__ = ["path_of", "put", "require_place"]

_PART: Final = re.compile(
    r"""\[(?P<index>[0-9]{1,9})\] | (?P<quoted>"(?:[^"\\]|\\.)*") | (?P<name>[^."\[\]]+)""", re.X
)


def path_of(text: str) -> Path:
    """Keys and indices of a path: names joined by dots, `[2]` for the third of a list.

    A name that holds a dot, a bracket or a quote stands in quotes: `traffic."eu.west".rate`.

    Raises:
        InvalidInput: the text is not a path.
    """
    parts = tuple(_parts(text))
    if not parts:
        raise InvalidInput(
            "is not a path of a field; write names joined by dots, such as "
            "endpoint.variants.new.error_rate"
        )
    return parts


def _parts(text: str) -> Iterator[str | int]:
    position = 0
    while position < len(text):
        dotted = position > 0 and text[position] == "."
        found = _PART.match(text, position + dotted)
        if found is None or (position > 0 and dotted == (found["index"] is not None)):
            raise InvalidInput(
                f"is not a path of a field from character {position + 1} on; write names joined by "
                'dots and [0] for the first of a list, names with dots in "quotes"'
            )
        if found["index"] is not None:
            yield int(found["index"])
        else:
            yield json.loads(found["quoted"]) if found["quoted"] else found["name"]
        position = found.end()


def require_place(scenario: Description, path: Path) -> None:
    """Refuse a path that leads nowhere in the scenario.

    A field of a model may be absent; a name in a mapping and an entry of a list have to be there.

    Raises:
        InvalidInput: with the part that is not there, and what is.
    """
    here: Any = scenario
    for depth, part in enumerate(path):
        above = field_name(path[:depth]) or "a scenario"
        if isinstance(here, Description):
            names = list(type(here).model_fields)
        elif isinstance(here, dict):
            names = list(here)
        elif isinstance(here, tuple):
            names = []
        else:
            state = "is not given" if here is None else "holds no fields"
            raise InvalidInput(f"leads nowhere: {above} {state}; give {above} as a whole")
        if isinstance(here, tuple):
            if not (isinstance(part, int) and part < len(here)):
                raise InvalidInput(
                    f"leads nowhere: {above} is a list of {len(here)} entries; write "
                    f"[0] to [{max(len(here) - 1, 0)}] behind it, or give it as a whole"
                )
            here = here[part]
        elif part in names:
            here = getattr(here, str(part)) if isinstance(here, Description) else here[str(part)]
        else:
            raise InvalidInput(
                f"leads nowhere: {above} has no {part}; {remedy_for_name(str(part), names)}"
            )


def put(data: Any, path: Path, value: Any) -> None:
    """Set the value at a path of plain data, whose mappings and lists are there."""
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = value
