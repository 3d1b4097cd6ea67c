"""The lanes of a timeline above its panels: numbered decisions, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.report.timeline_axes import SIZE, TimeSpan
from simab.result.example_run import Example

__all__ = ["EVENT_LANE", "Numbered", "draw_decisions", "draw_readings", "numbered"]

EVENT_LANE: Final = 24.0
_PILL: Final = 18.0
_APART: Final = 3.0


@dataclass(frozen=True, slots=True)
class Numbered:
    """Neighbouring decisions under one label: the first and the last number, and their place."""

    first: int
    last: int
    left: float
    right: float

    @property
    def label(self) -> str:
        """`3`, or `3-5` for several."""
        if self.first == self.last:
            return str(self.first)
        return f"{self.first}\u2013{self.last}"

    @property
    def wide(self) -> tuple[float, float]:
        """Its left and right edge: as wide as its label, and as what it stands for."""
        middle, half = (self.left + self.right) / 2, canvas.text_width(self.label, SIZE) / 2 + 5
        half = max(half, _PILL / 2)
        return min(middle - half, self.left - 2), max(middle + half, self.right + 2)


def numbered(places: Sequence[float], left: float, right: float) -> list[Numbered]:
    """Labels for decisions at these places, in order, so that no two overlap.

    Those that would are put under one label, again and again until none does. All lie between
    `left` and `right`.
    """
    found: list[Numbered] = []
    for at, x in enumerate(places, start=1):
        found.append(_within(Numbered(at, at, x, x), left, right))
        while len(found) > 1 and found[-2].wide[1] + _APART > found[-1].wide[0]:
            last, before = found.pop(), found.pop()
            joined = Numbered(before.first, last.last, before.left, last.right)
            found.append(_within(joined, left, right))
    return found


def _within(one: Numbered, left: float, right: float) -> Numbered:
    """Moved inwards where its label would cross an edge of the paper."""
    low, high = one.wide
    move = max(left - low, 0.0) or min(right - high, 0.0)
    return replace(one, left=one.left + move, right=one.right + move)


def draw_decisions(
    paper: Paper, span: TimeSpan, example: Example, lane: float, bottom: float
) -> None:
    """A numbered label for each decision, and a line down through the panels."""
    shown = [each for each in example.decisions if each.at_s <= span.end_s]
    for each in shown if len(shown) <= 40 else ():
        x = span.x(each.at_s)
        paper.line([(x, lane + _PILL), (x, bottom)], LIGHT["rule"], dash=(2, 3))
    if math.isfinite(example.decided_at_s) and example.decided_at_s <= span.end_s:
        x = span.x(example.decided_at_s)
        paper.line([(x, lane + _PILL), (x, bottom)], LIGHT["ink"], thick=1.4)
    for one in numbered([span.x(each.at_s) for each in shown], 1, span.width - 1):
        left, right = one.wide
        paper.rectangle((left, lane), (right - left, _PILL), fill=LIGHT["paper"], edge=LIGHT["ink"])
        paper.words(((left + right) / 2, lane + 13), one.label, anchor="middle")


def draw_readings(paper: Paper, span: TimeSpan, example: Example, lane: float) -> None:
    """A mark for each: hollow passed, a cross not passed, a slanted stroke left open."""
    for each in example.readings:
        if each.at_s > span.end_s:
            continue
        x, y = span.x(each.at_s), lane + EVENT_LANE / 2 - 4
        if each.passed is None:
            # Slanted, on a gap: an upright one would lie on the line of a decision at its instant.
            stroke = [(x - 4, y + 5), (x + 4, y - 5)]
            paper.line(stroke, LIGHT["paper"], thick=6.0)
            paper.line(stroke, LIGHT["soft"], thick=1.8)
        elif each.passed:
            paper.mark((x, y), "o", LIGHT["green"], 4.2, hollow=True)
        else:
            paper.mark((x, y), "X", LIGHT["vermillion"], 5.2)
