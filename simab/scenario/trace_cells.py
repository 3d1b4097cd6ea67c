"""The cells of a trace's columns as whole numbers and nanoseconds, and which of them are faulty."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.text.untrusted import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["exact_ns", "first_fault", "refuse_cell", "require_cells", "whole_numbers"]

_HEADER_LINES: Final = 1
_LARGEST_EXACT: Final = 2.0**20
"""Seconds below this, read as floats and a bit wrong in their last place, give the right ns."""
_LATEST_NS: Final = 2.0**63 * (1 - 2.0**-20)
_NUMBERS_AND_DATES: Final = "iufM"
"""Kinds of columns of which nothing has to be looked at cell by cell."""
_TIMES_AND_NUMBERS: Final = (
    *("categorical", "date", "datetime", "datetime64", "decimal", "empty", "floating"),
    *("integer", "integer-na", "mixed-integer", "mixed-integer-float", "string"),
)
"""Sorts of cells, as pandas infers them, of which one alone may be at fault."""


def refuse_cell(file: str, column: pd.Series, place: int, rule: str, remedy: str) -> None:
    """Say where a faulty cell is.

    Raises:
        InvalidInput: always.
    """
    value = visible(repr(str(column.iloc[place])))
    line = place + 1 + _HEADER_LINES
    raise InvalidInput(f"{file}, line {line}, {column.name} = {value:.60}: {rule}; {remedy}")


def require_cells(column: pd.Series, file: str) -> None:
    """Refuse a column whose cells are neither numbers nor dates nor texts, as lists are.

    Raises:
        InvalidInput: with its first cell.
    """
    from pandas.api.types import infer_dtype

    if column.dtype.kind in _NUMBERS_AND_DATES or not len(column):
        return
    kind = infer_dtype(column, skipna=True)
    if kind not in _TIMES_AND_NUMBERS:
        rule, remedy = f"neither a number nor a date ({kind})", "write numbers, or dates as text"
        refuse_cell(file, column, 0, rule, remedy)


def first_fault(column: pd.Series, file: str, rule: str, remedy: str) -> None:
    """Refuse a column that holds anything but finite numbers.

    Raises:
        InvalidInput: with the first cell that is none.
    """
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    faulty = np.flatnonzero(~np.isfinite(numbers))
    if len(faulty):
        refuse_cell(file, column, int(faulty[0]), rule, remedy)


def whole_numbers(column: pd.Series, file: str, largest: int) -> NDArray[np.int64]:
    """A column of whole numbers from 0 on.

    Raises:
        InvalidInput: with the first cell that is none.
    """
    import pandas as pd

    rule, remedy = "not a whole number", f"write 0 to {largest:,}"
    first_fault(column, file, rule, remedy)
    numbers = pd.to_numeric(column).to_numpy(dtype=np.float64)
    faulty = np.flatnonzero((numbers < 0) | (numbers > largest) | (numbers != np.floor(numbers)))
    if len(faulty):
        refuse_cell(file, column, int(faulty[0]), rule, remedy)
    return numbers.astype(np.int64)


def exact_ns(column: pd.Series, unit_ns: int, file: str) -> NDArray[np.int64]:
    """A column of finite numbers of a unit, in ns.

    Raises:
        InvalidInput: one lies centuries away.
    """
    import pandas as pd

    numbers = pd.to_numeric(column)
    latest = _LATEST_NS / unit_ns
    if numbers.dtype.kind not in "iu":
        values = numbers.to_numpy(dtype=np.float64)
        beyond = np.flatnonzero(np.abs(values) > latest)
        if not len(beyond):
            exact = float(np.abs(values).max()) * unit_ns <= _LARGEST_EXACT * 1e9
            if exact or bool((values == np.floor(values)).all()):
                return np.asarray(np.rint(values * unit_ns), dtype=np.int64)
            return _decimals_ns(_cells_as_text(file, str(column.name)), unit_ns)[: len(column)]
    else:
        beyond = np.flatnonzero(np.abs(numbers.to_numpy(dtype=np.float64)) > latest)
        if not len(beyond):
            return np.asarray(numbers.to_numpy(dtype=np.int64) * unit_ns, dtype=np.int64)
    refuse_cell(file, column, int(beyond[0]), "too far away", "check `unit`")
    raise AssertionError("a faulty cell is refused")


def _cells_as_text(file: str, name: str) -> Sequence[str]:
    """The column of times as it stands in the file: a float of today has no nanoseconds."""
    import pandas as pd

    if file.endswith((".parquet", ".pq")):
        return pd.read_parquet(file)[name].astype(str).tolist()
    frame = pd.read_csv(file, usecols=[name], dtype=str, keep_default_na=False)
    cells: list[str] = frame[name].tolist()
    return cells


def _decimals_ns(cells: Sequence[str], unit_ns: int) -> NDArray[np.int64]:
    found = np.empty(len(cells), dtype=np.int64)
    for place, cell in enumerate(cells):
        try:
            found[place] = int((Decimal(cell) * unit_ns).to_integral_value())
        except InvalidOperation:  # a blank line at the end
            found[place] = 0
    return found
