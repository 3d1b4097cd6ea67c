"""Between which shares independent draws keep a realised share, exactly."""

from __future__ import annotations

import math
from functools import lru_cache

from simab.stats.checks import require_level
from simab.stats.interval import Interval

__all__ = ["binomial_envelope"]


@lru_cache(maxsize=1 << 14)
def binomial_envelope(trials: int, share: float, *, level: float = 0.95) -> Interval:
    """The shares between which at least `level` of all draws of so many requests fall.

    The two quantiles of the binomial law that leave at most half of the rest outside on each side,
    as shares of `trials`. Raises InvalidInput unless the level lies strictly between 0 and 1. For
    no trials it is undefined; a share of 0 or 1 gives itself.
    """
    require_level("level", level)
    if trials < 1:
        return Interval.undefined(level, "no requests")
    if share <= 0.0 or share >= 1.0:
        certain = min(max(share, 0.0), 1.0)
        return Interval(certain, certain, level)
    tail = (1.0 - level) / 2.0
    low, high = _quantile(tail, trials, share), _quantile(1.0 - tail, trials, share)
    return Interval(low / trials, high / trials, level)


def _quantile(probability: float, trials: int, share: float) -> int:
    """The least count that at least so many draws do not exceed.

    From SciPy's inverse of the distribution function and not from `stats.binom`, which takes a
    second to load and a millisecond to ask.
    """
    from scipy import special

    count = min(max(math.ceil(special.bdtrik(probability, trials, share)), 0), trials)
    while count > 0 and special.bdtr(count - 1, trials, share) >= probability:
        count -= 1
    while count < trials and special.bdtr(count, trials, share) < probability:
        count += 1
    return count
