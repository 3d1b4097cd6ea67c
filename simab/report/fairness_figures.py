"""The figures of a split with their findings: how far off it is, and how it follows a change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Final

from simab.report.fairness_figure import draw_fan, draw_settling
from simab.report.fairness_tables import fan_table, settling_table
from simab.report.fairness_text import settled_text
from simab.report.figure_block import FigureBlock, figure_block
from simab.result.studied_split import PhaseFairness, RuleFairness, StudiedSplit
from simab.text import typeset

__all__ = ["split_figures"]

_MOST_FIGURES: Final = 12
_FEWEST_POINTS: Final = 2


def split_figures(result: StudiedSplit, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    """How far off each rule was over time, and how its shares came after the first change."""
    for at, rule in enumerate(result.rules[:_MOST_FIGURES]):
        if rule.fan and rule.phases:
            yield figure_block(
                numbers,
                f"split-{at}",
                (f"The split over time: {rule.title}", _finding(rule)),
                partial(draw_fan, rule, result.candidate),
                fan_table(rule),
            )
    for at, rule in enumerate(result.rules[:_MOST_FIGURES]):
        for phase in [each for each in rule.phases if each.changed][:1]:
            if len(phase.settling) < _FEWEST_POINTS:
                continue
            since = typeset.duration(phase.since_s)
            yield figure_block(
                numbers,
                f"settling-{at}",
                (f"After the change at {since}: {rule.title}", _settles(phase, result.candidate)),
                partial(draw_settling, phase, result.candidate),
                settling_table(phase),
            )


def _finding(rule: RuleFairness) -> str:
    last = rule.fan[-1]
    ends = [100.0 * last.until_then[at] for at in (0, 4)]
    runs = typeset.count(rule.runs)
    part = "all" if rule.band == 1.0 else f"{typeset.percent(rule.band)} of"
    text = (
        f"At the end of the last window with a split, {typeset.duration(last.end_s)} after the "
        f"start, the share of all requests so far is {typeset.signed(ends[0], 2)} to "
        f"{typeset.signed(ends[1], 2)} points from what was asked in {part} {runs} runs"
    )
    if math.isfinite(last.until_then_promised):
        promised = typeset.decimal(100.0 * last.until_then_promised, 2)
        text += f"; independent draws keep within ±{promised} in 95{typeset.THIN}%"
    outer = "all runs" if rule.band == 1.0 else f"{typeset.percent(rule.band)}"
    return (
        f"{text}. Bands: {outer} and half of the runs; dashes: the envelope of 95{typeset.THIN}%."
    )


def _settles(phase: PhaseFairness, candidate: str) -> str:
    asked = typeset.percent(phase.shares.get(candidate, 0.0), 1)
    runs = typeset.count(phase.runs)
    text = (
        f"The line is what is asked for, {asked}. Requests have it "
        f"{settled_text(phase.requests_settled_s)}, clients that asked since "
        f"{settled_text(phase.users_settled_s)}, as far as chance lets it be seen in {runs} runs "
        "together. A point of requests has those since the point before"
    )
    if any(math.isfinite(each.requests_promised) for each in phase.settling):
        text += f"; 95{typeset.THIN}% of draws of so many would lie in its band"
    return f"{text}."
