"""The figures of a study of convergence: funnels over labels, fans over time, and who leads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from simab.report import canvas
from simab.report.convergence_text import metric_title, value_text
from simab.report.palette import LIGHT
from simab.result.estimates import Proportion
from simab.result.studied_convergence import (
    Fan,
    LabelledPoint,
    Leader,
    MetricConvergence,
    StudiedConvergence,
    VariantConvergence,
)
from simab.text import typeset

__all__ = [
    "draw_fan",
    "draw_funnel",
    "draw_leader",
    "fan_range",
    "fan_title",
    "funnel_end",
    "funnel_points",
    "has_fan",
]

_LINE: Final = 20
_DASHED: Final = (7.0, 2.5)
_TRUTH: Final = (1.0, 3.0)
_SOLID: Final = (9.0, 0.001)
_ENOUGH: Final = 0.9
_NEAR: Final = 0.6  # of the axis: labels as near may meet on a phone
_ROW: Final = 0.075  # a line of text, of the height of the axes
_NARROW: Final = 500
_MOST_SAMPLES: Final = 1e9
_FEWEST: Final = 10


class _Look(NamedTuple):
    colour: str
    dash: tuple[float, ...]


_CONTROL: Final = _Look(LIGHT["blue"], ())
_CANDIDATE: Final = _Look(LIGHT["vermillion"], _DASHED)
_DIFFERENCE: Final = _Look(LIGHT["green"], ())


def _dashes(look: _Look) -> tuple[float, ...]:
    return look.dash or _SOLID


def has_fan(each: VariantConvergence) -> bool:
    """Whether the estimates vary at all, so that a fan shows something."""
    fan = each.fan
    return any(fan.width(at) > 0 for at in range(len(fan.p50)))


def funnel_points(
    result: StudiedConvergence, metric: MetricConvergence
) -> tuple[LabelledPoint, ...]:
    """The counts of labels that nine runs in ten reach, from ten or a third of the decision on."""
    first = max(_FEWEST, result.decision_labels / 3)
    return tuple(
        each
        for each in metric.by_labels
        if each.reached >= _ENOUGH * result.replications and each.labelled >= first
    )


def draw_funnel(result: StudiedConvergence, metric: MetricConvergence, width: float) -> Figure:
    """What 90 % of the runs say of each variant against labels, to where they are distinguished.

    Beyond the labels that runs reach the band is drawn on, dashed, by 1 / sqrt(n).
    """
    points = funnel_points(result, metric)
    top = 2 * _LINE + 52.0
    figure, axes = canvas.axes(width, top + 250 + 48, canvas.Margins(54, 20, top, 48))
    first, last, end = points[0].labelled, points[-1], funnel_end(result, metric)
    axes.set_xscale("log")
    axes.set_xlim(float(first), end)
    variants = (
        (result.control, _CONTROL, "control"),
        (result.candidate, _CANDIDATE, "candidate"),
    )
    for name, look, which in variants:
        truth = metric.truth[name]
        _funnel(axes, [getattr(each, which) for each in points], points, look)
        _beyond(axes, (getattr(last, which), last.labelled, truth), look, end)
        axes.axhline(truth, color=look.colour, linewidth=1.8, dashes=_dashes(look), zorder=4)
    _labels_axis(axes, first, end, width)
    _value_axis(axes, metric, _funnel_range(points, metric, result))
    _marks(axes, result, metric)
    _widths(axes, result, metric, points)
    title = metric_title(metric.name)
    _legend(
        figure,
        [
            (f"{title} of {name}: 90 % of the runs, and its truth", look)
            for name, look, _ in variants
        ],
    )
    axes.set_xlabel("labelled requests of each variant", fontsize=canvas.TEXT - 1)
    return figure


def funnel_end(result: StudiedConvergence, metric: MetricConvergence) -> float:
    """Past the last count, the decision, and where the two are distinguished."""
    marks = [float(funnel_points(result, metric)[-1].labelled), float(result.decision_labels)]
    needed = metric.size("true difference")
    if needed is not None and needed.simulated < _MOST_SAMPLES:
        marks.append(needed.simulated)
    return max(marks) * 2.0


def _funnel(axes: Axes, fans: Sequence[Fan], points: Sequence[LabelledPoint], look: _Look) -> None:
    at = [each.labelled for each in points]
    low, high = [each.p5[0] for each in fans], [each.p95[0] for each in fans]
    axes.fill_between(at, low, high, facecolor=look.colour, alpha=0.16, linewidth=0, zorder=2)
    for edge in (low, high):
        axes.plot(at, edge, color=look.colour, linewidth=1.4, dashes=_dashes(look), zorder=3)


def _beyond(axes: Axes, known: tuple[Fan, int, float], look: _Look, end: float) -> None:
    """The band past the last count, about the truth; it narrows by 1 / sqrt(n)."""
    fan, labelled, truth = known
    if end <= labelled * 1.7:
        return
    steps = [labelled * (end / labelled) ** (each / 24) for each in range(25)]
    edges = []
    for edge in (fan.p5[0], fan.p95[0]):
        edges.append([truth + (edge - truth) * math.sqrt(labelled / each) for each in steps])
        axes.plot(steps, edges[-1], color=look.colour, linewidth=1.0, dashes=(2, 2), zorder=3)
    low, high = edges
    axes.fill_between(steps, low, high, facecolor=look.colour, alpha=0.08, linewidth=0, zorder=2)


def _funnel_range(
    points: Sequence[LabelledPoint], metric: MetricConvergence, result: StudiedConvergence
) -> tuple[float, float]:
    """All of the band where the rule decides; of earlier counts what fits."""
    first = result.decision_labels or points[len(points) // 2].labelled
    shown = [each for each in points if each.labelled >= first / 3] or list(points)
    ends = [
        end
        for each in shown
        for fan in (each.control, each.candidate)
        for end in (fan.p5[0], fan.p95[0])
        if math.isfinite(end)
    ]
    ends += [each for each in metric.truth.values() if math.isfinite(each)]
    room = 0.06 * (max(ends) - min(ends) or 1.0)
    return min(ends) - room, max(ends) + room


def _marks(axes: Axes, result: StudiedConvergence, metric: MetricConvergence) -> None:
    """Where a rule decides, and where the two could be distinguished."""
    needed = metric.size("true difference")
    marks = [(float(result.decision_labels), "decides")] if result.decision_labels else []
    if needed is not None:
        marks.append((needed.simulated, "needed"))
    over, (low, high) = axes.get_xaxis_transform(), axes.get_xlim()
    shares = [math.log(at / low) / math.log(high / low) for at, _ in marks]
    near = len(shares) > 1 and abs(shares[0] - shares[1]) < _NEAR
    for row, ((at, words), share) in enumerate(zip(marks, shares, strict=True)):
        if not 0.0 <= share <= 1.0:
            continue
        top = 1.02 + _ROW * (row if near else 0)
        axes.plot(
            [at, at], [0, top], color=LIGHT["ink"], linewidth=1.4, transform=over,
            clip_on=False, zorder=5,
        )  # fmt: skip
        align = "left" if share < 0.25 else "right" if share > 0.75 else "center"
        axes.text(
            at, top + 0.01, f"{words}: {_count(at)}", transform=over, ha=align, va="bottom",
            size=canvas.TEXT - 1, clip_on=False,
        )  # fmt: skip


def _widths(
    axes: Axes,
    result: StudiedConvergence,
    metric: MetricConvergence,
    points: Sequence[LabelledPoint],
) -> None:
    """The width of the wider band where the rule decides, and the difference that it is to show."""
    point = next((each for each in points if each.labelled == result.decision_labels), None)
    if point is None or not metric.better:
        return
    fan = max(point.control, point.candidate, key=lambda each: each.width(0))
    at = float(point.labelled)
    _beam(axes, at, (fan.p5[0], fan.p95[0]), value_text(metric, fan.width(0)))
    low, high = sorted(metric.truth.values())
    first, end = axes.get_xlim()
    _beam(axes, at * (end / first) ** 0.16, (low, high), value_text(metric, high - low))


def _beam(axes: Axes, at: float, ends: tuple[float, float], words: str) -> None:
    """A vertical measure with its length in words, to the right of its upper end."""
    low, high = ends
    axes.plot(
        [at, at], [low, high], color=LIGHT["ink"], linewidth=3.2, marker="_", markersize=13,
        markeredgewidth=2.4, zorder=6,
    )  # fmt: skip
    axes.annotate(
        words, (at, high), xytext=(9, -4), textcoords="offset points", ha="left", va="bottom",
        size=canvas.TEXT, weight="bold", zorder=7,
    )  # fmt: skip


def _count(value: float) -> str:
    return typeset.count(float(f"{value:.2g}")) if value >= 1000 else typeset.count(value)


def _labels_axis(axes: Axes, first: float, end: float, width: float) -> None:
    steps = (1, 2, 5) if end < 50 * first else (1,)
    wanted = [step * 10.0**power for power in range(1, 10) for step in steps]
    ticks = [each for each in wanted if first <= each <= end]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    names = [typeset.count(each) for each in ticks]
    if width < 500:
        names = [_short(each) for each in ticks]
    axes.xaxis.set_major_formatter(FixedFormatter(names))
    axes.xaxis.set_minor_locator(FixedLocator([]))


def _short(value: float) -> str:
    for size, unit in ((1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{typeset.THIN}{unit}"
    return f"{value:g}"


def _value_axis(axes: Axes, metric: MetricConvergence, bounds: tuple[float, float]) -> None:
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
    figure, axes = canvas.axes(width, top + 210 + 30, canvas.Margins(62, 26, top, 30))
    unit_s = canvas.time_axis(axes, result.times_s[-1], 8 if width > 500 else 5)
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
    _value_axis(axes, metric, fan_range(each, truth, difference=not which))
    _fan_legend(figure, fan_title(result, metric, which), look)
    return figure


def fan_title(result: StudiedConvergence, metric: MetricConvergence, which: str) -> str:
    """What a fan is of: a variant's metric, or the difference of both where none is named."""
    title = metric_title(metric.name)
    if which:
        return f"{title} of {which}"
    return f"difference in {title}, {result.candidate} less {result.control}"


