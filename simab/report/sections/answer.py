"""The section that answers first: the verdict, what is true, and what else must be known."""

from __future__ import annotations

from typing import Final

from simab.report.answer import answer
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {"answer": answer(study)}


SECTION: Final = Section("answer", "The answer", _content)
