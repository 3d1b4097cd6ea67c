"""The section that says whether traffic was split as asked, in some runs of one policy."""

from __future__ import annotations

from typing import Final

from simab.report.fairness_figures import split_figures
from simab.report.fairness_tables import phases_table
from simab.report.fairness_text import split_sentences
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult
from simab.result.measured_policy import HELD
from simab.text import typeset
from simab.text.lists import named

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    assert study.split is not None
    (rule,) = study.split.rules
    policy = study.split.policy
    return {
        "whose": f"with the {policy}" if policy == HELD else f"of {named(policy)}",
        "runs": typeset.count(rule.runs),
        "answer": split_sentences(study.split),
        "phases": phases_table(study.split).without(frozenset({"–"})),
        "figures": list(split_figures(study.split, numbers)),
    }


def _any(study: StudyResult) -> bool:
    return study.split is not None and bool(study.split.rules[0].phases)


SECTION: Final = Section("split", "Was the split fair?", _content, applies=_any)
