"""The screen of a sensitivity: sentences, and a row for each change with what it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.result.sensitivity_result import SensitivityResult

__all__ = ["print_sensitivity"]


def print_sensitivity(result: SensitivityResult) -> None:
    """Print what the answer depends on, then each assumption halved and doubled."""
    from simab.report.page_form import for_page
    from simab.report.sensitivity_tables import values_text
    from simab.report.sensitivity_text import (
        sensitivity_sentences,
        unchanged_sentences,
        verdict_text,
    )

    console, shown = terminal.standard_output(), for_page(result)
    for sentence in sensitivity_sentences(shown):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    rows = [
        [
            effect.name,
            values_text(effect),
            effect.recommended or "none",
            verdict_text(effect),
        ]
        for effect in shown.effects
    ]
    headings = ["assumption", "change", "rule to use", "verdicts that change"]
    terminal.print_table(console, headings, rows)
    click.echo()
    for sentence in unchanged_sentences(shown):
        terminal.print_item(console, sentence)
