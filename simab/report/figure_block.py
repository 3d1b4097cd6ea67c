"""A figure as the page holds it: drawn for wide and for narrow paper, with its finding and data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from simab.report import (
    canvas,
    captions,
    captions_over_worlds,
    decision_time_figure,
    harm_figure,
    paired_figure,
    tables,
    tables_over_worlds,
    timeline_figure,
    timeline_text,
    trade_figure,
    verdict_figure,
    weights_figure,
    worlds_figure,
)
from simab.report.over_worlds import harmful, trades
from simab.report.svg import finish
from simab.report.table import Table
from simab.report.timeline_tables import timeline_tables
from simab.result import StudyResult
from simab.result.example_run import Example

__all__ = [
    "FigureBlock",
    "example_figures",
    "figure_block",
    "study_figures",
    "weights_figures",
    "worlds_figures",
]


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """One figure: its two renderings, the sentence it supports and the numbers behind it.

    `draw` draws it on paper of any width.
    """

    number: int
    key: str
    title: str
    finding: str
    wide: str
    narrow: str
    tables: tuple[Table, ...]
    draw: Callable[[float], Figure | str]


def study_figures(result: StudyResult, numbers: Iterator[int]) -> list[FigureBlock]:
    """How runs end, when they decide, and which differences are real."""
    figures = [
        figure_block(
            numbers,
            "endings",
            (f"How runs end{_where(result)}", captions.endings(result)),
            lambda width: verdict_figure.draw_endings(result, width),
            tables.endings(result),
        ),
        figure_block(
            numbers,
            "timing",
            (f"Time to decision{_where(result)}", captions.timing(result)),
            lambda width: decision_time_figure.draw_timing(result, width),
            tables.timing(result),
        ),
    ]
    if harmful(result):
        figures.append(
            figure_block(
                numbers,
                "harm",
                ("Harm, run by run", captions_over_worlds.harm(result)),
                lambda width: harm_figure.draw_harm(result, width),
                tables_over_worlds.harm(result),
            )
        )
    if paired_figure.shown(result):
        figures.append(
            figure_block(
                numbers,
                "pairs",
                (
                    f"Is the gap real? Policies on the same traffic{_where(result)}",
                    captions.pairs(result),
                ),
                lambda width: paired_figure.draw_pairs(result, width),
                tables.pairs(result),
            )
        )
    return figures


def _where(result: StudyResult) -> str:
    """Of several worlds the one that a figure is of, after its title."""
    return f", {result.world.title}" if len(result.worlds) > 1 else ""


def worlds_figures(result: StudyResult, numbers: Iterator[int]) -> list[FigureBlock]:
    """What a policy gives for what it takes, and how runs end in each world."""
    figures = []
    if trades(result):
        figures.append(
            figure_block(
                numbers,
                "trade",
                ("False promotion and time to decide", captions_over_worlds.trade(result)),
                lambda width: trade_figure.draw_trade(result, width),
                tables_over_worlds.trade(result),
            )
        )
    figures.append(
        figure_block(
            numbers,
            "worlds",
            ("How runs end in each world", captions_over_worlds.worlds(result)),
            lambda width: worlds_figure.draw_worlds(result, width),
            tables_over_worlds.worlds(result),
        )
    )
    return figures


def example_figures(
    result: StudyResult, example: Example, position: int, numbers: Iterator[int]
) -> list[FigureBlock]:
    """The timeline of one example run; of the run that did most harm without its labels."""
    truth = result.truth
    if not (example.weights or example.metric_series):
        return []
    return [
        figure_block(
            numbers,
            f"timeline-{position}",
            ("The run over time", timeline_text.finding(result, example)),
            lambda width: timeline_figure.draw_timeline(
                example, truth, width, result.scenario.start
            ),
            *timeline_tables(example, truth),
        )
    ]


def weights_figures(result: StudyResult, numbers: Iterator[int]) -> list[FigureBlock]:
    """The weights over time in the usual run of each policy, where there are several."""
    if len(weights_figure.usual_runs(result)) < 2:
        return []
    return [
        figure_block(
            numbers,
            "weights",
            (f"Weights over time{_where(result)}", weights_figure.weights_finding(result)),
            lambda width: weights_figure.draw_weights(result, width),
            weights_figure.weights_table(result),
        )
    ]


def figure_block(
    numbers: Iterator[int],
    key: str,
    words: tuple[str, str],
    draw: Callable[[float], Figure | str],
    *tables: Table,
) -> FigureBlock:
    """The figure drawn for both widths, under the next number; `words` are title and finding."""
    title, finding = words
    wide, narrow = (
        finish(rendered(draw, width), f"{key}-{name}", title, finding)
        for name, width in (("wide", canvas.WIDE), ("narrow", canvas.NARROW))
    )
    return FigureBlock(next(numbers), key, title, finding, wide, narrow, tables, draw)


def rendered(draw: Callable[[float], Figure | str], width: float) -> str:
    """A figure of that width as SVG: what matplotlib writes, or what is SVG already."""
    with canvas.drawing():
        drawn = draw(width)
        return drawn if isinstance(drawn, str) else canvas.svg_text(drawn)
