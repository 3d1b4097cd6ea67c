"""Where a mean over runs lies, at every count of runs at once.

A confidence sequence (`simab.stats.always_valid`), widened where the runs hardly differ: what no
run has shown may still happen, as rarely as an exact bound on shares allows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simab.errors import InvalidInput
from simab.stats.always_valid import mixture_z_bound, tuned_mixing_variance
from simab.stats.share_bounds import largest_plausible_share

__all__ = ["MeanBounds", "runs_until_apart"]

_TIGHT_AT: Final = 500  # runs near which the sequence is narrowest
_FEW: Final = 10  # runs other than the usual one, fewer of which say how often, not how much
_MOST_RUNS: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class MeanBounds:
    """A mean, and the ends between which it lies at all looks together, in units of the values."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], most: float, *, alpha: float = 0.025) -> MeanBounds:
        """Of values from 0 to `most`, one a run; wrong with probability alpha a side.

        The sequence holds as runs grow many (Waudby-Smith et al. 2021). Where fewer than ten runs
        differ from the usual value, the share of runs that may still differ is bounded exactly, and
        each may be worth the whole range; with `most` infinite there is no upper end then. Raises
        InvalidInput without values, or for one below 0 or above `most`.
        """
        if not values or not all(0.0 <= value <= most for value in values):
            raise InvalidInput(f"values: must be from 0 to {most!r}, at least one; give one a run")
        count = len(values)
        mean = math.fsum(values) / count
        usual, usually = Counter(values).most_common(1)[0]
        unusual = count - usually
        if unusual < _FEW:
            share = largest_plausible_share(unusual, count, alpha=alpha)
            return cls(mean, usual * (1.0 - share), usual + share * (most - usual))
        margin = _margin(values, count, alpha)
        return cls(mean, max(mean - margin, 0.0), min(mean + margin, most))


def runs_until_apart(values: Sequence[float], bound: float, *, alpha: float = 0.025) -> int | None:
    """After how many runs the sequence no longer holds the bound, if mean and spread stay; or None.

    To half a percent; with probability 80 %: the margin and .84 standard errors fit between.
    """
    distance = abs(math.fsum(values) / len(values) - bound)
    if distance == 0.0:
        return None

    def apart(runs: int) -> bool:
        spread = _standard_deviation(values) / math.sqrt(runs)
        return _margin(values, runs, alpha) + 0.8416 * spread < distance

    high = len(values)
    while not apart(high):
        high *= 2
        if high > _MOST_RUNS:
            return None
    low = high // 2
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if apart(middle) else (middle, high)
    return high


def _margin(values: Sequence[float], runs: int, alpha: float) -> float:
    mixing = tuned_mixing_variance(1.0, _TIGHT_AT, alpha=2.0 * alpha)
    z = mixture_z_bound(1.0 / runs, mixing, alpha=2.0 * alpha)
    return z * _standard_deviation(values) / math.sqrt(runs)


def _standard_deviation(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return math.inf
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
