"""Reading plain JSON values with errors that name the place.

A result may come from a file that was edited, so every value is checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simab.errors import InvalidInput

__all__ = ["Reader"]


class Reader:
    """One value of the result and its path in it, and what makes such a result."""

    def __init__(self, value: Any, path: str = "result", made_by: str = "simab.compare") -> None:
        self.value = value
        self.path = path
        self.made_by = made_by

    def has(self, key: str) -> bool:
        """Whether the object has the key, with something other than null."""
        return isinstance(self.value, Mapping) and self.value.get(key) is not None

    def require_object(self) -> None:
        """Raises InvalidInput if this is not an object."""
        if not isinstance(self.value, Mapping):
            raise self.invalid("an object is expected here")

    def child(self, key: str) -> Reader:
        """What an object holds under a key; missing keys are errors."""
        self.require_object()
        if key not in self.value:
            raise self.missing(key)
        return self._at(self.value[key], f".{key}")

    def optional(self, key: str) -> Reader:
        """What an object holds under a key; null where it is missing."""
        self.require_object()
        return self._at(self.value.get(key), f".{key}")

    def items(self) -> list[Reader]:
        """The elements of a list; null has none."""
        if self.value is None:
            return []
        if not isinstance(self.value, list | tuple):
            raise self.invalid("a list is expected here")
        return [self._at(each, f"[{at}]") for at, each in enumerate(self.value)]

    def entries(self) -> list[tuple[str, Reader]]:
        """The entries of an object; null has none."""
        if self.value is None:
            return []
        self.require_object()
        return [(str(name), self._at(value, f".{name}")) for name, value in self.value.items()]

    def _at(self, value: Any, step: str) -> Reader:
        return Reader(value, f"{self.path}{step}", self.made_by)

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key; where it is missing the default, if there is one."""
        if default is not None and not self.has(key):
            return default
        return self.child(key).as_text()

    def as_text(self) -> str:
        """This value as a text."""
        if not isinstance(self.value, str):
            raise self.invalid("a text is expected here")
        return self.value

    def as_flag(self) -> bool:
        """Yes or no; null is no."""
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            raise self.invalid("true or false is expected here")
        return self.value

    def as_whole(self) -> int:
        """This value as a whole number."""
        if not float(self.as_number()).is_integer():
            raise self.invalid("a whole number is expected here")
        return int(self.value)

    def as_number(self) -> float:
        """This value as a number, a whole one as it is; null is NaN."""
        if self.value is None:
            return math.nan
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.invalid("a number is expected here")
        try:
            finite = not math.isinf(self.value)
        except OverflowError:
            finite = False
        if not finite:
            raise self.invalid("a number below 1e308 is expected here")
        return self.value

    def missing(self, key: str) -> InvalidInput:
        """The error that this object lacks a key."""
        return self.invalid(f"the key {key!r} is missing")

    def invalid(self, rule: str) -> InvalidInput:
        """The error that names this place and the rule that it breaks."""
        shown = _shown(self.value)
        return InvalidInput(
            f"{self.path} = {shown}: {rule}. Make the result anew with {self.made_by}"
        )


def _shown(value: Any) -> str:
    """The value in at most 60 characters; Python writes no whole number of very many digits."""
    try:
        shown = repr(value)
    except ValueError:
        return "a number of very many digits"
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
