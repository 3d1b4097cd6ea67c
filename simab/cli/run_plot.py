"""A run over time in plain characters: share of the traffic, what labels say, errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from simab.cli import terminal
from simab.cli.charts import Grid

if TYPE_CHECKING:
    from simab.cli.played_run import PlayedRun
    from simab.result.example_run import Example, MetricPoint
    from simab.result.truth_summary import TruthSummary

__all__ = ["print_plot"]

_CONTROL, _CANDIDATE, _TRUE = "o", "x", "-"
_NARROWEST: Final = 20  # columns of a chart
_MOST_COLUMNS: Final = 78


def print_plot(played: PlayedRun) -> None:
    """Draw the share of the candidate, the metric of both variants, and errors, if there are.

    Of several candidates the one that the run is about is drawn.
    """
    from simab.analyse.example import example_of
    from simab.text.untrusted import visible

    example = example_of(played.run, played.summary, "")
    summary = played.truth.summary()
    rule = played.run.scenario.policies.get(played.run.policy_name)
    truth = example.about(summary, chooses_among_all=getattr(rule, "chooses_among_all", None))
    width = max(min(terminal.standard_output().width - 9, _MOST_COLUMNS), _NARROWEST)
    for lines in (_traffic(truth, example, width), _metric(truth, example, width),
                  _errors(truth, example, width)):  # fmt: skip
        drawn = list(lines)
        if drawn:
            click.echo()
        for line in drawn:
            click.echo(visible(line))


def _grid(example: Example, width: int, low: float, high: float) -> Grid:
    return Grid(width, max(example.shown_until_s, 1e-9), low, high)


def _drawn(grid: Grid, labels: list[tuple[float, str]]) -> list[str]:
    from simab.text.time_ticks import time_ticks
    from simab.text.typeset import plain_spaces

    unit_s, ticks = time_ticks(grid.end, 6 if grid.width > 50 else 3)
    return grid.lines(
        [(value, plain_spaces(text)) for value, text in labels],
        [(at * unit_s, plain_spaces(text)) for at, text in ticks],
    )


def _heading(*parts: str) -> Iterator[str]:
    """Words over a chart, wrapped."""
    import textwrap

    width = terminal.text_width(terminal.standard_output())
    yield from textwrap.wrap("; ".join(parts), width - 2, initial_indent="  ",
                             subsequent_indent="  ")  # fmt: skip


def _traffic(truth: TruthSummary, example: Example, width: int) -> Iterator[str]:
    """The share of the candidate: what its weight asked for, and what was realised."""
    from simab.text.lists import named

    candidate = truth.candidate
    grid = _grid(example, width, 0.0, 1.0)
    for each in example.realised(candidate, grid.end, width):
        grid.point(each.at_s, each.share, _CANDIDATE)
    times, shares = example.weight_steps(candidate, grid.end)
    for since, until, share in zip(times, times[1:], shares, strict=False):
        grid.level(share, _TRUE, since, min(until, grid.end))
    said = [f"Share of the traffic of {named(candidate)}: {_CANDIDATE} realised, {_TRUE} asked for"]
    if math.isfinite(example.decided_at_s):
        grid.upright(example.decided_at_s)
        said.append("| the decision")
    yield from _heading(*said)
    yield from _drawn(grid, [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")])


def _metric(truth: TruthSummary, example: Example, width: int) -> Iterator[str]:
    """The metric of both variants on all labels by then, with the band of each and the truth."""
    from simab.report import formatting
    from simab.text import typeset
    from simab.text.lists import named

    roles = ((truth.control, _CONTROL, "."), (truth.candidate, _CANDIDATE, ":"))
    if not any(example.series(name, 2) for name, _, _ in roles):
        return
    true = example.truths([name for name, _, _ in roles], truth)
    low, high = example.metric_range(true)
    grid = _grid(example, width, low, high)
    for name, mark, _ in roles:
        for at_s, point in _by_column(example, name, grid):
            grid.point(at_s, point.value, mark)
    for name, _, mark in roles:
        for at_s, point in _by_column(example, name, grid):
            grid.edge(at_s, point.low, mark)
            grid.edge(at_s, point.high, mark)
    for value in filter(math.isfinite, true):
        grid.level(value, _TRUE)
    marks = ", ".join(
        f"{mark} {named(name)} ({band} edges of its 95 % band)" for name, mark, band in roles
    )
    metric = formatting.metric_name(truth.metric)
    what = "true values" if example.true_values is None else "true of all answers shown"
    yield from _heading(f"{metric} of all labels by then: {marks}, {_TRUE} {what}")
    shown = (low, (low + high) / 2, high)
    yield from _drawn(grid, [(each, typeset.metric_value(each)) for each in shown])


def _by_column(example: Example, name: str, grid: Grid) -> Iterator[tuple[float, MetricPoint]]:
    """For each column the newest value by its end: labels stay what they are until more come."""
    points = iter(example.series(name, 10**9))
    newest, following = None, next(points, None)
    for column in range(grid.width):
        until_s = grid.end * (column + 1) / grid.width
        while following is not None and following.at_s <= until_s * (1 + 1e-12):
            newest, following = following, next(points, None)
        if newest is not None:
            yield grid.end * (column + 0.5) / grid.width, newest


def _errors(truth: TruthSummary, example: Example, width: int) -> Iterator[str]:
    """The share of 5XX of both variants, where there are any."""
    from simab.text import typeset
    from simab.text.lists import named

    roles = ((truth.control, _CONTROL), (truth.candidate, _CANDIDATE))
    highest = max((each.error_rate for each in example.spans), default=0.0)
    if not highest:
        return
    grid = _grid(example, width, 0.0, highest)
    for name, mark in roles:
        for each in example.errors(name, grid.end, width):
            grid.point(each.at_s, each.share, mark)
    marks = ", ".join(f"{mark} {named(name)}" for name, mark in roles)
    yield from _heading(f"Share of 5XX: {marks}")
    yield from _drawn(grid, [(0.0, "0 %"), (highest, typeset.percent(highest, 1))])
