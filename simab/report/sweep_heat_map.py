"""The figure of a quantity over two fields: a map for each policy, its cells with their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.sweep_axis import field_title, fitted_title, value_text
from simab.result.sweep_result import SweepResult

__all__ = ["Map", "draw_maps"]

_CELL: Final = 26.0  # high
_HEAD: Final = 28.0
_FOOT: Final = 56.0
_GAP: Final = 28.0
_SIZE: Final = canvas.TEXT - 1
_SMALL: Final = canvas.TEXT - 2
_NARROWEST: Final = 30.0  # a cell that holds a number


class Map(NamedTuple):
    """A policy, and by the places of both fields how full a cell is (0 to 1) and what it says."""

    name: str
    cells: Mapping[tuple[int, int], tuple[float, str]]


def draw_maps(result: SweepResult, maps: Sequence[Map], width: float) -> Figure:
    """The first field across, the second upwards; two maps side by side where there is room."""
    across, up = (len(field.values) for field in result.fields[:2])
    names = [value_text(result.fields[1], at) for at in range(up)]
    side = max(canvas.text_width(name, _SMALL) for name in names) + 10
    texts = [text for each in maps for _, text in each.cells.values()]
    widest = max(_NARROWEST, *(canvas.text_width(text, _SMALL) + 8 for text in texts))
    needed = side + across * widest + _GAP
    columns = max(1, min(2, len(maps), int((width + _GAP) // needed)))
    room = (width - _GAP * (columns - 1)) / columns
    height = _HEAD + up * _CELL + _FOOT
    rows = -(-len(maps) // columns)
    figure, axes = canvas.blank(width, rows * height + 20)
    title = canvas.fit(f"upwards: {field_title(result, 1)}", width, _SMALL)
    axes.text(0, 12, title, size=_SMALL, color=LIGHT["soft"])
    for at, each in enumerate(maps):
        corner = ((at % columns) * (room + _GAP), 20 + (at // columns) * height)
        _draw(axes, result, each, corner, (side, (room - side) / across))
    return figure


def _draw(
    axes: Axes,
    result: SweepResult,
    shown: Map,
    corner: tuple[float, float],
    sizes: tuple[float, float],
) -> None:
    (x, y), (side, cell) = corner, sizes
    across, up = (len(field.values) for field in result.fields[:2])
    axes.text(x, y + 17, canvas.fit(shown.name, side + cell * across, _SIZE), weight="bold")
    for row in range(up):
        top = y + _HEAD + (up - 1 - row) * _CELL
        name = value_text(result.fields[1], row)
        axes.text(x + side - 8, top + 17, name, ha="right", size=_SMALL, color=LIGHT["soft"])
        for column in range(across):
            full, text = shown.cells.get((column, row), (math.nan, ""))
            _cell(axes, (x + side + column * cell, top), cell, full, text)
    bottom = y + _HEAD + up * _CELL
    _across(axes, result, (x + side, bottom), cell)


def _cell(axes: Axes, corner: tuple[float, float], width: float, full: float, text: str) -> None:
    face = LIGHT["blue"] if math.isfinite(full) else LIGHT["paper"]
    alpha = 0.08 + 0.72 * min(max(full, 0.0), 1.0) if math.isfinite(full) else 1.0
    axes.add_patch(
        Rectangle(corner, width - 2, _CELL - 2, facecolor=face, alpha=alpha, linewidth=0)
    )
    if canvas.text_width(text, _SMALL) <= width - 2:  # a cut number would be another
        axes.text(
            corner[0] + (width - 2) / 2, corner[1] + 16.5, text, ha="center", size=_SMALL,
            gid="class:halo",
        )  # fmt: skip


def _across(axes: Axes, result: SweepResult, corner: tuple[float, float], cell: float) -> None:
    """The values of the first field below the map, as many as there is room for."""
    x, y = corner
    end = -math.inf
    field = result.fields[0]
    for at in range(len(field.values)):
        name = value_text(field, at)
        middle, half = x + (at + 0.5) * cell - 1, canvas.text_width(name, _SMALL) / 2
        if middle - half >= end:
            axes.text(middle, y + 14, name, ha="center", size=_SMALL, color=LIGHT["soft"])
            end = middle + half + 8
    title = fitted_title(result, 0, cell * len(field.values), _SMALL)
    axes.text(x, y + 32, title, size=_SMALL, color=LIGHT["soft"])
