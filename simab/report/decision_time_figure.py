"""The figure of the time to a decision: the share of all runs that have decided, over time."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import partial
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simab.report import canvas
from simab.report.overlay import Overlay
from simab.report.palette import LIGHT, Style, style
from simab.report.paper import Paper
from simab.report.policy_rows import MOST_LINES, Row, RowArea, draw_rows
from simab.result import Ecdf, PolicyResult, StudyResult
from simab.text import typeset
from simab.text.time_ticks import axis_title

__all__ = ["draw_timing"]

_LINE: Final = 17
_FOOT: Final = 48.0
_MOST_STEPS: Final = 200  # of a line: the eye sees no more
_MARKS: Final = 5  # markers on a line: enough to distinguish it from its neighbours


def draw_timing(result: StudyResult, width: float) -> Figure | str:
    """Steps, each named at its end; on narrow paper in a list above. Of many a row for each."""
    if len(result.policies) > MOST_LINES:
        return _rows(result, width)
    wide = width > 500
    policies = result.policies
    top = 32.0 if wide else 34.0 + (_LINE + 3) * len(policies)
    longest = max(canvas.text_width(each.name, canvas.TEXT - 1) for each in policies)
    right = min(250.0, longest + 40) if wide else 26.0
    plot = max(260.0 if wide else 230.0, _LINE * len(policies) + 30.0 if wide else 0.0)
    height = top + plot + _FOOT
    margins = canvas.Margins(48, right, top, _FOOT)
    figure, axes = canvas.axes(width, height, margins)
    canvas.share_axis(axes)
    start = result.scenario.start
    unit_s = canvas.time_axis(axes, result.horizon_s, 7 if wide else 5, start)
    canvas.axis_titles(axes, axis_title(result.horizon_s, start), "runs that have decided", plot)
    ends = [
        _steps(axes, policy.decision_time_ecdf, result.horizon_s, unit_s, at)
        for at, policy in enumerate(policies)
    ]
    names = [policy.name for policy in policies]
    if wide:
        _name_ends(figure, names, ends, margins)
    else:
        _list(figure, names)
    return figure


def _rows(result: StudyResult, width: float) -> str:
    """For each policy the share that has decided by then, as a filled step."""
    rows = [
        Row(policy.name, _half(policy), partial(_fill, policy.decision_time_ecdf))
        for policy in result.policies
    ]
    return draw_rows(rows, result.horizon_s, width, result.scenario.start)


def _half(policy: PolicyResult) -> str:
    middle = policy.decision_time_s.p50
    return f"half by {typeset.duration(middle)}" if math.isfinite(middle) else "fewer than half"


def _fill(ecdf: Ecdf, paper: Paper, area: RowArea) -> None:
    times, shares = _thinned(ecdf)
    corners = [area.place(0, 0)]
    for before, at_s, share in zip(shares, times[1:], shares[1:], strict=False):
        corners += [area.place(at_s, before), area.place(at_s, share)]
    edge = [*corners, area.place(area.end_s, shares[-1])]
    paper.area([*edge, area.place(area.end_s, 0)], LIGHT["blue"], opacity=0.22)
    paper.line(edge, LIGHT["blue"], thick=1.8)


def _thinned(ecdf: Ecdf) -> tuple[list[float], list[float]]:
    """Times and shares from 0 at the start on, as many as the eye sees."""
    shown = range(0, len(ecdf.time_s), max(1, len(ecdf.time_s) // _MOST_STEPS))
    times = [0.0, *(ecdf.time_s[step] for step in shown), *ecdf.time_s[-1:]]
    shares = [0.0, *(ecdf.share[step] for step in shown), *ecdf.share[-1:]]
    return times, shares


def _steps(axes: Axes, ecdf: Ecdf, horizon_s: float, unit_s: float, at: int) -> float:
    """Draw one policy; returns the share decided at the horizon."""
    times, shares = _thinned(ecdf)
    if times[-1] < horizon_s:
        times, shares = [*times, horizon_s], [*shares, shares[-1]]
    look = style(at)
    axes.plot(
        [each / unit_s for each in times], shares, drawstyle="steps-post", clip_on=False,
        color=look.colour, linewidth=2, dashes=look.dash, zorder=3,
    )  # fmt: skip
    offsets = [horizon_s * (mark + 0.15 + 0.7 * (at % 5) / 5) / _MARKS for mark in range(_MARKS)]
    reached = [(each, shares[bisect_right(times, each) - 1]) for each in offsets]
    marks = [(at_s, share) for at_s, share in reached if share > 0]
    axes.plot(
        [at_s / unit_s for at_s, _ in marks], [share for _, share in marks],
        linestyle="none", marker=look.marker,
        color=look.colour, markersize=6.5, markeredgecolor=LIGHT["paper"], zorder=4, clip_on=False,
    )  # fmt: skip
    return shares[-1]


def _name_ends(
    figure: Figure, names: list[str], ends: list[float], margins: canvas.Margins
) -> None:
    """Names to the right of the lines' ends, moved apart, with a leader and the line's marker."""
    over = Overlay(figure)
    width, height = over.width, over.height
    plot = height - margins.top - margins.bottom
    wanted = [margins.top + plot * (1.02 - end) / 1.04 for end in ends]  # the scale of share_axis
    placed = canvas.spread(wanted, _LINE, margins.top + 6, height - margins.bottom - 6)
    x, size = width - margins.right, canvas.TEXT - 1
    for at, (name, end, y) in enumerate(zip(names, wanted, placed, strict=True)):
        look = style(at)
        over.plot([x + 4, x + 14, x + 18], [end, y, y], color=look.colour, linewidth=1)
        _marker(over, (x + 23, y), look)
        room = margins.right - 34
        over.text(x + 32, y, canvas.fit(name, room, size), va="center_baseline", size=size)


def _list(figure: Figure, names: list[str]) -> None:
    """A list above the axes: a piece of each line, and its name."""
    over = Overlay(figure)
    width = over.width
    size = canvas.TEXT - 1
    for at, name in enumerate(names):
        look, y = style(at), 10 + (_LINE + 3) * at
        over.plot([2, 38], [y, y], color=look.colour, linewidth=2, dashes=look.dash)
        _marker(over, (20, y), look)
        over.text(46, y, canvas.fit(name, width - 50, size), va="center_baseline", size=size)


def _marker(axes: Axes | Overlay, place: tuple[float, float], look: Style) -> None:
    x, y = place
    axes.plot(
        [x], [y], marker=look.marker, color=look.colour, markersize=6.5,
        markeredgecolor=LIGHT["paper"], linestyle="none",
    )  # fmt: skip
