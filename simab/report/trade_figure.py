"""The figure of false promotion and time to a decision: a row for each policy, two panels wide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab.report import canvas
from simab.report.over_worlds import Trade, trades
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.result import Proportion, StudyResult
from simab.text import typeset

__all__ = ["asked_at_most", "draw_trade"]

_SIZE: Final = canvas.TEXT - 1
_ROW: Final = 23.0
_NAME: Final = 16.0  # a name above its row, on narrow paper
_LEGEND: Final = 19.0
_APART: Final = 11.0  # marks of one row that lie nearer share it, one above the other
_MOVED: Final = 4.5
_FALSE: Final = LIGHT["vermillion"]
_RIGHT: Final = LIGHT["blue"]
_MARKS: Final = (("D", _FALSE, False), ("o", _RIGHT, True))
_WORDS: Final = ("promotes where keeping is right", "promotes where promoting is right")
_WORDS_OF_SEVERAL: Final = ("promotes where keeping is right", "ends right where promoting is")


def asked_at_most(result: StudyResult) -> float:
    """The least share of false promotions that every policy has to keep below; NaN where none."""
    bounds = [
        each.bound
        for each in result.requirements
        if each.quantity == "false_promotion" and each.at_most and each.policy is None
    ]
    return min(bounds, default=math.nan)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A panel: its edges on the paper, and the value that stands at the right one."""

    left: float
    right: float
    end: float

    def x(self, value: float) -> float:
        """Where a value stands; one beyond the axis, or not known, stands at the right edge."""
        part = value / self.end if math.isfinite(value) else 1.0
        return self.left + min(part, 1.0) * (self.right - self.left)


class _Frame:
    """Where the rows and the two panels stand on the paper."""

    def __init__(self, found: list[Trade], width: float) -> None:
        self.wide = width > 500
        longest = max(canvas.text_width(each.policy, _SIZE) for each in found)
        left = min(longest, 0.32 * width) + 26 if self.wide else 16.0
        self.names = left - 26 if self.wide else width - 4
        gap = 44.0 if self.wide else 32.0
        middle = left + (width - left - gap - 26) * (0.56 if self.wide else 0.5)
        self.shares = _Axis(left, middle, 1.0)
        self.times = _Axis(middle + gap, width - 26, _latest(found))
        lines = 1 if self.wide else len(_MARKS)
        self.row = _ROW if self.wide else _ROW + _NAME
        self.top = _LEGEND * lines + 10.0
        self.bottom = self.top + self.row * len(found) + 4

    def y(self, row: int) -> float:
        """The line on which the marks of a row stand."""
        return self.top + self.row * (row + 1) - _ROW / 2


def _latest(found: list[Trade]) -> float:
    """The end of the axis of time, with room for those that have not decided half of their runs."""
    known = [each.time.p50_high for each in found] + [each.time.p50 for each in found]
    latest = max((each for each in known if math.isfinite(each)), default=1.0) or 1.0
    return latest * (1.18 if any(not each.decides for each in found) else 1.05)


def draw_trade(result: StudyResult, width: float) -> str:
    """Left: how often runs promote; right: the time; a dashed line where the requirement is.

    The policy with the fewest false promotions is at the top, of equals the soonest.
    """
    found = sorted(trades(result), key=_order)
    frame = _Frame(found, width)
    paper = Paper(width, frame.bottom + 44)
    several = result.truth.several
    _legend(paper, frame, _WORDS_OF_SEVERAL if several else _WORDS)
    what = "share of runs" if several else "share of runs that promote"
    _axes(paper, frame, asked_at_most(result), what)
    for row, each in enumerate(found):
        y = frame.y(row)
        name = canvas.fit(each.policy, frame.names, _SIZE)
        paper.words((0, y + 4 if frame.wide else y - _NAME + 2), name, halo=True)
        _shares(paper, frame.shares, each, y)
        _time(paper, frame.times, each, y)
    return paper.svg()


def _order(each: Trade) -> tuple[float, float]:
    return each.false.share, each.time.p50 if each.decides else math.inf


def _legend(paper: Paper, frame: _Frame, entries: tuple[str, ...]) -> None:
    x, y = frame.shares.left if frame.wide else 8.0, 8.0
    for (shape, colour, hollow), words in zip(_MARKS, entries, strict=True):
        paper.mark((x, y), shape, colour, hollow=hollow)
        paper.words((x + 11, y + 4), words)
        if frame.wide:
            x += canvas.text_width(words, _SIZE) + 30
        else:
            y += _LEGEND


def _axes(paper: Paper, frame: _Frame, asked: float, what: str) -> None:
    shares, times = frame.shares, frame.times
    steps = (0.0, 0.25, 0.5, 0.75, 1.0) if frame.wide else (0.0, 0.5, 1.0)
    _axis(paper, frame, shares, [(at, f"{100 * at:g}{typeset.THIN}%") for at in steps])
    unit_s, ticks = canvas.time_ticks(times.end, 6 if frame.wide else 3)
    _axis(paper, frame, times, [(at * unit_s, label) for at, label in ticks])
    y = frame.bottom + 38
    paper.words((shares.left, y), what, colour=LIGHT["soft"])
    words = "median time to a decision" if frame.wide else "median time to decide"
    paper.words((times.left, y), words, colour=LIGHT["soft"])
    if math.isfinite(asked):
        x = shares.x(asked)
        ends = [(x, frame.top), (x, frame.bottom)]
        paper.line(ends, LIGHT["ink"], thick=1.2, dash=(5, 3))


def _axis(paper: Paper, frame: _Frame, axis: _Axis, ticks: list[tuple[float, str]]) -> None:
    paper.line([(axis.left, frame.bottom), (axis.right, frame.bottom)], LIGHT["soft"])
    for at, label in ticks:
        x = axis.x(at)
        paper.line([(x, frame.top), (x, frame.bottom + 4)], LIGHT["grid"])
        paper.words((x, frame.bottom + 19), label, anchor="middle", colour=LIGHT["soft"])


def _shares(paper: Paper, axis: _Axis, each: Trade, y: float) -> None:
    """Both shares with their intervals; where they lie on one another, one above the other."""
    near = abs(axis.x(each.false.share) - axis.x(each.rightly.share)) < _APART
    apart = _MOVED if near else 0.0
    _share(paper, axis, each.rightly, y - apart, ("o", _RIGHT, True))
    _share(paper, axis, each.false, y + apart, ("D", _FALSE, False))


def _share(
    paper: Paper, axis: _Axis, share: Proportion, y: float, look: tuple[str, str, bool]
) -> None:
    shape, colour, hollow = look
    paper.line([(axis.x(share.low), y), (axis.x(share.high), y)], colour, thick=1.6)
    paper.mark((axis.x(share.share), y), shape, colour, 3.8, hollow=hollow)


def _time(paper: Paper, axis: _Axis, each: Trade, y: float) -> None:
    """The median with its interval; an arrow at the right edge where half have not decided."""
    ink = LIGHT["ink"]
    if not each.decides:
        paper.mark((axis.right, y), ">", ink, 4.5, hollow=True)
        return
    low, high = (axis.x(bound) for bound in (each.time.p50_low, each.time.p50_high))
    paper.line([(low, y), (high, y)], ink, thick=1.6)
    paper.mark((axis.x(each.time.p50), y), "s", ink, 3.6)
