"""What a live endpoint has counted by each scrape: requests, and latencies up to some bounds.

A scrape sees the windows of the world that are over. A latency is known to a bucket of the world's
own histogram; it counts as within a bound if the floor of that bucket is. So none within the bound
is missed, and some may be above it by less than the width of a bucket.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.scraped.naming import NAMINGS
from simab.stats.request_totals import LATENCY_BUCKETS, RequestTotals, bucket_floor_ns
from simab.world.run_counts import RequestColumn

__all__ = ["COLUMNS", "RETAINED", "SUM", "Counters", "bound_column"]

RETAINED: Final = 5_760
"""How many scrapes are kept: a day of 15 s."""
SUM: Final = 3
"""Columns 0 to 2 are the codes; this one is the sum of latencies in ns."""
_BOUNDS_NS: Final = sorted(
    {bound for naming in NAMINGS for each in naming.histograms for bound in each.bounds_ns}
)
_FLOORS_NS: Final = [bucket_floor_ns(bucket) for bucket in range(LATENCY_BUCKETS)]
_WITHIN: Final = np.array([bisect_right(_FLOORS_NS, bound) for bound in _BOUNDS_NS])
COLUMNS: Final = SUM + 1 + len(_BOUNDS_NS)


def bound_column(bound_ns: int) -> int:
    """The column of the latencies up to a bound."""
    return SUM + 1 + _BOUNDS_NS.index(bound_ns)


class Counters:
    """The counters of all variants of an endpoint's world, scrape by scrape as time goes on."""

    def __init__(self, endpoint: LiveEndpoint, interval_ns: int) -> None:
        self.endpoint, self.interval_ns = endpoint, interval_ns
        run_counts = endpoint.serving.run_counts
        self._sums = np.zeros((len(run_counts.blueprint.names), COLUMNS))
        self._rows: dict[int, NDArray[np.float64]] = {}  # of what has counted something
        self._filled, self._room = 0, 64
        self._last = -1
        self._windows = 0

    @property
    def due(self) -> int:
        """How many scrapes there have been by now."""
        return self.endpoint.serving.now_ns // self.interval_ns + 1

    @property
    def scrapes(self) -> range:
        """The numbers of the scrapes that are kept; number 0 was when the endpoint began."""
        return range(self._last + 1 - min(self._filled, RETAINED), self._last + 1)

    def at_ns(self, scrape: int) -> int:
        """When a scrape is, on the timeline."""
        return self.endpoint.began_ns + scrape * self.interval_ns

    def rows(self, look_at_time: Callable[[], None]) -> Mapping[int, NDArray[np.float64]]:
        """The newest scrapes, up to date: of each variant that has counted something its counters.

        Each has shape (scrapes, columns). Where `look_at_time` raises, what has been added up by
        then is kept, and the next time goes on from there.
        """
        due = self.due
        if due - 1 - self._last > RETAINED:  # nobody asked for longer than is kept
            self._take(due - RETAINED - 1)
            self._filled = 0
            self._rows.clear()
        while self._last < due - 1:
            self._take(self._last + 1)
            self._keep()
            look_at_time()
        return {number: rows[: self._filled][-RETAINED:] for number, rows in self._rows.items()}

    def _take(self, scrape: int) -> None:
        """Add up all that was counted before a scrape."""
        run_counts = self.endpoint.serving.run_counts
        until = scrape * self.interval_ns // run_counts.blueprint.period_ns
        counted = run_counts.requests[self._windows : until, :, RequestColumn.INVOCATIONS]
        for variant in np.flatnonzero(counted.any(axis=0)).tolist():
            totals = run_counts.request_totals(variant, self._windows, until)
            self._sums[variant] += _columns(totals)
        self._windows, self._last = until, scrape

    def _keep(self) -> None:
        if self._filled == 2 * RETAINED:
            for rows in self._rows.values():
                rows[: RETAINED - 1] = rows[RETAINED + 1 :]
            self._filled = RETAINED - 1
        if self._filled == self._room:
            self._room = min(2 * self._filled, 2 * RETAINED)
            self._rows = {number: self._widened(rows) for number, rows in self._rows.items()}
        for variant in np.flatnonzero(self._sums.any(axis=1)).tolist():
            if variant not in self._rows:
                self._rows[variant] = np.zeros((self._room, COLUMNS))
            self._rows[variant][self._filled] = self._sums[variant]
        self._filled += 1

    def _widened(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.zeros((self._room, COLUMNS))
        found[: self._filled] = rows
        return found


def _columns(totals: RequestTotals) -> Sequence[float] | NDArray[np.float64]:
    found = np.zeros(COLUMNS)
    found[:SUM] = totals.answered, totals.failed, totals.rejected
    found[SUM] = totals.latency_sum_ns
    if totals.answered or totals.failed:
        histogram = np.atleast_2d(totals.latency_histogram).sum(axis=0, dtype=np.int64)
        reached = np.concatenate(([0], histogram.cumsum()))
        found[SUM + 1 :] = reached[_WITHIN]
    return found
