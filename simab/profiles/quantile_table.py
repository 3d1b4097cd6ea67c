"""A distribution as a table of quantiles, drawn from by one 64-bit word in integer arithmetic.

The table *is* the distribution: both data planes draw from it with the same multiply and shift, so
a draw has the same bits whatever the machine's `exp` and `log` do. Cells are fine where the tail
is: each halving of the survival probability (an octave) has its own 256 equal cells, 40 octaves
deep (one request in 10**12). Within a cell the quantile function is a straight line. For an
exponential the largest error is 2e-6 of the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.profiles.wide_products import high_products
from simab.stats.fixed_arrays import fixed

__all__ = ["CELLS_PER_OCTAVE", "FIRST_CELL", "OCTAVES", "RAREST", "SURVIVAL", "QuantileTable"]

OCTAVES: Final = 40
_CELL_BITS: Final = 8
CELLS_PER_OCTAVE: Final = 1 << _CELL_BITS
_WORD: Final = (1 << 64) - 1
_LARGEST: Final = float(1 << 62)


def _survival_at_edges() -> NDArray[np.float64]:
    octave = np.repeat(np.arange(OCTAVES), CELLS_PER_OCTAVE)
    step = np.tile(np.arange(CELLS_PER_OCTAVE), OCTAVES)
    edges = 2.0**-octave * (1.0 - step / (2 * CELLS_PER_OCTAVE))
    return np.append(edges, 2.0**-OCTAVES)


SURVIVAL: Final = _survival_at_edges()
"""The survival probabilities at the edges of the cells, falling; every table has these."""
FIRST_CELL: Final = 1.0 - (np.arange(256) + 0.5) / (256 * 2 * CELLS_PER_OCTAVE)
"""Survival probabilities spread over the first cell, whose mean is taken from them."""
RAREST: Final = SURVIVAL[-1:]
"""The survival probability of the largest value alone."""


@dataclass(frozen=True, eq=False)
class QuantileTable:
    """Quantiles at the cell edges, rising; `edges` has shape (40 * 256 + 1,), dtype int64."""

    edges: NDArray[np.int64]

    @classmethod
    def build(
        cls, quantile_of_survival: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> QuantileTable:
        """Tabulate a quantile function, given as a function of the survival probability 1 - p.

        Raises:
            InvalidInput: a quantile is negative, not finite, falls, or is beyond 2**62.
        """
        values = np.asarray(quantile_of_survival(SURVIVAL), dtype=np.float64)
        if not np.all(np.isfinite(values)) or values.min() < 0 or values.max() > _LARGEST:
            raise InvalidInput(
                "the distribution has values that are negative or too large to simulate; "
                "give a smaller spread"
            )
        # The first cell ends at 1 / 512: there the line starts where it has the cell's true mean.
        first_cell = quantile_of_survival(FIRST_CELL)
        values[0] = np.clip(2 * first_cell.mean() - values[1], values[0], values[1])
        edges = np.maximum.accumulate(np.rint(values).astype(np.int64))
        return cls(fixed(edges))

    def survival(self, value_ns: int) -> float:
        """The chance that a draw is longer than `value_ns`; within a cell, a straight line."""
        cell = int(np.searchsorted(self.edges, value_ns, side="right")) - 1
        if cell < 0:
            return 1.0
        if cell == len(self.edges) - 1:
            return 0.0
        low, high = self.edges[cell : cell + 2].tolist()
        inside = (value_ns - low) / (high - low)
        return float(SURVIVAL[cell] + inside * (SURVIVAL[cell + 1] - SURVIVAL[cell]))

    def draw(self, word: int) -> int:
        """The value whose survival probability is word / 2**64."""
        octave = 64 - word.bit_length()
        if octave >= OCTAVES:
            return int(self.edges[-1])
        normalised = word << octave & _WORD
        cell_from_below = normalised >> 63 - _CELL_BITS & CELLS_PER_OCTAVE - 1
        cell = octave * CELLS_PER_OCTAVE + CELLS_PER_OCTAVE - 1 - cell_from_below
        fraction = ~(normalised << _CELL_BITS + 1) & _WORD
        low = int(self.edges[cell])
        return low + ((int(self.edges[cell + 1]) - low) * fraction >> 64)

    def draws(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The same of many words."""
        lengths = np.zeros(len(words), dtype=np.int64)
        rest = words.copy()
        for step in (32, 16, 8, 4, 2, 1):
            longer = rest >> np.uint64(step) > 0
            lengths += longer * step
            rest = np.where(longer, rest >> np.uint64(step), rest)
        octaves = np.where(words > 0, 63 - lengths, 64)
        deep = octaves >= OCTAVES
        octaves = np.where(deep, 0, octaves)
        normalised = words << octaves.astype(np.uint64)
        from_below = normalised >> np.uint64(63 - _CELL_BITS) & np.uint64(CELLS_PER_OCTAVE - 1)
        cells = octaves * CELLS_PER_OCTAVE + CELLS_PER_OCTAVE - 1 - from_below.astype(np.int64)
        fractions = ~(normalised << np.uint64(_CELL_BITS + 1))
        low = self.edges[cells]
        inside = high_products(fractions, (self.edges[cells + 1] - low).astype(np.uint64))
        drawn: NDArray[np.int64] = np.where(deep, self.edges[-1], low + inside.astype(np.int64))
        return drawn

    @cached_property
    def mean(self) -> float:
        """Mean of the tabulated distribution."""
        low, high, mass = self.pieces()
        return fsum((mass * ((low + high) / 2)).tolist())

    @cached_property
    def squared_coefficient_of_variation(self) -> float:
        """Variance over squared mean of the tabulated distribution."""
        mean = self.mean
        if mean == 0:
            return 0.0
        low, high, mass = self.pieces()
        start, end = low / mean, high / mean
        second = fsum((mass * ((start * start + start * end + end * end) / 3)).tolist())
        return max(second - 1.0, 0.0)

    def quantile(self, probability: float) -> float:
        """The value below which a draw falls with `probability`."""
        return float(np.interp(-(1.0 - probability), -SURVIVAL, self.edges))

    def mean_shortfall(self, limit: int) -> float:
        """How far a draw falls short of `limit` on average; not at all where it is above."""
        low, high, mass = (each.astype(np.float64) for each in self.pieces())
        reached = np.clip(float(limit), low, high)
        inside = np.divide(reached - low, high - low, out=np.ones(len(low)), where=high > low)
        short = (float(limit) - (low + reached) / 2.0) * inside
        return fsum((mass * np.where(float(limit) > low, short, 0.0)).tolist())

    def survival_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times in ns that rise from 0, and the probability of a longer draw at each."""
        edges, first = np.unique(self.edges, return_index=True)
        # Where many edges fall together the distribution jumps: before it, and after it.
        last = np.append(first[1:], len(self.edges)) - 1
        times = np.concatenate([[0.0], np.repeat(edges.astype(np.float64), 2)])
        steps = np.column_stack([SURVIVAL[first], SURVIVAL[last]]).ravel()
        steps[-1] = 0.0
        return times, np.concatenate([[1.0], steps])

    def pieces(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The distribution as uniform pieces: lower end, upper end, mass; the tail is a point."""
        low, high = self.edges, np.append(self.edges[1:], self.edges[-1])
        return low, high, np.append(-np.diff(SURVIVAL), SURVIVAL[-1])
