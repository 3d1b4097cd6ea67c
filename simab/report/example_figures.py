"""The figure of what the metric said in an example run, over time."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simab.report import canvas, formatting
from simab.report.palette import LIGHT
from simab.result import TruthSummary
from simab.result.example_run import Example, MetricPoint
from simab.text import typeset

__all__ = ["POINTS", "draw_metric", "marked_times", "wear"]

POINTS: Final = 80
_LINE: Final = 20


class Wear(NamedTuple):
    """How a variant looks in every figure."""

    colour: str
    dash: tuple[float, ...]
    marker: str


def wear(variant: str, truth: TruthSummary) -> Wear:
    """Control and candidate always look the same; any other variant is grey."""
    if variant == truth.control:
        return Wear(LIGHT["blue"], (), "o")
    if variant == truth.candidate:
        return Wear(LIGHT["vermillion"], (7, 2.5), "s")
    return Wear(LIGHT["soft"], (2, 2), "^")


def draw_metric(example: Example, truth: TruthSummary, width: float) -> Figure:
    """The metric of both variants with its interval, over all labels that have arrived by then."""
    end_s = example.shown_until_s
    names = [truth.control, truth.candidate]
    top = _LINE * 3 + 26.0
    figure, axes = canvas.axes(width, top + 220 + 30, canvas.Margins(48, 26, top, 30))
    unit_s = canvas.time_axis(axes, end_s, 8 if width > 500 else 5)
    for name in names:
        points = [each for each in example.series(name, POINTS) if each.at_s <= end_s]
        _band(axes, points, wear(name, truth), unit_s)
        if math.isfinite(value := truth.value(name)):
            axes.axhline(value, color=wear(name, truth).colour, linewidth=1, dashes=(1, 3))
    axes.set_ylim(*example.metric_range([truth.value(each) for each in names]))
    words = [
        (f"{formatting.metric_name(truth.metric)} of {each}, 95 % band", each) for each in names
    ]
    _legend(figure, words, truth)
    _mark_decisions(axes, example, unit_s)
    return figure


def _band(axes: Axes, points: list[MetricPoint], look: Wear, unit_s: float) -> None:
    known = [each for each in points if math.isfinite(each.value)]
    times = [each.at_s / unit_s for each in known]
    axes.fill_between(
        times, [each.low for each in known], [each.high for each in known],
        facecolor=look.colour, alpha=0.14, linewidth=0, zorder=2,
    )  # fmt: skip
    for bound in ("low", "high"):
        edge = [getattr(each, bound) for each in known]
        axes.plot(times, edge, color=look.colour, linewidth=0.8, dashes=look.dash, zorder=2)
    axes.plot(
        times, [each.value for each in known], color=look.colour, linewidth=2, dashes=look.dash,
        marker=look.marker, markevery=max(1, len(known) // 6), markersize=6,
        markeredgecolor=LIGHT["paper"], zorder=3,
    )  # fmt: skip


def _legend(figure: Figure, entries: list[tuple[str, str]], truth: TruthSummary) -> None:
    """Lines of a legend above the axes; the last says what the thin lines are."""
    over, (width, _) = canvas.overlay(figure)
    size = canvas.TEXT - 1
    for at, (words, variant) in enumerate(entries):
        look, y = wear(variant, truth), 10 + _LINE * at
        over.plot([2, 38], [y, y], color=look.colour, linewidth=2.2, dashes=look.dash)
        over.plot([20], [y], marker=look.marker, color=look.colour, markersize=6,
                  markeredgecolor=LIGHT["paper"])  # fmt: skip
        over.text(46, y, canvas.fit(words, width - 50, size), va="center_baseline", size=size)
    y = 10 + _LINE * len(entries)
    over.plot([2, 38], [y, y], color=LIGHT["ink"], linewidth=1, dashes=(1, 3))
    over.text(46, y, "true value, which no policy sees", va="center_baseline", size=size)


def marked_times(example: Example, end_s: float) -> list[float]:
    """When actions were accepted, in seconds up to the end; of near ones the first."""
    times = sorted({each.at_s for each in example.decisions if each.accepted})
    apart = [at for before, at in pairwise([-math.inf, *times]) if at - before > end_s / 200]
    return [at for at in apart if at <= end_s]


def _mark_decisions(axes: Axes, example: Example, unit_s: float) -> None:
    """A tick for each accepted action, and a named line at the one that ended the experiment."""
    _, end = axes.get_xlim()
    over = axes.get_xaxis_transform()
    seen = [at_s / unit_s for at_s in marked_times(example, end * unit_s)]
    axes.plot(
        seen, [1.03] * len(seen), marker="v" if len(seen) <= 20 else "|",
        linestyle="none", color=LIGHT["ink"], markersize=6, transform=over, clip_on=False,
    )  # fmt: skip
    if not math.isfinite(example.decided_at_s):
        return
    at = example.decided_at_s / unit_s
    axes.plot([at, at], [0, 1.03], color=LIGHT["ink"], linewidth=1.2, transform=over, clip_on=False)
    align = "left" if at < 0.3 * end else "right" if at > 0.7 * end else "center"
    words = f"{example.verdict.replace('_', ' ')} at {typeset.duration(example.decided_at_s)}"
    axes.text(at, 1.07, words, transform=over, ha=align, size=canvas.TEXT - 1, clip_on=False)
