"""The scale of paired differences: from values to pixels, its ticks, and where it is cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from simab.report import canvas
from simab.report.timeline_axes import nice_ticks
from simab.result import PairedDifference
from simab.result.columns import Unit
from simab.text import typeset
from simab.text.time_ticks import time_ticks

__all__ = ["PairedScale", "cut_at"]

_FAR: Final = 3.0  # rows that reach so many times as far as all others would squeeze them
_FEW: Final = 4  # of so many rows one may be cut off
_EDGE: Final = 8.0
_APART: Final = 10.0  # between the words of two ticks


def cut_at(rows: Sequence[PairedDifference]) -> float:
    """How far from zero the scale goes: to the end of all intervals but those of a few outliers.

    At most a quarter of the rows are outliers, and each reaches three times as far as any other
    row. Infinite where there are none.
    """
    reaches = sorted((max(abs(each.low), abs(each.high)) for each in rows), reverse=True)
    for at in range(len(rows) // _FEW, 0, -1):
        if reaches[at] and reaches[at - 1] > _FAR * reaches[at]:
            return reaches[at]
    return math.inf


@dataclass(frozen=True, slots=True)
class PairedScale:
    """Where differences stand: `low` at the left edge, `high` at the right; zero is between."""

    left: float
    right: float
    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[PairedDifference], left: float, width: float) -> PairedScale:
        """That holds all intervals of these rows, or is cut where a few reach much further."""
        most = cut_at(rows)
        low = max(min(0.0, *(row.low for row in rows)), -most)
        high = min(max(0.0, *(row.high for row in rows)), most)
        if high <= low:
            low, high = -1.0, 1.0
        return cls(left + _EDGE, left + width - _EDGE, low, high)

    def x(self, value: float) -> float:
        """Where a difference stands; one beyond the scale stands at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def middle(self, at: float, words: str) -> tuple[float, float]:
        """Where the middle of a tick's words stands, within the column, and half their width."""
        half = canvas.text_width(words, canvas.TEXT - 1) / 2
        low, high = self.left - _EDGE + half, self.right + _EDGE - half
        return max(min(self.x(at), high), low), half

    def ticks(self, unit: Unit | None) -> list[tuple[float, str]]:
        """Round values with their words, as many as stand apart; zero is always one of them."""
        for most in (4, 3, 2, 1):
            found = _ticks(self.low, self.high, most, unit)
            edges = [
                (middle - half, middle + half)
                for at, words in found
                for middle, half in [self.middle(at, words)]
            ]
            if all(right + _APART <= left for (_, right), (left, _) in pairwise(edges)):
                return found
        return [(0.0, "0")]


def _ticks(low: float, high: float, most: int, unit: Unit | None) -> list[tuple[float, str]]:
    if unit in (Unit.SECONDS, Unit.EXCESS_SECONDS):
        return _time_ticks(low, high, most)
    size = 100.0 if unit is Unit.SHARE else 1.0
    values = nice_ticks(size * high, most, low=size * low)
    return [(each / size, _signed(each)) for each in values]


def _time_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    unit_s, ticks = time_ticks(max(high, -low), most)
    sides = [-at for at, _ in reversed(ticks) if at] + [at for at, _ in ticks]
    inside = [at * unit_s for at in sides if low <= at * unit_s <= high]
    return [(at, f"{'+' if at > 0 else ''}{typeset.duration(at)}" if at else "0") for at in inside]


def _signed(value: float) -> str:
    if abs(value) < 1e-12:
        return "0"
    text = typeset.count(abs(value)) if abs(value) >= 1000 else f"{abs(value):g}"
    return f"{'+' if value > 0 else typeset.MINUS}{text}"
