"""The figure of a quantity along a field: marks with intervals, bands, and theory where there is.

Policies stand in panels of at most five, one below the other, each named at its line's end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from simab.report import canvas
from simab.report.overlay import Overlay
from simab.report.palette import LIGHT, Style, style
from simab.report.policy_rows import MOST_LINES
from simab.report.sweep_axis import FieldAxis

__all__ = ["MOST_IN_A_PANEL", "Line", "Scale", "draw_curves"]

MOST_IN_A_PANEL: Final = MOST_LINES
_NAMES: Final = 190.0
_LINE: Final = 16
_PLOT: Final = 230.0
_BOTTOM: Final = 48.0
_DODGE: Final = 3.0  # pixels between the marks of neighbouring policies at one place
_SIZE: Final = canvas.TEXT - 1
_MOST_TICKS: Final = 5
_TO_THE_AXIS: Final = 12.0  # pixels from its words
_STEPS_S: Final = (
    *(0.1, 0.5, 1.0, 5.0, 10.0, 30.0),
    *(60.0 * each for each in (1, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(86_400.0 * each for each in (1, 2, 5, 10, 20, 50, 100)),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One policy: its places, values with their intervals, and theory along the axis if any.

    NaN: not known, or beyond the horizon. Marks are joined if `joined`.
    """

    name: str
    places: tuple[float, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    theory: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """The y axis: shares from 0 to 100 %, or from 0 up, written by a function."""

    is_share: bool
    written: Callable[[float], str]
    most: float = 1.0
    is_time: bool = False

    def label(self, axes: Axes) -> None:
        """Set limits and ticks."""
        if self.is_share:
            canvas.share_axis(axes)
            return
        axes.set_ylim(-0.02 * self.most, 1.05 * self.most)
        if self.is_time:
            axes.yaxis.set_major_locator(FixedLocator(self._times()))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(_MOST_TICKS, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: self.written(value)))

    def _times(self) -> list[float]:
        """The ticks of an axis of times: round ones, from 0 up."""
        step = next((each for each in _STEPS_S if self.most / each <= _MOST_TICKS), self.most)
        return [at * step for at in range(int(self.most / step) + 1)]

    @property
    def room(self) -> float:
        """How much room the words of its ticks need, in pixels."""
        if self.is_share:
            return 48.0
        values = self._times() if self.is_time else [self.most]
        words = max(canvas.text_width(self.written(value)) for value in values)
        return max(56.0, words + _TO_THE_AXIS)


def draw_curves(lines: Sequence[Line], axis: FieldAxis, scale: Scale, width: float) -> Figure:
    """All policies; names at the ends of lines on wide paper, in a list above on narrow."""
    wide = width > 500
    count = math.ceil(len(lines) / MOST_IN_A_PANEL)
    size = math.ceil(len(lines) / count)  # as many in each, so that none is left alone
    panels = [lines[at : at + size] for at in range(0, len(lines), size)]
    tops = [14.0 if wide else 12.0 + (_LINE + 3) * len(panel) for panel in panels]
    heights = [top + _PLOT + _BOTTOM for top in tops]
    total = sum(heights)
    figure, _ = canvas.axes(width, total, canvas.Margins(0, 0, 0, 0))
    figure.clear()
    figure.patch.set_visible(False)
    over = Overlay(figure)
    longest = max(canvas.text_width(line.name, _SIZE) for line in lines)
    right = min(_NAMES, longest + 40) if wide else 20.0
    left, y, first = scale.room, 0.0, 0
    for panel, top, height in zip(panels, tops, heights, strict=True):
        plot = width - left - right
        box = (left / width, 1 - (y + top + _PLOT) / total, plot / width, _PLOT / total)
        axes = figure.add_axes(box)
        axes.patch.set_visible(False)
        scale.label(axes)
        axis.label(axes, plot)
        ends = _panel(axes, panel, first, plot)
        if wide:
            _name_ends(over, axes, panel, (ends, first), (width - right, y + top, right))
        else:
            _list(over, panel, first, (y, width))
        y, first = y + height, first + len(panel)
    return figure


def _panel(axes: Axes, lines: Sequence[Line], first: int, plot: float) -> list[float]:
    """Draw the policies of one panel; the values where their lines end."""
    pixel = (axes.get_xlim()[1] - axes.get_xlim()[0]) / plot
    for at, line in enumerate(lines):
        look = style(first + at)
        _draw(axes, line, look, (at - (len(lines) - 1) / 2) * _DODGE * pixel)
    return [
        next((value for value in reversed(line.values) if math.isfinite(value)), 0.0)
        for line in lines
    ]


def _draw(axes: Axes, line: Line, look: Style, dodge: float) -> None:
    if line.joined:
        axes.fill_between(
            line.places, line.lows, line.highs, color=look.colour, alpha=0.13, linewidth=0,
            zorder=1,
        )  # fmt: skip
    if line.theory is not None:
        axes.plot(*line.theory, color=look.colour, linewidth=1.6, dashes=look.dash, zorder=2)
    elif line.joined:
        axes.plot(
            line.places, line.values, color=look.colour, linewidth=1.6, dashes=look.dash, zorder=2
        )
    for place, value, low, high in zip(
        line.places, line.values, line.lows, line.highs, strict=True
    ):
        if not math.isfinite(value):
            continue
        at = place + dodge
        if math.isfinite(low + high):
            axes.plot([at, at], [low, high], color=look.colour, linewidth=1.3, zorder=3)
        axes.plot(
            [at], [value], marker=look.marker, color=look.colour, markersize=6, zorder=4,
            markeredgecolor=LIGHT["paper"], linestyle="none", clip_on=False,
        )  # fmt: skip


def _name_ends(
    over: Overlay,
    axes: Axes,
    lines: Sequence[Line],
    drawn: tuple[list[float], int],
    place: tuple[float, float, float],
) -> None:
    """Names to the right of the lines' ends, moved apart, with a leader and the line's marker."""
    (ends, first), (x, top, room) = drawn, place
    low, high = axes.get_ylim()
    wanted = [top + _PLOT * (high - min(end, high)) / (high - low) for end in ends]
    placed = canvas.spread(wanted, _LINE, top + 4, top + _PLOT - 4)
    for at, (line, end, y) in enumerate(zip(lines, wanted, placed, strict=True)):
        look = style(first + at)
        over.plot([x + 2, x + 10, x + 14], [end, y, y], color=look.colour, linewidth=1)
        _marker(over, (x + 19, y), look)
        name = canvas.fit(line.name, room - 32, _SIZE)
        over.text(x + 28, y, name, va="center_baseline", size=_SIZE)


def _list(over: Overlay, lines: Sequence[Line], first: int, place: tuple[float, float]) -> None:
    """A list above the axes: a piece of each line, and its name."""
    top, width = place
    for at, line in enumerate(lines):
        look, y = style(first + at), top + 10 + (_LINE + 3) * at
        over.plot([2, 38], [y, y], color=look.colour, linewidth=1.6, dashes=look.dash)
        _marker(over, (20, y), look)
        name = canvas.fit(line.name, width - 50, _SIZE)
        over.text(46, y, name, va="center_baseline", size=_SIZE)


def _marker(axes: Axes | Overlay, place: tuple[float, float], look: Style) -> None:
    axes.plot(
        [place[0]], [place[1]], marker=look.marker, color=look.colour, markersize=6,
        markeredgecolor=LIGHT["paper"], linestyle="none",
    )  # fmt: skip
