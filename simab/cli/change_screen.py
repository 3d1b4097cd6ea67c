"""The screen of what changed between two studies: sentences, and a table of the quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.result.study_change import StudyChange

__all__ = ["print_change"]


def print_change(change: StudyChange) -> None:
    """Print which studies, how they were compared, what changed, and by how much."""
    from simab.report.change_text import change_sentences, change_table
    from simab.report.page_form import for_page

    shown, console = for_page(change), terminal.standard_output()
    for which, label in (("Before", shown.before), ("Now", shown.after)):
        sentence = (
            f"{which}: {label.name}, “{label.title}”, {label.replications:,} replications, seed "
            f"{label.seed}, simab {label.simab_version}"
        )
        terminal.print_item(console, sentence, mark="")
    click.echo()
    for sentence in change_sentences(shown):
        terminal.print_item(console, sentence)
    table = change_table(shown)
    terminal.print_item(console, f"{table.caption}.")
    if table.rows:
        click.echo()
        rows = []
        for *cells, moved in table.rows:
            note = f" ({moved.note})" if moved.note else ""
            rows.append([*(each.text for each in cells), f"{moved.text}{note}"])
        terminal.print_table(console, [column.title.lower() for column in table.columns], rows)
