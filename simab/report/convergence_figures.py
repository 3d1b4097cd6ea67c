"""The figures of a study of convergence over time: fans, and who leads; and how its lines look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simab.report import canvas
from simab.report.convergence_text import metric_title, value_text
from simab.report.overlay import Overlay
from simab.report.palette import LIGHT
from simab.result.estimates import Proportion
from simab.result.studied_convergence import (
    Leader,
    MetricConvergence,
    StudiedConvergence,
    VariantConvergence,
)
from simab.text import typeset
from simab.text.time_ticks import axis_title

__all__ = [
    "CANDIDATE",
    "CONTROL",
    "DIFFERENCE",
    "Look",
    "dashes_of",
    "draw_fan",
    "draw_leader",
    "fan_range",
    "fan_title",
    "has_fan",
    "legend",
    "value_axis",
]

_LINE: Final = 20
DASHED: Final = (7.0, 2.5)
_TRUTH: Final = (1.0, 3.0)
_SOLID: Final = (9.0, 0.001)
_NARROW: Final = 500


class Look(NamedTuple):
    """A line: its colour, and its dashes."""

    colour: str
    dash: tuple[float, ...]


CONTROL: Final = Look(LIGHT["blue"], ())
CANDIDATE: Final = Look(LIGHT["vermillion"], DASHED)
DIFFERENCE: Final = Look(LIGHT["green"], ())


def dashes_of(look: Look) -> tuple[float, ...]:
    """As matplotlib takes them, also where the line is solid."""
    return look.dash or _SOLID


def has_fan(each: VariantConvergence) -> bool:
    """Whether the estimates vary at all, so that a fan shows something."""
    fan = each.fan
    return any(fan.width(at) > 0 for at in range(len(fan.p50)))


def value_axis(axes: Axes, metric: MetricConvergence, bounds: tuple[float, float]) -> None:
    """The y axis in the unit of the metric."""
    axes.set_ylim(*bounds)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(metric, value)))


def _tick(metric: MetricConvergence, value: float) -> str:
    if metric.kind == "errors":
        return f"{100 * value:g}{typeset.THIN}%".replace("-", typeset.MINUS)
    if metric.kind == "latency":
        text = value_text(metric, abs(value)) if value else "0"
        return f"{typeset.MINUS}{text}" if value < 0 else text
    return f"{value:.4g}".replace("-", typeset.MINUS)


def draw_fan(
    result: StudiedConvergence, metric: MetricConvergence, which: str, width: float
) -> Figure:
    """A fan over time: 50 and 90 % of the runs, the median, the truth, and one run.

    `which` is a variant, or empty for the difference.
    """
    each = metric.variants[which] if which else metric.difference
    truth = metric.truth[which] if which else metric.true_difference
    look = _look(result, which)
    top = 3 * _LINE + 16.0
    figure, axes = canvas.axes(width, top + 210 + 48, canvas.Margins(62, 26, top, 48))
    start = result.start
    unit_s = canvas.time_axis(axes, result.times_s[-1], 8 if width > 500 else 5, start)
    canvas.time_title(axes, axis_title(result.times_s[-1], start))
    at = [time / unit_s for time in result.times_s]
    fan = each.fan
    for low, high, alpha in ((fan.p5, fan.p95, 0.14), (fan.p25, fan.p75, 0.22)):
        axes.fill_between(at, low, high, facecolor=look.colour, alpha=alpha, linewidth=0, zorder=2)
    axes.plot(at, fan.p50, color=look.colour, linewidth=2, zorder=4)
    ink = LIGHT["ink"]
    axes.plot(at, each.example.value, color=ink, linewidth=1.3, zorder=5)
    for edge in (each.example.low, each.example.high):
        axes.plot(at, edge, color=ink, linewidth=0.9, dashes=(2, 2), zorder=5)
    if math.isfinite(truth):
        axes.axhline(truth, color=LIGHT["purple"], linewidth=2.4, zorder=3)
    if not which:
        axes.axhline(0, color=LIGHT["soft"], linewidth=1, zorder=1)
    value_axis(axes, metric, fan_range(each, truth, difference=not which))
    _fan_legend(figure, fan_title(result, metric, which), look)
    return figure


def fan_title(result: StudiedConvergence, metric: MetricConvergence, which: str) -> str:
    """What a fan is of: a variant's metric, or the difference of both where none is named."""
    title = metric_title(metric.name)
    if which:
        return f"{title} of {which}"
    return f"difference in {title}, {result.candidate} less {result.control}"


def _look(result: StudiedConvergence, which: str) -> Look:
    if not which:
        return DIFFERENCE
    return CONTROL if which == result.control else CANDIDATE


