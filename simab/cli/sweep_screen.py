"""The screen of a sweep: sentences, and each policy's shares of promotion point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.result.sweep_result import SweepResult

__all__ = ["print_sweep"]

_MOST_COLUMNS: Final = 11
_MOST_POINTS: Final = 30


def print_sweep(result: SweepResult) -> None:
    """Print what was found in sentences, then the share of runs that promote, by point."""
    from simab.report.page_form import for_page
    from simab.report.sweep_tables import worst_points
    from simab.report.sweep_text import failure_sentences, sweep_sentences

    console, shown = terminal.standard_output(), for_page(result)
    for sentence in sweep_sentences(shown):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    if len(shown.fields) == 1 and len(shown.points) <= _MOST_COLUMNS:
        headings, rows = _across(shown)
    elif len(shown.points) <= _MOST_POINTS:
        headings, rows = _down(shown)
    else:
        table = worst_points(shown)
        headings = ["policy", "most where keeping", "least where promoting", "decides"]
        rows = [[cell.text for cell in row[:4]] for row in table.rows]
    terminal.print_table(console, headings, rows)
    for sentence in failure_sentences(shown):
        terminal.print_item(console, sentence)


def _across(result: SweepResult) -> tuple[list[str], list[list[str]]]:
    """A row a policy, a column a point."""
    from simab.report.sweep_axis import value_text

    field = result.fields[0]
    headings = ["promotes at", *(value_text(field, at) for at in range(len(field.values)))]
    ordered = sorted(result.points, key=lambda point: point.places)
    rows = [
        [name, *(_promotes(point.policy(name)) for point in ordered)] for name in result.policies
    ]
    return headings, rows


def _down(result: SweepResult) -> tuple[list[str], list[list[str]]]:
    """A row a point, a column a policy."""
    from simab.report.sweep_tables import point_text

    headings = ["promotes at", *result.policies]
    rows = [
        [point_text(result, point), *(_promotes(point.policy(name)) for name in result.policies)]
        for point in result.points
    ]
    return headings, rows


def _promotes(policy: object) -> str:
    from simab.text import typeset

    return "–" if policy is None else typeset.percent(policy.promotes.share)  # type: ignore[attr-defined]
