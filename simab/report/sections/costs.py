"""The section with what a run costs under each policy."""

from __future__ import annotations

from typing import Final

from simab.report import tables
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {"costs": tables.costs(study)}


def _any(study: StudyResult) -> bool:
    return len(tables.costs(study).columns) > 1


SECTION: Final = Section("costs", "What a run costs", _content, applies=_any)
