"""The paper that figures are drawn on: sizes in CSS pixels, type, axes of time and of shares.

The only module that sets matplotlib up; nothing here or above it uses pyplot.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

from simab.report.palette import LIGHT
from simab.text.time_ticks import SINCE_START, axis_ticks, time_ticks
from simab.text.typeset import THIN

__all__ = [
    "NARROW",
    "SINCE_START",
    "TEXT",
    "WIDE",
    "Margins",
    "axes",
    "axis_titles",
    "blank",
    "drawing",
    "fit",
    "readable",
    "share_axis",
    "sheet",
    "spread",
    "svg_text",
    "text_width",
    "time_axis",
    "time_ticks",
    "time_title",
]

WIDE: Final = 720
NARROW: Final = 358  # a phone of 390 pixels, less the page's margins
TEXT: Final = 13

_WORDS: Final = 1 << 12  # texts whose widths are remembered: both widths of a figure have most
_INCH: Final = 72  # matplotlib writes points as user units: one point is one CSS pixel here
_FONT: Final = "DejaVu Sans"  # comes with matplotlib; wider than the fonts that pages are read in
_SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "simab",
    "text.parse_math": False,  # a `$` in a name is a `$`
    "font.family": _FONT,
    "font.size": TEXT,
    "text.color": LIGHT["ink"],
    "axes.edgecolor": LIGHT["soft"],
    "axes.labelcolor": LIGHT["soft"],
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 1.0,
    "xtick.color": LIGHT["soft"],
    "ytick.color": LIGHT["soft"],
    "xtick.labelsize": TEXT - 1,
    "ytick.labelsize": TEXT - 1,
    "ytick.major.size": 0,
    "hatch.linewidth": 1.2,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
}


class Margins(NamedTuple):
    """Pixels between the edge of the figure and its axes."""

    left: float
    right: float
    top: float
    bottom: float


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's own defaults with ours, whatever the user's settings are."""
    settings, current = _all_settings(), cast("dict[str, Any]", mpl.rcParams)
    kept = {name: current[name] for name in settings}
    with warnings.catch_warnings():
        # The browser has fonts for scripts that matplotlib's has no glyphs for.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        dict.update(current, settings)  # which checks nothing
        try:
            yield
        finally:
            dict.update(current, kept)


@cache
def _all_settings() -> dict[str, Any]:
    """Every setting as it is while drawing.

    All were checked here, so that each figure can set them as in any dictionary: to check 300
    settings for every figure took longer than to draw most of them.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        names = [name for name in mpl.rcParams if name != "backend"]
        return {name: mpl.rcParams[name] for name in names}


def sheet(width: float, height: float) -> Figure:
    """A figure of that size with nothing on it."""
    figure = Figure(figsize=(width / _INCH, height / _INCH), dpi=_INCH)
    figure.patch.set_visible(False)
    return figure


def axes(width: float, height: float, margins: Margins) -> tuple[Figure, Axes]:
    """A figure of that size with one pair of axes inside the margins."""
    figure = sheet(width, height)
    box = (
        margins.left / width,
        margins.bottom / height,
        (width - margins.left - margins.right) / width,
        (height - margins.top - margins.bottom) / height,
    )
    drawn = figure.add_axes(box)
    drawn.patch.set_visible(False)
    return figure, drawn


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure to draw on in pixels, from the top left corner, without axes."""
    figure, paper = axes(width, height, Margins(0, 0, 0, 0))
    paper.set_xlim(0, width)
    paper.set_ylim(height, 0)
    paper.set_axis_off()
    return figure, paper


def svg_text(figure: Figure) -> str:
    """The figure as matplotlib writes it, without date or program."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()


def time_axis(axes: Axes, end_s: float, most_ticks: int, start: datetime | None = None) -> float:
    """Label the x axis with time from 0 to `end_s`; returns the seconds in one unit of the axis.

    By the clock where the start has a date.
    """
    unit_s, _ = time_ticks(end_s, most_ticks)
    ticks = [(at / unit_s, words) for at, words in axis_ticks(end_s, most_ticks, start)]
    axes.set_xlim(0, max(end_s / unit_s, 1e-9))
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([words for _, words in ticks]))
    return unit_s


def share_axis(axes: Axes, ticks: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)) -> None:
    """Label the y axis with percentages from 0 to 100."""
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}{THIN}%"))


def time_title(axes: Axes, across: str = SINCE_START) -> None:
    """What the x axis shows, beneath its right end."""
    axes.set_xlabel(across, fontsize=TEXT - 1, color=LIGHT["soft"], loc="right")


def axis_titles(axes: Axes, across: str, up: str, height: float) -> None:
    """What both axes show: beneath the x axis, and above the y axis of that many pixels."""
    size = TEXT - 1
    time_title(axes, across)
    axes.text(
        0, 1 + 11 / height, up, transform=axes.transAxes, ha="left", va="bottom", size=size,
        color=LIGHT["soft"],
    )  # fmt: skip


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to the wanted ones as leaves `gap` between neighbours, within bounds."""
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    placed = [0.0] * len(wanted)
    floor = low
    for at in order:
        placed[at] = max(wanted[at], floor)
        floor = placed[at] + gap
    ceiling = high
    for at in reversed(order):
        placed[at] = min(placed[at], ceiling)
        ceiling = placed[at] - gap
    return placed


@lru_cache(_WORDS)
def readable(text: str) -> str:
    """Text on one line, without characters that a figure cannot hold."""
    return " ".join(
        "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text).split()
    )


def text_width(text: str, size: float = TEXT) -> float:
    """How wide a text is in pixels, in a font as wide as any that a browser may choose."""
    return size * _ems(text)


@lru_cache(_WORDS)
def _ems(text: str) -> float:
    """How wide a text is, in sizes of its font."""
    return sum(_em(each) for each in text)


@cache
def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    font = get_font(findfont(_FONT))
    if not font.get_char_index(ord(character)):
        return 1.25  # another script, or a picture
    font.set_size(100, _INCH)
    return float(font.load_char(ord(character), LoadFlags.NO_HINTING).linearHoriAdvance / 65536e2)


def wrapped(text: str, width: float, size: float = TEXT) -> list[str]:
    """The text in lines of at most that many pixels; only a word wider than a line is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(readable(longer), size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fit(line, width, size) for line in lines if line] or [""]


def fit(text: str, width: float, size: float = TEXT) -> str:
    """The text if it fits into that many pixels, otherwise its two ends around an ellipsis."""
    text = readable(text)
    if text_width(text, size) <= width:
        return text
    keep = len(text)
    while keep > 1:
        keep -= 1
        head = keep - keep // 3
        shown = f"{text[:head].rstrip()}…{text[len(text) - keep // 3 :].lstrip()}"
        if text_width(shown, size) <= width:
            return shown
    return "…"
