"""What a live endpoint has counted by each scrape: requests, and latencies up to some bounds.

A scrape sees the windows of the world that are over. A latency is known to a bucket of the world's
own histogram; it counts as within a bound if the floor of that bucket is. So none within the bound
is missed, and some may be above it by less than the width of a bucket.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.scraped.naming import NAMINGS
from simab.stats.request_totals import LATENCY_BUCKETS, RequestTotals, bucket_floor_ns

__all__ = ["RETAINED", "SUM", "Counters", "bound_column"]

RETAINED: Final = 5_760
"""How many scrapes are kept: a day of 15 s."""
SUM: Final = 3
"""Columns 0 to 2 are the codes; this one is the sum of latencies in seconds."""
_BOUNDS_NS: Final = sorted(
    {bound for naming in NAMINGS for each in naming.histograms for bound in each.bounds_ns}
)
_FLOORS_NS: Final = [bucket_floor_ns(bucket) for bucket in range(LATENCY_BUCKETS)]
_WITHIN: Final = np.array([bisect_right(_FLOORS_NS, bound) for bound in _BOUNDS_NS])
_COLUMNS: Final = SUM + 1 + len(_BOUNDS_NS)


def bound_column(bound_ns: int) -> int:
    """The column of the latencies up to a bound."""
    return SUM + 1 + _BOUNDS_NS.index(bound_ns)


class Counters:
    """The counters of all variants of an endpoint's world, scrape by scrape as time goes on."""

    def __init__(self, endpoint: LiveEndpoint, interval_ns: int) -> None:
        self.endpoint, self.interval_ns = endpoint, interval_ns
        run_counts = endpoint.serving.run_counts
        self._variants = len(run_counts.blueprint.names)
        self._rows = np.zeros((64, self._variants, _COLUMNS))
        self._filled = 0
        self._last = -1
        self._windows = 0
        self._sums = np.zeros((self._variants, _COLUMNS))

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

    def rows(self) -> NDArray[np.float64]:
        """The newest, up to date; shape (scrapes, variants of the world, columns)."""
        due = self.due
        if due - 1 - self._last > RETAINED:  # nobody asked for longer than is kept
            self._take(due - RETAINED - 1)
            self._filled = 0
        while self._last < due - 1:
            self._take(self._last + 1)
            self._keep()
        return self._rows[: self._filled][-RETAINED:]

    def _take(self, scrape: int) -> None:
        """Add up all that was counted before a scrape."""
        run_counts = self.endpoint.serving.run_counts
        until = scrape * self.interval_ns // run_counts.blueprint.period_ns
        for variant in range(self._variants):
            totals = run_counts.request_totals(variant, self._windows, until)
            if totals.invocations:
                self._sums[variant] += _columns(totals)
        self._windows, self._last = until, scrape

    def _keep(self) -> None:
        if self._filled == 2 * RETAINED:
            self._rows[: RETAINED - 1] = self._rows[RETAINED + 1 :]
            self._filled = RETAINED - 1
        if self._filled == len(self._rows):
            more = np.zeros((min(2 * self._filled, 2 * RETAINED), *self._rows.shape[1:]))
            more[: self._filled] = self._rows
            self._rows = more
        self._rows[self._filled] = self._sums
        self._filled += 1


def _columns(totals: RequestTotals) -> Sequence[float] | NDArray[np.float64]:
    found = np.zeros(_COLUMNS)
    found[:SUM] = totals.answered, totals.failed, totals.rejected
    found[SUM] = totals.latency_sum_ns / 1e9
    if totals.answered or totals.failed:
        histogram = np.atleast_2d(totals.latency_histogram).sum(axis=0, dtype=np.int64)
        reached = np.concatenate(([0], histogram.cumsum()))
        found[SUM + 1 :] = reached[_WITHIN]
    return found
