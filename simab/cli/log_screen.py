"""The screen of two runs side by side: the first difference in full, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from simab.cli import terminal
from simab.text.numbers import counted

if TYPE_CHECKING:
    from simab.verify.run_logs import Difference, TableComparison

__all__ = ["log_data", "print_logs"]


def print_logs(tables: Sequence[TableComparison], names: tuple[str, str]) -> None:
    """Print of each table whether it is the same, and what differs."""
    for table in tables:
        for sentence in _sentences(table, names):
            terminal.print_item(terminal.standard_output(), sentence, mark="")
        if table.difference is not None:
            _print_difference(table, table.difference, names)


def _sentences(table: TableComparison, names: tuple[str, str]) -> Iterator[str]:
    if table.equal:
        yield f"{table.name}: equal, {counted(table.rows[0], 'row')}."
        return
    for name, columns in zip(names, (table.only_first, table.only_second), strict=True):
        if columns:
            yield f"{table.name}: only {name} has {', '.join(columns)}."
    if table.rows[0] != table.rows[1]:
        first, second = (counted(rows, "row") for rows in table.rows)
        yield f"{table.name}: {names[0]} has {first}, {names[1]} {second}."
    both = min(table.rows)
    yield f"{table.name}: {table.differing:,} of {both:,} rows that both have differ."
    if table.by_field:
        fields = ", ".join(f"{field} {count:,}" for field, count in table.by_field.items())
        yield f"Rows that differ by field: {fields}."


def _print_difference(
    table: TableComparison, difference: Difference, names: tuple[str, str]
) -> None:
    """Both rows, field by field, then the rows around them as they were written."""
    click.echo()
    terminal.print_line(f"The first difference is in row {difference.row} of {table.name}:")
    first, second = (row or ("(no row)",) * len(table.columns) for row in
                     (difference.first, difference.second))  # fmt: skip
    rows = [
        [column, left, right, "" if left == right else "differs"]
        for column, left, right in zip(table.columns, first, second, strict=True)
    ]
    terminal.print_table(
        terminal.standard_output(),
        ["field", *names, ""],
        rows,
        emphasised=[row[-1] == "differs" for row in rows],
    )
    click.echo()
    terminal.print_line(",".join(table.columns))
    start = difference.row - len(difference.before)
    for at, row in enumerate(difference.before, start=start):
        terminal.print_line(f"  {at}: {','.join(row)}")
    sides = (
        ("<", difference.first, difference.after_first),
        (">", difference.second, difference.after_second),
    )
    for sign, found, after in sides:
        kept = after if found is None else (found, *after)
        for at, each in enumerate(kept, start=difference.row):
            terminal.print_line(f"{sign} {at}: {','.join(each)}")
    click.echo()


def log_data(tables: Sequence[TableComparison]) -> dict[str, Any]:
    """For machines."""
    return {
        "equal": all(table.equal for table in tables),
        "tables": [{"equal": table.equal} | asdict(table) for table in tables],
    }
