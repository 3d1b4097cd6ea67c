"""How many requests took how long, by metric window and variant, in memory that windows share.

A histogram of 1,984 buckets a window and variant is quick to count in and takes 8 kB, of which most
is never touched. Where all windows together would take too much, a few histograms are open at once;
when all are taken, what they counted is put away as a list of what is not 0. A window may be opened
again later: its counts are the sum of all that was put away of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.scenario.memory import open_windows
from simab.stats.fixed_arrays import fixed
from simab.stats.request_totals import LATENCY_BUCKETS, latency_quantile_buckets

__all__ = ["LatencyCounts"]

_ROOM_FOR_EVER: Final = 1 << 62
_ROWS_AT_ONCE: Final = 4096
_ENTRIES_A_SUM: Final = 2 * LATENCY_BUCKETS
_GATHERED: Final = 512
"""Windows whose histograms are copied at once to see what is not 0 in them."""


@dataclass(frozen=True, slots=True, eq=False)
class _PutAway:
    """What some windows counted, without the zeros.

    `windows` are rising; the counts of the n-th window and variant v are those from
    `starts[v, n]` to `starts[v, n + 1]` of `buckets` and `counts`. `sums` are their sums over all
    windows, shape (variants, LATENCY_BUCKETS), where that is less to add up; else without rows.
    """

    windows: NDArray[np.int32]
    starts: NDArray[np.int32]
    buckets: NDArray[np.uint16]
    counts: NDArray[np.unsignedinteger[Any]]
    sums: NDArray[np.int64]

    @classmethod
    def of(cls, windows: NDArray[np.int32], rows: NDArray[np.int32]) -> _PutAway:
        """Of histograms of shape (windows, variants, LATENCY_BUCKETS)."""
        found = [_entries(rows[:, variant]) for variant in range(rows.shape[1])]
        ends = np.cumsum([len(buckets) for _, buckets, _ in found])
        starts = [each + end - each[-1] for (each, _, _), end in zip(found, ends, strict=True)]
        counts = np.concatenate([each for _, _, each in found])
        many = rows.shape[1] if counts.size > _ENTRIES_A_SUM * rows.shape[1] else 0
        small = np.uint16 if counts.size == 0 or counts.max() < 1 << 16 else np.uint32
        return cls(
            fixed(windows),
            fixed(np.stack(starts).astype(np.int32)),
            fixed(np.concatenate([buckets for _, buckets, _ in found])),
            fixed(counts.astype(small)),
            fixed(rows[:, :many].sum(axis=0, dtype=np.int64)),
        )

    def add_rows(self, rows: NDArray[np.integer[Any]], variant: int, first: int) -> None:
        """Add the counts of a variant to the histograms of the windows from `first` on."""
        low, high = self._places(first, first + len(rows))
        starts = self.starts[variant, low : high + 1]
        entries = slice(int(starts[0]), int(starts[-1]))
        which = np.repeat(self.windows[low:high] - first, np.diff(starts))
        rows[which, self.buckets[entries]] += self.counts[entries].astype(rows.dtype)

    def add_sum(self, total: NDArray[np.int64], variant: int, first: int, last: int) -> None:
        """Add the counts of a variant in the windows from `first` up to, not including, `last`."""
        low, high = self._places(first, last)
        if low == 0 and high == len(self.windows) and len(self.sums):
            total += self.sums[variant]
            return
        entries = slice(int(self.starts[variant, low]), int(self.starts[variant, high]))
        total += np.bincount(self.buckets[entries], self.counts[entries], len(total)).astype(int)

    def _places(self, first: int, last: int) -> tuple[int, int]:
        low, high = np.searchsorted(self.windows, (first, last)).tolist()
        return low, high


def _summed(rows: NDArray[np.int32]) -> NDArray[np.int64]:
    total: NDArray[np.int64] = rows.sum(axis=0, dtype=np.int64)
    return total


def _entries(rows: NDArray[np.int32]) -> tuple[Any, Any, Any]:
    """Where the entries of each row start, and buckets and counts of all that is not 0."""
    filled = np.flatnonzero(rows.any(axis=0))
    first, end = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
    part = rows[:, first:end]
    which, buckets = np.nonzero(part)
    starts = np.searchsorted(which, np.arange(len(rows) + 1))
    return starts, (buckets + first).astype(np.uint16), part[which, buckets]


@dataclass(frozen=True, slots=True, eq=False)
class LatencyCounts:
    """Histograms of latencies by window and variant.

    `opened` has shape (places, variants, LATENCY_BUCKETS); `places` says which of them a window
    has, or -1, shape (windows,); `room` how many are not taken, shape (1,). Where each window has
    its own for good, `room` does not matter.
    """

    opened: NDArray[np.int32]
    places: NDArray[np.int32]
    room: NDArray[np.int64]
    _put_away: list[_PutAway] = field(default_factory=list)

    @classmethod
    def open(cls, windows: int, variants: int, segments: int) -> LatencyCounts:
        """Nothing counted yet."""
        at_once = open_windows(windows, variants, segments)
        whole = at_once == windows
        return cls(
            np.zeros((at_once, variants, LATENCY_BUCKETS), dtype=np.int32),
            np.arange(windows, dtype=np.int32) if whole else np.full(windows, -1, dtype=np.int32),
            np.array([_ROOM_FOR_EVER if whole else at_once]),
        )

    @property
    def whole(self) -> bool:
        """Whether each window has a histogram for good, at its own place."""
        return len(self.opened) == len(self.places)

    def count(self, window: int, variant: int, bucket: int) -> None:
        """One request more."""
        self.opened[self._place(window), variant, bucket] += 1

    def _place(self, window: int) -> int:
        """Where a window's histograms are open; they are opened if need be."""
        place = int(self.places[window])
        if place < 0:
            if not self.room[0]:
                self.put_away()
            self.room[0] -= 1
            place = len(self.opened) - 1 - int(self.room[0])
            self.places[window] = place
        return place

    def put_away(self) -> None:
        """Make room: from here on no window is open."""
        windows = np.flatnonzero(self.places >= 0).astype(np.int32)
        for first in range(0, len(windows), _GATHERED):
            part = windows[first : first + _GATHERED]
            self._put_away.append(_PutAway.of(part, self.opened[self.places[part]]))
        self.opened[:] = 0
        self.places[:] = -1
        self.room[0] = len(self.opened)

    def rows(self, variant: int, first: int, last: int) -> NDArray[np.int32]:
        """A histogram each of the windows from `first` up to, not including, `last`."""
        if self.whole:
            return self.opened[first:last, variant]
        last = min(last, len(self.places))
        found = np.zeros((max(last - first, 0), LATENCY_BUCKETS), dtype=np.int32)
        places = self.places[first:last]
        open_now = np.flatnonzero(places >= 0)
        found[open_now] = self.opened[places[open_now], variant]
        for part in self._overlapping(first, last):
            part.add_rows(found, variant, first)
        return found

    def sum(self, variant: int, first: int, last: int) -> NDArray[np.int64]:
        """One histogram of the windows from `first` up to, not including, `last`."""
        if self.whole:
            return _summed(self.opened[first:last, variant])
        places = self.places[first:last]
        total = _summed(self.opened[places[places >= 0], variant])
        for part in self._overlapping(first, last):
            part.add_sum(total, variant, first, last)
        return total

    def pieces(self, variant: int, multiple: int = 1) -> Iterator[NDArray[np.int32]]:
        """All windows' histograms, some thousand windows at a time; a multiple, but the last."""
        step = max(_ROWS_AT_ONCE // multiple, 1) * multiple
        for first in range(0, len(self.places), step):
            yield self.rows(variant, first, first + step)

    def quantile_buckets(self, variant: int, probabilities: Sequence[float]) -> NDArray[np.int64]:
        """`latency_quantile_buckets` of all windows, shape (probabilities, windows)."""
        pieces = self.pieces(variant)
        found = [latency_quantile_buckets(each, probabilities) for each in pieces]
        return np.concatenate(found, axis=1)

    def all(self) -> NDArray[np.int32]:
        """Shape (windows, variants, LATENCY_BUCKETS), which may be large."""
        if self.whole:
            return self.opened
        variants = range(self.opened.shape[1])
        return np.stack([self.rows(each, 0, len(self.places)) for each in variants], axis=1)

    def coarser(self, together: int, empty: LatencyCounts) -> LatencyCounts:
        """The same in windows that hold so many of these each, counted into `empty`."""
        for variant in range(self.opened.shape[1]):
            window = 0
            for rows in self.pieces(variant, together):
                starts = np.arange(0, len(rows), together)
                for row in np.add.reduceat(rows, starts, axis=0):
                    empty.count_all(window, variant, row)
                    window += 1
        return empty

    def count_all(self, window: int, variant: int, histogram: NDArray[np.int32]) -> None:
        """All requests of a histogram more."""
        if histogram.any():
            self.opened[self._place(window), variant] += histogram

    def shown(self, lock: Callable[[NDArray[Any]], NDArray[Any]]) -> LatencyCounts:
        """The same counts as they go on, in arrays that `lock` makes read-only."""
        return replace(
            self, opened=lock(self.opened), places=lock(self.places), room=lock(self.room)
        )

    def _overlapping(self, first: int, last: int) -> Iterator[_PutAway]:
        for part in self._put_away:
            if part.windows[0] < last and part.windows[-1] >= first:
                yield part
