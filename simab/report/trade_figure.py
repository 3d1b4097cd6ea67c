"""The figure of false promotion against time to decision: a cross of intervals for each policy."""

from __future__ import annotations

import math
from typing import Final

from simab.report import canvas
from simab.report.over_worlds import Trade, trades
from simab.report.palette import LIGHT, style
from simab.report.paper import Paper
from simab.result import StudyResult
from simab.text import typeset

__all__ = ["asked_at_most", "draw_trade"]

_LINE: Final = 19
_LEFT: Final = 50.0
_TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def asked_at_most(result: StudyResult) -> float:
    """The least share of false promotions that every policy has to keep below; NaN where none."""
    bounds = [
        each.bound
        for each in result.requirements
        if each.quantity == "false_promotion" and each.at_most and each.policy is None
    ]
    return min(bounds, default=math.nan)


class Frame:
    """Where the axes stand on the paper, and how far time goes."""

    def __init__(self, found: list[Trade], width: float) -> None:
        self.wide = width > 500
        longest = max(canvas.text_width(each.policy, canvas.TEXT - 1) for each in found)
        self.right = width - (min(240.0, longest + 34) if self.wide else 14.0)
        self.top = 34.0 + (0.0 if self.wide else _LINE * len(found) + 4)
        self.bottom = self.top + max(280.0, _LINE * len(found) if self.wide else 0.0)
        known = [each.time.p50_high for each in found] + [each.time.p50 for each in found]
        latest = max((each for each in known if math.isfinite(each)), default=1.0)
        # Room at the right for those that have not decided half of their runs.
        late = any(not each.decides for each in found)
        self.end_s = latest * (1.18 if late else 1.05)

    def x(self, at_s: float) -> float:
        """Of a time; what is beyond the horizon stands at the right edge."""
        part = at_s / self.end_s if math.isfinite(at_s) else 1.0
        return _LEFT + part * (self.right - _LEFT)

    def y(self, share: float) -> float:
        """Of a share."""
        return self.bottom - share * (self.bottom - self.top)


def draw_trade(result: StudyResult, width: float) -> str:
    """Up: the share of false promotions; right: the time; a line where the requirement is."""
    found = trades(result)
    frame = Frame(found, width)
    paper = Paper(width, frame.bottom + 44)
    _axes(paper, frame, asked_at_most(result))
    places = {policy.name: at for at, policy in enumerate(result.policies)}
    for each in found:
        _cross(paper, frame, each, places[each.policy])
    _names(paper, frame, found, places)
    return paper.svg()


def _axes(paper: Paper, frame: Frame, asked: float) -> None:
    paper.words((0, frame.top - 18), "false promotion", colour=LIGHT["soft"])
    for share in _TICKS:
        y = frame.y(share)
        paper.line([(_LEFT, y), (frame.right, y)], LIGHT["grid"])
        label = f"{100 * share:g}{typeset.THIN}%"
        paper.words((_LEFT - 8, y + 4), label, anchor="end", colour=LIGHT["soft"])
    unit_s, ticks = canvas.time_ticks(frame.end_s, 7 if frame.wide else 5)
    for at, label in ticks:
        x = frame.x(at * unit_s)
        paper.line([(x, frame.bottom), (x, frame.bottom + 5)], LIGHT["soft"])
        paper.words((x, frame.bottom + 20), label, anchor="middle", colour=LIGHT["soft"])
    words = "median time to a decision"
    paper.words((frame.right, frame.bottom + 39), words, anchor="end", colour=LIGHT["soft"])
    if math.isfinite(asked):
        y = frame.y(asked)
        paper.line([(_LEFT, y), (frame.right, y)], LIGHT["ink"], thick=1.2, dash=(5, 3))


def _cross(paper: Paper, frame: Frame, each: Trade, place: int) -> None:
    look, (x, y) = style(place), (frame.x(each.time.p50), frame.y(each.false.share))
    low, high = (frame.x(bound) for bound in (each.time.p50_low, each.time.p50_high))
    if each.decides:
        paper.line([(low, y), (high, y)], look.colour, thick=1.6)
    paper.line(
        [(x, frame.y(each.false.low)), (x, frame.y(each.false.high))], look.colour, thick=1.6
    )
    paper.mark((x, y), look.marker, look.colour)


def _names(paper: Paper, frame: Frame, found: list[Trade], places: dict[str, int]) -> None:
    """A list of marks and names: on wide paper at the right, each near the height of its cross."""
    ordered = sorted(found, key=lambda each: (-each.false.share, frame.x(each.time.p50)))
    if frame.wide:
        wanted = [frame.y(each.false.share) for each in ordered]
        # Of equal heights the first in order comes first from the top.
        wanted = [y + 1e-6 * at for at, y in enumerate(wanted)]
        heights = canvas.spread(wanted, _LINE, frame.top, frame.bottom)
        x = frame.right + 18
    else:
        heights = [14.0 + _LINE * at for at in range(len(ordered))]
        x = 8.0
    for each, y in zip(ordered, heights, strict=True):
        look = style(places[each.policy])
        paper.mark((x, y), look.marker, look.colour)
        name = canvas.fit(each.policy, paper.width - x - 14, canvas.TEXT - 1)
        paper.words((x + 12, y + 4), name)
