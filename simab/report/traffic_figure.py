"""The figure of who got the traffic in an example run: weights, realised shares, decisions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from simab.report import canvas
from simab.report.example_figures import marked_times, wear
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.result import TruthSummary
from simab.result.example_run import Example
from simab.text import typeset

__all__ = ["BINS", "draw_traffic", "traffic_variants"]

BINS: Final = 60
_LINE: Final = 20
_LEFT: Final = 48.0
_PLOT: Final = 190.0
_SIZE: Final = canvas.TEXT - 1


def traffic_variants(example: Example, truth: TruthSummary) -> list[str]:
    """Whose share to draw: the candidate's says it all where there are only two."""
    others = [
        each for each in example.variants_seen() if each not in (truth.control, truth.candidate)
    ]
    return [truth.candidate] if not others else [truth.candidate, truth.control, *others]


class _Frame:
    """Where the axes stand, and the place of an instant and a share."""

    def __init__(self, width: float, top: float, end_s: float) -> None:
        self.right, self.top, self.bottom = width - 26.0, top, top + _PLOT
        self.end_s = max(end_s, 1e-9)

    def place(self, at_s: float, share: float) -> tuple[float, float]:
        x = _LEFT + (self.right - _LEFT) * at_s / self.end_s
        return x, self.bottom - _PLOT * share


def draw_traffic(example: Example, truth: TruthSummary, width: float) -> str:
    """The weights as steps, what was realised as marks, the decision as a line."""
    names = traffic_variants(example, truth)
    frame = _Frame(width, _LINE * (len(names) + 1) + 28.0, example.shown_until_s)
    paper = Paper(width, frame.bottom + 28)
    _legend(paper, names, truth)
    _axes(paper, frame)
    for name in names:
        _share(paper, frame, example, truth, name)
    _decisions(paper, frame, example)
    return paper.svg()


def _axes(paper: Paper, frame: _Frame) -> None:
    for share in (0, 0.25, 0.5, 0.75, 1):
        left, right = frame.place(0, share), frame.place(frame.end_s, share)
        paper.line([left, right], LIGHT["grid"])
        label = f"{100 * share:g}{typeset.THIN}%"
        paper.words((_LEFT - 8, left[1] + 4), label, anchor="end", colour=LIGHT["soft"])
    unit_s, ticks = canvas.time_ticks(frame.end_s, 8 if paper.width > 500 else 5)
    paper.line([(_LEFT, frame.bottom + 3), (frame.right, frame.bottom + 3)], LIGHT["soft"])
    for at, label in ticks:
        x, _ = frame.place(at * unit_s, 0)
        paper.line([(x, frame.bottom + 3), (x, frame.bottom + 7)], LIGHT["soft"])
        paper.words((x, frame.bottom + 21), label, anchor="middle", colour=LIGHT["soft"])


def _share(paper: Paper, frame: _Frame, example: Example, truth: TruthSummary, name: str) -> None:
    """The weight of a variant, in force from each instant to the next, and what came of it."""
    look = wear(name, truth)
    times, shares = example.weight_steps(name, frame.end_s)
    steps = list(zip(times, shares, strict=True))
    points = [frame.place(at_s, share) for at_s, share in steps[:1]]
    for (_, before), (at_s, share) in pairwise(steps):
        points.append(frame.place(min(at_s, frame.end_s), before))
        if at_s > frame.end_s:
            break
        points.append(frame.place(at_s, share))
    paper.line(points, look.colour, thick=2.2, dash=[2.2 * each for each in look.dash])
    for each in example.realised(name, frame.end_s, BINS):
        paper.mark(frame.place(each.at_s, each.share), look.marker, look.colour, 3.2, hollow=True)


def _legend(paper: Paper, names: list[str], truth: TruthSummary) -> None:
    for at, name in enumerate(names):
        look, y = wear(name, truth), 10.0 + _LINE * at
        paper.line([(2, y), (38, y)], look.colour, thick=2.2, dash=[2.2 * d for d in look.dash])
        words = canvas.fit(f"weight of {name}, as a share", paper.width - 50, _SIZE)
        paper.words((46, y + 4), words)
    look, y = wear(names[0], truth), 10.0 + _LINE * len(names)
    for x in (8, 20, 32):
        paper.mark((x, y), look.marker, look.colour, 3.2, hollow=True)
    paper.words((46, y + 4), "share of the requests, pooled")


def _decisions(paper: Paper, frame: _Frame, example: Example) -> None:
    """A tick for each accepted action, and a named line at the one that ended the experiment."""
    seen = marked_times(example, frame.end_s)
    for at_s in seen:
        x, y = frame.place(at_s, 1.03)
        if len(seen) <= 20:
            paper.mark((x, y), "v", LIGHT["ink"], 3.4)
        else:
            paper.line([(x, y - 3), (x, y + 3)], LIGHT["ink"])
    if not math.isfinite(example.decided_at_s):
        return
    x, y = frame.place(example.decided_at_s, 1.03)
    paper.line([(x, frame.bottom), (x, y)], LIGHT["ink"], thick=1.2)
    part = example.decided_at_s / frame.end_s
    anchor = "start" if part < 0.3 else "end" if part > 0.7 else "middle"
    words = f"{example.verdict.replace('_', ' ')} at {typeset.duration(example.decided_at_s)}"
    paper.words((x, y - 8), words, anchor=anchor)
