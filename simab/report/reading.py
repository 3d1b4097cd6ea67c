"""A saved study by its path: study.json, the page that holds it, or the folder of either."""

from __future__ import annotations

from pathlib import Path

from simab.errors import InvalidInput
from simab.report.embedded import saved_study_of
from simab.result import StudyResult
from simab.result.saved_study import read_saved_study

__all__ = ["file_of_study", "read_study"]


def file_of_study(path: Path) -> Path:
    """What to read: of a folder study.json, or the page where that is absent."""
    if not path.is_dir():
        return path
    file, page = path / "study.json", path / "report.html"
    return page if page.is_file() and not file.exists() else file


def read_study(path: Path) -> StudyResult:
    """The result that a file holds, or one in a folder.

    Raises:
        InvalidInput: it cannot be read, is not a study, or of another format.
    """
    file = file_of_study(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{file} cannot be read: {reason}. Name a folder or file.") from None
    return read_saved_study(saved_study_of(content, str(file)), str(file))
