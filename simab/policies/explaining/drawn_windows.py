"""Metric windows of many runs, drawn from the law of a reading.

Arrivals are Poisson and requests independent, as those of a run are where nothing waits. A fixed
seed gives the same windows each time, so that what `simab check` says does not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.policies.explaining.readings import COMPARISONS, Marked, Mean

__all__ = ["DrawnWindows", "expected_requests", "mean_beyond_share"]

Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Verdicts: TypeAlias = NDArray[np.bool_]

_GRID: Final = 1 << 15  # of a sum of latencies
_DEVIATIONS: Final = 30.0  # that the grid reaches to either side
_CELLS: Final = 1 << 12  # a power of two: products with it are exact
_EDGES: Final = np.arange(_CELLS + 1) / _CELLS
_SURE: Final = 12.0  # standard deviations beyond which a sum is on one side for certain


def expected_requests(changes: Sequence[tuple[int, float]], edges_ns: Counts) -> Floats:
    """Mean requests between neighbouring edges, from (instant in ns, requests a second from it on).

    The instants rise, and the first is not after the first edge.
    """
    instants = np.array([at_ns for at_ns, _ in changes] + [int(edges_ns[-1]) + 1], dtype=np.float64)
    instants = np.maximum.accumulate(instants)
    rates = np.array([rate for _, rate in changes])
    sums = np.append(0.0, np.cumsum(np.diff(instants) / 1e9 * rates))
    expected: Floats = np.diff(np.interp(edges_ns.astype(np.float64), instants, sums))
    return np.maximum(expected, 0.0)


def mean_beyond_share(law: Mean, requests: float) -> float:
    """The share of windows whose mean latency is beyond the limit, with so many requests each.

    A window without a request is not.
    """
    if requests <= 0.0:
        return 0.0
    return _ExcessSums(law, requests).beyond_share(law.sign, requests)


class DrawnWindows:
    """What one reading finds in each window of `runs` runs, drawn when a window is known.

    `largest` is the most requests that a window may hold on average.
    """

    def __init__(self, law: Marked | Mean, runs: int, windows: int, largest: float) -> None:
        self._law = law
        self._random = np.random.Generator(np.random.Philox(key=0))
        self._sums = _ExcessSums(law, largest) if isinstance(law, Mean) else None
        self._until = 0
        # Running totals, so that any span is a difference; what is judged, and all requests.
        self._judged = np.zeros((windows + 1, runs), dtype=np.int64)
        self._all = np.zeros((windows + 1, runs), dtype=np.int64)

    def draw(self, window: int, expected: Floats) -> None:
        """Draw the next window, in which each run expects so many requests: shape (runs,) or ()."""
        assert window == self._until
        runs = self._judged.shape[1]
        means = np.broadcast_to(expected, (runs,))
        judged, others = (self._random.random(runs) for _ in range(2))
        if self._sums is not None:
            drawn, none_by = self._sums.draw(judged, means)
            # A sum of 0 is almost always that of no request.
            rest = (drawn != 0) | (others >= none_by)
        else:
            assert isinstance(self._law, Marked)
            drawn = _poisson(judged, means * self._law.share)
            rest = drawn + _poisson(others, means * (1.0 - self._law.share))
        self._judged[window + 1] = self._judged[window] + drawn
        self._all[window + 1] = self._all[window] + rest
        self._until = window + 1

    def read(self, since: int, until: int) -> tuple[Verdicts, Verdicts]:
        """Whether the windows [since, until) of each run break the limit, and hold a request.

        Without a request nothing is broken.
        """
        judged = self._judged[until] - self._judged[since]
        total = self._all[until] - self._all[since]
        served = total > 0
        if isinstance(self._law, Mean):
            broken = COMPARISONS[self._law.sign](judged, 0)
        else:
            broken = self._law.breaks(judged.astype(np.float64), np.maximum(total, 1.0))
        return broken & served, served


def _different(means: Floats) -> list[float]:
    """The different means of the runs, most often one."""
    low, high = float(means.min()), float(means.max())
    return [low] if low == high else [float(each) for each in np.unique(means)]


def _poisson(uniform: Floats, means: Floats) -> Counts:
    """Poisson counts by inversion; the few different means have a table each."""
    counts = np.zeros(uniform.shape, dtype=np.int64)
    for mean in _different(means):
        if mean > 0.0:
            # Sums of rates over equal windows differ in the last bits: one table does for them.
            table = _poisson_table(float(f"{mean:.10g}"))
            here = means == mean
            counts[here] = table.counts(uniform[here])
    return counts


class _PoissonTable(NamedTuple):
    """The first count that may be drawn, and the probabilities of at most it and the next ones.

    `guide` says for each edge of _CELLS equal cells how many of these are below it.
    """

    first: int
    at_most: Floats
    guide: Counts

    def counts(self, uniform: Floats) -> Counts:
        """`first + np.searchsorted(at_most, uniform)`: most cells hold no edge between counts."""
        cells = (uniform * _CELLS).astype(np.int64)
        places = self.guide[cells]
        unsure = np.flatnonzero(places != self.guide[cells + 1])
        places[unsure] = np.searchsorted(self.at_most, uniform[unsure])
        return self.first + places


@lru_cache(maxsize=512)
def _poisson_table(mean: float) -> _PoissonTable:
    spread = 8.0 * math.sqrt(mean) + 20.0
    first = max(math.floor(mean - spread), 0)
    counts = np.arange(first + 1, math.ceil(mean + spread), dtype=np.float64)
    # Each probability over the one before is mean / count; what is left out is below 1e-14.
    logarithms = np.append(0.0, np.cumsum(np.log(mean / counts)))
    sums = np.cumsum(np.exp(logarithms - logarithms.max()))
    at_most = sums / sums[-1]
    return _PoissonTable(first, at_most, np.searchsorted(at_most, _EDGES))


class _ExcessSums:
    """The sum over a window of how far each latency exceeds the limit, in steps of a grid.

    A compound Poisson law by one Fourier transform (exact but for the grid, which keeps each mean).
    """

    def __init__(self, law: Mean, largest: float) -> None:
        low, high, mass = law.table.pieces()
        excess = (low.astype(np.float64) + high) / 2.0 - law.limit_ns
        self._mean = float(mass @ excess)
        self._root = math.sqrt(float(mass @ (excess * excess)))
        reach = 2.0 * _DEVIATIONS * self._root * math.sqrt(max(largest, 1.0))
        self._step = reach * 2.0 / _GRID or 1.0
        places = np.clip(excess, -reach, reach * 0.999) / self._step
        below = np.floor(places)
        upper = places - below
        one = np.zeros(_GRID)
        np.add.at(one, below.astype(np.int64) % _GRID, mass * (1.0 - upper))
        np.add.at(one, (below.astype(np.int64) + 1) % _GRID, mass * upper)
        self._transform = np.fft.rfft(one)
        self._tables: dict[float, Floats] = {}

    def draw(self, uniform: Floats, means: Floats) -> tuple[Counts, Floats]:
        """Sums in steps of the grid; where the sign is beyond doubt, their mean stands for them.

        And by which probability a window whose sum is 0 holds no request.
        """
        sums = np.zeros(uniform.shape, dtype=np.int64)
        none_by = np.exp(-means)
        for mean in _different(means):
            here = means == mean
            centre, spread = mean * self._mean, math.sqrt(mean) * self._root
            if abs(centre) > _SURE * max(spread, 1e-300):
                sums[here] = round(centre / self._step)
            elif mean > 0.0:
                table = self._table(float(f"{mean:.10g}"))
                found = np.searchsorted(table, uniform[here])
                sums[here] = np.minimum(found, _GRID - 1) - _GRID // 2
                zero = table[_GRID // 2] - table[_GRID // 2 - 1]
                none_by[here] = min(math.exp(-mean) / max(zero, 1e-300), 1.0)
        return sums, none_by

    def beyond_share(self, sign: str, mean: float) -> float:
        """The probability that the sum lies on one side of 0, and is not that of no request."""
        law = self._law(mean)
        law[_GRID // 2] = max(law[_GRID // 2] - math.exp(-mean), 0.0)
        beyond = COMPARISONS[sign](np.arange(-_GRID // 2, _GRID // 2), 0)
        return float(law[beyond].sum())

    def _table(self, mean: float) -> Floats:
        """The probability of at most each sum; windows of one expectation share it."""
        if mean not in self._tables:
            self._tables[mean] = np.cumsum(self._law(mean))
        return self._tables[mean]

    def _law(self, mean: float) -> Floats:
        """The probability of each sum, from the lowest place of the grid up."""
        raw = np.fft.irfft(np.exp(mean * (self._transform - 1.0)), _GRID)
        law: Floats = np.maximum(np.fft.fftshift(raw), 0.0)
        return law / float(law.sum())
