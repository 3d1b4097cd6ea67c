"""The section with each policy's rule in words, and the parameters that it was given."""

from __future__ import annotations

from typing import Final

from simab.report.parameter_text import parameters_in_words
from simab.report.rule_notes import rule_notes
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    return {
        "notes": rule_notes(study),
        "rules": [(policy, parameters_in_words(policy)) for policy in study.policies],
    }


SECTION: Final = Section("rules", "The rules in words", _content)
