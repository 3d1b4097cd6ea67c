"""Small multiples: a row for each policy on one axis of time, so that many stay readable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.text.time_ticks import axis_ticks, axis_title

__all__ = ["MOST_LINES", "Row", "RowArea", "draw_rows"]

MOST_LINES: Final = 5
"""Lines in one plot that can still be followed; of more each policy gets a row of its own."""
_SIZE: Final = canvas.TEXT - 1
_HEIGHT: Final = 30.0
_GAP: Final = 12.0
_NAME: Final = 17.0
_AXIS: Final = 42.0


@dataclass(frozen=True, slots=True)
class RowArea:
    """Where a row is drawn: from 0 to the end of time, and from 0 to 1 upwards."""

    left: float
    right: float
    top: float
    end_s: float

    @property
    def bottom(self) -> float:
        """Where 0 is."""
        return self.top + _HEIGHT

    def place(self, at_s: float, share: float) -> tuple[float, float]:
        """Where a share at an instant stands."""
        x = self.left + (self.right - self.left) * min(at_s / self.end_s, 1.0)
        return x, self.bottom - _HEIGHT * share


@dataclass(frozen=True, slots=True)
class Row:
    """A policy: its name, a few words at its right end, and what draws into its area."""

    name: str
    words: str
    draw: Callable[[Paper, RowArea], None]


def draw_rows(
    rows: Sequence[Row], end_s: float, width: float, start: datetime | None = None
) -> str:
    """All rows below each other; the name beside its row on wide paper, above it on narrow."""
    wide = width > 500
    names = max(canvas.text_width(row.name, _SIZE) for row in rows)
    words = max(canvas.text_width(row.words, _SIZE) for row in rows)
    left = min(names, 0.3 * width) + 14 if wide else 2.0
    right = width - (min(words, 0.3 * width) + 14 if wide else 2.0)
    over = 0.0 if wide else _NAME
    height = 6 + len(rows) * (over + _HEIGHT + _GAP) + _AXIS
    paper = Paper(width, height)
    bottom = height - _AXIS
    for at, label in axis_ticks(max(end_s, 1e-9), 7 if wide else 5, start):
        x = left + (right - left) * at / max(end_s, 1e-9)
        paper.line([(x, 4), (x, bottom)], LIGHT["grid"])
        half = canvas.text_width(label, _SIZE) / 2
        inside = min(max(x, half), width - half)
        paper.words((inside, bottom + 17), label, anchor="middle", colour=LIGHT["soft"])
    title = axis_title(end_s, start)
    paper.words((right, bottom + 35), title, anchor="end", colour=LIGHT["soft"])
    y = 6.0
    for row in rows:
        area = RowArea(left, right, y + over, max(end_s, 1e-9))
        paper.line([area.place(0, 0), area.place(end_s, 0)], LIGHT["soft"])
        row.draw(paper, area)
        _name(paper, row, area, wide=wide)
        y += over + _HEIGHT + _GAP
    return paper.svg()


def _name(paper: Paper, row: Row, area: RowArea, *, wide: bool) -> None:
    middle = area.top + _HEIGHT / 2 + 4
    if wide:
        paper.words((0, middle), canvas.fit(row.name, area.left - 12, _SIZE))
        room = paper.width - area.right - 10
        said = canvas.fit(row.words, room, _SIZE)
        paper.words((area.right + 10, middle), said, colour=LIGHT["soft"])
        return
    words = canvas.fit(row.words, 0.5 * paper.width, _SIZE)
    room = paper.width - canvas.text_width(words, _SIZE) - 14
    paper.words((0, area.top - 5), canvas.fit(row.name, room, _SIZE))
    paper.words((paper.width, area.top - 5), words, anchor="end", colour=LIGHT["soft"])
