"""The section that says how the study was made, in the terms of the STRESS-DES checklist."""

from __future__ import annotations

from typing import Final

from simab.report.methods_text import methods
from simab.report.sections.section import Content, Numbers, Section
from simab.report.table import Cell, Column, Table
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    rows = tuple((Cell(item, group), Cell(said)) for group, item, said in methods(study))
    columns = (Column("Item", numeric=False), Column("In this study", numeric=False))
    return {"methods": Table("How the study was made, by the items of STRESS-DES", columns, rows)}


SECTION: Final = Section("methods", "Methods", _content)
