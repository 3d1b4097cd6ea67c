"""The text of a named file: read in UTF-8, or refused with what to do."""

from __future__ import annotations

from pathlib import Path

from simab.documents.parsing import LARGEST_FILE_BYTES, TOO_LARGE, Unreadable
from simab.errors import Problem

__all__ = ["text_of_file"]


def text_of_file(path: Path, *, absent: str = "Check the path.") -> str:
    """The text of a file, of which no more is read than can be parsed.

    `absent` says what to do where there is no such file.

    Raises:
        Unreadable: there is no such file, it is too large, or it is not text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable("no such file", absent) from None
    except IsADirectoryError:
        raise _unreadable("a folder, not a file", "Name a file in it.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _unreadable(f"cannot be read: {reason}", "Check the permissions.") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise _unreadable(*TOO_LARGE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        rule = f"not UTF-8: the byte 0x{content[error.start]:02X} is alone"
        remedy = "Save the file as UTF-8 text."
        problem = Problem("", "", rule, remedy, before.count(b"\n") + 1, column)
        raise Unreadable(problem) from None


def _unreadable(rule: str, remedy: str) -> Unreadable:
    return Unreadable(Problem("", "", rule, remedy))
