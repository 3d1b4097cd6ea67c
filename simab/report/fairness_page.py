"""The page and the files of a study of the split: verdict, rules, shares, clients, and places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from simab.report.beside import PageBeside, pages_beside
from simab.report.embedded import data_block
from simab.report.fairness_conclusion import conclusion
from simab.report.fairness_figures import split_figures
from simab.report.fairness_tables import (
    clients_table,
    fairness_rows,
    flaws_table,
    groups_table,
    phases_table,
    places_table,
    rules_table,
)
from simab.report.fairness_text import fairness_sentences
from simab.report.methods_of_studies import fairness_methods
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.table import Table
from simab.report.writing import csv_text, write_texts
from simab.result.fairness_result import FairnessResult, fairness_json
from simab.result.studied_split import StudiedSplit
from simab.text import typeset

__all__ = [
    "fairness_csv",
    "fairness_page",
    "fairness_table_html",
    "write_fairness",
]

_ASKS: Final = "Does the router split as asked?"
_SECTIONS: Final = (
    ("fairness_answer", "Is the split fair?"),
    ("figures", "How far realised shares are from those asked for"),
    ("fairness_flaws", "What one run can tell"),
    ("fairness_clients", "What clients meet"),
    ("fairness_places", "Who carries the load"),
    ("study_methods", "Methods"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)


def write_fairness(result: FairnessResult, directory: Path) -> None:
    """Write report.html, fairness.json and fairness.csv; the folder is made if absent."""
    texts = {
        "report.html": fairness_page(result, pages_beside(directory, result.scenario_hash)),
        "fairness.json": fairness_json(result),
        "fairness.csv": fairness_csv(for_page(result)),
    }
    write_texts(directory, texts)


def fairness_page(result: FairnessResult, beside: Sequence[PageBeside] = ()) -> str:
    """The whole page as HTML, readable offline and without scripts; `beside`: pages to link to."""
    shown, environment = for_page(result), templates()
    content = _content(shown)
    sections = [
        rendered_section(environment, key, heading, content)
        for key, heading in _SECTIONS
        if key != "figures" or content["figures"]
    ]
    return whole_page(environment, shown, sections, data_block(result), asks=_ASKS, beside=beside)


def _content(shown: FairnessResult) -> dict[str, Any]:
    split = shown.split
    several = len(split.rules) > 1
    return {
        "conclusion": conclusion(split),
        "answer": fairness_sentences(split),
        "rules": rules_table(split) if several else None,
        "phases": _phases(split),
        "figures": list(split_figures(split, count(1))),
        "flaws": [
            (rule.title if several else "", flaws_table(rule)) for rule in split.rules if rule.flaws
        ],
        "clients": clients_table(split),
        "groups": [
            (rule.title if several else "", groups_table(rule))
            for rule in split.rules
            if len(rule.groups) > 1
        ],
        "places": places_table(split.rules[0], several=several),
        "facts": _facts(shown),
        "methods": fairness_methods(shown),
        "versions": list(shown.environment.items()),
        "saved": "fairness.json",
        "study": shown,
    }


def _phases(split: StudiedSplit) -> Table | None:
    table = phases_table(split).without(frozenset({"–"}))
    return table if table.rows else None


def fairness_table_html(result: FairnessResult) -> str:
    """The verdict and the shares by phase, for notebooks."""
    shown = for_page(result)
    template = templates().get_template("found_summary.html.jinja")
    return template.render(
        sentences=fairness_sentences(shown.split), summary=phases_table(shown.split)
    )


def fairness_csv(result: FairnessResult) -> str:
    """One row for each rule, phase and variant, with every number unrounded."""
    rows = fairness_rows(result.split)
    return csv_text(list(rows[0]) if rows else ["rule"], rows)


def _facts(result: FairnessResult) -> list[tuple[str, str]]:
    return [
        ("Runs of each rule", typeset.count(result.split.replications)),
        ("Weights moved by", result.split.policy),
        ("Horizon of a run", typeset.duration(result.horizon_s)),
        ("Tolerance of a share", f"{typeset.decimal(100.0 * result.split.tolerance, 1)} points"),
        ("Seed", str(result.seed)),
        ("simab", result.simab_version),
        ("Scenario", result.scenario_hash),
    ]
