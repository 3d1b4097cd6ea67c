"""A saved result by its path: study.json or sweep.json, the page that holds it, or their folder."""

from __future__ import annotations

from pathlib import Path

from simab.errors import InvalidInput
from simab.report.embedded import saved_study_of
from simab.result import StudyResult
from simab.result.saved_study import read_saved_study

__all__ = ["file_of_study", "read_study", "saved_content"]


def file_of_study(path: Path) -> Path:
    """What to read: of a folder study.json or sweep.json, or the page where both are absent."""
    if not path.is_dir():
        return path
    files = [path / name for name in ("study.json", "sweep.json", "report.html")]
    return next((file for file in files if file.is_file()), files[0])


def saved_content(path: Path) -> tuple[bytes, str]:
    """The JSON that a file holds, or one in a folder; and the name of that file.

    Raises:
        InvalidInput: it cannot be read, or is a page without a result.
    """
    file = file_of_study(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{file} cannot be read: {reason}. Name a folder or file.") from None
    return saved_study_of(content, str(file)), str(file)


def read_study(path: Path) -> StudyResult:
    """The result of a study that a file holds, or one in a folder.

    Raises:
        InvalidInput: it cannot be read, is not a study, or of another format.
    """
    return read_saved_study(*saved_content(path))