def fan_range(each: VariantConvergence, truth: float, *, difference: bool) -> tuple[float, float]:
    """The fan from a tenth of the time on: the first labels would flatten all that follows."""
    start = len(each.fan.p5) // 4
    edges = (*each.fan.p5[start:], *each.fan.p95[start:])
    edges += (*each.example.low[2 * start :], *each.example.high[2 * start :])
    ends = [end for end in edges if math.isfinite(end)]
    ends = ends or [end for end in each.fan.p50 if math.isfinite(end)]
    ends += [truth] if math.isfinite(truth) else []
    ends += [0.0] if difference else []
    room = 0.12 * ((max(ends) - min(ends)) or abs(max(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


def _fan_legend(figure: Figure, title: str, look: Look) -> None:
    over = Overlay(figure)
    width = over.width
    size = canvas.TEXT - 1
    narrow = width < _NARROW
    words = (
        "runs: median, 50 and 90 %" if narrow else f"{title}: median, 50 and 90 % of the runs",
        "one run, with its 95 % interval",
        "truth",
    )
    for row, text in enumerate(words):
        y = 10 + _LINE * row
        if row == 0:
            over.box((2, 38), (y - 6, y + 6), facecolor=look.colour, alpha=0.2, linewidth=0)
            over.plot([2, 38], [y, y], color=look.colour, linewidth=2)
        elif row == 1:
            over.plot([2, 38], [y, y], color=LIGHT["ink"], linewidth=1.3)
            for edge in (y - 5, y + 5):
                over.plot([2, 38], [edge, edge], color=LIGHT["ink"], linewidth=0.9, dashes=(2, 2))
        else:
            over.plot([2, 38], [y, y], color=LIGHT["purple"], linewidth=2.4)
        over.text(46, y, canvas.fit(text, width - 50, size), va="center_baseline", size=size)


def draw_leader(result: StudiedConvergence, metric: MetricConvergence, width: float) -> Figure:
    """How often the better variant leads, is found better, and the other is, over time."""
    top = (5 if metric.leader.behind else 4) * _LINE + 32.0
    figure, axes = canvas.axes(width, top + 200 + 48, canvas.Margins(54, 26, top, 48))
    start = result.start
    unit_s = canvas.time_axis(axes, result.times_s[-1], 8 if width > 500 else 5, start)
    canvas.share_axis(axes, (0, 0.25, 0.5, 0.75, 0.95))
    canvas.axis_titles(axes, axis_title(result.times_s[-1], start), "share of the runs", 200)
    at = [time / unit_s for time in result.times_s]
    leader, wrong = metric.leader, Look(LIGHT["vermillion"], (2, 2))
    lines = (
        ("the better one leads", leader.leads, CONTROL),
        *_not_leading(leader),
        ("a 5 % test finds it better", leader.declared, Look(LIGHT["green"], DASHED)),
        ("a 5 % test finds the other better", leader.declared_wrong, wrong),
    )
    for _, shares, look in lines:
        axes.fill_between(
            at, [each.low for each in shares], [each.high for each in shares],
            facecolor=look.colour, alpha=0.12, linewidth=0, zorder=2,
        )  # fmt: skip
        axes.plot(
            at, [each.share for each in shares], color=look.colour, linewidth=2,
            dashes=dashes_of(look), zorder=3,
        )  # fmt: skip
    axes.axhline(0.95, color=LIGHT["ink"], linewidth=1, dashes=_TRUTH)
    legend(figure, [(words, look) for words, _, look in lines])
    return figure


def _not_leading(leader: Leader) -> list[tuple[str, Sequence[Proportion], Look]]:
    """Ties, and runs in which the other leads, where that is known."""
    found = [("both tie", leader.ties, Look(LIGHT["soft"], (1, 1.5)))]
    if leader.behind:
        found.append(("the other leads", leader.behind, Look(LIGHT["purple"], (5, 1.5, 1, 1.5))))
    return list(found)


def legend(figure: Figure, entries: Sequence[tuple[str, Look]]) -> None:
    """A line each above the axes: how it looks, and its words."""
    over = Overlay(figure)
    width = over.width
    size = canvas.TEXT - 1
    for row, (words, look) in enumerate(entries):
        y = 10 + _LINE * row
        over.box((2, 38), (y - 6, y + 6), facecolor=look.colour, alpha=0.16, linewidth=0)
        over.plot([2, 38], [y, y], color=look.colour, linewidth=2, dashes=dashes_of(look))
        over.text(46, y, canvas.fit(words, width - 50, size), va="center_baseline", size=size)
