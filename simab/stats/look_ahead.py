"""When replications are enough: half-widths of intervals as runs come in, and the look-ahead rule.

K. Hoad, S. Robinson and R. Davies (2010), Automated selection of the number of replications for a
discrete-event simulation, Journal of the Operational Research Society 61(11):1632-1644: stop where
the interval is narrow enough, and still is over some replications more. Without the second half a
first run of values that happen to be alike would end a study far too early.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.stats.interval import two_sided_normal_quantile

__all__ = ["enough", "look_ahead", "mean_half_widths", "share_half_widths"]

_LOOK_AHEAD: Final = 5  # kLimit of the paper
_FEW: Final = 15  # successes or failures, below which `share_interval` is the exact one

Floats = NDArray[np.float64]


def look_ahead(replications: int) -> int:
    """Over how many more the interval has to stay narrow: 5, and 5 % of them beyond 100."""
    return math.ceil(_LOOK_AHEAD * max(replications, 100) / 100)


def enough(excess: ArrayLike, first: int) -> int | None:
    """The smallest n of which the first n replications are enough; None where more are needed.

    Args:
        excess: at index n - 1 the half-width after n replications over the one that is asked for:
            at most 1 is narrow enough, and NaN is not (shape: replications).
        first: the smallest number that may be enough before looking ahead.
    """
    narrow = np.asarray(excess, dtype=np.float64) <= 1.0
    total = narrow.size
    # How many in a row are narrow from each on: counted from the end.
    after = np.zeros(total + 1, dtype=np.int64)
    for index in range(total - 1, -1, -1):
        after[index] = after[index + 1] + 1 if narrow[index] else 0
    for count in range(max(first, 1), total + 1):
        more = look_ahead(count)
        if after[count - 1] > more:
            return count + more
    return None


def mean_half_widths(values: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Half-widths of the Student t interval of the mean after 1, 2, ... values, and the means.

    Values that are NaN (a replication that failed) are left out; fewer than two give NaN.
    """
    from scipy.special import stdtrit

    sample = np.asarray(values, dtype=np.float64)
    known = np.isfinite(sample)
    count = np.cumsum(known)
    # Deviations from the first value: sums of squares of large numbers would cancel.
    origin = sample[known][0] if known.any() else 0.0
    deviations = np.where(known, sample - origin, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.cumsum(deviations) / count
        squares = np.cumsum(deviations**2) - count * mean**2
        spread = np.sqrt(np.maximum(squares, 0.0) / (count - 1) / count)
        quantile = stdtrit(np.maximum(count - 1, 1), 0.5 + level / 2)
        half_widths = np.where(count >= 2, quantile * spread, np.nan)
    return half_widths, mean + origin


def share_half_widths(successes: ArrayLike, *, level: float = 0.95) -> Floats:
    """Half the widths of `share_interval` after 1, 2, ... trials that are 0, 1 or NaN (failed).

    Wilson's interval, or that of Clopper and Pearson with fewer than 15 successes or failures.
    """
    from scipy.special import betaincinv

    sample = np.asarray(successes, dtype=np.float64)
    known = np.isfinite(sample)
    trials = np.cumsum(known).astype(np.float64)
    positive = np.cumsum(np.where(known, sample, 0.0))
    negative = trials - positive
    z = two_sided_normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(trials > 0, positive * negative / trials, 0.0)
        found = z * np.sqrt(spread + z * z / 4.0) / (trials + z * z)
    few = (np.minimum(positive, negative) < _FEW) & (trials > 0)
    tail = (1.0 - level) / 2.0
    yes, no = positive[few], negative[few]
    low = np.where(yes > 0, betaincinv(np.maximum(yes, 1), no + 1, tail), 0.0)
    high = np.where(no > 0, betaincinv(yes + 1, np.maximum(no, 1), 1.0 - tail), 1.0)
    found[few] = (high - low) / 2.0
    return np.where(trials > 0, found, np.nan)
