"""Charts of plain characters: points over time on a grid, and bars with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Grid", "outcome_bar"]

_HEIGHT: Final = 9  # rows of a grid: odd, so that the middle has one


@dataclass
class Grid:
    """A chart over time: rows of characters, the highest value first.

    `value_labels` stand at the left of their heights, which are shares of the range from `low` to
    `high`. What is drawn later covers what is there.
    """

    width: int
    end: float
    low: float
    high: float
    height: int = _HEIGHT
    cells: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is drawn yet."""
        self.cells = [[" "] * self.width for _ in range(self.height)]

    def point(self, at: float, value: float, mark: str) -> None:
        """A mark at a time and a value; what lies outside of the chart is left out."""
        row, column = self._row(value), self._column(at)
        if row is not None and column is not None:
            self.cells[row][column] = mark

    def level(
        self, value: float, mark: str, since: float = 0.0, until: float | None = None
    ) -> None:
        """A line at one value, over all that is still empty."""
        row = self._row(value)
        first, last = self._column(since), self._column(self.end if until is None else until)
        if row is None or first is None:
            return
        for column in range(first, (self.width - 1 if last is None else last) + 1):
            if self.cells[row][column] == " ":
                self.cells[row][column] = mark

    def edge(self, at: float, value: float, mark: str) -> None:
        """A mark where nothing is drawn yet."""
        row, column = self._row(value), self._column(at)
        if row is not None and column is not None and self.cells[row][column] == " ":
            self.cells[row][column] = mark

    def upright(self, at: float, mark: str = "|") -> None:
        """A line at one time, over what is still empty."""
        column = self._column(at)
        for row in self.cells if column is not None else ():
            if row[column or 0] == " ":
                row[column or 0] = mark

    def lines(
        self, value_labels: Sequence[tuple[float, str]], ticks: Iterable[tuple[float, str]]
    ) -> list[str]:
        """The chart with labels of values at its left and of times beneath it."""
        labels = {self._row(value): text for value, text in value_labels}
        margin = max((len(text) for text in labels.values()), default=0)
        drawn = [
            f"{labels.get(row, ''):>{margin}} |{''.join(cells)}".rstrip()
            for row, cells in enumerate(self.cells)
        ]
        axis, words = ["-"] * self.width, [" "] * (self.width + 1)
        free = 0
        for at, text in ticks:
            column = self._column(at)
            if column is None:
                continue
            axis[column] = "+"
            start = min(max(column - len(text) // 2, 0), len(words) - len(text))
            if start >= free:
                words[start : start + len(text)] = text
                free = start + len(text) + 1
        return [
            *drawn,
            f"{'':>{margin}} +{''.join(axis)}",
            f"{'':>{margin}}  {''.join(words)}".rstrip(),
        ]

    def _row(self, value: float) -> int | None:
        if math.isnan(value) or not self.low <= value <= self.high:
            return None
        return round((self.high - value) / ((self.high - self.low) or 1.0) * (self.height - 1))

    def _column(self, at: float) -> int | None:
        if not 0 <= at <= self.end:
            return None
        return min(int(at / (self.end or 1.0) * self.width), self.width - 1)


def outcome_bar(share: float, interval: tuple[float, float], wrong: float, width: int) -> str:
    """Right endings as #, wrong ones as x at the right end, [ ] around the interval of the right.

    `width` characters stand for all runs; what is neither is a dot.
    """
    right = round(share * width)
    bad = min(round(wrong * width), width - right)
    if wrong > 0 and not bad and right < width:
        bad = 1
    cells = ["#"] * right + ["."] * (width - right - bad) + ["x"] * bad
    low, high = (min(int(each * width), width - 1) for each in interval)
    if not math.isnan(sum(interval)):
        cells[low] = "["
        cells[high] = "]" if high > low else "|"
    return "".join(cells)
