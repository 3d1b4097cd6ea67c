"""The figures of a study of convergence over labels: the difference, and a funnel a variant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from simab.report import canvas
from simab.report.convergence_figures import (
    CANDIDATE,
    CONTROL,
    DIFFERENCE,
    Look,
    dashes_of,
    legend,
    value_axis,
)
from simab.report.convergence_text import metric_title, value_text
from simab.report.palette import LIGHT
from simab.result.studied_convergence import (
    Fan,
    LabelledPoint,
    MetricConvergence,
    StudiedConvergence,
)
from simab.text import typeset

__all__ = ["difference_range", "draw_difference", "draw_funnel", "funnel_end", "funnel_points"]

_LINE: Final = 20
_NARROW: Final = 500
_ENOUGH: Final = 0.9
_NEAR: Final = 0.6  # of the axis: labels as near may meet on a phone
_ROW: Final = 0.075  # a line of text, of the height of the axes
_MOST_SAMPLES: Final = 1e9
_FEWEST: Final = 10
_TRUTH: Final = Look(LIGHT["purple"], ())


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


def draw_difference(result: StudiedConvergence, metric: MetricConvergence, width: float) -> Figure:
    """What the runs say of the difference against labels: 90 and 50 % of them, truth and zero.

    While the band holds zero, more than 5 % of the runs see the wrong variant ahead, or none.
    """
    points = funnel_points(result, metric)
    top = 3 * _LINE + 46.0
    figure, axes = canvas.axes(width, top + 230 + 48, canvas.Margins(62, 20, top, 48))
    first, last, end = points[0].labelled, points[-1], funnel_end(result, metric)
    axes.set_xscale("log")
    axes.set_xlim(float(first), end)
    at, fans = [each.labelled for each in points], [each.difference for each in points]
    _funnel(axes, fans, points, DIFFERENCE)
    inner = [fan.p25[0] for fan in fans], [fan.p75[0] for fan in fans]
    axes.fill_between(at, *inner, facecolor=DIFFERENCE.colour, alpha=0.2, linewidth=0, zorder=2)
    truth = metric.true_difference
    _beyond(axes, (last.difference, last.labelled, truth), DIFFERENCE, end)
    axes.axhline(0, color=LIGHT["ink"], linewidth=1.2, dashes=(4, 3), zorder=4)
    if metric.better:
        axes.axhline(truth, color=_TRUTH.colour, linewidth=2.2, zorder=4)
    _labels_axis(axes, first, end, width)
    value_axis(axes, metric, difference_range(points, truth))
    _marks(axes, result, metric)
    narrow = width < _NARROW
    whose = f"{metric_title(metric.name)}, {result.candidate} less {result.control}"
    entries = [
        ("runs: 90 and 50 %" if narrow else f"{whose}: 90 and 50 % of the runs", DIFFERENCE),
        *([("true difference", _TRUTH)] if metric.better else []),
        ("no difference", Look(LIGHT["ink"], (4, 3))),
    ]
    legend(figure, entries)
    axes.set_xlabel("labelled requests of each variant", fontsize=canvas.TEXT - 1)
    return figure


def difference_range(points: Sequence[LabelledPoint], truth: float) -> tuple[float, float]:
    """All that is drawn but the first third, whose band would flatten what follows."""
    shown = points[len(points) // 3 :]
    ends = [end for each in shown for end in (each.difference.p5[0], each.difference.p95[0])]
    ends = [*(each for each in ends if math.isfinite(each)), 0.0]
    ends += [truth] if math.isfinite(truth) else []
    room = 0.1 * ((max(ends) - min(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


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
        (result.control, CONTROL, "control"),
        (result.candidate, CANDIDATE, "candidate"),
    )
    for name, look, which in variants:
        truth = metric.truth[name]
        _funnel(axes, [getattr(each, which) for each in points], points, look)
        _beyond(axes, (getattr(last, which), last.labelled, truth), look, end)
        axes.axhline(truth, color=look.colour, linewidth=1.8, dashes=dashes_of(look), zorder=4)
    _labels_axis(axes, first, end, width)
    value_axis(axes, metric, _funnel_range(points, metric, result))
    _marks(axes, result, metric)
    _widths(axes, result, metric, points)
    title = metric_title(metric.name)
    legend(
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


def _funnel(axes: Axes, fans: Sequence[Fan], points: Sequence[LabelledPoint], look: Look) -> None:
    at = [each.labelled for each in points]
    low, high = [each.p5[0] for each in fans], [each.p95[0] for each in fans]
    axes.fill_between(at, low, high, facecolor=look.colour, alpha=0.16, linewidth=0, zorder=2)
    for edge in (low, high):
        axes.plot(at, edge, color=look.colour, linewidth=1.4, dashes=dashes_of(look), zorder=3)


def _beyond(axes: Axes, known: tuple[Fan, int, float], look: Look, end: float) -> None:
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
