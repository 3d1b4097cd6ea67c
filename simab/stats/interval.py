"""The interval that every estimate of this package carries: two ends, a level, maybe a reason.

A reason is given where the data say little or nothing: the ends are then NaN, infinite or as wide
as the range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from simab.errors import InvalidInput

__all__ = ["Interval", "normal_quantile", "two_sided_normal_quantile"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval; `reason` says why it is undefined or uninformative."""

    low: float
    high: float
    level: float
    reason: str | None = None

    def __contains__(self, value: float) -> bool:
        """Is `value` within the closed interval? Never within one with a NaN end."""
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """Distance between the two ends."""
        return self.high - self.low

    @classmethod
    def undefined(cls, level: float, reason: str) -> Interval:
        """The interval of an estimate that does not exist: NaN ends and the reason."""
        return cls(math.nan, math.nan, level, reason)


# A controller asks for the same level at every tick: the cache makes it a dictionary look-up.
@lru_cache(maxsize=256)
def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal law (Wichura 1988, AS 241, through `statistics`).

    Raises InvalidInput unless 0 < probability < 1.
    """
    if not 0.0 < probability < 1.0:
        raise InvalidInput(
            f"probability = {probability!r}: must lie strictly between 0 and 1. "
            "Give a level such as 0.95, not a percentage."
        )
    return NormalDist().inv_cdf(probability)


def two_sided_normal_quantile(level: float) -> float:
    """The z that leaves (1 - level) / 2 on either side: 1.96 for 0.95.

    Raises InvalidInput unless 0 < level < 1.
    """
    return normal_quantile(_upper_point(level))


def _upper_point(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise InvalidInput(
            f"level = {level!r}: must lie strictly between 0 and 1. "
            "Give 0.95 for a 95 % interval, not 95."
        )
    return 0.5 + level / 2.0
