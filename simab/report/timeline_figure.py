"""A run as a timeline: decisions, readings, traffic, latency, errors, quality and labels.

Every panel has the same axis of time, and is there only where it says something of this run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from simab.report import canvas
from simab.report.paper import Paper
from simab.report.timeline_axes import HEADING, SIZE, Panel, TimeSpan, headed
from simab.report.timeline_events import EVENT_LANE, draw_decisions, draw_readings
from simab.report.timeline_panels import parts_of
from simab.report.timeline_parts import traffic_variants
from simab.report.variant_look import look_of
from simab.result import TruthSummary
from simab.result.example_run import Example
from simab.text import typeset
from simab.text.lists import named

__all__ = ["draw_timeline"]

_GAP: Final = 14.0
_LANE_GAP: Final = 4.0
_LINE: Final = 20.0
_AXIS: Final = 44.0
_BOLD: Final = 0.12  # how much wider bold text is

_DrawLane: TypeAlias = Callable[[Paper, TimeSpan, Example, float, float], None]


def draw_timeline(
    example: Example, truth: TruthSummary, width: float, start: datetime | None = None
) -> str:
    """One run over time, as far as it is worth a figure; by the clock where it has a start."""
    parts = list(parts_of(example, truth))
    margin = (62.0 if width > 500 else 40.0) if example.metric_series else 14.0
    span = TimeSpan(width, width - margin, max(example.shown_until_s, 1e-9), start)
    legend = _legend(example, truth, width)
    lanes = [(_lines(words, width), draw) for words, draw in _lanes(example)]
    headings = [_lines(each.heading, width) for each in parts]
    heights = [EVENT_LANE] * len(lanes) + [each.height for each in parts]
    lines = [len(each) for each in (*(words for words, _ in lanes), *headings)]
    y = _LINE * (legend[-1].line + 1) + 4
    gaps = [_LANE_GAP] * len(lanes) + [_GAP] * len(parts)
    starts, tops = [], []
    for count, height, gap in zip(lines, heights, gaps, strict=True):
        starts.append(y)
        tops.append(y + HEADING * count + 5)
        y = tops[-1] + height + gap
    bottom = y - gaps[-1]
    paper = Paper(width, bottom + _AXIS)
    _draw_legend(paper, legend, truth)
    for (_, draw), top in zip(lanes, tops, strict=False):
        draw(paper, span, example, top, bottom)
    for part, top in zip(parts, tops[len(lanes) :], strict=True):
        part.draw(paper, Panel(span, top, part.height, *part.scale))
    # Last, with a halo: the lines of decisions run through all panels.
    for words, above in zip([*(each for each, _ in lanes), *headings], starts, strict=True):
        headed(paper, above, words)
    span.draw(paper, bottom + 3)
    return paper.svg()


def _lines(words: str, width: float) -> list[str]:
    """A heading in lines that leave room for its first words, which are bold and so wider."""
    bold = canvas.text_width(words.partition(":")[0], SIZE)
    return canvas.wrapped(words, width - 14 - _BOLD * min(bold, width / 2), SIZE)


def _lanes(example: Example) -> list[tuple[str, _DrawLane]]:
    """Decisions with the numbers of the table beneath, and readings, where there are any."""
    lanes: list[tuple[str, _DrawLane]] = []
    if example.decisions:
        said = "Decisions: numbered as in the table beneath"
        if math.isfinite(example.decided_at_s):
            verdict = example.verdict.replace("_", " ")
            said += f"; solid line: {verdict} at {typeset.duration(example.decided_at_s)}"
        lanes.append((said, draw_decisions))
    if example.readings:
        said = "Analyses: ring passed, cross not passed, slanted stroke left open"
        lanes.append((said, lambda paper, span, run, top, _: draw_readings(paper, span, run, top)))
    return lanes


class _Entry(NamedTuple):
    """A variant of the legend: where its sample and its words stand."""

    x: float
    line: int
    words: str
    variant: str


def _legend(example: Example, truth: TruthSummary, width: float) -> list[_Entry]:
    """Control, candidate and any others, in as few lines as they fit into."""
    roles = {truth.control: ", control", truth.candidate: ", candidate"}
    shown = dict.fromkeys([truth.control, truth.candidate, *traffic_variants(example, truth)])
    entries: list[_Entry] = []
    x, line = 2.0, 0
    for name in shown:
        role = roles.get(name, "")
        room = width - 50 - canvas.text_width(role, SIZE)
        words = canvas.fit(named(name), room, SIZE) + role
        wide = 44 + canvas.text_width(words, SIZE) + 24
        if entries and x + wide > width + 20:
            x, line = 2.0, line + 1
        entries.append(_Entry(x, line, words, name))
        x += wide
    return entries


def _draw_legend(paper: Paper, legend: list[_Entry], truth: TruthSummary) -> None:
    for x, line, words, name in legend:
        look, y = look_of(name, truth), 10.0 + _LINE * line
        paper.line([(x, y), (x + 36, y)], look.colour, thick=2.2, dash=look.dash)
        paper.mark((x + 18, y), look.marker, look.colour, 3.6)
        paper.words((x + 44, y + 4), words)