def _look(result: StudiedConvergence, which: str) -> _Look:
    if not which:
        return _DIFFERENCE
    return _CONTROL if which == result.control else _CANDIDATE


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


def _fan_legend(figure: Figure, title: str, look: _Look) -> None:
    over, (width, _) = canvas.overlay(figure)
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
            over.fill_between([2, 38], y - 6, y + 6, facecolor=look.colour, alpha=0.2, linewidth=0)
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
    top = (5 if metric.leader.behind else 4) * _LINE + 16.0
    figure, axes = canvas.axes(width, top + 200 + 30, canvas.Margins(54, 26, top, 30))
    unit_s = canvas.time_axis(axes, result.times_s[-1], 8 if width > 500 else 5)
    canvas.share_axis(axes, (0, 0.25, 0.5, 0.75, 0.95))
    at = [time / unit_s for time in result.times_s]
    leader, wrong = metric.leader, _Look(LIGHT["vermillion"], (2, 2))
    lines = (
        ("the better one leads", leader.leads, _CONTROL),
        *_not_leading(leader),
        ("a 5 % test finds it better", leader.declared, _Look(LIGHT["green"], _DASHED)),
        ("a 5 % test finds the other better", leader.declared_wrong, wrong),
    )
    for _, shares, look in lines:
        axes.fill_between(
            at, [each.low for each in shares], [each.high for each in shares],
            facecolor=look.colour, alpha=0.12, linewidth=0, zorder=2,
        )  # fmt: skip
        axes.plot(
            at, [each.share for each in shares], color=look.colour, linewidth=2,
            dashes=_dashes(look), zorder=3,
        )  # fmt: skip
    axes.axhline(0.95, color=LIGHT["ink"], linewidth=1, dashes=_TRUTH)
    _legend(figure, [(words, look) for words, _, look in lines])
    return figure


def _not_leading(leader: Leader) -> list[tuple[str, Sequence[Proportion], _Look]]:
    """Ties, and runs in which the other leads, where that is known."""
    found = [("both tie", leader.ties, _Look(LIGHT["soft"], (1, 1.5)))]
    if leader.behind:
        found.append(("the other leads", leader.behind, _Look(LIGHT["purple"], (5, 1.5, 1, 1.5))))
    return list(found)


def _legend(figure: Figure, entries: Sequence[tuple[str, _Look]]) -> None:
    over, (width, _) = canvas.overlay(figure)
    size = canvas.TEXT - 1
    for row, (words, look) in enumerate(entries):
        y = 10 + _LINE * row
        over.fill_between([2, 38], y - 6, y + 6, facecolor=look.colour, alpha=0.16, linewidth=0)
        over.plot([2, 38], [y, y], color=look.colour, linewidth=2, dashes=_dashes(look))
        over.text(46, y, canvas.fit(words, width - 50, size), va="center_baseline", size=size)
