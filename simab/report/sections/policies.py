"""The section with the table of operating characteristics."""

from __future__ import annotations

from typing import Final

from simab.report import tables
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {"summary": tables.summary(study)}


SECTION: Final = Section("policies", "The policies compared", _content)
