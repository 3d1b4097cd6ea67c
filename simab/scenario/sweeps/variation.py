"""What a sweep varies: a field with the values that it takes, written `effect=-4%..4%/9`.

A range `a..b/n` has n points from a to b in equal steps; a list `a,b,c` has the values of a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from simab.documents.parsing import Unreadable, document_node
from simab.documents.violations import field_name
from simab.documents.walking import Walker
from simab.errors import InvalidFiles, InvalidInput
from simab.scenario.changes.paths import path_of
from simab.scenario.sweeps.amounts import Amount, amount_of, written

__all__ = ["EFFECT", "Variation"]

EFFECT: Final = "effect"
"""What is varied by this name is the candidate's true metric, minus the control's."""
_ASSIGNED: Final = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^="])*)=(.*)', re.S)
_RANGE: Final = re.compile(r"([^\[\]{},'\"]+?)\.\.([^\[\]{},'\"]+?)(?:/([0-9]+))?")
_MOST_VALUES: Final = 1_000
_SAMPLED_DIGITS: Final = 4
_EXAMPLE: Final = "effect=-4%..4%/9, or traffic.users.rate=1/s,5/s"


@dataclass(frozen=True, slots=True)
class Variation:
    """A field, by its path or "effect", and its values as a file has them.

    `values` are those of a list, or the ends of a range, which has `count` points; None: a range
    that gives no number, of which a sample takes values.
    """

    path: str
    values: tuple[Any, ...]
    is_range: bool = False
    count: int | None = None

    @classmethod
    def parse(cls, text: str) -> Variation:
        """The variation that a text says, as on the command line.

        Raises:
            InvalidInput: the text is not a field and its values.
        """
        found = _ASSIGNED.fullmatch(text)
        if found is None or not found[1].strip():
            raise InvalidInput(f"vary {text!r}: is not a field with values; write {_EXAMPLE}")
        return cls.of(found[1].strip(), found[2].strip())

    @classmethod
    def of(cls, path: str, values: str | Sequence[Any]) -> Variation:
        """A field by its path, and its values: a text as on the command line, or a list.

        Raises:
            InvalidInput: the values cannot be read, are none, or one comes twice.
        """
        path = _normal(path)
        if not isinstance(values, str):
            return _listed(path, _plain(path, values))
        found = _RANGE.fullmatch(values)
        if found is not None:
            return _range(path, found[1].strip(), found[2].strip(), found[3])
        if ".." in values and not set(values) & set("[]{}'\""):
            raise _refused(path, values, "is not a range", "Write it as 1%..5%/9: from, to, points")
        return _listed(path, _read(path, values))

    @property
    def given(self) -> str | list[Any]:
        """The values as `of` reads them: the text of a range, or the list."""
        if not self.is_range:
            return list(self.values)
        count = "" if self.count is None else f"/{self.count}"
        return f"{self.values[0]}..{self.values[1]}{count}"

    def points(self) -> tuple[Any, ...]:
        """Its values in order, those of a range in equal steps.

        Raises:
            InvalidInput: a range does not say of how many points it is.
        """
        if not self.is_range:
            return self.values
        if self.count is None:
            raise _refused(
                self.path,
                f"{self.values[0]}..{self.values[1]}",
                "does not say how many points it has",
                f"Write {self.values[0]}..{self.values[1]}/9, or ask for a sample",
            )
        return tuple(self._between(Fraction(at, self.count - 1)) for at in range(self.count))

    def at(self, share: float) -> Any:
        """The value at a share of the way, from 0 up to 1: of a list, each in an equal part."""
        if self.is_range:
            low, high = self._ends()
            value = low.value + (high.value - low.value) * Fraction(share)
            unit = low.unit if low.unit == high.unit else "number"
            return written(Amount(value, unit), _SAMPLED_DIGITS)
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def _between(self, share: Fraction) -> Any:
        """A point of a range; between whole numbers it is whole where it falls on one."""
        low, high = self._ends()
        value = low.value + (high.value - low.value) * share
        falls_between = low.unit == "whole number" and value.denominator > 1
        same = low.unit == high.unit and not falls_between
        return written(Amount(value, low.unit if same else "number"))

    def _ends(self) -> tuple[Amount, Amount]:
        low, high = (amount_of(value) for value in self.values)
        assert low is not None
        assert high is not None
        return low, high


def _normal(path: object) -> str:
    if not isinstance(path, str):
        raise InvalidInput(f"vary {path!r}: must be the path of a field; write {_EXAMPLE}")
    if path == EFFECT:
        return path
    try:
        return field_name(path_of(path))
    except InvalidInput as refused:
        raise InvalidInput(f"vary {path!r}: {refused}") from None


def _range(path: str, low: str, high: str, count: str | None) -> Variation:
    text = f"{low}..{high}"
    ends = [amount_of(low), amount_of(high)]
    if ends[0] is None or ends[1] is None:
        word = low if ends[0] is None else high
        rule = f"has no number, percentage, duration or rate in {word!r}"
        raise _refused(path, text, rule, "Write such as 1%..5%/9, 1min..1h/4 or 1/s..8/s/8")
    if ends[0].unit != ends[1].unit and not (ends[0].is_plain and ends[1].is_plain):
        raise _refused(path, text, "has ends in different units", "Write both in the same unit")
    if ends[0].value == ends[1].value:
        raise _refused(path, text, "begins where it ends", "Write one value, or another end")
    if count is not None and not (len(count) < 5 and 2 <= int(count) <= _MOST_VALUES):
        rule = f"has {count[:12]} points, from 2 to {_MOST_VALUES:,} can be"
        raise _refused(path, text, rule, "Write such as 1%..5%/9")
    values = tuple(written(end) for end in ends if end is not None)
    return Variation(path, values, is_range=True, count=int(count) if count else None)


def _read(path: str, text: str) -> list[Any]:
    """The values between commas, each as in a file."""
    try:
        node = document_node(f"[{text}]")
        values = None if node is None else Walker("").document(node).data
    except (Unreadable, InvalidFiles) as refused:
        rule = refused.problem.rule if isinstance(refused, Unreadable) else "is not YAML"
        raise _refused(path, text, f"cannot be read: {rule}", "Write values as in a file") from None
    if not isinstance(values, list):
        raise _refused(path, text, "is not a list of values", "Write them as in a file")
    return values


def _plain(path: str, values: Any) -> list[Any]:
    if not callable(getattr(values, "__iter__", None)) or isinstance(values, dict | bytes):
        raise _refused(path, repr(values), "is not a list of values", "Write it as [0.01, 0.02]")
    return [each.item() if hasattr(each, "item") else each for each in values]


def _listed(path: str, values: Sequence[Any]) -> Variation:
    if not values:
        raise _refused(path, "", "has no value", f"Write {_EXAMPLE}")
    if len(values) > _MOST_VALUES:
        rule = f"has {len(values):,} values, at most {_MOST_VALUES:,} can be"
        raise _refused(path, "", rule, "Write fewer")
    seen: dict[object, Any] = {}
    for value in values:
        amount = amount_of(value)
        key = _same_as(amount) if amount else repr(value)
        if key in seen:
            shown = f"{seen[key]!r}" if seen[key] == value else f"{seen[key]!r} and {value!r}"
            raise _refused(path, "", f"has one value twice, {shown}", "Write it once")
        seen[key] = value
    return Variation(path, tuple(values))


def _same_as(amount: Amount) -> object:
    """What two ways to write one value have alike: 5% is 0.05, and 60s is 1min."""
    return amount.value, "number" if amount.is_plain or amount.unit == "share" else amount.unit


def _refused(path: str, values: str, rule: str, remedy: str) -> InvalidInput:
    shown = f" = {values[:60]}" if values else ""
    return InvalidInput(f"vary {path}{shown}: {rule}; {remedy[:1].lower()}{remedy[1:]}")
