"""The figure of a plan: power against exposure, a mark a candidate, and the frontier of the best.

Filled marks meet all that is required; hollow ones do not, or are not known to.
"""

from __future__ import annotations

import math
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT, Style, style
from simab.report.paper import Paper
from simab.report.plan_text import in_order_of_merit
from simab.result.plan_result import PlannedPolicy, PlanResult
from simab.text import typeset

__all__ = ["draw_frontier", "drawn_candidates"]

_LEFT: Final = 50.0
_LINE: Final = 19.0
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_ROUND: Final = (1, 2, 2.5, 5, 10)
_MOST_NAMES: Final = 12
_BOLD: Final = 0.88  # what plain type takes of the width of bold


def drawn_candidates(result: PlanResult) -> list[PlannedPolicy]:
    """Those of which both power and exposure are known."""
    return [each for each in result.candidates if each.has_power_and_exposure]


def draw_frontier(result: PlanResult, width: float) -> str:
    """Up: the least power; right: requests on worse variants; names of the frontier beside."""
    frame = _Frame(result, width)
    paper = Paper(width, frame.height)
    _axes(paper, frame)
    frontier = sorted(frame.frontier, key=lambda each: each.exposure.mean)
    if len(frontier) > 1:
        paper.line([frame.at(each) for each in frontier], LIGHT["soft"], dash=(2, 3))
    for each in sorted(frame.drawn, key=lambda each: each.name == result.chosen):
        _mark(paper, frame, each)
    _names(paper, frame)
    return paper.svg()


class _Frame:
    """Where the axes stand, how far they go, and which candidates are named."""

    def __init__(self, result: PlanResult, width: float) -> None:
        self.result, self.drawn = result, drawn_candidates(result)
        self.frontier = [each for each in self.drawn if each.on_frontier]
        others = [e for e in self.drawn if e.name == result.chosen and not e.on_frontier]
        ordered = sorted(self.frontier, key=lambda each: -_power(each))
        self.named = [*others, *ordered][:_MOST_NAMES]
        self.numbers = {each.name: at for at, each in enumerate(in_order_of_merit(result), 1)}
        self.families = list(dict.fromkeys(each.of for each in result.candidates))
        self.wide = width > 500
        self.right = width - (280.0 if self.wide else 14.0)
        under = 0.0 if self.wide else _LINE * len(self.named) + 10
        self.top, self.bottom = 34.0, 314.0
        self.height = max(self.bottom + 48 + under, 40 + _LINE * len(self.named))
        highest = max(each.exposure.mean for each in self.drawn)
        self.step = _round_step(highest * 1.05 / (5 if self.wide else 3))
        self.end = self.step * max(math.ceil(highest * 1.02 / self.step), 1)

    def at(self, candidate: PlannedPolicy) -> tuple[float, float]:
        """Where a candidate stands."""
        part = candidate.exposure.mean / self.end
        return _LEFT + part * (self.right - _LEFT), self.y(_power(candidate))

    def y(self, share: float) -> float:
        """Of a share."""
        return self.bottom - share * (self.bottom - self.top)

    def look(self, candidate: PlannedPolicy) -> Style:
        """By the policy of which it is one."""
        return style(self.families.index(candidate.of))


def _power(candidate: PlannedPolicy) -> float:
    return math.nan if candidate.power is None else candidate.power.share


def _round_step(least: float) -> float:
    """The next round number."""
    if least <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(least))
    return next(unit * each for each in _ROUND if unit * each >= least * (1 - 1e-9))


def _axes(paper: Paper, frame: _Frame) -> None:
    paper.words((0, frame.top - 18), "least power", colour=LIGHT["soft"])
    for share in _SHARES:
        y = frame.y(share)
        paper.line([(_LEFT, y), (frame.right, y)], LIGHT["grid"])
        label = f"{100 * share:g}{typeset.THIN}%"
        paper.words((_LEFT - 8, y + 4), label, anchor="end", colour=LIGHT["soft"])
    for count in range(round(frame.end / frame.step) + 1):
        value = count * frame.step
        x = _LEFT + value / frame.end * (frame.right - _LEFT)
        paper.line([(x, frame.bottom), (x, frame.bottom + 5)], LIGHT["soft"])
        paper.words(
            (x, frame.bottom + 20), typeset.count(value) if value >= 10 else f"{value:g}",
            anchor="middle", colour=LIGHT["soft"],
        )  # fmt: skip
    words = "requests on worse variants"
    paper.words((frame.right, frame.bottom + 39), words, anchor="end", colour=LIGHT["soft"])
    for each in frame.result.requirements:
        if each.quantity == "power" and not each.at_most and each.policy is None:
            y = frame.y(each.bound)
            paper.line([(_LEFT, y), (frame.right, y)], LIGHT["ink"], thick=1.2, dash=(5, 3))
            paper.words(
                (frame.right, y + 15), "required", anchor="end", colour=LIGHT["soft"], halo=True
            )


def _mark(paper: Paper, frame: _Frame, each: PlannedPolicy) -> None:
    look, passes = frame.look(each), each.compliance == "passes"
    if each.name == frame.result.chosen:
        paper.mark(frame.at(each), "o", LIGHT["ink"], 9.0, hollow=True)
    paper.mark(frame.at(each), look.marker, look.colour, hollow=not passes)
    if each in frame.named:
        x, y = frame.at(each)
        number = str(frame.numbers[each.name])
        away = 14 if each.name == frame.result.chosen else 9
        paper.words((x + away, y + 16), number, colour=LIGHT["soft"], size=11, halo=True)


def _names(paper: Paper, frame: _Frame) -> None:
    """Of the frontier and the chosen: beside on wide paper, each near its height; else below."""
    if frame.wide:
        wanted = [frame.y(_power(each)) + 1e-6 * at for at, each in enumerate(frame.named)]
        heights = canvas.spread(wanted, _LINE, frame.top, frame.height - 20)
        x = frame.right + 22
    else:
        heights = [frame.bottom + 62 + _LINE * at for at in range(len(frame.named))]
        x = 10.0
    for each, y in zip(frame.named, heights, strict=True):
        look, chosen = frame.look(each), each.name == frame.result.chosen
        if chosen:
            paper.mark((x, y), "o", LIGHT["ink"], 9.0, hollow=True)
        paper.mark((x, y), look.marker, look.colour, hollow=each.compliance != "passes")
        alone = len(frame.families) == 1  # then the policy's name says nothing
        name = each.name.removeprefix(f"{each.of}: ") if alone else each.name
        room = (paper.width - x - 16) * (_BOLD if chosen else 1.0)
        name = canvas.fit(f"{frame.numbers[each.name]}. {name}", room, canvas.TEXT - 1)
        paper.words((x + 14, y + 4), name, bold=chosen)
