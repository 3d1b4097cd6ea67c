"""The screen of a plan: which candidate to use in sentences, then how the candidates stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.result.plan_result import PlanResult

__all__ = ["print_plan"]

_MOST_ROWS: Final = 20


def print_plan(result: PlanResult) -> None:
    """Print the answer, then a table: those that meet everything first, the best of them on top."""
    from simab.report.page_form import for_page
    from simab.report.plan_table import candidates_table
    from simab.report.plan_text import plan_sentences

    shown, console = for_page(result), terminal.standard_output()
    for sentence in plan_sentences(shown):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    table = candidates_table(shown)
    headings = [each.title for each in table.columns]
    rows = [[each.text for each in row] for row in table.rows]
    emphasised = [row[0].note != "" for row in table.rows[:_MOST_ROWS]]
    terminal.print_table(console, headings, rows[:_MOST_ROWS], emphasised=emphasised)
    if len(rows) > _MOST_ROWS:
        rest = len(rows) - _MOST_ROWS
        terminal.print_item(console, f"and {rest} more, in candidates.csv with --out.", mark="")
