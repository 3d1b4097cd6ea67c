"""How a rate changes over time, and arrivals at such a rate by exact inversion.

Arrivals of rate f(t) are arrivals of rate 1 in operational time, the integral of f (Cinlar 1975,
"Introduction to stochastic processes", section 4.7). A curve is made of straight pieces, so its
integral is a quadratic on each, and inverting it takes one root: sums, products, quotients and
roots alone, which IEEE 754 rounds in one way everywhere.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput

__all__ = [
    "BEYOND_NS",
    "TICKS_PER_NS",
    "Curve",
    "Knot",
    "RateCurve",
    "RateTooHigh",
    "product",
    "require_countable",
]

BEYOND_NS: Final = 1 << 62
"""After every run."""
TICKS_PER_NS: Final = 256
"""The resolution of operational time: gaps below a nanosecond add up."""
_LATEST: Final = float(1 << 63) * (1 - 2.0**-20)


class RateTooHigh(InvalidInput):
    """More operational time would pass in a run than can be counted."""


def require_countable(operational_ns: float, longest_gap_ticks: int = 0) -> None:
    """Make sure that so much operational time, and a gap beyond it, can be counted in ticks.

    Raises:
        RateTooHigh: it cannot.
    """
    if operational_ns * TICKS_PER_NS + longest_gap_ticks > _LATEST:
        raise RateTooHigh("the rate is too high for so long a time")


_OFF: Final = 1e-3
"""How far a product of two slopes may be off, as a part of its largest value there."""


class Knot(NamedTuple):
    """From `at_ns` on the factor goes straight from `start` to `end`, which is at the next knot."""

    at_ns: int
    start: float
    end: float


Curve = Sequence[Knot]
"""Knots that rise; the last ends the curve, and what it says of the factor is not asked for."""


@dataclass(frozen=True, eq=False)
class RateCurve:
    """A factor of a rate from 0 to the end of a run, and operational time for it.

    `knots` rise from 0; the last is the end.

    Raises:
        RateTooHigh: operational time would be too long to be counted.
    """

    knots: tuple[Knot, ...]

    def __post_init__(self) -> None:
        try:
            require_countable(self.total)
        except RateTooHigh as error:
            highest = max(max(knot.start, knot.end) for knot in self.knots)
            raise RateTooHigh(f"multiply the rate by up to {highest:.3g}: {error}") from None

    @cached_property
    def ticks(self) -> tuple[int, ...]:
        """Operational time at each knot, in ticks."""
        return tuple(int(area * TICKS_PER_NS) for area in self._areas)

    @cached_property
    def slopes(self) -> tuple[float, ...]:
        """By how many ticks a nanosecond the rate rises in a nanosecond, after each knot."""
        rises = [
            (knot.end - knot.start) * TICKS_PER_NS / (after.at_ns - knot.at_ns)
            for knot, after in pairwise(self.knots)
        ]
        return (*rises, 0.0)

    @property
    def levels(self) -> tuple[float, ...]:
        """Ticks a nanosecond just after each knot."""
        return tuple(knot.start * TICKS_PER_NS for knot in self.knots)

    @cached_property
    def total(self) -> float:
        """The integral of the factor, in ns."""
        return self._areas[-1]

    @property
    def mean(self) -> float:
        """The mean factor."""
        return self.total / self.knots[-1].at_ns

    def time_ns(self, ticks: int) -> int | None:
        """When so much operational time has passed; None where it has not at the end."""
        place = bisect_right(self.ticks, ticks) - 1
        if place == len(self.knots) - 1:
            return None
        inside = float(ticks - self.ticks[place])
        level, slope = self.levels[place], self.slopes[place]
        root = math.sqrt(max(level * level + 2.0 * slope * inside, 0.0))
        passed = int(2.0 * inside / (level + root)) if level + root > 0.0 else 0
        return min(self.knots[place].at_ns + passed, self.knots[place + 1].at_ns)

    def times_ns(self, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same for many; beyond every run where so much has not passed at the end."""
        knots, at_ns = np.array(self.ticks), np.array([knot.at_ns for knot in self.knots])
        places = np.searchsorted(knots, ticks, side="right") - 1
        ended = places == len(knots) - 1
        places = np.where(ended, 0, places)
        inside = (ticks - knots[places]).astype(np.float64)
        level, slope = np.array(self.levels)[places], np.array(self.slopes)[places]
        root = np.sqrt(np.maximum(level * level + 2.0 * slope * inside, 0.0))
        speed = level + root
        passed = np.divide(2.0 * inside, speed, out=np.zeros(len(ticks)), where=speed > 0.0)
        passed = np.minimum(passed, float(at_ns[-1]))  # of those beyond the end, which count not
        found = np.minimum(at_ns[places] + passed.astype(np.int64), at_ns[places + 1])
        return np.where(ended, np.int64(BEYOND_NS), found)

    def factor(self, at_ns: int) -> float:
        """The factor at an instant before the end."""
        knot, share = self._place(at_ns)
        return knot.start + (knot.end - knot.start) * share

    def passed_ns(self, at_ns: int) -> float:
        """The integral of the factor up to an instant before the end."""
        place = self._number(at_ns)
        knot, inside = self.knots[place], at_ns - self.knots[place].at_ns
        return self._areas[place] + inside * (knot.start + self.factor(at_ns)) / 2.0

    def mean_between(self, since_ns: int, until_ns: int) -> float:
        """The mean factor over a span."""
        end_ns = self.knots[-1].at_ns
        until = self.total if until_ns >= end_ns else self.passed_ns(until_ns)
        return (until - self.passed_ns(since_ns)) / (until_ns - since_ns)

    def means_over(self, starts_ns: NDArray[np.int64], span_ns: int) -> NDArray[np.float64]:
        """The mean factor over spans of the same length; they end with the curve at the latest."""
        return (self._passed(starts_ns + span_ns) - self._passed(starts_ns)) / span_ns

    def _passed(self, at_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """The integral of the factor up to instants from 0 to the end."""
        edges_ns = np.array([knot.at_ns for knot in self.knots])
        starts, ends = (np.array([knot[each] for knot in self.knots]) for each in (1, 2))
        places = np.clip(np.searchsorted(edges_ns, at_ns, side="right") - 1, 0, len(edges_ns) - 2)
        inside, lengths = at_ns - edges_ns[places], np.diff(edges_ns)[places]
        rises = (ends[places] - starts[places]) * inside / lengths
        found = np.array(self._areas)[places] + inside * (starts[places] + rises / 2.0)
        return np.asarray(found, dtype=np.float64)

    @cached_property
    def _areas(self) -> tuple[float, ...]:
        """The integral up to each knot."""
        found = [0.0]
        for knot, after in pairwise(self.knots):
            found.append(found[-1] + (after.at_ns - knot.at_ns) * ((knot.start + knot.end) / 2.0))
        return tuple(found)

    def _number(self, at_ns: int) -> int:
        return bisect_right(self.knots, at_ns, key=lambda knot: knot.at_ns) - 1

    def _place(self, at_ns: int) -> tuple[Knot, float]:
        """The knot before an instant, and how far it lies on the way to the next."""
        place = self._number(at_ns)
        knot, after = self.knots[place], self.knots[place + 1]
        return knot, (at_ns - knot.at_ns) / (after.at_ns - knot.at_ns)


def product(first: Curve, second: Curve) -> tuple[Knot, ...]:
    """One factor times the other.

    Where both slope their product is no straight line: it is cut into as many as keep within a
    thousandth of its largest value there.
    """
    found: list[Knot] = []
    edges = sorted({knot.at_ns for knot in (*first, *second)})
    for since_ns, until_ns in pairwise(edges):
        one, other = (_piece(curve, since_ns, until_ns) for curve in (first, second))
        parts = min(_straight_parts(one, other), until_ns - since_ns)
        bounds_ns = [since_ns + (until_ns - since_ns) * part // parts for part in range(parts + 1)]
        values = [
            _between(one, share) * _between(other, share)
            for share in ((at - since_ns) / (until_ns - since_ns) for at in bounds_ns)
        ]
        found += [
            Knot(at_ns, *ends) for at_ns, ends in zip(bounds_ns[:-1], pairwise(values), strict=True)
        ]
    return (*found, Knot(edges[-1], 0.0, 0.0))


def _straight_parts(one: tuple[float, float], other: tuple[float, float]) -> int:
    """Into how many equal parts the product of two straight lines is to be cut.

    A chord over one of n parts is off by a quarter of the product of both rises over n squared.
    """
    bend = (one[1] - one[0]) * (other[1] - other[0])
    if bend == 0.0:
        return 1
    largest = max(one[0] * other[0], one[1] * other[1])
    top = -(one[0] * (other[1] - other[0]) + other[0] * (one[1] - one[0])) / (2.0 * bend)
    if 0.0 < top < 1.0:
        largest = max(largest, _between(one, top) * _between(other, top))
    return max(1, math.ceil(math.sqrt(abs(bend) / (4.0 * _OFF * largest))))


def _between(ends: tuple[float, float], share: float) -> float:
    """On the straight line between two values; the ends to the bit."""
    if share in (0.0, 1.0):
        return ends[int(share)]
    return ends[0] + (ends[1] - ends[0]) * share


def _piece(curve: Curve, since_ns: int, until_ns: int) -> tuple[float, float]:
    """The factor at both ends of a span in which the curve has no knot."""
    place = bisect_right(curve, since_ns, key=lambda knot: knot.at_ns) - 1
    knot, after = curve[place], curve[place + 1]
    length, rise = after.at_ns - knot.at_ns, knot.end - knot.start
    ends = [knot.start + rise * ((at - knot.at_ns) / length) for at in (since_ns, until_ns)]
    return ends[0], ends[1]
