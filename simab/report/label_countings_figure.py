"""The figure of how far each way of counting young requests is off, over time."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.figure import Figure

from simab.report import canvas
from simab.report.convergence_figures import Look, dashes_of, legend, value_axis
from simab.report.label_countings import counting_words
from simab.report.palette import LIGHT
from simab.result.studied_convergence import CountingBias, StudiedConvergence
from simab.text.time_ticks import axis_title

__all__ = ["draw_countings"]

_LINE: Final = 20
_NARROW: Final = 500
_LOOKS: Final = (
    Look(LIGHT["ink"], (2.0, 2.0)),
    Look(LIGHT["vermillion"], ()),
    Look(LIGHT["blue"], ()),
    Look(LIGHT["purple"], (7.0, 2.5)),
    Look(LIGHT["green"], (5.0, 1.5, 1.0, 1.5)),
    Look(LIGHT["orange"], (1.0, 1.5)),
    Look(LIGHT["brown"], (9.0, 2.0, 2.0, 2.0)),
    Look(LIGHT["sky"], (4.0, 4.0)),
)
_SHOWN_FROM: Final = 0.05
"""The part of the horizon before which the first few requests would flatten all that follows."""


def draw_countings(result: StudiedConvergence, width: float) -> Figure:
    """The mean bias of the difference, with its 95 % interval, a line for each way of counting."""
    shown = [(each, _LOOKS[at % len(_LOOKS)]) for at, each in enumerate(result.countings or ())]
    top = len(shown) * _LINE + 16.0
    figure, axes = canvas.axes(width, top + 220 + 48, canvas.Margins(62, 26, top, 48))
    start = result.start
    unit_s = canvas.time_axis(axes, result.times_s[-1], 8 if width > _NARROW else 5, start)
    canvas.time_title(axes, axis_title(result.times_s[-1], start))
    at = [time / unit_s for time in result.times_s]
    for each, look in shown:
        axes.fill_between(
            at, each.low, each.high, facecolor=look.colour, alpha=0.14, linewidth=0, zorder=2
        )
        axes.plot(at, each.bias, color=look.colour, linewidth=2, dashes=dashes_of(look), zorder=3)
    axes.axhline(0, color=LIGHT["soft"], linewidth=1, zorder=1)
    value_axis(axes, result.metric, _bounds(result, [each for each, _ in shown]))
    legend(figure, [(counting_words(each, result), look) for each, look in shown])
    return figure


def _bounds(result: StudiedConvergence, shown: list[CountingBias]) -> tuple[float, float]:
    start = _SHOWN_FROM * result.horizon_s
    ends = [
        end
        for each in shown
        for edges in (each.low, each.high)
        for time, end in zip(result.times_s, edges, strict=True)
        if time >= start and math.isfinite(end)
    ]
    ends.append(0.0)
    room = 0.08 * ((max(ends) - min(ends)) or 1.0)
    return min(ends) - room, max(ends) + room
