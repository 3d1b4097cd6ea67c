"""The screen of a study of the split: the answer in sentences, rules, and shares by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.report.table import Table
    from simab.result.fairness_result import FairnessResult

__all__ = ["print_fairness"]

_MOST_ROWS: Final = 20


def print_fairness(result: FairnessResult) -> None:
    """Print whether the split is as asked for, then the rules side by side, or the phases."""
    from simab.report.fairness_conclusion import conclusion
    from simab.report.fairness_tables import phases_table, rules_table
    from simab.report.fairness_text import fairness_sentences
    from simab.report.page_form import for_page

    shown, console = for_page(result).split, terminal.standard_output()
    for sentence in (conclusion(shown), *fairness_sentences(shown)):
        terminal.print_item(console, sentence, mark="")
    several = len(shown.rules) > 1
    table = rules_table(shown) if several else phases_table(shown)
    if table.rows:
        _print(table.without(frozenset({"–"})))


def _print(table: Table) -> None:
    console = terminal.standard_output()
    click.echo()
    rows = [[each.text for each in row] for row in table.rows]
    terminal.print_table(console, [each.title for each in table.columns], rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        rest = len(rows) - _MOST_ROWS
        terminal.print_item(console, f"and {rest} more, in fairness.csv with --out.", mark="")
