"""The section that says what may be wrong with the study: warnings, and what was cut off."""

from __future__ import annotations

from typing import Final

from simab.report import tables
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {"health": tables.health(study), "extrapolated": _extrapolated(study)}


def _extrapolated(study: StudyResult) -> bool:
    """Whether a sample size on the page lies beyond what was simulated."""
    return study.convergence is not None and any(
        each.extrapolated for each in study.convergence.metric.sizes
    )


SECTION: Final = Section("health", "Health of the study", _content)
