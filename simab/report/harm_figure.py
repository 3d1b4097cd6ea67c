"""The figure of harm over runs: requests on worse variants, of each policy in each world."""

from __future__ import annotations

from typing import Final, NamedTuple

from simab.report import canvas
from simab.report.over_worlds import harmful
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.result import Spread, StudyResult
from simab.text import typeset

__all__ = ["draw_harm"]

_ROW: Final = 21
_BOX: Final = 11
_SIZE: Final = canvas.TEXT - 1


class _Room(NamedTuple):
    """Where the boxes are, and how many requests stand at the right end."""

    left: float
    right: float
    most: float

    def x(self, requests: float) -> float:
        return self.left + (self.right - self.left) * requests / self.most


def draw_harm(result: StudyResult, width: float) -> str:
    """World after world, the policies below each other: a box with whiskers for each.

    The box holds the middle half of the runs with the median in it, the whiskers reach from 5 to
    95 % of them, and a dot is the worst run.
    """
    found = harmful(result)
    names = {name for _, spreads in found for name, _ in spreads}
    longest = max(canvas.text_width(each, _SIZE) for each in names)
    wide = width > 500
    # On narrow paper a name stands above its box.
    left, row = (min(longest, 0.34 * width) + 12, _ROW) if wide else (4.0, _ROW + 15)
    most = max(spread.most for _, spreads in found for _, spread in spreads)
    room = _Room(left, width - 8, max(most, 1.0))
    height = 4 + sum(34 + row * len(spreads) for _, spreads in found) + 30
    paper = Paper(width, height)
    _scale(paper, room, height - 24, 6 if wide else 4)
    y = 4.0
    for world, spreads in found:
        paper.words((0, y + 16), canvas.fit(world.label.title, width), size=canvas.TEXT, bold=True)
        y += 26
        for name, spread in spreads:
            paper.words((0, y + 13), canvas.fit(name, left - 12 if wide else width, _SIZE))
            _box(paper, room, spread, y + row - 12)
            y += row
        y += 8
    return paper.svg()


def _scale(paper: Paper, room: _Room, bottom: float, most_ticks: int) -> None:
    step = next(
        size
        for power in range(18)
        for size in (10**power, 2 * 10**power, 5 * 10**power)
        if room.most / size <= most_ticks
    )
    for at in range(int(room.most // step) + 1):
        x = room.x(at * step)
        paper.line([(x, 24), (x, bottom)], LIGHT["grid"])
        words = typeset.count(at * step)
        half = canvas.text_width(words, _SIZE) / 2
        anchor = "end" if x + half > paper.width else "middle"
        paper.words((min(x, paper.width), bottom + 17), words, anchor=anchor, colour=LIGHT["soft"])


def _box(paper: Paper, room: _Room, spread: Spread, y: float) -> None:
    ink, blue = LIGHT["ink"], LIGHT["blue"]
    paper.line([(room.x(spread.p5), y), (room.x(spread.p95), y)], blue, thick=1.6)
    left, right = room.x(spread.p25), room.x(spread.p75)
    corner = (left, y - _BOX / 2)
    paper.rectangle(corner, (max(right - left, 1.5), _BOX), LIGHT["paper"], blue)
    x = room.x(spread.p50)
    paper.line([(x, y - _BOX / 2), (x, y + _BOX / 2)], ink, thick=2.2)
    paper.mark((room.x(spread.most), y), "o", LIGHT["vermillion"], 3.6)
