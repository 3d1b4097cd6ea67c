"""Panels that share an axis of time: where an instant and a value stand, scales and headings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.text.time_ticks import axis_ticks, axis_title

__all__ = ["HEADING", "SIZE", "Panel", "TimeSpan", "headed", "nice_ticks"]

SIZE: Final = canvas.TEXT - 1
HEADING: Final = 17.0
"""Pixels from one line of a heading to the next."""
_LEFT: Final = 52.0


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The axis from 0 to `end_s`, between two edges of the paper; by the clock with a `start`."""

    width: float
    right: float
    end_s: float
    start: datetime | None = None

    def x(self, at_s: float) -> float:
        """Where an instant stands."""
        return _LEFT + (self.right - _LEFT) * at_s / self.end_s

    def draw(self, paper: Paper, y: float) -> None:
        """The axis with its ticks and their words, beneath all panels."""
        ticks = axis_ticks(self.end_s, 8 if self.width > 500 else 5, self.start)
        paper.line([(_LEFT, y), (self.right, y)], LIGHT["soft"])
        for at, label in ticks:
            x = self.x(at)
            paper.line([(x, y), (x, y + 4)], LIGHT["soft"])
            paper.words((x, y + 18), label, anchor="middle", colour=LIGHT["soft"])
        title = axis_title(self.end_s, self.start)
        paper.words((self.right, y + 36), title, anchor="end", colour=LIGHT["soft"])


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its place on the paper and the values at its lower and upper edge."""

    span: TimeSpan
    top: float
    height: float
    low: float
    high: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    def y(self, value: float) -> float:
        """Where a value stands; one beyond the scale stands on its edge."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.bottom - self.height * min(max(share, 0.0), 1.0)

    def place(self, at_s: float, value: float) -> tuple[float, float]:
        """Where a value at an instant stands."""
        return self.span.x(at_s), self.y(value)

    def grid(self, paper: Paper, ticks: Sequence[float], written: Callable[[float], str]) -> None:
        """Faint lines at these values, with their words at the left."""
        for value in ticks:
            y = self.y(value)
            paper.line([(_LEFT, y), (self.span.right, y)], LIGHT["grid"])
            paper.words((_LEFT - 7, y + 4), written(value), anchor="end", colour=LIGHT["soft"])

    def limit(self, paper: Paper, value: float) -> None:
        """A dashed line of ink at a limit, if it is on the scale."""
        if self.low <= value <= self.high:
            ends = [(_LEFT, self.y(value)), (self.span.right, self.y(value))]
            paper.line(ends, LIGHT["ink"], thick=1.2, dash=(5, 4))

    def curve(
        self,
        paper: Paper,
        points: Sequence[tuple[float, float]],
        colour: str,
        *,
        thick: float = 1.6,
        dash: Sequence[float] = (),
    ) -> None:
        """A line through values over time; where one is not known it is broken."""
        run: list[tuple[float, float]] = []
        for at_s, value in [*points, (math.nan, math.nan)]:
            if not math.isnan(value):
                run.append(self.place(at_s, value))
                continue
            if len(run) > 1:
                paper.line(run, colour, thick=thick, dash=dash)
            run = []

    def steps(self, times: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
        """The corners of steps, each value in force from its time to the next."""
        places: list[tuple[float, float]] = []
        for (since_s, value), (until_s, _) in pairwise(zip(times, values, strict=True)):
            if since_s > self.span.end_s:
                break
            places += [
                self.place(since_s, value),
                self.place(min(until_s, self.span.end_s), value),
            ]
        return places


def headed(paper: Paper, y: float, lines: Sequence[str]) -> None:
    """Write the heading of a panel, its first words bold."""
    for at, line in enumerate(lines):
        head, colon, rest = line.partition(":") if at == 0 else ("", "", line)
        if head:
            paper.words((2, y + 12), head + colon, bold=True, halo=True)
        start = 2 + canvas.text_width(head + colon, SIZE) * 1.12 + 8 if head else 2
        if rest.strip():
            paper.words((start, y + 12), rest.strip(), colour=LIGHT["soft"], halo=True)
        y += HEADING


def nice_ticks(high: float, most: int = 3, *, low: float = 0.0) -> list[float]:
    """Round values from `low` up to `high`, so many steps apart at most, or one more.

    There are two at least, as one alone is no scale.
    """
    size = high - low
    if not (size > 0 and math.isfinite(size)):
        return [low]
    power = 10.0 ** math.floor(math.log10(size))
    steps = [factor * power / 10 for factor in (1, 2, 5, 10, 20, 50, 100)]
    coarsest = next(at for at, each in enumerate(steps) if size / each <= most + 1e-9)
    ticks: list[float] = []
    for step in reversed(steps[: coarsest + 1]):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = [step * at for at in range(first, last + 1)]
        if len(ticks) > 1:
            break
    return ticks
