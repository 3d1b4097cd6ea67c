"""The screen of a comparison: the answer, and the operating characteristics as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from simab.cli import terminal

__all__ = ["print_comparison"]

_COLUMNS: Final = (
    ("promotes", "promoted_candidate"),
    ("keeps", "kept_control"),
    ("rolls back", "rolled_back"),
    ("undecided", "undecided"),
)


def print_comparison(result: Mapping[str, Any]) -> None:
    """Print the answer in sentences, then a row a policy."""
    from simab.report import numerals
    from simab.report.answer import answer
    from simab.report.study_result import read_result

    console, study = terminal.standard_output(), read_result(result)
    said = answer(study)
    for sentence in (said.verdict, said.truth):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    used = [
        (heading, name)
        for heading, name in _COLUMNS
        if any(policy.outcomes[name].count for policy in study.policies)
    ]
    headings = ("policy", *(heading for heading, _ in used), "is right", "decides after (10-90 %)")
    rows = [
        (
            policy.name,
            *(numerals.percent(policy.outcomes[name].share) for _, name in used),
            str(numerals.proportion(policy.correct)),
            str(numerals.duration_quantiles(policy.decision_time_s)),
        )
        for policy in study.policies
    ]
    terminal.print_table(console, headings, rows)
    click.echo()
    for remark in said.remarks:
        terminal.print_item(console, remark)
