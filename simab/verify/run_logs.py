"""Two runs as they were written, compared row by row: requests, windows, decisions, splits."""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final, TypeAlias

from simab.errors import InvalidInput

__all__ = ["AROUND", "LOG_FILES", "Difference", "TableComparison", "compare_logs"]

LOG_FILES: Final = ("requests.csv", "windows.csv", "decisions.csv", "splits.csv")
"""What a run writes into its folder, events first."""
AROUND: Final = 3
"""Rows shown before and after the first that differs."""
Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that differs: its number from 0, its fields, and the rows around it.

    A run that has ended has no such row: None.
    """

    row: int
    first: Row | None
    second: Row | None
    before: tuple[Row, ...]
    after_first: tuple[Row, ...]
    after_second: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class TableComparison:
    """A table of both runs: its columns, how many rows each has, and where they differ.

    `differing` is how many rows differ of those that both have, `by_field` in which fields. Columns
    that one run lacks are not compared, and count as a difference.
    """

    name: str
    columns: Row
    only_first: Row
    only_second: Row
    rows: tuple[int, int]
    differing: int
    by_field: dict[str, int]
    difference: Difference | None

    @property
    def equal(self) -> bool:
        """Whether both runs have the same."""
        return self.difference is None and not (self.only_first or self.only_second)


def compare_logs(first: Path, second: Path) -> list[TableComparison]:
    """Compare two folders that runs were written into, or two of their files.

    Of folders all tables are compared that both have.

    Raises:
        InvalidInput: a file is not there or is not such a table, or the folders share none.
    """
    for path in (first, second):
        if not path.exists():
            raise InvalidInput(
                f"--log: {path} does not exist. Name the folder of `simab run --out`, or a file "
                "in it."
            )
    if first.is_dir() != second.is_dir():
        folder, file = (first, second) if first.is_dir() else (second, first)
        raise InvalidInput(
            f"--log: {folder} is a folder and {file} is not one. Name two folders, or two files."
        )
    if not first.is_dir():
        return [_compare(first.name, first, second)]
    shared = [name for name in LOG_FILES if (first / name).is_file() and (second / name).is_file()]
    if not shared:
        raise InvalidInput(
            f"--log: {first} and {second} share none of {', '.join(LOG_FILES)}. "
            "`simab run FILE --out DIR` writes them."
        )
    return [_compare(name, first / name, second / name) for name in shared]


def _compare(name: str, first: Path, second: Path) -> TableComparison:
    with ExitStack() as stack:
        tables = [_Table(path, stack) for path in (first, second)]
        columns = tuple(each for each in tables[0].columns if each in tables[1].columns)
        if not columns:
            raise InvalidInput(
                f"--log: {first} and {second} have no column in common. "
                "Name two tables of one kind."
            )
        walked = _Walk(columns)
        for rows in zip_longest(*(table.rows(columns) for table in tables)):
            walked.take(*rows)
    only = [tuple(each for each in table.columns if each not in columns) for table in tables]
    return TableComparison(
        name,
        columns,
        only[0],
        only[1],
        (walked.counts[0], walked.counts[1]),
        walked.differing,
        {column: walked.by_field[column] for column in columns if walked.by_field[column]},
        walked.difference(),
    )


class _Table:
    """An open file: its columns, and its rows in any choice of them."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        try:
            file = stack.enter_context(
                path.open(encoding="utf-8", errors="backslashreplace", newline="")
            )
            self._reader = csv.reader(file)
            self.columns: Row = tuple(next(self._reader, ()))
        except (OSError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InvalidInput(
                f"--log: {path} cannot be read: {reason.lower()}. Name a table that a run wrote."
            ) from None
        if not self.columns:
            raise InvalidInput(f"--log: {path} is empty. Name a table that a run wrote.")

    def rows(self, columns: Row) -> Iterator[Row]:
        """Each row in these columns."""
        places = [self.columns.index(each) for each in columns]
        whole, width = columns == self.columns, len(self.columns)
        try:
            for row in self._reader:
                if len(row) != width:
                    raise InvalidInput(
                        f"{self._path}:{self._reader.line_num}: has {len(row)} fields and the "
                        f"header {width}. The file is cut off, or is not a table that a run wrote."
                    )
                yield tuple(row) if whole else tuple(row[place] for place in places)
        except csv.Error as error:
            raise InvalidInput(
                f"{self._path}:{self._reader.line_num}: {error}. Name a table that a run wrote."
            ) from None


class _Walk:
    """Rows taken in turn from both tables, of which the first difference is kept."""

    def __init__(self, columns: Row) -> None:
        self._columns = columns
        self.counts, self.differing = [0, 0], 0
        self.by_field: Counter[str] = Counter()
        self._before: deque[Row] = deque(maxlen=AROUND)
        self._found: tuple[int, Row | None, Row | None] | None = None
        self._after: tuple[list[Row], list[Row]] = ([], [])

    def take(self, first: Row | None, second: Row | None) -> None:
        """The next row of each; None where one has ended."""
        for at, row in enumerate((first, second)):
            self.counts[at] += row is not None
            if self._found and row is not None and len(self._after[at]) < AROUND:
                self._after[at].append(row)
        if first == second:
            if self._found is None and first is not None:
                self._before.append(first)
            return
        if self._found is None:
            self._found = (max(self.counts) - 1, first, second)
        if first is not None and second is not None:
            self.differing += 1
            self.by_field.update(_differing_fields(self._columns, first, second))

    def difference(self) -> Difference | None:
        """What was kept."""
        if self._found is None:
            return None
        after = [tuple(each) for each in self._after]
        return Difference(*self._found, tuple(self._before), after[0], after[1])


def _differing_fields(columns: Sequence[str], first: Row, second: Row) -> Iterator[str]:
    for column, left, right in zip(columns, first, second, strict=True):
        if left != right:
            yield column
