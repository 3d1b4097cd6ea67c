"""Reading a study's result from plain JSON values, with errors that name the place.

A result may come from a file that somebody edited, so nothing about it is taken on trust.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simab.errors import InvalidInput
from simab.text import without_controls

__all__ = ["Reader"]


class Reader:
    """One value of the result and its path in it."""

    def __init__(self, value: Any, path: str = "result") -> None:
        self.value = value
        self.path = path

    def has(self, key: str) -> bool:
        """Whether the object has the key, with something other than null."""
        return isinstance(self.value, Mapping) and self.value.get(key) is not None

    def child(self, key: str) -> Reader:
        """What an object holds under a key; missing keys are errors."""
        if not isinstance(self.value, Mapping):
            raise self.invalid("an object is expected here")
        if key not in self.value:
            raise self.invalid(f"the key {key!r} is missing")
        return Reader(self.value[key], f"{self.path}.{key}")

    def items(self, key: str) -> list[Reader]:
        """The elements of a list; a missing key or null is an empty list."""
        if not self.has(key):
            return []
        child = self.child(key)
        if not isinstance(child.value, list | tuple):
            raise child.invalid("a list is expected here")
        return [Reader(each, f"{child.path}[{at}]") for at, each in enumerate(child.value)]

    def entries(self, key: str) -> list[tuple[str, Reader]]:
        """The entries of an object in the order of their names; a missing key or null has none.

        Sorted, so that a result read back from canonical JSON makes the same page.
        """
        if not self.has(key):
            return []
        child = self.child(key)
        if not isinstance(child.value, Mapping):
            raise child.invalid("an object is expected here")
        return [
            (without_controls(str(name)), Reader(value, f"{child.path}.{name}"))
            for name, value in sorted(child.value.items())
        ]

    def text(self, key: str, default: str | None = None) -> str:
        """A text; where it is missing the default, if there is one."""
        if default is not None and not self.has(key):
            return default
        return self.child(key).as_text()

    def number(self, key: str) -> float:
        """A number; null and a missing key mean that it is not known: NaN."""
        return self.child(key).as_number() if self.has(key) else math.nan

    def whole(self, key: str) -> int:
        """A whole number."""
        child = self.child(key)
        value = child.as_number()
        if not value.is_integer():
            raise child.invalid("a whole number is expected here")
        return int(value)

    def flag(self, key: str) -> bool:
        """Yes or no; null and a missing key are no."""
        if not self.has(key):
            return False
        child = self.child(key)
        if not isinstance(child.value, bool):
            raise child.invalid("true or false is expected here")
        return child.value

    def as_text(self) -> str:
        """This value as a text, without the characters that could garble the page."""
        if not isinstance(self.value, str):
            raise self.invalid("a text is expected here")
        return without_controls(self.value)

    def as_number(self) -> float:
        """This value as a number; null is NaN."""
        if self.value is None:
            return math.nan
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.invalid("a number is expected here")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.invalid("a number below 1e308 is expected here")
        return number

    def invalid(self, rule: str) -> InvalidInput:
        """The error that names this place and the rule that it breaks."""
        shown = _shown(self.value)
        return InvalidInput(
            f"{self.path} = {shown}: {rule}. Make the result anew with simab.compare"
        )


def _shown(value: Any) -> str:
    """The value in at most 60 characters; Python writes no whole number of very many digits."""
    try:
        shown = repr(value)
    except ValueError:
        return "a number of very many digits"
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
