"""Random words and tables inside compiled code: the same bits as simab.draws and QuantileTable.

All arithmetic is on 64-bit words. The one thing that NumPy's types lack, the upper half of a
128-bit product, is one LLVM multiplication. Choices are made without branches: a processor guesses
the way of a random branch wrongly half of the time, which costs more than the arithmetic.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from simab.draws import LOG_2, LOG_TERMS, PARITY, ROOT_HALF, ROTATIONS
from simab.profiles.quantile_table import CELLS_PER_OCTAVE, OCTAVES

__all__ = [
    "INSIDE",
    "NOT_FROM_PYTHON",
    "OPTIONS",
    "bit_length",
    "draw_from_table",
    "exponential_of",
    "high_product",
    "own_word",
    "part_of",
    "threefry",
    "unit_of",
    "words_of",
]

OPTIONS: Final[dict[str, Any]] = {
    # 0 / 0 cannot happen, so there is nothing to raise
    "error_model": "numpy",
    # The arrays belong to Python for as long as the kernel runs. Counting references to them at
    # every use costs three times as much as all the rest.
    "_nrt": False,
    "no_cfunc_wrapper": True,  # nobody calls it from C
}
"""Of compiled functions that Python calls."""
NOT_FROM_PYTHON: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Of those that only compiled code calls; a call from Python would end the process.

Numba otherwise compiles two more functions for each, which take 40 arrays out of Python's objects:
30 % of the time that the kernel took to compile.
"""
INSIDE: Final[dict[str, Any]] = OPTIONS | NOT_FROM_PYTHON
"""Both: of functions within the kernel."""

_PARITY = np.uint64(PARITY)
_ZERO = np.uint64(0)
_ALL_BITS = np.uint64(64)
_ROTATIONS = tuple((np.uint64(left), np.uint64(right)) for left, right in ROTATIONS)
_FIRST_FOUR, _LAST_FOUR = _ROTATIONS[:4], _ROTATIONS[4:]
_CELL_BITS = CELLS_PER_OCTAVE.bit_length() - 1
_CELL_SHIFT = np.uint64(63 - _CELL_BITS)
_CELL_MASK = np.uint64(CELLS_PER_OCTAVE - 1)
_REST_SHIFT = np.uint64(_CELL_BITS + 1)
_OCTAVES = np.uint64(OCTAVES)
_CELLS = np.uint64(CELLS_PER_OCTAVE)
_LAST_EDGE = np.uint64(OCTAVES * CELLS_PER_OCTAVE)
_ONE = np.uint64(1)
_FEW = 8
_UNIT_SHIFT = np.uint64(12)
_UNIT_BITS = np.int64(53)
_UNIT = 2.0**-53
_LOG_2, _ROOT_HALF = LOG_2, ROOT_HALF
_LOG_TERMS = np.array(LOG_TERMS)


@intrinsic
def high_product(context: Any, a: Any, b: Any) -> Any:  # noqa: ARG001 - Numba passes its context
    """Upper 64 bits of the product of two unsigned words."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        wide = ir.IntType(128)
        left, right = (builder.zext(argument, wide) for argument in arguments)
        product = builder.mul(left, right)
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def _leading_zeros(context: Any, a: Any) -> Any:  # noqa: ARG001 - Numba passes its context
    """Leading zero bits of an unsigned word; 64 for 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@njit(forceinline=True, **INSIDE)
def bit_length(value):
    """Python's int.bit_length of a whole number of at least 0."""
    return np.int64(64) - np.int64(_leading_zeros(np.uint64(value)))


@njit(forceinline=True, **INSIDE)
def threefry(entity, purpose, stream, attempt, key_0, key_1):
    """simab.draws.threefry_block with the key (key_0, key_1, 0, 0); all words are uint64.

    Sums, rotations and exclusive or alone, of which a processor does several in one instruction
    where a loop goes over many entities. A compiler sees this only where rounds are written out.
    """
    key_4 = _PARITY ^ key_0 ^ key_1
    words = entity + key_0, purpose + key_1, stream, attempt
    words = _add(_four_rounds(words, _FIRST_FOUR), key_1, _ZERO, _ZERO, key_4 + np.uint64(1))
    words = _add(_four_rounds(words, _LAST_FOUR), _ZERO, _ZERO, key_4, key_0 + np.uint64(2))
    words = _add(_four_rounds(words, _FIRST_FOUR), _ZERO, key_4, key_0, key_1 + np.uint64(3))
    words = _add(_four_rounds(words, _LAST_FOUR), key_4, key_0, key_1, np.uint64(4))
    return _add(_four_rounds(words, _FIRST_FOUR), key_0, key_1, _ZERO, np.uint64(5))


