"""A saved result by its path: study.json or sweep.json, the page that holds it, or their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simab.errors import InvalidInput
from simab.report.embedded import saved_study_of
from simab.result import StudyResult
from simab.result.saved_study import read_saved_study

_FILES: Final = (
    *("study.json", "sweep.json", "sensitivity.json", "convergence.json"),
    *("fairness.json", "plan.json", "verification.json", "report.html"),
)

__all__ = ["file_of_study", "read_study", "saved_content"]


def file_of_study(path: Path) -> Path:
    """What to read: of a folder its JSON, or the page where that is absent."""
    if not path.is_dir():
        return path
    files = [path / name for name in _FILES]
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
