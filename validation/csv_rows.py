"""Rows of a table as CSV, and back as the records that they were written from."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

__all__ = ["csv_text", "read_rows"]

Row = TypeVar("Row")


def csv_text(header: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV with a header line; the caller writes numbers as finely as they are known."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def read_rows(
    path: Path, kind: Callable[..., Row], absent: Callable[[str], float] = lambda _: math.nan
) -> list[Row]:
    """The records of a file, each column read as the field of its name is typed.

    Columns without a field are passed over. A number that is not there is `absent` of its name, or
    None where the field allows that.
    """
    types = get_type_hints(kind)
    with path.open(encoding="utf-8", newline="") as file:
        return [
            kind(**{name: _read(name, types[name], text, absent) for name, text in row.items()
                    if name in types})
            for row in csv.DictReader(file)
        ]  # fmt: skip


def _read(name: str, kind: Any, text: str, absent: Callable[[str], float]) -> object:
    if kind is bool:
        return text == "True"
    if kind is float:
        return float(text) if text else absent(name)
    if kind == (float | None):
        return float(text) if text else None
    return kind(text)
