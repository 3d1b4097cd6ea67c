"""The folder that a command writes into: made before the work begins, with one message if not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simab.errors import InvalidInput

__all__ = ["make_folder", "writing_into"]


def make_folder(folder: Path | None) -> None:
    """Make the folder of --out now, before results are played that cannot be written.

    Raises:
        InvalidInput: it cannot be made, or is a file.
    """
    if folder is not None:
        with writing_into(folder):
            folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a message.

    Raises:
        InvalidInput: something could not be written.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        place = error.filename or folder
        raise InvalidInput(
            f"{place} cannot be written: {reason}. Name another folder with --out."
        ) from None
