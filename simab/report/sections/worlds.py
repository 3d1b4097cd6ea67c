"""The section over worlds: what each policy does where the candidate is better, equal, broken."""

from __future__ import annotations

from typing import Final

from simab.report import tables_over_worlds
from simab.report.figure_block import worlds_figures
from simab.report.over_worlds import distinct
from simab.report.requirement_text import bounds_text
from simab.report.sections.section import Content, Numbers, Section
from simab.report.worlds_table import worlds_table
from simab.result import StudyResult
from simab.text.lists import named

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    same = [
        (world.label.title, _title(study, world.label.same_as))
        for world in study.worlds
        if world.label.same_as is not None
    ]
    return {
        "table": worlds_table(study),
        "figures": worlds_figures(study, numbers),
        "looks": tables_over_worlds.looks(study),
        "requirements": tables_over_worlds.requirements(study),
        "made": [(world.label.title, world.label.made) for world in distinct(study)],
        "same": same,
        "asked": bounds_text(study),
        "customary": study.customary,
        "judged": any(each.runs for each in study.judged),
    }


def _title(study: StudyResult, name: str) -> str:
    return named(next(each.label.title for each in study.worlds if each.name == name))


def _several(study: StudyResult) -> bool:
    return len(study.worlds) > 1


SECTION: Final = Section("worlds", "Whatever the candidate is", _content, applies=_several)
