"""Looking into scenario data that may be wrong anywhere, without ever failing.

A wrong type has its own message already; whoever looks at it here gets None, for unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from simab import units
from simab.description import Description
from simab.errors import InvalidInput
from simab.scenario.violations import Path, Violation

__all__ = ["RawValue", "default_of"]

_ABSENT: Final = object()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawValue:
    """A value at a path. Readers give None for a wrong type, and `default` for an absent value."""

    value: Any
    path: Path = ()

    @property
    def given(self) -> bool:
        """Whether anything stands there; null is nothing."""
        return self.value is not _ABSENT and self.value is not None

    def at(self, *parts: str) -> RawValue:
        """The value below; absent where there is none."""
        here = self
        for part in parts:
            inside = here.value.get(part, _ABSENT) if isinstance(here.value, dict) else _ABSENT
            here = RawValue(inside, (*here.path, part))
        return here

    def named(self) -> list[tuple[str, RawValue]]:
        """The entries of a mapping; none for anything else."""
        return (
            [(name, self.at(name)) for name in self.value] if isinstance(self.value, dict) else []
        )

    def listed(self) -> list[RawValue]:
        """The entries of a list; none for anything else."""
        if not isinstance(self.value, list):
            return []
        return [RawValue(value, (*self.path, index)) for index, value in enumerate(self.value)]

    def text(self, default: str | None = None) -> str | None:
        """Text as it stands."""
        return self._read(default, lambda value: value if isinstance(value, str) else None)

    def number(self, default: float | None = None) -> float | None:
        """A whole or decimal number."""
        return self._read(default, _number)

    def flag(self, default: bool | None = None) -> bool | None:
        """True or false."""
        return self._read(default, lambda value: value if isinstance(value, bool) else None)

    def share(self, default: float | None = None) -> float | None:
        """A part of the whole, from a number or a percentage."""
        return self._read(default, _parsed(units.parse_share))

    def rate_per_s(self, default: float | None = None) -> float | None:
        """A rate, per second."""
        return self._read(default, _parsed(units.parse_rate))

    def duration_ns(self, default: int | None = None) -> int | None:
        """A duration above 0, in nanoseconds."""
        return self._read(default, _parsed(units.parse_duration)) or None

    def violation(self, rule: str, remedy: str, *, on_key: bool = False) -> Violation:
        """A violation of this value."""
        return Violation(
            self.path, rule, remedy, on_key=on_key, shows_value=self.given and not on_key
        )

    def _read(self, default: T | None, reader: Callable[[Any], T | None]) -> T | None:
        return default if self.value is _ABSENT else reader(self.value)


def default_of(model: type[Description], field: str) -> Any:
    """What the field is where a file does not say."""
    return model.model_fields[field].default


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _parsed(parse: Callable[[object], T]) -> Callable[[Any], T | None]:
    def read(value: Any) -> T | None:
        try:
            return parse(value)
        except InvalidInput:
            return None

    return read
