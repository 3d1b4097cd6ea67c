"""The tornado figure: how far a quantity moves with each assumption halved and doubled.

The assumption that moves it most stands on top. A filled bar is a difference beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.result.sensitivity_result import SensitivityResult
from simab.result.study_change import QuantityChange
from simab.scenario.assumptions import DOUBLED, HALVED
from simab.text import typeset

__all__ = ["Tornado", "draw_tornado", "tornado_of"]

_ROW: Final = 46.0
_BAR: Final = 14.0
_HEAD: Final = 44.0
_FOOT: Final = 40.0
_SIZE: Final = canvas.TEXT - 1
_MOST_TICKS: Final = 5
_BETWEEN: Final = 20.0  # pixels between the words of two ticks


class Tornado(NamedTuple):
    """A policy in a world, and by assumption its difference halved and doubled (None: not)."""

    policy: str
    world: str
    quantity: str
    before: float
    rows: tuple[tuple[str, QuantityChange | None, QuantityChange | None], ...]

    @property
    def moves(self) -> bool:
        """Whether anything moves at all."""
        return any(each is not None and each.difference for row in self.rows for each in row[1:])


def tornado_of(result: SensitivityResult, policy: str, quantity: str) -> Tornado | None:
    """The world in which this quantity of the policy moves most; None where none is compared."""
    by_world: dict[str, list[QuantityChange]] = {}
    for effect in result.effects:
        for each in effect.of(policy):
            if each.quantity == quantity and math.isfinite(each.difference):
                by_world.setdefault(each.world, []).append(each)
    if not by_world:
        return None
    world = max(by_world, key=lambda name: _moved(by_world[name]))
    rows = [
        (
            assumption,
            _found(result, (assumption, HALVED), (policy, world, quantity)),
            _found(result, (assumption, DOUBLED), (policy, world, quantity)),
        )
        for assumption in result.assumptions
    ]
    rows.sort(key=lambda row: -max(abs(each.difference) if each else 0.0 for each in row[1:]))
    return Tornado(policy, world, quantity, by_world[world][0].before, tuple(rows))


def _moved(changes: Sequence[QuantityChange]) -> tuple[float, float]:
    """How far a world's differences go: those beyond chance first."""
    sure = max((abs(each.difference) for each in changes if each.differs), default=0.0)
    return sure, max(abs(each.difference) for each in changes)


def _found(
    result: SensitivityResult, change: tuple[str, str], of: tuple[str, str, str]
) -> QuantityChange | None:
    effect = result.effect(*change)
    if effect is None:
        return None
    return next(
        (
            each
            for each in effect.quantities
            if (each.policy, each.world, each.quantity) == of and math.isfinite(each.difference)
        ),
        None,
    )


def draw_tornado(tornado: Tornado, width: float) -> Figure:
    """Bars from the value as described, left and right; names beside them, or above if narrow."""
    wide = width > 500
    names = max(canvas.text_width(name, _SIZE) for name, _, _ in tornado.rows)
    left = min(names + 16, 220.0) if wide else 0.0
    row = _ROW if wide else _ROW + 18
    height = _HEAD + row * len(tornado.rows) + _FOOT
    figure, axes = canvas.blank(width, height)
    scale = _Scale(tornado, left + 8, width - 12)
    _legend(axes, width)
    _axis(axes, scale, (_HEAD - 6, height - _FOOT))
    for at, (name, halved, doubled) in enumerate(tornado.rows):
        top = _HEAD + row * at
        if not wide:
            axes.text(0, top + 12, canvas.fit(name, width, _SIZE), size=_SIZE)
            top += 16
        else:
            axes.text(
                left - 8, top + _BAR + 6, canvas.fit(name, left - 8, _SIZE), ha="right", size=_SIZE
            )
        _bar(axes, scale, halved, top + 2, hatch="")
        _bar(axes, scale, doubled, top + 4 + _BAR, hatch="////")
    return figure


class _Axis(NamedTuple):
    """The axis of a quantity: its least span, the steps of its ticks, and how they are written."""

    least_span: float
    steps: tuple[float, ...]
    tick: Callable[[float], str]
    value: Callable[[float], str]
    most: float = math.inf


def _percent(share: float) -> str:
    return f"{round(100 * share, 6):g}{typeset.THIN}%"


