"""The section with what a run costs under each policy, and who answered its requests."""

from __future__ import annotations

from typing import Final

from simab.report import tables
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    found = (tables.costs(study), tables.answers(study))
    return {"tables": [each for each in found if len(each.columns) > 1]}


def _any(study: StudyResult) -> bool:
    return bool(_content(study, iter(()))["tables"])


SECTION: Final = Section("costs", "What a run costs", _content, applies=_any)
