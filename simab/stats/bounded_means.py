"""The mean of bounded values at every count at once, without any law: empirical Bernstein.

The predictable plug-in of Waudby-Smith and Ramdas 2023 (JRSS B 86:1, theorem 2), in batches: what
a batch is weighed by and compared with follows from the batches before it, so that its count, sum
and squares are all that is needed, and coverage holds exactly at any number of values. Values must
lie within known ends, as shares, scores and capped rewards do. Only `math` loads with this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.interval import Interval

__all__ = ["BoundedMean", "difference_of_bounded_means"]

_MOST_WEIGHT: Final = 0.5  # the truncation of the paper: larger weights are penalised too much
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class BoundedMean:
    """What is known of the mean of values from `low` to `high`, after the batches so far.

    `level` must be chosen before the data, for weights depend on it; so must `target_count`, near
    which the interval is then narrowest (without it weights fall so that it narrows for ever).
    """

    low: float = 0.0
    high: float = 1.0
    level: float = 0.95
    target_count: float | None = None
    count: int = 0
    total: float = 0.0
    squared_errors: float = 0.0
    weight: float = 0.0
    weighted_total: float = 0.0
    penalty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse ends that are not finite and rising, a level outside (0, 1), a target of 0."""
        require_level("level", self.level)
        if not -math.inf < self.low < self.high < math.inf:
            raise InvalidInput(
                f"low = {self.low!r}, high = {self.high!r}: must be finite and rise. Cap values "
                "that have no largest one, and give the cap."
            )
        if self.target_count is not None and not 0.0 < self.target_count < math.inf:
            raise InvalidInput(
                f"target_count = {self.target_count!r}: must be above 0 and finite. "
                "Give the number of values that is planned."
            )

    def after(self, count: int, total: float, squares: float) -> BoundedMean:
        """With a batch of values more: their count, sum and sum of squares; a value is one of 1.

        How many values a batch has must not depend on what they are. Raises InvalidInput for sums
        that values within the ends cannot have.
        """
        if not count:
            return self
        span = self.high - self.low
        # From here on in units of the range, counted from its low end.
        shares = (total - count * self.low) / span
        share_squares = (squares - 2.0 * self.low * total + count * self.low**2) / span**2
        self._require_within(count, shares, share_squares)
        predicted = (0.5 + self.total) / (self.count + 1.0)
        variance = (0.25 + self.squared_errors) / (self.count + 1.0)
        seen = self.count + count
        spread = self.target_count or seen * math.log1p(seen)
        weight = min(math.sqrt(2.0 * self._log_bound / (variance * spread)), _MOST_WEIGHT)
        added = self.total + shares
        mean = (0.5 + added) / (seen + 1.0)
        errors = share_squares - 2.0 * mean * shares + count * mean * mean
        surprises = share_squares - 2.0 * predicted * shares + count * predicted * predicted
        return replace(
            self,
            count=seen,
            total=added,
            squared_errors=self.squared_errors + max(errors, 0.0),
            weight=self.weight + weight * count,
            weighted_total=self.weighted_total + weight * shares,
            penalty=self.penalty + max(surprises, 0.0) * (-math.log1p(-weight) - weight),
        )

    @property
    def interval(self) -> Interval:
        """Where the mean lies, at all counts together with `level`; the range before any value."""
        if not self.count:
            return Interval(self.low, self.high, self.level, "no values")
        middle = self.weighted_total / self.weight
        margin = (self._log_bound + self.penalty) / self.weight
        span = self.high - self.low
        ends = max(middle - margin, 0.0), min(middle + margin, 1.0)
        return Interval(self.low + span * ends[0], self.low + span * ends[1], self.level)

    @property
    def _log_bound(self) -> float:
        return math.log(2.0 / (1.0 - self.level))

    def _require_within(self, count: int, shares: float, share_squares: float) -> None:
        slack = _ROUNDING * max(count, 1)
        within = -slack <= shares <= count + slack and share_squares <= shares + slack
        # Squares of given sum are fewest where all values are alike.
        if count < 0 or not (within and shares * shares <= count * (share_squares + slack)):
            raise InvalidInput(
                f"{count!r} values with sum {shares!r} and squares {share_squares!r} (in units of "
                f"the range {self.low!r} to {self.high!r}): must lie within it. Cap them first."
            )


def difference_of_bounded_means(a: BoundedMean, b: BoundedMean) -> Interval:
    """Mean b - mean a at all counts of both: from ends that hold together.

    Each arm's interval may fail, so that the level is 1 less both errors: give arms of level .975
    for .95. Raises InvalidInput for errors that sum to 1 or more.
    """
    first, second = a.interval, b.interval
    level = 1.0 - ((1.0 - a.level) + (1.0 - b.level))
    if level <= 0.0:
        raise InvalidInput(
            f"levels {a.level!r} and {b.level!r}: their errors must sum to less than 1. "
            "Give both arms .975 for .95 of the difference."
        )
    reason = first.reason or second.reason
    return Interval(second.low - first.high, second.high - first.low, level, reason)
