"""Recorded traces as files hold them: CSV or Parquet to times, counts and columns of requests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.scenario.trace_cells import exact_ns, first_fault, require_cells, whole_numbers
from simab.scenario.trace_csv import csv_frame, require_columns
from simab.scenario.trace_dates import date_ns, dates_ns
from simab.stats.fixed_arrays import fixed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_ROWS", "Reading", "TraceRows", "digest_of_file", "read_trace", "require_file"]

MOST_ROWS: Final = 50_000_000
"""Rows of a file that are read."""
LARGEST_SIZE: Final = 2**31 - 1
UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_LONGEST_NS: Final = 2**62
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a file: empty names and 0 stand for what is not asked for."""

    file: str
    sha256: str
    time: str
    unit: str
    zero: float | str | None
    count: str
    window_ns: int
    where: tuple[tuple[str, str], ...]
    target: str
    sizes: tuple[str, ...]
    lasts_ns: int
    zone: str = "UTC"

    @property
    def columns(self) -> list[str]:
        """The columns that are needed, each once."""
        named = (self.time, self.count, self.target, *self.sizes)
        return [
            *dict.fromkeys(each for each in (*named, *(name for name, _ in self.where)) if each)
        ]


@dataclass(frozen=True, eq=False)
class TraceRows:
    """The chosen rows in order of time; of several at one time, in the order of the file.

    `times_ns` are those of requests, or at which windows begin, from the beginning of the trace
    on; `counts` has an entry for each window (None: rows are requests). `targets` are places in
    `target_names`, -1 where none is named; `sizes` has shape (rows, columns).
    """

    times_ns: NDArray[np.int64]
    counts: NDArray[np.int64] | None
    targets: NDArray[np.int32] | None
    target_names: tuple[str, ...]
    sizes: NDArray[np.int32]
    lasts_ns: int

    @property
    def requests(self) -> int:
        """How many requests the rows stand for."""
        return len(self.times_ns) if self.counts is None else int(self.counts.sum())


def require_file(file: str) -> None:
    """Refuse what is not a file, or not there.

    Raises:
        InvalidInput: it is not, with what is looked for.
    """
    try:
        if Path(file).is_file():
            return
        found = Path(file).exists()
    except OSError as error:
        raise InvalidInput(
            f"{file:.60} cannot be looked for: {error.strerror}; write the path of a file"
        ) from None
    if found:
        raise InvalidInput(f"{file} is not a regular file; write the path of one")
    raise InvalidInput(f"there is no file {file}; write its path as seen from the scenario's file")


def digest_of_file(file: str) -> str:
    """The SHA-256 of what a file holds, in hexadecimal."""
    try:
        stat = Path(file).stat()
        return _digest(file, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}; check the file") from None


@lru_cache(maxsize=256)
def _digest(file: str, _changed_ns: int, _size: int) -> str:
    found = sha256()
    with Path(file).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


@lru_cache(maxsize=64)
def read_trace(reading: Reading) -> TraceRows:
    """The rows of a trace.

    Raises:
        InvalidInput: with the line, the column, the value, the rule and the remedy.
    """
    frame = _frame(reading)
    times_ns = _times_ns(frame, reading)
    counts = _counts(frame, reading)
    lasts_ns = reading.lasts_ns or _lasting_ns(times_ns, reading)
    if len(times_ns) and int(times_ns.max()) >= lasts_ns:
        raise InvalidInput(
            f"lasts is shorter than {reading.file}, whose last row comes after "
            f"{int(times_ns.max()) / 1e9:g} s; write more"
        )
    chosen = _chosen(frame, reading)
    order = chosen[np.argsort(times_ns[chosen], kind="stable")]
    names, targets = _targets(frame, reading, order)
    return TraceRows(
        times_ns=fixed(times_ns[order]),
        counts=None if counts is None else fixed(counts[order]),
        targets=targets,
        target_names=names,
        sizes=_sizes(frame, reading, order),
        lasts_ns=lasts_ns,
    )


def _frame(reading: Reading) -> pd.DataFrame:
    """The columns that are asked for; those of names as text, and of numbers as they come."""
    if reading.file.endswith((".parquet", ".pq")):
        frame = _parquet(reading)
    else:
        texts = [each for each in (reading.target, *(name for name, _ in reading.where)) if each]
        frame = csv_frame(reading.file, reading.columns, texts, MOST_ROWS + 1)
    for name in (reading.time, reading.count, *reading.sizes):
        if name:
            require_cells(frame[name], reading.file)
    if not 0 < len(frame) <= MOST_ROWS:
        many = "no row" if not len(frame) else f"more than {MOST_ROWS:,} rows"
        raise InvalidInput(f"{reading.file} has {many}; a trace has 1 to {MOST_ROWS:,}")
    return frame


