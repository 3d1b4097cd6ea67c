"""The table of a plan: each candidate, what it meets, and how it fared when last played."""

from __future__ import annotations

from typing import Final

from simab.report import formatting
from simab.report.plan_text import (
    criterion_heading,
    in_order_of_merit,
    score_text,
    verdict_words,
)
from simab.report.table import Cell, Column, Table, cell
from simab.result.plan_result import PlanResult
from simab.text import typeset

__all__ = ["candidates_table"]

_UNKNOWN: Final = Cell("–")


def candidates_table(result: PlanResult) -> Table:
    """Those that meet everything first, the best on top."""
    columns = [
        Column("Candidate", numeric=False),
        Column("Requirements", numeric=False),
        Column("Runs", "in each world"),
        Column(criterion_heading(result)),
    ]
    if result.criterion != "least_exposure":
        columns.append(Column("Requests on worse variants", "mean of the worlds"))
    columns += [Column("Power", "least of the worlds"), Column("False promotion", "most of them")]
    rows = []
    for number, each in enumerate(in_order_of_merit(result), 1):
        chosen = each.name == result.chosen
        row = [
            Cell(f"{number}. {each.name}", "chosen" if chosen else ""),
            Cell(verdict_words(result, each)),
            Cell(typeset.count(each.runs)),
            cell(score_text(result, each)),
        ]
        if result.criterion != "least_exposure":
            row.append(cell(formatting.mean(each.exposure)))
        shares = (each.power, each.false_promotion)
        row += [_UNKNOWN if s is None else cell(formatting.proportion(s)) for s in shares]
        rows.append(tuple(row))
    return Table("How each candidate fared when last played", tuple(columns), tuple(rows))
