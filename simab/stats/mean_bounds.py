"""Where a mean over runs lies, at every count of runs at once, though a rare run may cost more.

A confidence sequence (`simab.stats.always_valid`) covers what the runs show. What none of them has
shown may still happen, as rarely as an exact bound on shares allows, and cost the whole range.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simab.errors import InvalidInput
from simab.stats.always_valid import confidence_sequence
from simab.stats.share_bounds import MOST_RUNS, largest_plausible_share

__all__ = ["MeanBounds", "runs_until_apart"]

_TIGHT_AT: Final = 500  # runs near which the sequence is narrowest
_FEW: Final = 10  # runs other than the usual one, fewer of which say how often, not how much
_ONE_SIDED_80: Final = 0.8416  # standard errors, for a probability of 80 %


@dataclass(frozen=True, slots=True)
class MeanBounds:
    """A mean, and the ends between which it lies at all looks together, in units of the values."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], most: float, *, alpha: float = 0.025) -> MeanBounds:
        """Of values from 0 to `most`, one a run; wrong with probability alpha a side.

        The sequence holds as runs grow many (Waudby-Smith et al. 2021). Runs above all that were
        seen may be as frequent as a share that is known with half of alpha, and each may be worth
        `most`. Where fewer than ten runs differ from the usual value, the sequence is not asked:
        the share of all runs that differ is bounded so. With `most` infinite there is no upper end.
        Raises InvalidInput without values, or for one below 0 or above `most`.
        """
        if not values or not all(0.0 <= value <= most for value in values):
            raise InvalidInput(f"values: must be from 0 to {most!r}, at least one; give one a run")
        low, high = _Sample.of(values, most).ends(len(values), alpha)
        return cls(math.fsum(values) / len(values), low, high)


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the ends depend on: they can be asked of other counts, as if the runs went on alike."""

    mean: float
    deviation: float
    usual: float
    unusual_share: float
    largest: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float], most: float) -> _Sample:
        count = len(values)
        mean = math.fsum(values) / count
        usual, usually = Counter(values).most_common(1)[0]
        squares = math.fsum((value - mean) ** 2 for value in values)
        return cls(
            mean=mean,
            deviation=math.sqrt(squares / (count - 1)) if count > 1 else math.inf,
            usual=usual,
            unusual_share=(count - usually) / count,
            largest=max(values),
            most=most,
        )

    def ends(self, runs: int, alpha: float) -> tuple[float, float]:
        unusual = round(self.unusual_share * runs)
        if unusual < _FEW:
            share = largest_plausible_share(unusual, runs, alpha=alpha)
            return self.usual * (1.0 - share), self.usual + share * (self.most - self.usual)
        # Half of alpha a side for the sequence, and half for what no run has shown.
        seen = confidence_sequence(
            self.mean, self.deviation, runs, target_count=_TIGHT_AT, level=1.0 - alpha
        )
        unseen = largest_plausible_share(0, runs, alpha=alpha / 2.0)
        high = seen.high + unseen * (self.most - self.largest)
        return max(seen.low, 0.0), min(high, self.most)


def runs_until_apart(
    values: Sequence[float], most: float, bound: float, *, alpha: float = 0.025
) -> int | None:
    """After how many runs the ends no longer hold the bound, if the runs go on alike; or None.

    To half a percent; with probability 80 %: .84 standard errors of the mean fit between as well.
    """
    sample = _Sample.of(values, most)

    def apart(runs: int) -> bool:
        low, high = sample.ends(runs, alpha)
        spread = _ONE_SIDED_80 * sample.deviation / math.sqrt(runs) if sample.deviation else 0.0
        return high + spread <= bound or low - spread > bound

    high = max(len(values), 2)
    while not apart(high):
        high *= 2
        if high > MOST_RUNS:
            return None
    low = high // 2
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if apart(middle) else (middle, high)
    return high