_SHARES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_COUNTS: Final = tuple(first * 10.0**power for power in range(-1, 9) for first in (1.0, 2.0, 5.0))
_TIMES_S: Final = (
    *(0.1, 0.5, 1.0, 5.0, 10.0, 30.0),
    *(60.0 * each for each in (1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720)),
    *(86_400.0 * each for each in (1, 2, 5, 10, 20, 50, 100)),
)
_AXES: Final = {
    "promotes": _Axis(0.02, _SHARES, _percent, lambda share: typeset.percent(share, 1), 1.0),
    "error_share": _Axis(0.002, _SHARES, _percent, lambda share: typeset.percent(share, 2), 1.0),
    "time_to_decision": _Axis(1.0, _TIMES_S, typeset.duration, typeset.duration),
    "requests_on_worse": _Axis(1.0, _COUNTS, typeset.count, typeset.count),
}


class _Scale:
    """Values to pixels, over all that is drawn."""

    def __init__(self, tornado: Tornado, left: float, right: float) -> None:
        known = [each for row in tornado.rows for each in row[1:] if each is not None]
        ends = [tornado.before]
        for each in known:
            ends += [
                each.before + end
                for end in (each.difference, each.low, each.high)
                if math.isfinite(end)
            ]
        self.axis = axis = _AXES[tornado.quantity]
        self.low, self.high = max(min(ends), 0.0), min(max(ends), axis.most)
        if self.high - self.low < axis.least_span:
            half = axis.least_span / 2
            self.low, self.high = max(self.low - half, 0.0), min(self.high + half, axis.most)
        self.left, self.right, self.before = left, right, tornado.before

    def ticks(self) -> list[float]:
        """Round values, as few as their words leave room for."""
        span, words = self.high - self.low, canvas.text_width(self.axis.tick(self.high), _SIZE)
        most = max(int((self.right - self.left) / (words + _BETWEEN)), 1)
        most = min(most, _MOST_TICKS)
        step = next((each for each in self.axis.steps if span / each <= most), span)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [at * step for at in range(first, last + 1)]

    def at(self, value: float) -> float:
        """Where a value stands."""
        inside = min(max(value, self.low), self.high)
        return self.left + (inside - self.low) / (self.high - self.low) * (self.right - self.left)


def _legend(axes: Axes, width: float) -> None:
    entries = (("halved", ""), ("doubled", "////"))
    x = 0.0
    for words, hatch in entries:
        _patch(axes, (x, 2), (18, 13), hatch, sure=True)
        axes.text(x + 24, 13, words, size=_SIZE)
        x += 34 + canvas.text_width(words, _SIZE)
    note = canvas.fit("pale: not beyond chance", max(width - x, 60.0), _SIZE)
    axes.text(x + 4, 13, note, size=_SIZE, color=LIGHT["soft"])


def _axis(axes: Axes, scale: _Scale, between: tuple[float, float]) -> None:
    top, bottom = between
    for value in scale.ticks():
        x, text = scale.at(value), scale.axis.tick(value)
        axes.plot([x, x], [top, bottom], color=LIGHT["grid"], linewidth=1, zorder=0)
        axes.text(x, bottom + 16, text, ha="center", size=_SIZE, color=LIGHT["soft"])
    x = scale.at(scale.before)
    axes.plot([x, x], [top, bottom], color=LIGHT["ink"], linewidth=1.2, zorder=3)
    words = f"as described {scale.axis.value(scale.before)}"
    side = "right" if x > (scale.left + scale.right) / 2 else "left"
    axes.text(x, bottom + 32, words, ha=side, size=_SIZE)


def _bar(
    axes: Axes, scale: _Scale, change: QuantityChange | None, top: float, *, hatch: str
) -> None:
    if change is None:
        x, words = scale.at(scale.before), "not possible"
        fits = x + 5 + canvas.text_width(words, _SIZE - 1) <= scale.right
        place, side = (x + 5, "left") if fits else (x - 5, "right")
        axes.text(place, top + 11, words, ha=side, size=_SIZE - 1, color=LIGHT["soft"])
        return
    start, end = scale.at(change.before), scale.at(change.before + change.difference)
    corner, size = (min(start, end), top), (abs(end - start), _BAR)
    _patch(axes, corner, size, hatch, sure=change.differs)
    if math.isfinite(change.low + change.high):
        ends = [scale.at(change.before + each) for each in (change.low, change.high)]
        middle = top + _BAR / 2
        axes.plot(ends, [middle, middle], color=LIGHT["ink"], linewidth=1.3, zorder=4)


def _patch(
    axes: Axes, corner: tuple[float, float], size: tuple[float, float], hatch: str, *, sure: bool
) -> None:
    face = LIGHT["blue"] if not hatch else LIGHT["paper"]
    axes.add_patch(
        Rectangle(
            corner, *size, facecolor=face, edgecolor=LIGHT["blue"], hatch=hatch, linewidth=1.2,
            alpha=1.0 if sure else 0.3, zorder=2,
        )
    )  # fmt: skip
