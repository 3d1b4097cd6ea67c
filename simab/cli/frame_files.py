"""A frame as a file that a command writes: CSV, or Parquet where the name ends so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simab.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_frame"]


def write_frame(frame: pd.DataFrame, file: Path, *, option: str) -> None:
    """Write the frame into a file, whole or not at all; `option` is what named it.

    Raises:
        InvalidInput: it cannot be written, or Parquet is asked for without pyarrow.
    """
    from simab.files import write_files
    from simab.run.frames import csv_bytes

    content = _parquet(frame, option) if file.suffix == ".parquet" else csv_bytes(frame)
    try:
        write_files({file: content})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{file} cannot be written: {reason}. Name another file") from None


def _parquet(frame: pd.DataFrame, option: str) -> bytes:
    """The frame in the bytes of a Parquet file."""
    try:
        content: bytes = frame.to_parquet(index=False, engine="pyarrow")
    except ImportError:
        raise InvalidInput(
            f"{option}: Parquet needs pyarrow, which is not installed; "
            "`pip install 'simab[parquet]'` brings it, or name a .csv file"
        ) from None
    return content
