"""The section with the figures of the whole study."""

from __future__ import annotations

from typing import Final

from simab.report.figure_block import study_figures
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    return {"figures": study_figures(study, numbers)}


SECTION: Final = Section("figures", "What happens, and what it costs", _content)
