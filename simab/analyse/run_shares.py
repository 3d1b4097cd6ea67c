"""How often something happens over replications, as an estimate with its interval."""

from __future__ import annotations

import math

from simab.result.estimates import Proportion
from simab.stats.intervals import share_interval

__all__ = ["share_estimate"]


def share_estimate(count: int, runs: int) -> Proportion:
    """In so many runs of so many; the share of no run is NaN, and may be any."""
    interval = share_interval(count, runs)
    return Proportion(count, count / runs if runs else math.nan, interval.low, interval.high)
