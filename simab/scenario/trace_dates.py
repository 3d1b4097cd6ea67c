"""The dates in a trace's column of times as nanoseconds: with a zone, or by a clock somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.scenario.trace_cells import refuse_cell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["date_ns", "dates_ns"]

_WITH_OFFSET: Final = r"[T ]\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
_OFFSETS: Final = "write dates with their offset, as 2026-10-25T02:30:00+02:00"


def dates_ns(column: pd.Series, file: str, zone: str) -> NDArray[np.int64]:
    """A column of dates of ISO 8601, in ns since 1970; those without an offset are of a zone.

    Of an hour that comes twice there the first is meant until the file goes back in it.

    Raises:
        InvalidInput: with the first cell that is none, or of which it is not known when it was.
    """
    import pandas as pd

    if column.dtype.kind == "M":
        zoned = np.full(len(column), column.dt.tz is not None)
    else:
        zoned = column.astype(str).str.contains(_WITH_OFFSET, regex=True).to_numpy()
    whole = bool(zoned[0])
    dates = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    faulty = np.flatnonzero(dates.isna().to_numpy())
    if len(faulty):
        remedy = "write numbers, or dates as 2026-03-01T09:00:00.25"
        refuse_cell(file, column, int(faulty[0]), "not a time", remedy)
    others = np.flatnonzero(zoned != whole)
    if len(others):
        rule = "has an offset, and the first has none" if not whole else "has no offset"
        refuse_cell(file, column, int(others[0]), rule, "write all of them in one way")
    if whole or zone == "UTC":
        return _ns(dates)
    return _of_clock_ns(column, dates.dt.tz_localize(None), file, zone)


def date_ns(text: str, zone: str) -> int:
    """One date, likewise; of an hour that comes twice the first.

    Raises:
        ValueError: it is none, or does not come there.
    """
    import pandas as pd

    date = pd.to_datetime(text, format="ISO8601")
    there: Any = date
    if date.tzinfo is None:
        there = date.tz_localize(zone, ambiguous=True, nonexistent="NaT")
    if pd.isna(there):
        raise ValueError(text)
    return int(there.as_unit("ns").value)


def _of_clock_ns(column: pd.Series, dates: pd.Series, file: str, zone: str) -> NDArray[np.int64]:
    """Dates as a clock in a zone shows them, in the order of the file."""

    def localised(*, first: bool) -> pd.Series:
        which = np.full(len(dates), first)
        found: pd.Series = dates.dt.tz_localize(zone, ambiguous=which, nonexistent="NaT")
        return found

    early = localised(first=True)
    skipped = np.flatnonzero(early.isna().to_numpy())
    if len(skipped):
        rule = f"does not come in {zone}, where the clock goes forward over it"
        refuse_cell(file, column, int(skipped[0]), rule, _OFFSETS)
    early_ns, late_ns, shown_ns = _ns(early), _ns(localised(first=False)), _ns(dates)
    twice = early_ns != late_ns
    if not twice.any():
        return early_ns
    # Rows of an hour that comes twice are those of its second time from where the clock went back.
    back = np.zeros(len(dates), dtype=np.bool_)
    back[1:] = twice[1:] & twice[:-1] & (np.diff(shown_ns) < 0)
    begins = twice.copy()
    begins[1:] &= ~twice[:-1]
    went_back = np.cumsum(back)
    before = np.maximum.accumulate(np.where(begins, went_back, 0))
    found = np.where(twice & (went_back > before), late_ns, early_ns)
    falling = np.flatnonzero(np.diff(found) < 0)
    if len(falling):
        rule = f"an hour comes twice in {zone}, and the rows are not in the order of time"
        refuse_cell(file, column, int(falling[0]) + 1, rule, _OFFSETS)
    return found


def _ns(dates: pd.Series) -> NDArray[np.int64]:
    """Since 1970."""
    return np.asarray(dates.dt.as_unit("ns").astype("int64"), dtype=np.int64)
