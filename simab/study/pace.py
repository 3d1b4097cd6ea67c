"""How fast rows are played: measured by world and policy while a study runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
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

    def add(self, group: Group, rows: int, *, cpu_s: float, wall_s: float) -> None:
        """Take note of a batch."""
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
    def cpu_seconds(self) -> Mapping[Group, float]:
        """Of one row, by group."""
        return {group: median(measures) for group, measures in self._cpu_s.items()}
