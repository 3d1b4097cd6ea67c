"""The section that says whether the metric had settled, in some runs with the weights held."""

from __future__ import annotations

from typing import Final

from simab.report.convergence_blocks import main_figures
from simab.report.convergence_tables import sizes_table
from simab.report.convergence_text import convergence_sentences
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult
from simab.text import typeset

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    found = study.convergence
    assert found is not None
    return {
        "policy": found.policy,
        "runs": typeset.count(found.replications),
        "answer": convergence_sentences(found),
        "sizes": sizes_table(found),
        "figures": list(main_figures(found, numbers)),
    }


def _any(study: StudyResult) -> bool:
    return study.convergence is not None


SECTION: Final = Section("convergence", "Did the metric settle?", _content, applies=_any)
