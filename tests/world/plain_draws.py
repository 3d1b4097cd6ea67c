"""simab.world.compiled.draws in Python's whole numbers, for copies of the kernel that Python plays.

Words that NumPy's scalars carry take ten times as long. The words of a run are kept: all copies
play the same runs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from simab.draws import exponential_of, own_word, threefry_block, unit_of
from simab.profiles.quantile_table import CELLS_PER_OCTAVE, OCTAVES

__all__ = [
    "INSIDE",
    "NOT_FROM_PYTHON",
    "OPTIONS",
    "bit_length",
    "draw_from_table",
    "exponential_of",
    "high_product",
    "njit",
    "own_word",
    "part_of",
    "threefry",
    "unit_of",
    "words_of",
]

OPTIONS: dict[str, Any] = {}
NOT_FROM_PYTHON: dict[str, Any] = {}
INSIDE: dict[str, Any] = {}
_AT_ONCE = 16
_WORD = (1 << 64) - 1
_CELL_BITS = CELLS_PER_OCTAVE.bit_length() - 1
_CELL_SHIFT, _CELL_MASK, _REST_SHIFT = 63 - _CELL_BITS, CELLS_PER_OCTAVE - 1, _CELL_BITS + 1
_LAST_EDGE = OCTAVES * CELLS_PER_OCTAVE


def njit(function: Any = None, **_: Any) -> Any:
    """In the place of Numba's: a function is left as it is."""
    return function if function is not None else _same


def _same(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def high_product(a: int, b: int) -> int:
    """Upper 64 bits of the product of two words."""
    return a * b >> 64


def bit_length(value: int) -> int:
    """As a function."""
    return value.bit_length()


def threefry(
    entity: int, purpose: int, stream: int, attempt: int, key_0: int, key_1: int
) -> tuple[int, int, int, int]:
    """simab.draws.threefry_block with the key (key_0, key_1, 0, 0)."""
    group = _group(entity // _AT_ONCE, purpose, stream, attempt, key_0, key_1)
    return group[entity % _AT_ONCE]


words_of = threefry


@lru_cache(maxsize=20_000)
def _group(
    number: int, purpose: int, stream: int, attempt: int, key_0: int, key_1: int
) -> list[tuple[int, int, int, int]]:
    """The words of neighbours, drawn together."""
    entities = np.arange(_AT_ONCE, dtype=np.uint64) + np.uint64(number * _AT_ONCE)
    rows = threefry_block((entities, purpose, stream, attempt), (key_0, key_1, 0, 0))
    return list(zip(*(row.tolist() for row in rows), strict=True))


def draw_from_table(tables: memoryview, table: int, word: int) -> int:
    """QuantileTable.draw."""
    octave = 64 - word.bit_length()
    if octave >= OCTAVES:
        return tables[table, _LAST_EDGE]
    normalised = word << octave & _WORD
    cell = (octave + 1) * CELLS_PER_OCTAVE - 1 - (normalised >> _CELL_SHIFT & _CELL_MASK)
    fraction = ~(normalised << _REST_SHIFT) & _WORD
    low = tables[table, cell]
    return low + ((tables[table, cell + 1] - low) * fraction >> 64)


def part_of(thresholds: Sequence[int], first: int, last: int, word: int) -> int:
    """numpy.searchsorted(thresholds[first:last], word, side="right")."""
    return bisect_right(thresholds, word, first, last) - first
