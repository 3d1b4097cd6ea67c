"""Numbers of single runs as estimates over the runs: shares of runs, and means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from simab.analyse.run_shares import share_estimate
from simab.result.estimates import Mean, Proportion
from simab.stats.intervals import mean_interval

__all__ = ["mean_over_runs", "share_of_runs"]


def share_of_runs(happened: Iterable[bool]) -> Proportion:
    """How often something happened, with its interval; NaN of no run."""
    values = list(happened)
    count, trials = sum(values), len(values)
    if not trials:
        return Proportion(0, math.nan, math.nan, math.nan)
    return share_estimate(count, trials)


def mean_over_runs(values: Sequence[float], *, most: float = math.inf) -> Mean:
    """Over the runs that have it; its interval lies between 0 and `most`, as the values do."""
    known = [each for each in values if math.isfinite(each)]
    found = mean_interval(known)
    reason = found.reason or ""
    if known and len(known) < len(values):
        reason = f"of the {len(known)} of {len(values)} runs that have it"
    low, high = np.clip([found.interval.low, found.interval.high], 0.0, most).tolist()
    return Mean(min(found.estimate, most), low, high, reason=reason)
