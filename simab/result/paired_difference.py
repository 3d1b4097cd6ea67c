"""The difference of two policies in one quantity, replication by replication."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["PairedDifference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """The difference second - first of a quantity, run by run on the same traffic.

    The interval is of this pair alone; `differs` and the adjusted p-value take all pairs of the
    study together. Times are restricted to `restricted_to_s`: an undecided run has waited that
    long; `undecided` counts them, of the first policy and of the second.
    """

    first: str
    second: str
    quantity: str
    difference: float
    low: float
    high: float
    approximate: bool
    variance_reduction: float
    pairs: int
    p_value: float
    restricted_to_s: float
    undecided: tuple[int, ...] | None
    reason: str = ""
    adjusted_p_value: float = math.nan
    differs: bool = False

    @property
    def undecided_first(self) -> float:
        """Runs of the first policy without a decision; NaN where no time is compared."""
        return self.undecided[0] if self.undecided else math.nan

    @property
    def undecided_second(self) -> float:
        """Runs of the second policy without a decision; NaN where no time is compared."""
        return self.undecided[1] if self.undecided else math.nan

    @property
    def drawable(self) -> bool:
        """Whether there are a difference and an interval to draw."""
        return math.isfinite(self.difference + self.low + self.high)