@njit(**INSIDE)
def words_of(entity, purpose, stream, attempt, key_0, key_1):
    """The same, compiled once for all who ask for one entity: nothing costs more to compile."""
    return threefry(entity, purpose, stream, attempt, key_0, key_1)


@njit(forceinline=True, **INSIDE)
def _four_rounds(words, rotations):
    """Rounds of Threefry4x64 between two additions of its key."""
    word_0, word_1, word_2, word_3 = words
    word_0, word_1 = _mix(word_0, word_1, rotations[0][0])
    word_2, word_3 = _mix(word_2, word_3, rotations[0][1])
    word_0, word_3 = _mix(word_0, word_3, rotations[1][0])
    word_2, word_1 = _mix(word_2, word_1, rotations[1][1])
    word_0, word_1 = _mix(word_0, word_1, rotations[2][0])
    word_2, word_3 = _mix(word_2, word_3, rotations[2][1])
    word_0, word_3 = _mix(word_0, word_3, rotations[3][0])
    word_2, word_1 = _mix(word_2, word_1, rotations[3][1])
    return word_0, word_1, word_2, word_3


@njit(forceinline=True, **INSIDE)
def _mix(left, right, bits):
    """Two words: their sum, and the second rotated and combined with it."""
    left += right
    return left, ((right << bits) | (right >> (_ALL_BITS - bits))) ^ left


@njit(forceinline=True, **INSIDE)
def _add(words, key_0, key_1, key_2, key_3):
    return words[0] + key_0, words[1] + key_1, words[2] + key_2, words[3] + key_3


@njit(forceinline=True, **INSIDE)
def own_word(word, salt):
    """simab.draws.own_word."""
    word ^= salt
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(forceinline=True, **INSIDE)
def unit_of(word):
    """simab.draws.unit_of."""
    return np.float64((np.int64(word >> _UNIT_SHIFT) << 1) + 1) * _UNIT


@njit(forceinline=True, **INSIDE)
def exponential_of(word):
    """simab.draws.exponential_of."""
    odd = (np.int64(word >> _UNIT_SHIFT) << 1) + 1
    bits = np.int64(bit_length(odd))
    fraction, octave = np.float64(odd) / np.float64(np.int64(1) << bits), bits - _UNIT_BITS
    if fraction < _ROOT_HALF:
        fraction, octave = fraction * 2.0, octave - 1
    ratio = (fraction - 1.0) / (fraction + 1.0)
    square, series = ratio * ratio, 0.0
    for place in range(len(_LOG_TERMS)):
        series = series * square + _LOG_TERMS[len(_LOG_TERMS) - 1 - place]
    return -(ratio * series + np.float64(octave) * _LOG_2)


@njit(forceinline=True, **INSIDE)
def draw_from_table(tables, table, word):
    """QuantileTable.draw: the value whose survival probability is word / 2**64."""
    octave = _leading_zeros(word)
    row = tables[np.uint64(table)]
    if octave >= _OCTAVES:
        return row[_LAST_EDGE]
    normalised = word << octave
    from_below = (normalised >> _CELL_SHIFT) & _CELL_MASK
    cell = octave * _CELLS + _CELLS - _ONE - from_below
    fraction = ~(normalised << _REST_SHIFT)
    low = row[cell]
    step = np.uint64(row[cell + _ONE] - low)
    return low + np.int64(high_product(step, fraction))


@njit(forceinline=True, **INSIDE)
def part_of(thresholds, first, last, word):
    """numpy.searchsorted(thresholds[first:last], word, side="right")."""
    count = last - first
    if count <= _FEW:
        part = np.int64(0)
        for place in range(first, last):
            part += np.int64(thresholds[np.uint64(place)] <= word)
        return part
    low = first
    while count > 1:
        half = count >> 1
        low += half * np.int64(thresholds[np.uint64(low + half - 1)] <= word)
        count -= half
    return low - first + np.int64(thresholds[np.uint64(low)] <= word)
