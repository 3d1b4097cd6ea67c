"""The figure of a split: how far realised shares were from those asked for, in an envelope."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from simab.report import canvas
from simab.report.overlay import Overlay
from simab.report.palette import LIGHT
from simab.result.studied_split import FanPoint, PhaseFairness, RuleFairness
from simab.text import typeset

__all__ = ["draw_fan", "draw_settling"]

_PANEL: Final = 170.0
_HEAD: Final = 40.0
_FOOT: Final = 46.0
_GAP: Final = 46.0
_LEFT: Final = 62.0
_RIGHT: Final = 10.0
_ROUND_S: Final = (0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0)


def draw_fan(rule: RuleFairness, candidate: str, width: float) -> Figure:
    """Two panels: of each window, and of all requests until then; with the envelope promised.

    The bands hold `rule.band` and half of the runs, the line is their median, and dashes are the
    envelope.
    """
    height = 2 * (_HEAD + _PANEL) + _GAP + _FOOT
    margins = canvas.Margins(_LEFT, _RIGHT, _HEAD, height - _HEAD - _PANEL)
    figure, upper = canvas.axes(width, height, margins)
    lower = figure.add_axes(
        (
            _LEFT / width,
            _FOOT / height,
            (width - _LEFT - _RIGHT) / width,
            _PANEL / height,
        )
    )
    lower.patch.set_visible(False)
    end_s, ticks = rule.fan[-1].end_s, 7 if width > 500 else 4
    over = Overlay(figure)
    for axes, top, title, window in (
        (upper, _HEAD, "each window", True),
        (lower, 2 * _HEAD + _PANEL + _GAP, "all so far", False),
    ):
        unit_s = canvas.time_axis(axes, end_s, ticks)
        canvas.time_title(axes)
        _panel(axes, rule.fan, unit_s, window=window)
        name = canvas.fit(candidate, 0.4 * width)
        over.text(2, top - 16, f"{name}, realised less asked: {title}", fontweight="bold")
    return figure


def _panel(axes: Axes, fan: tuple[FanPoint, ...], unit_s: float, *, window: bool) -> None:
    at = [point.end_s / unit_s for point in fan]
    bands = [point.window if window else point.until_then for point in fan]
    promised = [point.window_promised if window else point.until_then_promised for point in fan]
    for low, high, strength in ((0, 4, 0.22), (1, 3, 0.42)):
        axes.fill_between(
            at,
            [100.0 * each[low] for each in bands],
            [100.0 * each[high] for each in bands],
            color=LIGHT["blue"],
            alpha=strength,
            linewidth=0,
        )
    axes.plot(at, [100.0 * each[2] for each in bands], color=LIGHT["blue"], linewidth=2)
    axes.axhline(0.0, color=LIGHT["ink"], linewidth=1)
    for sign in (-1.0, 1.0):
        axes.plot(
            at,
            [sign * 100.0 * each for each in promised],
            color=LIGHT["vermillion"],
            linewidth=1.6,
            dashes=(5, 2.5),
        )
    most = _most(bands, promised)
    axes.set_ylim(-most, most)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, most)))


def _most(bands: list[tuple[float, ...]], promised: list[float]) -> float:
    """Where the axis ends: 1.1 times what is drawn, but for few requests at the start."""
    later = bands[len(bands) // 20 :]
    values = [abs(100.0 * end) for each in later for end in (each[0], each[4])]
    values += [100.0 * each for each in promised[len(bands) // 20 :]]
    return 1.1 * max([0.05, *(each for each in values if math.isfinite(each))])


def _tick(value: float, most: float) -> str:
    return typeset.signed(value, 0 if most >= 5 else 1 if most >= 0.5 else 2)


def _chance(axes: Axes, phase: PhaseFairness, asked: float) -> None:
    """Where the shares of requests lie by chance."""
    known = [each for each in phase.settling if math.isfinite(each.requests_promised)]
    axes.fill_between(
        [each.since_s for each in known],
        [100.0 * (asked - each.requests_promised) for each in known],
        [100.0 * (asked + each.requests_promised) for each in known],
        color=LIGHT["blue"],
        alpha=0.14,
        linewidth=0,
    )


def draw_settling(phase: PhaseFairness, candidate: str, width: float) -> Figure:
    """The candidate's share of requests, and of clients, against the time since a change.

    Time is logarithmic: requests and clients may differ by orders of magnitude. A band about what
    is asked for holds 95 % of the draws of as many requests as a point has.
    """
    margins = canvas.Margins(_LEFT, _RIGHT, _HEAD + 20, _FOOT)
    figure, axes = canvas.axes(width, _HEAD + 20 + _PANEL + _FOOT, margins)
    over = Overlay(figure)
    title = f"Share of {candidate} since the change"
    over.text(2, 22, canvas.fit(title, width - 4), fontweight="bold")
    asked = phase.shares.get(candidate, 0.0)
    at = [each.since_s for each in phase.settling]
    axes.set_xscale("log")
    canvas.time_title(axes, "time since the change")
    axes.set_xlim(at[0], at[-1])
    axes.axhline(100.0 * asked, color=LIGHT["ink"], linewidth=1)
    _chance(axes, phase, asked)
    lines = (
        ("requests", [each.requests for each in phase.settling], "blue", (), "o"),
        (
            "clients, by their last request",
            [each.clients for each in phase.settling],
            "vermillion",
            (6, 2),
            "s",
        ),
    )
    left = 2.0
    for name, shares, colour, dash, marker in lines:
        axes.plot(
            at,
            [100.0 * each for each in shares],
            color=LIGHT[colour],
            linewidth=2,
            dashes=dash or (1, 0),
            marker=marker,
            markersize=4,
        )
        over.plot([left, left + 22], [44, 44], color=LIGHT[colour], dashes=dash or (1, 0))
        over.plot([left + 11], [44], color=LIGHT[colour], marker=marker, markersize=4)
        over.text(left + 28, 48, name, fontsize=canvas.TEXT - 1)
        left += 28 + canvas.text_width(name, canvas.TEXT - 1) + 18
    ticks = [each for each in _ROUND_S if at[0] <= each <= at[-1]]
    most = 7 if width > 500 else 4
    ticks = ticks[:: -(-len(ticks) // most)] if ticks else [at[-1]]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FixedFormatter([typeset.duration(each) for each in ticks]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{typeset.THIN}%"))
    return figure
