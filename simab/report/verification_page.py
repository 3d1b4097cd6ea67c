"""The page and the files of a verification: what was found, figures, every check, and methods."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from simab.report.embedded import data_block
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.methods_of_studies import verification_methods
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.verification_figure import draw_checks, widest
from simab.report.verification_tables import checks_table, verification_rows
from simab.report.verification_text import (
    conclusion,
    figure_finding,
    groups_of,
    verification_sentences,
)
from simab.report.writing import csv_text, write_texts
from simab.result.verification_result import VerificationResult, verification_json
from simab.text import typeset

__all__ = ["verification_page", "write_verification"]

_SECTIONS: Final = (
    ("verification_answer", "Does the simulator agree with theory?"),
    ("figures", "How far from theory"),
    ("verification_checks", "Every check"),
    ("study_methods", "Methods"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)


def write_verification(result: VerificationResult, directory: Path) -> None:
    """Write report.html, verification.json and verification.csv; the folder is made if absent."""
    rows = verification_rows(for_page(result))
    texts = {
        "report.html": verification_page(result),
        "verification.json": verification_json(result),
        "verification.csv": csv_text(list(rows[0]), rows),
    }
    write_texts(directory, texts)


def verification_page(result: VerificationResult) -> str:
    """The whole page as HTML, readable offline and without scripts."""
    shown, environment = for_page(result), templates()
    content = {
        "conclusion": conclusion(shown),
        "answer": verification_sentences(shown),
        "figures": list(_figures(shown, count(1))),
        "tables": [checks_table(group, cases) for group, cases in groups_of(shown)],
        "facts": _facts(shown),
        "methods": verification_methods(shown),
        "versions": list(shown.environment.items()),
        "saved": "verification.json",
        "study": _Head(shown),
    }
    sections = [rendered_section(environment, key, heading, content) for key, heading in _SECTIONS]
    return whole_page(environment, _Head(shown), sections, data_block(result))


class _Head:
    """What the frame of a page and the sections that studies share show of it."""

    page_kind = "The simulator against closed forms"
    scenario_yaml = ""

    def __init__(self, result: VerificationResult) -> None:
        self.title, self.question = result.title, result.question
        self.simab_version, self.command = result.simab_version, result.command


def _figures(result: VerificationResult, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    """One of each group; the numbers behind it are in the tables."""
    most = widest(check for _, check in result.checks())
    for at, (group, cases) in enumerate(groups_of(result)):
        yield figure_block(
            numbers,
            f"checks-{at}",
            (group, figure_finding(cases, first=at == 0)),
            partial(draw_checks, cases, most),
        )


def _facts(result: VerificationResult) -> list[tuple[str, str]]:
    facts: list[tuple[str, Any]] = [
        ("Cases", typeset.count(len(result.cases))),
        ("Checks", typeset.count(sum(1 for _ in result.checks()))),
        ("Requests", typeset.count(result.requests)),
        ("Seed", str(result.seed)),
        ("simab", result.simab_version),
    ]
    return facts
