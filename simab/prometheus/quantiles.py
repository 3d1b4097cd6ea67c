"""Quantiles out of the buckets of a histogram, as Prometheus reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["bucket_quantile"]

_ROUNDING = 1e-12


def bucket_quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The value that a share of what was counted does not exceed.

    `buckets` are upper bounds and how many did not exceed them. Within a bucket values are taken to
    lie evenly; in the last, which has no bound, they are at the bound before. NaN where nothing was
    counted, where the last bound is finite, or where there are fewer than two buckets.
    """
    if math.isnan(share):
        return math.nan
    if share < 0 or share > 1:
        return math.copysign(math.inf, share - 0.5)
    bounds, counts = _rising(buckets)
    if len(bounds) < 2 or not math.isinf(bounds[-1]) or bounds[-1] < 0 or not counts[-1] > 0:
        return math.nan
    rank = share * counts[-1]
    place = next(n for n, count in enumerate(counts) if count >= rank or n == len(counts) - 1)
    if place == len(bounds) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    low, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    within = counts[place] - below
    if within == 0:  # a share of 0, and nothing in the first bucket
        return math.nan
    return low + (bounds[place] - low) * ((rank - below) / within)


def _rising(buckets: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Bounds in order, each once, and counts that do not fall: rates differ in their last bits."""
    merged: dict[float, float] = {}
    for bound, count in buckets:
        merged[bound] = merged.get(bound, 0.0) + count
    bounds = sorted(merged)
    counts = [merged[bound] for bound in bounds]
    for place in range(1, len(counts)):
        before, count = counts[place - 1 : place + 1]
        if count < before or count - before <= _ROUNDING * count:
            counts[place] = before
    return bounds, counts
