"""The screen of a study of convergence: the verdict in sentences, and a row for each metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.result.convergence_result import ConvergenceResult

__all__ = ["print_convergence"]


def print_convergence(result: ConvergenceResult) -> None:
    """Print whether and when the two are distinguished, then the sample sizes of all metrics."""
    from simab.report.convergence_tables import screen_rows
    from simab.report.convergence_text import convergence_sentences
    from simab.report.label_countings import counting_finding
    from simab.report.page_form import for_page

    console, shown = terminal.standard_output(), for_page(result).found
    for sentence in filter(None, [*convergence_sentences(shown), counting_finding(shown)]):
        terminal.print_item(console, sentence, mark="")
    rows = screen_rows(shown)
    if rows:
        click.echo()
        headings = ["metric", "to find", "labels of each", "theory", "time"]
        terminal.print_table(console, headings, rows)
