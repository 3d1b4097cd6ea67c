"""How strongly something acts over time: from 0, not at all, to 1, in full, in straight pieces."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.rate_curve import Knot

__all__ = ["CHANCE_BITS", "Strength", "happens", "lasting", "values_at"]

CHANCE_BITS: Final = 53
"""A probability that changes over time is compared with so many bits of a word."""


@dataclass(frozen=True, eq=False)
class Strength:
    """A share of time: `knots` rise from 0, and the last, at the end of a run, ends the curve."""

    knots: tuple[Knot, ...]

    @cached_property
    def slopes(self) -> tuple[float, ...]:
        """By how much it rises in a nanosecond, after each knot."""
        rises = [
            (knot.end - knot.start) / (after.at_ns - knot.at_ns)
            for knot, after in pairwise(self.knots)
        ]
        return (*rises, 0.0)

    def at(self, at_ns: int) -> float:
        """What it is at an instant before the end; 0 from there on."""
        place = bisect_right(self.knots, at_ns, key=lambda knot: knot.at_ns) - 1
        if place == len(self.knots) - 1:
            return 0.0
        knot = self.knots[place]
        return knot.start + self.slopes[place] * float(at_ns - knot.at_ns)


def lasting(knots: Sequence[Knot]) -> tuple[Knot, ...]:
    """Of a curve what is still there at its end: at each instant, at most its last value."""
    level, found = knots[-2].end, []
    for knot, after in pairwise(knots):
        low, high = sorted((knot.start, knot.end))
        if low < level < high:
            share = (level - knot.start) / (knot.end - knot.start)
            crosses_ns = knot.at_ns + round(share * (after.at_ns - knot.at_ns))
            if knot.at_ns < crosses_ns < after.at_ns:
                found.append(Knot(knot.at_ns, min(knot.start, level), level))
                found.append(Knot(crosses_ns, level, min(knot.end, level)))
                continue
        found.append(Knot(knot.at_ns, min(knot.start, level), min(knot.end, level)))
    return (*found, knots[-1])


def values_at(knots: Sequence[Knot], times_ns: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a curve of straight pieces is at many instants before its end; 0 from there on."""
    edges = np.array([knot.at_ns for knot in knots])
    starts = np.array([knot.start for knot in knots])
    rises = np.array([knot.end - knot.start for knot in knots]) / np.append(np.diff(edges), 1)
    place = np.searchsorted(edges, times_ns, side="right") - 1
    found: NDArray[np.float64] = starts[place] + rises[place] * (times_ns - edges[place])
    return np.where(times_ns < edges[-1], found, 0.0)


def happens(word: int, probability: float) -> bool:
    """Whether what has this probability happens, by a 64-bit word; to 2**-53."""
    return word >> 64 - CHANCE_BITS < int(probability * float(1 << CHANCE_BITS))
