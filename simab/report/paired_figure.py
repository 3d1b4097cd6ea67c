"""The figure of paired differences: what the second policy of a pair changes, with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simab.report import canvas, formatting
from simab.report.formatting import Written
from simab.report.palette import LIGHT
from simab.result import PairedDifference, StudyResult
from simab.result.columns import COLUMNS, Unit

__all__ = ["MOST_ROWS", "QUANTITIES", "Quantity", "draw_pairs", "quantity", "shown"]

MOST_ROWS: Final = 12
_LINE: Final = 16
_AROUND: Final = 12  # of the names of a pair, above and below
_HEAD: Final = 50
_GAP: Final = 24
_NAMES: Final = 232  # width of the column of pairs
_VALUES: Final = 84  # room for the difference in figures


@dataclass(frozen=True, slots=True)
class Quantity:
    """How a paired quantity is called and written, and whether more of it is good."""

    title: str
    more: str
    less: str
    written: Callable[[float, float, float], Written]

    def of(self, row: PairedDifference) -> Written:
        """The difference of a pair and its interval, marked where that is approximate."""
        written = self.written(row.difference, row.low, row.high)
        return formatting.marked(written) if row.approximate else written


_WRITTEN: Final = {
    Unit.COUNT: formatting.difference,
    Unit.SHARE: formatting.points,
    Unit.SECONDS: formatting.signed_duration,
    Unit.EXCESS_SECONDS: formatting.signed_duration,
    Unit.METRIC: formatting.difference,
    Unit.COST: formatting.difference,
}
_COMPARED: Final = {
    column.key: Quantity(column.title, *column.compared, _WRITTEN[column.unit])
    for column in COLUMNS.values()
    if column.compared
}
QUANTITIES: Final = {
    "correct": Quantity("Right endings", "right more often", "less often", formatting.points),
    **_COMPARED,
    "decision_time_within_horizon_s": Quantity(
        "Time to decision within the horizon", "slower", "faster", formatting.signed_duration
    ),
}


def quantity(name: str) -> Quantity:
    """How to write a quantity, also one that this page does not know."""
    title = name.removesuffix("_s").replace("_", " ").capitalize()
    return QUANTITIES.get(name, Quantity(title, "more", "less", formatting.difference))


def shown(result: StudyResult) -> dict[str, list[PairedDifference]]:
    """The comparisons that the figure draws, by quantity: those with an interval, at most twelve.

    Of more than twelve pairs, those with the first policy: usually the one to be improved on.
    """
    chosen: dict[str, list[PairedDifference]] = {}
    for name in ("correct", *_COMPARED):
        rows = [paired for paired in result.paired if paired.quantity == name and paired.drawable]
        if len(rows) > MOST_ROWS:
            first = result.policies[0].name
            rows = [each for each in rows if first in (each.first, each.second)][:MOST_ROWS]
        if rows:
            chosen[name] = rows
    return chosen


def draw_pairs(result: StudyResult, width: float) -> Figure:
    """Wide: one row for each pair, one column for each quantity. Narrow: one list after another."""
    groups = shown(result)
    if width < canvas.WIDE:
        return _draw_lists(groups, width)
    names = list(dict.fromkeys((row.first, row.second) for rows in groups.values() for row in rows))
    labels = [_label(first, second, _NAMES) for first, second in names]
    tops = list(accumulate((_height(label) for label in labels), initial=_HEAD))
    figure, axes = canvas.blank(width, tops[-1] + 4)
    for label, top in zip(labels, tops, strict=False):
        _name(axes, (0, top), label)
        axes.plot([0, width], [top - 6] * 2, color=LIGHT["grid"], linewidth=1, zorder=0)
    across = (width - _NAMES - _GAP * len(groups)) / len(groups)
    for column, (name, rows) in enumerate(groups.items()):
        left = _NAMES + _GAP + column * (across + _GAP)
        scale = _scale(rows, left, across - _VALUES)
        _heading(axes, (left, 14, across), quantity(name), scale(0))
        for row in rows:
            y = tops[names.index((row.first, row.second))]
            _interval(axes, row, y + 14, scale)
            value = quantity(name).of(row).value
            size = canvas.TEXT - 1
            axes.text(left + across, y + 14, value, ha="right", va="center_baseline", size=size)
    return figure


def _draw_lists(groups: dict[str, list[PairedDifference]], width: float) -> Figure:
    labels = {
        name: [_label(row.first, row.second, width - _value_width(name, row) - 8) for row in rows]
        for name, rows in groups.items()
    }
    heights = [
        _HEAD + sum(_height(each) + _AROUND for each in labels[name]) + 24 for name in groups
    ]
    figure, axes = canvas.blank(width, sum(heights))
    top = 0.0
    for (name, rows), height in zip(groups.items(), heights, strict=True):
        what, scale = quantity(name), _scale(rows, 0, width)
        _heading(axes, (0, top + 14, width), what, scale(0))
        y = top + _HEAD
        for row, label in zip(rows, labels[name], strict=True):
            value = what.of(row).value
            _name(axes, (0, y), label)
            axes.text(width, y + 12, value, ha="right", size=canvas.TEXT - 1)
            _interval(axes, row, y + _height(label) - 2, scale)
            y += _height(label) + _AROUND
        top += height
    return figure


def _value_width(name: str, row: PairedDifference) -> float:
    value = quantity(name).of(row).value
    return canvas.text_width(value, canvas.TEXT - 1)


def _scale(rows: list[PairedDifference], left: float, width: float) -> Callable[[float], float]:
    """From a difference to pixels; zero is always on the paper."""
    low = min(0.0, *(row.low for row in rows))
    high = max(0.0, *(row.high for row in rows))
    room = width - 16
    if high <= low:
        return lambda _: left + width / 2
    return lambda value: left + 8 + (value - low) / (high - low) * room


def _heading(axes: Axes, place: tuple[float, float, float], what: Quantity, zero: float) -> None:
    """The quantity, and words for both sides of zero where there is room for them."""
    left, y, width = place
    size = canvas.TEXT - 1
    axes.text(left, y, what.title, weight="bold", size=size)
    for text, align, room in (
        (f"← {what.less}", "right", zero - left),
        (f"{what.more} →", "left", left + width - zero),
    ):
        if canvas.text_width(text, size) + 6 <= room:
            x = zero + (-6 if align == "right" else 6)
            axes.text(x, y + 19, text, ha=align, size=size, color=LIGHT["soft"])


Label = tuple[list[str], list[str]]
"""The lines of the second policy of a pair, and those of the first, which it stands instead of."""


def _label(first: str, second: str, width: float) -> Label:
    size = canvas.TEXT - 1
    return canvas.wrapped(second, width, size), canvas.wrapped(f"instead of {first}", width, size)


def _height(label: Label) -> float:
    return float(_LINE * (len(label[0]) + len(label[1])) + _AROUND)


def _name(axes: Axes, place: tuple[float, float], label: Label) -> None:
    left, y = place
    colours = [LIGHT["ink"]] * len(label[0]) + [LIGHT["soft"]] * len(label[1])
    for at, (line, colour) in enumerate(zip([*label[0], *label[1]], colours, strict=True)):
        axes.text(left, y + 12 + _LINE * at, line, size=canvas.TEXT - 1, color=colour)


def _interval(axes: Axes, row: PairedDifference, y: float, scale: Callable[[float], float]) -> None:
    """Filled where it is more than chance, of all pairs together; dashed: approximate."""
    dashes = (2.0, 1.0) if row.approximate else (None, None)
    low, middle, high = (scale(value) for value in (row.low, row.difference, row.high))
    axes.plot([scale(0)] * 2, [y - 12, y + 12], color=LIGHT["soft"], linewidth=1, zorder=1)
    colour = LIGHT["blue"] if row.differs else LIGHT["soft"]
    axes.plot([low, high], [y, y], color=colour, linewidth=2, dashes=dashes, zorder=3)
    for end in (low, high):
        axes.plot([end, end], [y - 4, y + 4], color=colour, linewidth=2, zorder=3)
    axes.plot(
        [middle], [y], marker="o", markersize=8, color=colour, zorder=4, linestyle="none",
        markerfacecolor=colour if row.differs else LIGHT["paper"], markeredgewidth=2,
    )  # fmt: skip
