"""A table as data: columns, and rows of cells that are text; HTML only has to lay them out."""

from __future__ import annotations

from dataclasses import dataclass

from simab.report.formatting import Written

__all__ = ["Cell", "Column", "Table", "cell"]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, what qualifies it, and whether its cells are numbers (aligned right)."""

    title: str
    note: str = ""
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and, smaller, what qualifies it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A caption for those who hear the page, columns, and rows; the first cell names its row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def without(self, nothing: frozenset[str]) -> Table:
        """The table without the columns in which every cell is one of these texts."""
        kept = [
            at
            for at in range(len(self.columns))
            if at == 0 or not all(row[at].text in nothing for row in self.rows)
        ]
        return Table(
            self.caption,
            tuple(self.columns[at] for at in kept),
            tuple(tuple(row[at] for at in kept) for row in self.rows),
        )


def cell(value: Written | str) -> Cell:
    """A cell from a written value or from text."""
    return Cell(value) if isinstance(value, str) else Cell(value.value, value.interval)
