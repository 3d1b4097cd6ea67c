"""The screen of a comparison: the answer, and the operating characteristics as a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from simab.cli import terminal
from simab.cli.outcome_bars import print_outcomes

if TYPE_CHECKING:
    from rich.console import Console

    from simab.report.answer import Answer
    from simab.result import PolicyResult, Proportion, StudyResult
    from simab.result.columns import Column
    from simab.result.world_result import WorldResult

__all__ = ["print_comparison"]

_Column: TypeAlias = "tuple[str, Callable[[PolicyResult], str]]"
_WIDE: Final = 100  # narrower terminals leave out what users suffer; remarks and files have it


def print_comparison(result: StudyResult, *, gated: bool = False) -> None:
    """Print the answer in sentences, then a row a policy; `gated`: the exit code depends on it."""
    from simab.report import formatting, verdict_columns
    from simab.report.answer import answer
    from simab.report.page_form import for_page

    console, study = terminal.standard_output(), for_page(result)
    said = answer(study)
    if len(study.worlds) > 1 or gated or not study.customary:
        _print_recommendation(console, said)
    if len(study.worlds) > 1:
        _print_worlds(console, study)
    for sentence in (said.verdict, said.truth):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    judged = verdict_columns.judgements(study)
    used = verdict_columns.decided_and_ended(study)
    columns: list[_Column] = [
        ("policy", lambda policy: policy.name),
        *((each.short, partial(_percent, each.share)) for each in used),
        ("is right", lambda policy: str(formatting.proportion(policy.correct))),
        *((each.short, partial(_percent, each.share)) for each in judged[1:]),
        *(_harms(study) if console.width >= _WIDE else ()),
        (
            "decides after (10-90 %)",
            lambda policy: str(formatting.duration_quantiles(policy.decision_time_s)),
        ),
    ]
    headings = [heading for heading, _ in columns]
    rows = [[written(policy) for _, written in columns] for policy in study.policies]
    terminal.print_table(console, headings, rows, folds=True)
    click.echo()
    print_outcomes(console, study)
    click.echo()
    for remark in said.remarks:
        terminal.print_item(console, remark)


def _print_recommendation(console: Console, said: Answer) -> None:
    """Which policy to use over all worlds, and what fails the others."""
    for sentence in filter(None, (said.recommendation, *said.failures)):
        terminal.print_item(console, sentence, mark="")


def _print_worlds(console: Console, study: StudyResult) -> None:
    """A row a policy over all worlds, and the heading of what follows."""
    from simab.report.candidate_text import any_candidate
    from simab.report.over_worlds import distinct, ends_right
    from simab.report.worlds_table import (
        LOOKS_AT,
        ON_WORSE,
        TIME,
        VERDICT,
        world_column,
        worlds_table,
    )
    from simab.text.lists import listed

    click.echo()
    worlds = distinct(study)
    what = f"In how many runs each policy promotes {any_candidate(study)}, by world"
    right = [_heading(world) for world in worlds if ends_right(world)]
    if right:
        what += f"; in {listed(right)}, in how many it ends with a right one"
    terminal.print_item(console, f"{what}:", mark="")
    table = worlds_table(study)
    # No intervals and not what rules look at: a terminal is narrow, and the page has both.
    shown = [place for place, each in enumerate(table.columns) if each.title != LOOKS_AT]
    short = {world_column(world): _heading(world) for world in worlds}
    short |= {"Policy": "policy", TIME: "decides", ON_WORSE: "on worse", VERDICT: "verdict"}
    headings = [short[table.columns[place].title] for place in shown]
    rows = [[row[place].text for place in shown] for row in table.rows]
    terminal.print_table(console, headings, rows, folds=True)
    said = {
        "decides": "“decides”: the median time to a decision, in the world where it is longest.",
        "on worse": "“on worse”: the mean number of requests of a run on worse variants, in the "
        "world where it is largest.",
    }
    for heading in (each for each in said if each in headings):
        terminal.print_item(console, said[heading], mark="")
    click.echo()
    terminal.print_item(console, f"The world {study.world.title}:", mark="")


def _heading(world: WorldResult) -> str:
    """The title that the file gives the world; of one that every study has the short name."""
    from simab.result.known_worlds import TITLES

    label = world.label
    return label.name if TITLES.get(label.name) == label.title else label.title


def _percent(share: Callable[[PolicyResult], Proportion], policy: PolicyResult) -> str:
    from simab.text import typeset

    return typeset.percent(share(policy).share)


def _harms(study: StudyResult) -> list[_Column]:
    """Columns of what users suffer, where any do: requests in error, time in breach."""
    from simab.result.columns import COLUMNS

    return [
        (column.short, partial(_mean, column))
        for column in COLUMNS.values()
        if column.short and any(policy.means[column.key].mean for policy in study.policies)
    ]


def _mean(column: Column, policy: PolicyResult) -> str:
    from simab.report.tables import written_mean

    return written_mean(column, policy).value
