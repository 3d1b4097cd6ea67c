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


def cell(value: Written | str) -> Cell:
    """A cell from a written value or from text."""
    return Cell(value) if isinstance(value, str) else Cell(value.value, value.interval)
