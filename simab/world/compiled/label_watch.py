"""What is waited for of the labels, as arrays that compiled code counts down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BUCKET", "INTERVAL_NS", "TICK_NS", "LabelWatch"]

TICK_NS: Final = 0
INTERVAL_NS: Final = 1
BUCKET: Final = 2


class LabelWatch(NamedTuple):
    """What is waited for, and how much of it lacks.

    `clock` holds the next tick, the time from tick to tick, and the first bucket of labels that is
    not counted yet. Of each condition, `members` says which variants count, shape (conditions,
    variants), and `lacking` how many labelled requests they lack. No conditions: no ticks.
    """

    clock: NDArray[np.int64]
    members: NDArray[np.int64]
    lacking: NDArray[np.int64]

    @classmethod
    def of(
        cls, ticks: range, wanted: Sequence[tuple[Sequence[int], int]], variants: int
    ) -> LabelWatch:
        """All conditions, of variants by number and a count each, from the first tick on."""
        members = np.zeros((len(wanted), variants), dtype=np.int64)
        for row, (numbers, _) in zip(members, wanted, strict=True):
            row[list(numbers)] = 1
        lacking = np.array([count for _, count in wanted], dtype=np.int64)
        return cls(np.array([ticks.start, ticks.step, 0], dtype=np.int64), members, lacking)

    @property
    def reached_ns(self) -> int | None:
        """The tick at which nothing lacked any more; None if there was none yet."""
        return None if (self.lacking > 0).any() else int(self.clock[TICK_NS])
