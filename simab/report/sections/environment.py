"""The section with the versions that made the study, and how to get the result out of the page."""

from __future__ import annotations

from typing import Final

from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {"versions": list(study.environment.items())}


SECTION: Final = Section("environment", "Environment", _content)
