"""What a query may cost: time, samples that are read, and points of its result."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from simab.prometheus.expressions import Selector
from simab.prometheus.refusals import not_executed, timed_out
from simab.prometheus.series import Series

__all__ = ["Effort"]


@dataclass
class Effort:
    """What a query may cost, and what is to be said about it.

    `samples` may still be read and `points` given, and `ends_s` of the monotonic clock is when it
    has to be done. `chosen` are the series of each selector, which are the same at all steps.
    """

    ends_s: float
    samples: int = 5_000_000
    points: int = 500_000
    remarks: list[str] = field(default_factory=list)
    chosen: dict[Selector, list[Series]] = field(default_factory=dict)

    def look_at_time(self) -> None:
        """See whether there is time left.

        Raises:
            QueryRefused: it takes too long.
        """
        if time.monotonic() > self.ends_s:
            raise timed_out("query timed out in expression evaluation")

    def spend(self, samples: int) -> None:
        """Count samples that are to be read.

        Raises:
            QueryRefused: they are too many, or it takes too long.
        """
        self.samples -= samples
        if self.samples < 0:
            raise not_executed("query processing would load too many samples into memory")
        self.look_at_time()

    def give(self, points: int) -> None:
        """Count points that are to be part of the result.

        Raises:
            QueryRefused: they are too many, or it takes too long.
        """
        self.points -= points
        if self.points < 0:
            raise not_executed("the result would have more points than simab gives; "
                               "choose fewer series, a shorter range or a longer step")  # fmt: skip
        self.look_at_time()