def _parquet(reading: Reading) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(reading.file)
    except ImportError:
        raise InvalidInput(
            f"{reading.file} is a Parquet file, which pyarrow reads, and that is not installed; "
            "run `pip install 'simab[parquet]'`, or write the trace as CSV"
        ) from None
    except (ValueError, OSError) as error:
        raise InvalidInput(
            f"{reading.file} is not a Parquet file: {error}; correct the file"
        ) from None
    require_columns(reading.file, reading.columns, [str(each) for each in frame.columns])
    return frame


def _times_ns(frame: pd.DataFrame, reading: Reading) -> NDArray[np.int64]:
    """Of each row, from the beginning of the trace."""
    if not reading.time:
        return np.arange(len(frame), dtype=np.int64) * np.int64(reading.window_ns)
    column, unit_ns = frame[reading.time], UNITS_NS[reading.unit]
    dated = _is_dated(column)
    if dated:
        if reading.unit != "s":
            raise InvalidInput(
                f"unit = {reading.unit} is for numbers, and {reading.file} has dates in "
                f"{reading.time!r}; leave it out"
            )
        found = dates_ns(column, reading.file, reading.zone)
    else:
        first_fault(column, reading.file, "not a time", "write numbers, or dates of ISO 8601")
        found = exact_ns(column, unit_ns, reading.file)
    zero = _zero_ns(reading, dated, unit_ns)
    first = int(found.min())
    if zero is not None and first < zero:
        raise InvalidInput(
            f"zero = {reading.zero!r} lies after the first time of {reading.file}; write an "
            "earlier one, and `offset` to start within the trace"
        )
    since = first if zero is None else zero
    if int(found.max()) - since > _LONGEST_NS:
        raise InvalidInput(f"{reading.file} is longer than 146 years; check `unit`")
    return found - np.int64(since)


def _is_dated(column: Any) -> bool:
    """Whether a column holds dates: its first cell is not a number."""
    if column.dtype.kind in "iuf":
        return False
    if column.dtype.kind == "M":
        return True
    try:
        float(column.iloc[0])
    except ValueError:
        return True
    return False


def _zero_ns(reading: Reading, dated: bool, unit_ns: int) -> int | None:
    """The beginning of the trace as its column counts; None where it is the first time."""
    if reading.zero is None:
        return None
    try:
        if dated:
            return date_ns(str(reading.zero), reading.zone)
        return round(float(reading.zero) * unit_ns)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"zero = {reading.zero!r} is not a time as column {reading.time!r} has them; write one"
        ) from None


def _counts(frame: pd.DataFrame, reading: Reading) -> NDArray[np.int64] | None:
    if not reading.count:
        return None
    return whole_numbers(frame[reading.count], reading.file, LARGEST_SIZE)


def _lasting_ns(times_ns: NDArray[np.int64], reading: Reading) -> int:
    """Up to the end of the last window; of requests, a mean gap longer than to the last."""
    first, last, rows = int(times_ns.min()), int(times_ns.max()), len(times_ns)
    if reading.count:
        return last + reading.window_ns
    return last + max((last - first) // max(rows - 1, 1), 1)


def _chosen(frame: pd.DataFrame, reading: Reading) -> NDArray[np.int64]:
    """The places of the rows that `where` leaves."""
    kept = np.ones(len(frame), dtype=np.bool_)
    for name, value in reading.where:
        kept &= (frame[name].astype(str) == value).to_numpy()
    if not kept.any():
        said = ", ".join(f"{name}: {value}" for name, value in reading.where)
        raise InvalidInput(
            f"where leaves no row of {reading.file} ({said}); write values that it has"
        )
    return np.flatnonzero(kept)


def _targets(
    frame: pd.DataFrame, reading: Reading, order: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int32] | None]:
    """The names of targets, and of each row which one it has."""
    import pandas as pd

    if not reading.target:
        return (), None
    codes, names = pd.factorize(frame[reading.target].fillna("").astype(str))
    renumbered = np.array(
        [-1 if name == "" else place - ("" in names[:place]) for place, name in enumerate(names)],
        dtype=np.int32,
    )
    return tuple(name for name in names if name != ""), fixed(renumbered[codes[order]])


def _sizes(frame: pd.DataFrame, reading: Reading, order: NDArray[np.int64]) -> NDArray[np.int32]:
    columns = [
        whole_numbers(frame[name], reading.file, LARGEST_SIZE)[order].astype(np.int32)
        for name in reading.sizes
    ]
    return fixed(np.stack(columns, axis=1) if columns else np.zeros((len(order), 0), np.int32))
