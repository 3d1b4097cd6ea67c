"""How fast rows are played: measured by world and policy while a study runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Final, TypeAlias

__all__ = ["Group", "Pace"]

Group: TypeAlias = tuple[str, str]
"""World and policy: rows of one take about the same time."""

_MEASURES_KEPT: Final = 64


@dataclass
class Pace:
    """Seconds that a row takes, by world and policy.

    The first batch of a process also loads the kernel and tabulates the world, so a median over
    batches is given, not a mean over rows.
    """

    _wall_s: dict[Group, float] = field(default_factory=dict)
    _cpu_s: dict[Group, list[float]] = field(default_factory=dict)
    rows: int = 0
    """How many were measured."""

    def add(self, group: Group, rows: int, *, cpu_s: float, wall_s: float) -> None:
        """Take note of a batch."""
        self.rows += rows
        self._wall_s[group] = wall_s / rows
        measures = self._cpu_s.setdefault(group, [])
        measures.append(cpu_s / rows)
        del measures[:-_MEASURES_KEPT]

    def rows_in(self, group: Group, wall_s: float) -> int:
        """How many rows of a group a worker plays in so many seconds; 1 while nothing is known."""
        if group not in self._wall_s:
            return 1
        return max(int(wall_s / max(self._wall_s[group], 1e-6)), 1)

    @property
    def cpu_s(self) -> float:
        """Processor time of one row, over all worlds and policies alike; NaN if none was played."""
        if not self._cpu_s:
            return math.nan
        return fmean(median(measures) for measures in self._cpu_s.values())
