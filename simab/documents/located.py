"""A value of a document and its place: what every reader of a file asks for fields.

A document remembers what was asked of it, so that a reader can name what it did not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from simab.documents.violations import Path, field_name, short_text
from simab.errors import InvalidFiles, Problem

__all__ = ["LocatedValue", "Place"]

_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}|\$\{.*?\}|^<[^<>]+>$")


@dataclass(frozen=True, slots=True)
class Place:
    """File, line and column, these from 1."""

    source: str
    line: int
    column: int

    def render(self) -> str:
        """The place as editors find it."""
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class LocatedValue:
    """A value and its place; mappings and lists hold further located values.

    `key_place` is where the key is in a mapping; an entry of a list has no key but itself.
    """

    value: Any
    place: Place
    path: Path = ()
    asked: set[tuple[Path, bool]] = field(default_factory=set, compare=False, repr=False)
    """Paths of the document that were asked for, alone or with all that they hold."""
    key_place: Place | None = None

    @classmethod
    def of(cls, data: Any, place: Place, path: Path = ()) -> LocatedValue:
        """Plain data that was made of what stands at one place of a file."""
        value = data
        if isinstance(data, dict):
            value = {name: cls.of(each, place, (*path, name)) for name, each in data.items()}
        elif isinstance(data, list | tuple):
            value = [cls.of(each, place, (*path, i)) for i, each in enumerate(data)]
        return cls(value, place, path, key_place=place)

    @property
    def was_read(self) -> bool:
        """Whether anybody asked for this value."""
        return (self.path, False) in self.asked

    @property
    def wholly_read(self) -> bool:
        """Whether it was read with all that it holds."""
        return (self.path, True) in self.asked

    def take(self, *, whole: bool = False) -> None:
        """Remember that this value was asked for, perhaps with all that it holds."""
        self.asked.update({(self.path, False), (self.path, whole)})

    @property
    def field(self) -> str:
        """The path as people write it."""
        return field_name(self.path)

    def plain(self) -> Any:
        """The value and all that it holds, without their places."""
        if isinstance(self.value, dict):
            return {name: each.plain() for name, each in self.value.items()}
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return self.value

    def place_of(self, path: Path, *, on_key: bool = False) -> Place:
        """Where the value below is, or its key; of what is not there, the nearest key."""
        here = self
        for part in path:
            found = here.entry(part)
            if found is None:
                return here.key_place or here.place
            here = found
        return (on_key and here.key_place) or here.place

    def entry(self, part: str | int) -> LocatedValue | None:
        """One entry of a mapping or list, if it is there, without asking for it."""
        if isinstance(self.value, dict):
            found: LocatedValue | None = self.value.get(str(part))
            return found
        inside = isinstance(self.value, list) and isinstance(part, int) and part < len(self.value)
        return self.value[part] if inside else None

    def wrong(self, rule: str, remedy: str) -> InvalidFiles:
        """The refusal of this value."""
        shown = "" if isinstance(self.value, list) else short_text(self.value)
        problem = Problem(self.field, shown, rule, remedy, self.place.line, self.place.column)
        return InvalidFiles(((self.place.source, problem),))

    def at(self, *keys: str) -> LocatedValue | None:
        """The value below; None where there is none, or null."""
        here: LocatedValue | None = self
        for key in keys:
            if here is None or not isinstance(here.value, dict):
                return None
            here = here.value.get(key)
            if here is not None:
                here.take()
        return here if here is not None and here.value is not None else None

    def need(self, *keys: str) -> LocatedValue:
        """The value below, which has to be there."""
        here = self
        for key in keys:
            found = here.at(key)
            if found is None:
                if not isinstance(here.value, dict):
                    raise here.wrong("must be a mapping", f"Write `{key}: ...` below it.")
                missing = LocatedValue({}, here.place, (*here.path, key))
                raise missing.wrong("required", f"Add `{key}:` here.")
            here = found
        return here

    def named(self) -> dict[str, LocatedValue]:
        """The entries of a mapping."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be a mapping", "Write `name: value` pairs.")
        return self.value

    def listed(self) -> list[LocatedValue]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("must be a list", "Write one entry a line after `- `.")
        return self.value

    def text(self) -> str:
        """Text without placeholders; numbers are taken as written."""
        self.take()
        if isinstance(self.value, dict | list | bool) or self.value is None:
            raise self.wrong("must be text", "Write a single value.")
        found = str(self.value)
        if _PLACEHOLDER.search(found):
            raise self.wrong(
                "is a placeholder", "Write the value that it stands for, or give its argument one."
            )
        return found

    def whole(self, low: int, high: int) -> int:
        """A whole number within limits, also as text."""
        found = self.text()
        number = int(found) if re.fullmatch(r"[+-]?[0-9]{1,18}", found) else None
        if number is None or not low <= number <= high:
            remedy = f"Write a value from {low:,} to {high:,}."
            raise self.wrong("must be a whole number in its range", remedy)
        return number

    def number(self) -> float:
        """A number."""
        self.take()
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.text()
            raise self.wrong("must be a number", "Write it without quotes and units, such as 0.5.")
        return float(self.value)
