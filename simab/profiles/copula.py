"""Words that are correlated by a Gaussian copula, each by itself as evenly spread as any.

A word stands for a standard normal value, which is a sum of a shared one and one of its own, and
the sum stands for a word again. All by tables and whole numbers, so that the bits of the result do
not depend on a machine's functions.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.normal_quantiles import normal_quantiles
from simab.profiles.quantile_table import CELLS_PER_OCTAVE, OCTAVES, SURVIVAL, QuantileTable
from simab.profiles.wide_products import high_products
from simab.stats.fixed_arrays import fixed

__all__ = ["correlated"]

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]
_UNIT: Final = 2.0**40  # of a normal value
_SCALE_BITS: Final = 16  # of what a value is multiplied by: 46 bits and 16 fit into 63
_TOP: Final = np.uint64(63)
_ONE: Final = np.uint64(1)
_FIRST_WIDTH_BITS: Final = np.uint64(63) - np.uint64(CELLS_PER_OCTAVE.bit_length())
_LARGEST_FRACTION: Final = 2.0**53 - 1.0


def correlated(shared: Words, own: Words, correlation: float) -> Words:
    """Words whose normal values have this correlation with others of the same `shared` words.

    At 1 they are the shared words, at 0 their own.
    """
    if correlation == 1.0:
        return shared
    if correlation == 0.0:
        return own
    common = round(math.sqrt(correlation) * (1 << _SCALE_BITS))
    rest = round(math.sqrt(1.0 - correlation) * (1 << _SCALE_BITS))
    return _words_of(_normal(shared) * common + _normal(own) * rest >> _SCALE_BITS)


def _normal(words: Words) -> Integers:
    """The standard normal values of words: the smaller a word, the larger its value."""
    below = words >> _TOP > 0
    sizes = _half_normal().draws(np.where(below, ~words, words) << _ONE)
    return np.where(below, -sizes, sizes)


def _words_of(values: Integers) -> Words:
    """The words of normal values, within a cell of the table on straight lines."""
    edges, sizes = _half_normal().edges, np.abs(values)
    cells = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, len(edges) - 2)
    low, high = edges[cells], edges[cells + 1]
    parts = (np.minimum(sizes, high) - low) / np.maximum(high - low, 1)
    octaves, steps = (each.astype(np.uint64) for each in np.divmod(cells, CELLS_PER_OCTAVE))
    # Of words below 2**63 a cell of octave k begins at 2**63 (1 - step / 512) / 2**k.
    widths = _ONE << _FIRST_WIDTH_BITS - octaves
    starts = (np.uint64(2 * CELLS_PER_OCTAVE) - steps) * widths
    fractions = np.minimum(parts * 2.0**53, _LARGEST_FRACTION).astype(np.uint64)
    inside = high_products(fractions << np.uint64(64 - 53), widths)
    words = starts - inside - _ONE
    return np.where(values < 0, ~words, words)


@cache
def _half_normal() -> QuantileTable:
    """Sizes of standard normal values, in units of 2**-40, by the chance of a larger one.

    As a chance of s is one of s / 2 of the normal law, an octave of its quantiles further on; the
    last octave, of one value in 10**12, has the largest that there is.
    """
    above = -normal_quantiles(SURVIVAL)[CELLS_PER_OCTAVE:]
    values = np.append(above, np.full(CELLS_PER_OCTAVE, above[-1]))
    assert len(values) == OCTAVES * CELLS_PER_OCTAVE + 1
    edges = np.rint(values * _UNIT).astype(np.int64)
    edges[0] = 0
    return QuantileTable(fixed(edges))
