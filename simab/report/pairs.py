"""The figure of paired differences: what the second policy of a pair changes, with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simab.report import canvas, numerals
from simab.report.numerals import Written
from simab.report.palette import LIGHT
from simab.report.study_result import Paired, StudyResult

__all__ = ["MOST_ROWS", "QUANTITIES", "Quantity", "draw_pairs", "quantity", "shown"]

MOST_ROWS: Final = 12
_ROW: Final = 46
_HEAD: Final = 46
_GAP: Final = 48


@dataclass(frozen=True, slots=True)
class Quantity:
    """How a paired quantity is called and written, and whether more of it is good."""

    title: str
    more: str
    less: str
    written: Callable[[float, float, float], Written]


def _durations(value: float, low: float, high: float) -> Written:
    return Written(
        ("+" if value > 0 else "") + numerals.duration(value),
        numerals.duration_range(low, high),
    )


QUANTITIES: Final = {
    "correct": Quantity("Right decisions", "right more often", "less often", numerals.points),
    "requests_on_worse": Quantity(
        "Requests on the worse variant", "more harm", "less harm", numerals.difference
    ),
    "decision_time_s": Quantity("Time to decision", "slower", "faster", _durations),
    "guardrail_breach_s": Quantity("Guardrail breach", "longer", "shorter", _durations),
}


def quantity(name: str) -> Quantity:
    """How to write a quantity, also one that this page does not know."""
    title = name.removesuffix("_s").replace("_", " ").capitalize()
    return QUANTITIES.get(name, Quantity(title, "more", "less", numerals.difference))


def shown(result: StudyResult) -> dict[str, list[Paired]]:
    """The comparisons that the figure draws, by quantity: those with an interval, at most twelve.

    Of more than twelve pairs, those with the first policy: usually the one to be improved on.
    """
    chosen: dict[str, list[Paired]] = {}
    for name in ("correct", "requests_on_worse"):
        rows = [
            paired
            for paired in result.paired
            if paired.quantity == name
            and math.isfinite(paired.difference + paired.low + paired.high)
        ]
        if len(rows) > MOST_ROWS:
            first = result.policies[0].name
            rows = [each for each in rows if first in (each.first, each.second)][:MOST_ROWS]
        if rows:
            chosen[name] = rows
    return chosen


def draw_pairs(result: StudyResult, width: float) -> Figure:
    """One column for each quantity; on narrow paper one below the other."""
    groups = shown(result)
    wide = width > 500
    heights = [_HEAD + _ROW * len(rows) + 30 for rows in groups.values()]
    total = max(heights) if wide else sum(heights)
    figure, axes = canvas.blank(width, total)
    across = (width - _GAP * (len(groups) - 1)) / len(groups) if wide else width
    left, top = 0.0, 0.0
    for (name, rows), height in zip(groups.items(), heights, strict=True):
        _column(axes, (left, top, across), quantity(name), rows)
        left, top = (left + across + _GAP, 0.0) if wide else (0.0, top + height)
    return figure


def _column(
    axes: Axes, place: tuple[float, float, float], what: Quantity, rows: list[Paired]
) -> None:
    left, top, width = place
    low = min(0.0, *(row.low for row in rows))
    high = max(0.0, *(row.high for row in rows))
    scale = (width - 24) / ((high - low) or 1.0)
    zero = left + 12 - low * scale if high > low else left + width / 2
    bottom = top + _HEAD + _ROW * len(rows)
    axes.text(left, top + 14, what.title, weight="bold")
    axes.plot([zero, zero], [top + _HEAD - 12, bottom], color=LIGHT["soft"], linewidth=1, zorder=1)
    _directions(axes, (left, zero, width), top + 34, what)
    for at, row in enumerate(rows):
        y = top + _HEAD + _ROW * at
        _row(axes, (left, y, width), row, what)
        x = [zero + bound * scale for bound in (row.low, row.difference, row.high)]
        _interval(axes, x, y + 30, told=row.low > 0 or row.high < 0)


def _directions(axes: Axes, place: tuple[float, float, float], y: float, what: Quantity) -> None:
    """Words for both sides of zero, where there is room for them."""
    left, zero, width = place
    size = canvas.TEXT - 1
    sides = (
        (f"← {what.less}", "right", zero - left),
        (f"{what.more} →", "left", left + width - zero),
    )
    for text, align, room in sides:
        if canvas.text_width(text, size) + 6 <= room:
            shift = -6 if align == "right" else 6
            axes.text(zero + shift, y, text, ha=align, size=size, color=LIGHT["soft"])


def _row(axes: Axes, place: tuple[float, float, float], row: Paired, what: Quantity) -> None:
    left, y, width = place
    size = canvas.TEXT - 1
    value = str(what.written(row.difference, row.low, row.high).value)
    half = (width - canvas.text_width(value, size) - canvas.text_width(" not  ", size) - 10) / 2
    first, second = canvas.readable(row.first), canvas.readable(row.second)
    need_first, need_second = canvas.text_width(first, size), canvas.text_width(second, size)
    room_first = max(half, 2 * half - need_second)
    second = canvas.fit(second, max(half, 2 * half - need_first), size)
    label = f"{second}, not {canvas.fit(first, room_first, size)}"
    axes.text(left, y + 16, label, size=size, gid="class:halo")
    axes.text(left + width, y + 16, value, ha="right", size=size, gid="class:halo")


def _interval(axes: Axes, x: list[float], y: float, *, told: bool) -> None:
    """Filled where the interval excludes zero, hollow where it cannot be told."""
    low, middle, high = x
    colour = LIGHT["blue"] if told else LIGHT["soft"]
    axes.plot([low, high], [y, y], color=colour, linewidth=2, zorder=3)
    for end in (low, high):
        axes.plot([end, end], [y - 4, y + 4], color=colour, linewidth=2, zorder=3)
    axes.plot(
        [middle], [y], marker="o", markersize=8, color=colour, zorder=4, linestyle="none",
        markerfacecolor=colour if told else LIGHT["paper"], markeredgewidth=2,
    )  # fmt: skip
