"""What changed between two studies: `diff(before, after) -> StudyChange`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from simab.analyse.study_change import ComparedStudy, study_change
from simab.comparison import Study
from simab.errors import InvalidInput
from simab.report.reading import file_of_study, read_study
from simab.result.saved_rows import read_rows
from simab.result.study_change import StudyChange

__all__ = ["diff"]


def diff(before: Study | str | PathLike[str], after: Study | str | PathLike[str]) -> StudyChange:
    """What changed from one study to another: quantities with intervals, verdicts, rules.

    Each is a study, or the path of its study.json, its report.html, or the folder of either. Worlds
    of the same name are compared, and policies of the same name. Where what is played there and the
    seed are the same, and the rows are known (in outcomes.csv beside a saved study), runs are
    compared one by one; else the two are compared by their intervals, as if independent: that is
    too wide for studies with common clients, and not too narrow.

    Raises:
        InvalidInput: a path holds no study of this format, or an argument is neither.
    """
    return study_change(_compared(before, "before"), _compared(after, "after"))


def _compared(study: object, argument: str) -> ComparedStudy:
    if isinstance(study, Study):
        rows = {world: runs.rows for world, runs in study.played.items()}
        name = "the earlier study" if argument == "before" else "this study"
        return ComparedStudy(name, study.result, rows)
    if not isinstance(study, str | PathLike):
        raise InvalidInput(
            f"{argument} = {study!r:.60}: must be a study, or the path of one that was saved"
        )
    path = Path(study)
    result = read_study(path)
    try:
        rows_of_file = read_rows(file_of_study(path).parent / "outcomes.csv", result)
    except InvalidInput as refused:
        return ComparedStudy(str(path), result, None, str(refused))
    return ComparedStudy(str(path), result, rows_of_file)
