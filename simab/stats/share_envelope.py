"""Between which shares independent draws keep a realised share, exactly."""

from __future__ import annotations

from simab.stats.checks import require_level
from simab.stats.interval import Interval

__all__ = ["binomial_envelope"]


def binomial_envelope(trials: int, share: float, *, level: float = 0.95) -> Interval:
    """The shares between which at least `level` of all draws of so many requests fall.

    The two quantiles of the binomial law that leave at most half of the rest outside on each side,
    as shares of `trials`. Raises InvalidInput unless the level lies strictly between 0 and 1. For
    no trials it is undefined; a share of 0 or 1 gives itself.
    """
    from scipy import stats

    require_level("level", level)
    if trials < 1:
        return Interval.undefined(level, "no requests")
    tail = (1.0 - level) / 2.0
    law = stats.binom(trials, min(max(share, 0.0), 1.0))
    low, high = float(law.ppf(tail)), float(law.ppf(1.0 - tail))
    # ppf gives -1 for a count that has no chance: a share of 0 has no lower one.
    return Interval(max(low, 0.0) / trials, high / trials, level)
