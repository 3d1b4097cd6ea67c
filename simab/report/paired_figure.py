"""The figure of paired differences: what the second policy of a pair changes, with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from simab.report import canvas, formatting
from simab.report.formatting import Written
from simab.report.paired_scale import PairedScale
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.result import PairedDifference, StudyResult
from simab.result.columns import COLUMNS, Unit

__all__ = ["MOST_ROWS", "QUANTITIES", "Quantity", "draw_pairs", "quantity", "shown"]

MOST_ROWS: Final = 12
_LINE: Final = 16
_AROUND: Final = 12  # of the names of a pair, above and below
_HEAD: Final = 34
_SIDES: Final = 17  # a line of words for both sides of zero
_AXIS: Final = 24
_SIZE: Final = canvas.TEXT - 1
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
    unit: Unit | None = None

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
    Unit.GAIN: formatting.difference,
}
_COMPARED: Final = {
    column.key: Quantity(column.title, *column.compared, _WRITTEN[column.unit], column.unit)
    for column in COLUMNS.values()
    if column.compared
}
QUANTITIES: Final = {
    "correct": Quantity(
        "Right endings", "right more often", "less often", formatting.points, Unit.SHARE
    ),
    **_COMPARED,
    "decision_time_within_horizon_s": Quantity(
        "Time to decision within the horizon",
        "slower",
        "faster",
        formatting.signed_duration,
        Unit.SECONDS,
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


def draw_pairs(result: StudyResult, width: float) -> str:
    """Wide: one row for each pair, one column for each quantity. Narrow: one list after another."""
    groups = shown(result)
    return _draw_table(groups, width) if width >= canvas.WIDE else _draw_lists(groups, width)


def _draw_table(groups: dict[str, list[PairedDifference]], width: float) -> str:
    pairs = list(dict.fromkeys((row.first, row.second) for rows in groups.values() for row in rows))
    labels = [_label(first, second, _NAMES) for first, second in pairs]
    across = (width - _NAMES - _GAP * len(groups)) / len(groups)
    head = _HEAD + _SIDES * max(len(_sides(quantity(name), across)) for name in groups)
    tops = list(accumulate((_height(label) for label in labels), initial=head))
    paper = Paper(width, tops[-1] + _AXIS)
    for label, top in zip(labels, tops, strict=False):
        paper.line([(0, top - 6), (width, top - 6)], LIGHT["grid"])
        _name(paper, (0, top), label)
    for column, (name, rows) in enumerate(groups.items()):
        left = _NAMES + _GAP + column * (across + _GAP)
        what, scale = quantity(name), PairedScale.of(rows, left, across - _VALUES)
        _heading(paper, (left, 14, across), what)
        _axis(paper, scale, (head - 6, tops[-1]), what)
        for row in rows:
            y = tops[pairs.index((row.first, row.second))] + 14
            _interval(paper, row, y, scale)
            paper.words((left + across, y + 4), what.of(row).value, anchor="end", halo=True)
    return paper.svg()


def _draw_lists(groups: dict[str, list[PairedDifference]], width: float) -> str:
    labels = {
        name: [
            _label(row.first, row.second, width - _value_width(quantity(name), row) - 8)
            for row in rows
        ]
        for name, rows in groups.items()
    }
    heads = {name: _HEAD + _SIDES * len(_sides(quantity(name), width)) for name in groups}
    heights = {
        name: sum(_height(each) + _AROUND for each in labels[name]) + heads[name] for name in groups
    }
    paper = Paper(width, sum(each + _AXIS + 20 for each in heights.values()))
    top = 0.0
    for name, rows in groups.items():
        what, scale = quantity(name), PairedScale.of(rows, 0, width)
        y, bottom = top + heads[name], top + heights[name]
        _axis(paper, scale, (y - 6, bottom), what)
        _heading(paper, (0, top + 14, width), what)
        for row, label in zip(rows, labels[name], strict=True):
            _name(paper, (0, y), label)
            paper.words((width, y + 12), what.of(row).value, anchor="end", halo=True)
            _interval(paper, row, y + _height(label) - 2, scale)
            y += _height(label) + _AROUND
        top = bottom + _AXIS + 20
    return paper.svg()


def _value_width(what: Quantity, row: PairedDifference) -> float:
    return canvas.text_width(what.of(row).value, _SIZE)


def _sides(what: Quantity, width: float) -> tuple[tuple[str, str], ...]:
    """Words for both sides of zero, at the left and at the right edge, in as many lines as fit."""
    less, more = f"\u2190 {what.less}", f"{what.more} \u2192"
    if canvas.text_width(less, _SIZE) + canvas.text_width(more, _SIZE) + 12 <= width:
        return ((less, more),)
    return ((less, ""), ("", more))


def _heading(paper: Paper, place: tuple[float, float, float], what: Quantity) -> None:
    """The quantity, and beneath it which side of zero is which."""
    left, y, width = place
    paper.words((left, y), canvas.fit(what.title, width, _SIZE), bold=True)
    for line, (less, more) in enumerate(_sides(what, width), start=1):
        for text, anchor, x in ((less, "start", left), (more, "end", left + width)):
            if text:
                at = x, y + _SIDES * line
                paper.words(at, text, anchor=anchor, colour=LIGHT["soft"], halo=True)


def _axis(paper: Paper, scale: PairedScale, ends: tuple[float, float], what: Quantity) -> None:
    """Ticks with their words beneath the rows, and a darker line at zero."""
    top, bottom = ends
    for at, words in scale.ticks(what.unit):
        x = scale.x(at)
        paper.line([(x, top), (x, bottom + 4)], LIGHT["grid" if at else "soft"])
        middle, _ = scale.middle(at, words)
        paper.words((middle, bottom + 18), words, anchor="middle", colour=LIGHT["soft"])


Label = tuple[list[str], list[str]]
"""The lines of the second policy of a pair, and those of the first, which it stands instead of."""


def _label(first: str, second: str, width: float) -> Label:
    return canvas.wrapped(second, width, _SIZE), canvas.wrapped(f"instead of {first}", width, _SIZE)


def _height(label: Label) -> float:
    return float(_LINE * (len(label[0]) + len(label[1])) + _AROUND)


def _name(paper: Paper, place: tuple[float, float], label: Label) -> None:
    left, y = place
    colours = [LIGHT["ink"]] * len(label[0]) + [LIGHT["soft"]] * len(label[1])
    for at, (line, colour) in enumerate(zip([*label[0], *label[1]], colours, strict=True)):
        paper.words((left, y + 12 + _LINE * at), line, colour=colour, halo=True)


def _interval(paper: Paper, row: PairedDifference, y: float, scale: PairedScale) -> None:
    """Filled: more than chance, of all pairs together; without end strokes: approximate.

    An arrow stands where the difference or an end of its interval lies beyond the scale.
    """
    colour = LIGHT["blue"] if row.differs else LIGHT["soft"]
    low, middle, high = (scale.x(value) for value in (row.low, row.difference, row.high))
    paper.line([(low, y), (high, y)], colour, thick=2, dash=(4, 3) if row.approximate else ())
    for end, x in ((row.low, low), (row.high, high)):
        if scale.low <= end <= scale.high and not row.approximate:
            paper.line([(x, y - 4), (x, y + 4)], colour, thick=2)
    hollow = not row.differs
    for beyond, x, shape in ((row.low < scale.low, low, "<"), (row.high > scale.high, high, ">")):
        if beyond:
            paper.mark((x, y), shape, colour, 5.0, hollow=hollow)
    if scale.low <= row.difference <= scale.high:
        paper.mark((middle, y), "o", colour, 4.4, hollow=hollow)
