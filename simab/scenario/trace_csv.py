"""A trace as a CSV file holds it: the columns that are asked for, and faults of the file's form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from simab.errors import InvalidInput
from simab.text.lists import listed_few
from simab.text.untrusted import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_frame", "require_columns"]

_ROWS_AT_ONCE: Final = 1 << 20
_SEPARATORS: Final = (";", "\t", "|")
_MOST_LISTED: Final = 8
"""Columns that a message lists."""


def csv_frame(
    file: str, columns: Sequence[str], texts: Collection[str], most_rows: int
) -> pd.DataFrame:
    """Some columns of a file, of `texts` as text and of others as they come; no blank end.

    Columns that are not there are left out. All that are there are gone through: a row of more
    cells than the header has is a fault, and so is a last row that is blank in some of them alone.

    Raises:
        InvalidInput: it is not a CSV file with a header, or has several columns of a name.
    """
    try:
        return _read(file, columns, texts, most_rows)
    except (ValueError, OSError, EOFError) as error:
        if isinstance(error, InvalidInput):
            raise
        said = str(error).strip().rstrip(".").replace("\n", " ")
        raise InvalidInput(
            f"{file} is not a CSV file with a header: {said}; correct the file"
        ) from None


def _read(
    file: str, columns: Sequence[str], texts: Collection[str], most_rows: int
) -> pd.DataFrame:
    import pandas as pd

    try:
        first = pd.read_csv(
            file, header=None, nrows=2, dtype=str, skip_blank_lines=False, keep_default_na=False
        )
    except pd.errors.EmptyDataError:
        raise InvalidInput(
            f"{file} is empty; write a line of column names, and the rows below it"
        ) from None
    header = [str(each) for each in first.iloc[0]]
    for name in columns:
        if header.count(name) > 1:
            raise InvalidInput(
                f"{file}, line 1 names {header.count(name)} columns {name!r}; give each a name of "
                "its own"
            )
    require_columns(file, columns, header)
    parts: list[pd.DataFrame] = []
    blank = 0
    with pd.read_csv(
        file,
        dtype=dict.fromkeys(texts, str),
        skip_blank_lines=False,
        keep_default_na=False,
        nrows=most_rows,
        chunksize=_ROWS_AT_ONCE,
    ) as chunks:
        for chunk in chunks:
            chunk.columns = pd.Index(header)
            ending = _blank_rows_at_the_end(chunk)
            blank = ending + (blank if ending == len(chunk) else 0)
            parts.append(chunk[list(columns)])
    whole = pd.concat(parts, ignore_index=True)
    return whole.iloc[: len(whole) - blank]


def require_columns(file: str, wanted: Sequence[str], found: Sequence[str]) -> None:
    """Refuse a file that lacks a column, with those that it has.

    Raises:
        InvalidInput: it does.
    """
    lacking = [name for name in wanted if name not in found]
    if not lacking:
        return
    columns = listed_few([visible(each) for each in found], _MOST_LISTED)
    rule = f"{file} has no column {lacking[0]!r}, but {columns}"
    if len(found) == 1 and (others := [each for each in _SEPARATORS if each in found[0]]):
        name = {"\t": "a tab"}.get(others[0], f"`{others[0]}`")
        raise InvalidInput(f"{rule}; write commas between columns in place of {name}")
    if lacking[0].strip() in [each.strip() for each in found]:
        raise InvalidInput(f"{rule}; remove the spaces around the name in the file")
    raise InvalidInput(f"{rule}; name one of these")


def _blank_rows_at_the_end(frame: pd.DataFrame) -> int:
    """Lines without a cell at the end say nothing; one between others is a fault of its row."""
    blank = 0
    while blank < len(frame) and all(cell == "" for cell in frame.iloc[-1 - blank]):
        blank += 1
    return blank
