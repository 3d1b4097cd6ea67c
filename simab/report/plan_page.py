"""The page and the files of a plan: the answer, the frontier, and every candidate in a table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from simab.report import formatting
from simab.report.embedded import data_block
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.plan_figure import draw_frontier, drawn_candidates
from simab.report.plan_table import candidates_table
from simab.report.plan_text import (
    frontier_sentence,
    plan_sentences,
)
from simab.report.table import Cell, Column, Table, cell
from simab.report.writing import csv_text, write_texts
from simab.result.plan_result import PlanResult, candidate_rows, plan_json
from simab.text import typeset

__all__ = ["candidates_csv", "plan_page", "plan_table_html", "write_plan"]

_SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("plan_answer", "Which parameters to use"),
    ("figures", "What power costs"),
    ("plan_candidates", "All candidates"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)
_UNKNOWN: Final = Cell("–")


def write_plan(result: PlanResult, directory: Path) -> None:
    """Write report.html, plan.json and candidates.csv; the folder is made if absent."""
    texts = {
        "report.html": plan_page(result),
        "plan.json": plan_json(result),
        "candidates.csv": candidates_csv(for_page(result)),
    }
    write_texts(directory, texts)


def plan_page(result: PlanResult) -> str:
    """The whole page as HTML, readable offline and without scripts."""
    shown, environment = for_page(result), templates()
    content = {
        "answer": plan_sentences(shown),
        "table": candidates_table(shown),
        "figures": list(_figures(shown, count(1))),
        "facts": _facts(shown),
        "versions": list(shown.environment.items()),
        "saved": "plan.json",
        "study": shown,
    }
    kept = [each for each in _SECTIONS if content["figures"] or each[0] != "figures"]
    sections = [rendered_section(environment, key, heading, content) for key, heading in kept]
    return whole_page(environment, shown, sections, data_block(result))


def plan_table_html(result: PlanResult) -> str:
    """The answer and each candidate, for notebooks."""
    shown = for_page(result)
    template = templates().get_template("found_summary.html.jinja")
    return template.render(sentences=plan_sentences(shown), summary=candidates_table(shown))


def candidates_csv(result: PlanResult) -> str:
    """One row a candidate, with every number unrounded."""
    rows = candidate_rows(result)
    return csv_text(list(dict.fromkeys(key for row in rows for key in row)), rows)


def _figures(result: PlanResult, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    if drawn_candidates(result):
        yield figure_block(
            numbers,
            "frontier",
            ("Power against exposure", frontier_sentence(result)),
            partial(draw_frontier, result),
            _frontier_table(result),
        )


def _frontier_table(result: PlanResult) -> Table:
    columns = (
        Column("Candidate", numeric=False), Column("Requests on worse variants"), Column("Power"),
        Column("On the frontier", numeric=False),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(each.name),
            cell(formatting.mean(each.exposure)),
            _UNKNOWN if each.power is None else cell(formatting.proportion(each.power)),
            Cell("yes" if each.on_frontier else "no"),
        )
        for each in drawn_candidates(result)
    )
    return Table("Power and exposure of each candidate", columns, rows)


def _facts(result: PlanResult) -> list[tuple[str, str]]:
    facts = [
        ("Candidates", typeset.count(len(result.candidates))),
        ("Worlds", typeset.count(len(result.worlds))),
        ("Most runs in a world", typeset.count(result.most_runs)),
        ("Seed of the race", str(result.seed)),
    ]
    if result.fresh:
        facts.append(("Seed of the fresh runs", str(result.fresh[0].seed)))
    return [*facts, ("simab", result.simab_version)]
