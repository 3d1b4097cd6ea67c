"""Copies of the kernel's modules, perhaps with a fault in one, which Python plays as they are.

To compile a copy takes longer than all its runs. To be quick in Python a copy has small blocks of
requests, takes Python's whole numbers for its words and numbers, and memory views for its arrays.
No fault is planted in the kernel's `draws`, in whose place is `plain_draws`: what those functions
compute is compared word by word in test_engines_arithmetic.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simab.draws import LANES
from simab.world.compiled import kernel, plane, streams
from tests.world import plain_draws

__all__ = ["Copies", "Copy", "playing"]

BLOCK = 2 * LANES
COPIED = (
    "kernel",
    "arrivals",
    "booking",
    "changing",
    "choosing",
    "instances",
    "label_counts",
    "label_course",
    "log",
    "outcomes",
    "preparing",
    "remembering",
    "serving",
    "streams",
    "ticks",
)
# What a copy has in the place of a text that every copy has, beside its fault: the arithmetic
# of Numba's types is that of whole numbers, but for words that wrap around, in `plain_draws`.
PLAIN = {
    "from numba import njit\n": f"from {plain_draws.__name__} import njit\n",
    "from simab.world.compiled.draws import": f"from {plain_draws.__name__} import",
    f"BLOCK: Final = {streams.BLOCK}\n": f"BLOCK: Final = {BLOCK}\n",
    "streams[segment].delays_ns[:] = NEVER": (
        "for place in range(BLOCK): streams[segment].delays_ns[place] = NEVER"
    ),
    "np.uint64(": "(",
    "np.int64(": "int(",
}
numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Copy:
    """What the plane takes of a copy."""

    advance: Callable[..., int]
    streams_of: Callable[..., Any]


class Copies:
    """Copies in a folder from which Python imports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._package = f"planted_{next(numbers)}"

    def with_fault(self, old: str, new: str) -> Copy:
        """The kernel with one text in the place of another, which it has once."""
        sources = {
            name: Path(kernel.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
            for name in COPIED
        }
        assert sum(source.count(old) for source in sources.values()) == 1, f"no longer: {old}"
        for text in PLAIN:
            assert any(text in source for source in sources.values()), f"no longer: {text}"
        package = f"{self._package}_{next(numbers)}"
        (self._folder / package).mkdir()
        for name, source in sources.items():
            text = self._plain(source.replace(old, new), package)
            (self._folder / package / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        altered = importlib.import_module(f"{package}.kernel")
        streams_of = importlib.import_module(f"{package}.streams").streams_of
        return Copy(with_plain_state(altered.advance), streams_of)

    def forget(self) -> None:
        """Let Python forget the modules."""
        for name in [name for name in sys.modules if name.startswith(self._package)]:
            del sys.modules[name]

    def _plain(self, source: str, package: str) -> str:
        for copied in COPIED:
            source = source.replace(
                f"from simab.world.compiled.{copied} import", f"from {package}.{copied} import"
            )
        for text, plain in PLAIN.items():
            source = source.replace(text, plain)
        return source


@contextmanager
def playing(copy: Copy) -> Iterator[None]:
    """Let the compiled plane use a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plane, "advance", copy.advance)
        patch.setattr(plane, "streams_of", copy.streams_of)
        patch.setattr(plane, "BLOCK", BLOCK)
        yield


def with_plain_state(advance: Callable[..., int]) -> Callable[..., int]:
    """The kernel for arrays as Numba takes them; what it was called with last is at hand."""
    known: dict[int, tuple[Any, Any]] = {}

    def call(until_ns: int, *state: Any) -> int:
        for number, part in enumerate(state):
            if number not in known or known[number][0] is not part:
                known[number] = part, _plain_of(part)
        parts = [known[number][1] for number in range(len(state))]
        for part in parts:
            if isinstance(part, Segments):
                part.read()
        reason = advance(until_ns, *parts)
        for part in parts:
            if isinstance(part, Segments | Log):
                part.write_back()
        return reason

    return call


def _plain_of(part: Any) -> Any:
    if hasattr(part, "_fields"):
        return part._replace(**{name: _plain_of(getattr(part, name)) for name in part._fields})
    if isinstance(part, np.generic):
        return part.item()
    if not isinstance(part, np.ndarray):
        return part
    if part.dtype == plane.LOG_ROW:
        return Log(part)
    if not part.dtype.names:
        return memoryview(part)  # type: ignore[arg-type]
    if any(part.dtype[name].shape for name in part.dtype.names):
        return Segments(part)
    return [Record(dict(zip(part.dtype.names, row.item(), strict=True))) for row in part]


class Record:
    """Fields as attributes."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)


class Segments(list[Record]):
    """Records that hold arrays, and numbers that go back and forth between calls."""

    def __init__(self, records: np.ndarray) -> None:
        self._records = records
        names = records.dtype.names or ()
        self._numbers = [name for name in names if not records.dtype[name].shape]
        arrays = [name for name in names if name not in self._numbers]
        super().__init__(
            Record({name: _array_of(record[name]) for name in arrays}) for record in records
        )

    def read(self) -> None:
        """The numbers."""
        for name in self._numbers:
            for segment, number in zip(self, self._records[name].tolist(), strict=True):
                setattr(segment, name, number)

    def write_back(self) -> None:
        """The numbers."""
        for name in self._numbers:
            self._records[name] = [getattr(segment, name) for segment in self]


class Rows:
    """A view of a table, whose rows are views as well."""

    def __init__(self, table: np.ndarray) -> None:
        self._whole, self._rows = memoryview(table), [memoryview(row) for row in table]

    def __getitem__(self, place: Any) -> Any:
        return self._whole[place] if isinstance(place, tuple) else self._rows[place]

    def __setitem__(self, place: tuple[int, int], word: int) -> None:
        self._whole[place] = word


def _array_of(array: np.ndarray) -> memoryview | Rows:
    return memoryview(array) if array.ndim == 1 else Rows(array)


class Log:
    """Rows that are written when the kernel has done."""

    def __init__(self, rows: np.ndarray) -> None:
        self.shape = rows.shape
        self._names = rows.dtype.names or ()
        self._table = rows.view(np.int64).reshape(len(rows), len(self._names))
        self._written: dict[int, Record] = {}

    def __getitem__(self, number: int) -> Record:
        if number not in self._written:
            self._written[number] = Record(
                dict(zip(self._names, self._table[number].tolist(), strict=True))
            )
        return self._written[number]

    def write_back(self) -> None:
        """What was written."""
        if self._written:
            rows = [[getattr(row, name) for name in self._names] for row in self._written.values()]
            self._table[list(self._written)] = rows
            self._written.clear()
