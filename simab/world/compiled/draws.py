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

from simab.draws import LOG_2, LOG_TERMS, ROOT_HALF
from simab.profiles.quantile_table import CELLS_PER_OCTAVE, OCTAVES

__all__ = [
    "OPTIONS",
    "bit_length",
    "draw_from_table",
    "exponential_of",
    "high_product",
    "own_word",
    "part_of",
    "philox",
    "philox_in_halves",
    "unit_of",
]

OPTIONS: Final[dict[str, Any]] = {
    # 0 / 0 cannot happen, so there is nothing to raise
    "error_model": "numpy",
    # The arrays belong to Python for as long as the kernel runs. Counting references to them at
    # every use costs three times as much as all the rest.
    "_nrt": False,
}

_M0 = np.uint64(0xD2E7470EE14C6C93)
_M1 = np.uint64(0xCA5A826395121157)
_W0 = np.uint64(0x9E3779B97F4A7C15)
_W1 = np.uint64(0xBB67AE8584CAA73B)
_HALF = np.uint64(0xFFFFFFFF)
_HALF_BITS = np.uint64(32)
_M0_HIGH, _M0_LOW = _M0 >> _HALF_BITS, _M0 & _HALF
_M1_HIGH, _M1_LOW = _M1 >> _HALF_BITS, _M1 & _HALF
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


@njit(forceinline=True, **OPTIONS)
def bit_length(value):
    """Python's int.bit_length of a whole number of at least 0."""
    return np.int64(64) - np.int64(_leading_zeros(np.uint64(value)))


@njit(forceinline=True, **OPTIONS)
def philox(entity, purpose, stream, attempt, key_0, key_1):
    """One Philox4x64-10 block; all arguments and words are uint64."""
    word_0, word_1, word_2, word_3 = entity, purpose, stream, attempt
    for _ in range(10):
        high_0 = high_product(_M0, word_0)
        low_0 = _M0 * word_0
        high_1 = high_product(_M1, word_2)
        low_1 = _M1 * word_2
        word_0 = high_1 ^ word_1 ^ key_0
        word_1 = low_1
        word_2 = high_0 ^ word_3 ^ key_1
        word_3 = low_0
        key_0 += _W0
        key_1 += _W1
    return word_0, word_1, word_2, word_3


@njit(forceinline=True, **OPTIONS)
def philox_in_halves(entity, purpose, stream, attempt, key_0, key_1):
    """The same block as `philox`, for loops over many entities.

    All products are of 32-bit halves, of which a processor does eight in one instruction; that of
    64 bits it does one at a time. A compiler sees this only where the rounds are written out.
    """
    word_0, word_1, word_2, word_3 = entity, purpose, stream, attempt
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    word_0, word_1, word_2, word_3 = _round(word_0, word_1, word_2, word_3, key_0, key_1)
    key_0, key_1 = key_0 + _W0, key_1 + _W1
    return _round(word_0, word_1, word_2, word_3, key_0, key_1)


@njit(forceinline=True, **OPTIONS)
def _round(word_0, word_1, word_2, word_3, key_0, key_1):
    """One of the ten rounds of Philox4x64."""
    high_0, low_0 = _product(_M0_HIGH, _M0_LOW, word_0)
    high_1, low_1 = _product(_M1_HIGH, _M1_LOW, word_2)
    return high_1 ^ word_1 ^ key_0, low_1, high_0 ^ word_3 ^ key_1, low_0


@njit(forceinline=True, **OPTIONS)
def _product(high, low, word):
    """Upper and lower 64 bits of (high * 2**32 + low) * word."""
    word_low, word_high = word & _HALF, word >> _HALF_BITS
    lowest = low * word_low
    middle = high * word_low + (lowest >> _HALF_BITS)
    cross = low * word_high + (middle & _HALF)
    upper = high * word_high + (middle >> _HALF_BITS) + (cross >> _HALF_BITS)
    return upper, (cross << _HALF_BITS) | (lowest & _HALF)


@njit(forceinline=True, **OPTIONS)
def own_word(word, salt):
    """simab.draws.own_word."""
    word ^= salt
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@njit(forceinline=True, **OPTIONS)
def unit_of(word):
    """simab.draws.unit_of."""
    return np.float64((np.int64(word >> _UNIT_SHIFT) << 1) + 1) * _UNIT


@njit(forceinline=True, **OPTIONS)
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


@njit(forceinline=True, **OPTIONS)
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


@njit(forceinline=True, **OPTIONS)
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
