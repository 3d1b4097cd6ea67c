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
from simab.result.fairness_result import PhaseFairness, RuleFairness, StudiedSplit
from simab.text import typeset

__all__ = ["split_figures"]

_MOST_FIGURES: Final = 12


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
    text = (
        f"At the end, the share of all requests is {typeset.signed(ends[0], 2)} to "
        f"{typeset.signed(ends[1], 2)} points from what was asked in 90{typeset.THIN}% of runs"
    )
    if math.isfinite(last.until_then_promised):
        promised = typeset.decimal(100.0 * last.until_then_promised, 2)
        text += f"; independent draws keep within ±{promised} in 95{typeset.THIN}%"
    return (
        f"{text}. Bands: 90{typeset.THIN}% and half of the runs; dashes: the envelope of "
        f"95{typeset.THIN}%."
    )


def _settles(phase: PhaseFairness, candidate: str) -> str:
    asked = typeset.percent(phase.shares.get(candidate, 0.0), 1)
    return (
        f"Asked for are {asked}, the line. Requests have it "
        f"{settled_text(phase.requests_settled_s)}, clients that asked since "
        f"{settled_text(phase.users_settled_s)}. All runs together."
    )
