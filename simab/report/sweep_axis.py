"""The axis of a field that varies: its places, its ticks, and how its values are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from simab.documents.violations import short_text
from simab.report import canvas, formatting
from simab.report.palette import LIGHT
from simab.result.sweep_result import SweepResult, SweptField
from simab.text import typeset
from simab.text.lists import named

__all__ = ["FieldAxis", "field_title", "fitted_title", "value_text"]

_SIZE: Final = canvas.TEXT - 1
_BETWEEN: Final = 14  # pixels between two ticks' words
_LONGEST: Final = 18


def field_title(result: SweepResult, place: int) -> str:
    """What varies, in words: the effect by what it is, any other field by its path."""
    field, truth = result.fields[place], result.points[0].truth
    if field.path != "effect":
        return field.path
    metric = formatting.metric_name(truth.metric)
    unit = ", in points" if field.unit == "share" else ""
    return f"{metric} of {named(truth.candidate)} minus that of {named(truth.control)}{unit}"


def fitted_title(result: SweepResult, place: int, width: float, size: float = _SIZE) -> str:
    """The same within a width in pixels, on narrow paper in few words."""
    title, field = field_title(result, place), result.fields[place]
    if canvas.text_width(title, size) > width and field.path == "effect":
        title = "true effect, in points" if field.unit == "share" else "true effect"
    return canvas.fit(title, width, size)


def value_text(field: SweptField, at: int) -> str:
    """A value as an axis or a table has it; what has no number as a file has it."""
    if not field.is_numeric:
        return short_text(field.values[at])[:_LONGEST] or f"value {at + 1}"
    return _number_text(field, field.numbers[at])


def _number_text(field: SweptField, number: float) -> str:
    if field.path == "effect":
        scaled = 100 * number if field.unit == "share" else number
        sign = typeset.MINUS if scaled < 0 else "+" if scaled > 0 else ""
        return f"{sign}{abs(round(scaled, 9)):.4g}"
    match field.unit:
        case "share":
            return f"{100 * number:.4g}{typeset.THIN}%"
        case "seconds":
            return typeset.duration(number)
        case "per second":
            return f"{number:.4g}/s"
    return f"{number:.6g}"


@dataclass(frozen=True, slots=True)
class FieldAxis:
    """Where each point stands along a field: at its number, or at its place among the values."""

    result: SweepResult
    field: int

    @property
    def described(self) -> SweptField:
        """The field itself."""
        return self.result.fields[self.field]

    @property
    def places(self) -> list[float]:
        """Where each value stands, in order."""
        field = self.described
        return list(field.numbers) if field.is_numeric else [float(at) for at in range(self.count)]

    @property
    def count(self) -> int:
        """How many values it has."""
        return len(self.described.values)

    @property
    def span(self) -> float:
        """From the first value to the last; of a single one something to draw it on."""
        return (self.places[-1] - self.places[0]) or abs(self.places[0]) or 1.0

    def place(self, places: Sequence[int]) -> float:
        """Where a point stands that has these values."""
        return self.places[places[self.field]]

    def label(self, axes: Axes, width: float) -> None:
        """Ticks at values, as many as there is room for, and the field's name below."""
        places = self.places
        axes.set_xlim(places[0] - 0.04 * self.span, places[-1] + 0.04 * self.span)
        if self.result.sampled and self.described.is_numeric:  # values that nobody chose
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.xaxis.set_major_formatter(
                FuncFormatter(lambda number, _: _number_text(self.described, number))
            )
        else:
            shown = self._shown(width)
            axes.xaxis.set_major_locator(FixedLocator([places[at] for at in shown]))
            axes.xaxis.set_major_formatter(
                FixedFormatter([value_text(self.described, at) for at in shown])
            )
        axes.set_xlabel(fitted_title(self.result, self.field, width), size=_SIZE, labelpad=5)
        if self.described.path == "effect" and places[0] <= 0 <= places[-1]:
            axes.axvline(0, color=LIGHT["soft"], linewidth=1, zorder=1)

    def _shown(self, width: float) -> list[int]:
        """The ticks whose words do not touch, from the first value on."""
        kept: list[int] = []
        end = float("-inf")
        for at, place in enumerate(self.places):
            middle = (place - self.places[0]) / (1.08 * self.span) * width
            half = canvas.text_width(value_text(self.described, at), _SIZE) / 2
            if middle - half >= end:
                kept.append(at)
                end = middle + half + _BETWEEN
        return kept
