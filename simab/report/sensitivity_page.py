"""The page and the files of a sensitivity: sentences, tornados, and each change with its moves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from simab.report.embedded import data_block
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.sensitivity_tables import assumptions_table
from simab.report.sensitivity_text import (
    change_text,
    sensitivity_sentences,
    unchanged_sentences,
    world_title,
)
from simab.report.table import Cell, Column, Table
from simab.report.tornado_figure import Tornado, draw_tornado, tornado_of
from simab.report.writing import csv_text, write_texts
from simab.result.sensitivity_result import SensitivityResult, sensitivity_json
from simab.text import typeset
from simab.text.lists import named

__all__ = ["sensitivity_csv", "sensitivity_page", "sensitivity_table_html", "write_sensitivity"]

_MOST_FIGURES: Final = 12
_SECTIONS: Final = (
    ("sensitivity_answer", "What the answer depends on"),
    ("figures", "How far each assumption moves it"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)
_TITLES: Final = {
    "promotes": "How often {} promotes",
    "time_to_decision": "Time to decision of {}",
    "requests_on_worse": "Requests of {} on worse variants",
    "error_share": "Requests of {} in error",
}
"""Of a figure, by its quantity."""
_COLUMNS: Final = (
    *("world", "policy", "quantity", "before", "after", "difference", "low", "high"),
    *("p_value", "adjusted_p_value", "differs", "reason"),
)


def write_sensitivity(result: SensitivityResult, directory: Path) -> None:
    """Write report.html, sensitivity.json and sensitivity.csv; the folder is made if absent."""
    texts = {
        "report.html": sensitivity_page(result),
        "sensitivity.json": sensitivity_json(result),
        "sensitivity.csv": sensitivity_csv(for_page(result)),
    }
    write_texts(directory, texts)


def sensitivity_page(result: SensitivityResult) -> str:
    """The whole page as HTML, readable offline and without scripts."""
    shown, environment = for_page(result), templates()
    content = {
        "answer": sensitivity_sentences(shown),
        "unchanged": unchanged_sentences(shown),
        "table": assumptions_table(shown),
        "figures": list(_figures(shown, count(1))),
        "facts": _facts(shown),
        "versions": list(shown.base.environment.items()),
        "saved": "sensitivity.json",
        "study": _Reproduced(shown),
    }
    sections = [rendered_section(environment, key, heading, content) for key, heading in _SECTIONS]
    return whole_page(environment, shown, sections, data_block(result))


class _Reproduced:
    """What the sections that studies share show of it."""

    def __init__(self, result: SensitivityResult) -> None:
        self.command, self.scenario_yaml = result.command, result.base.scenario_yaml


def _figures(result: SensitivityResult, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    """A tornado of the quantity shown of each policy, in the world where it moves most."""
    for at, policy in enumerate(result.base.policies[:_MOST_FIGURES]):
        tornado = tornado_of(result, policy.name, result.shown)
        if tornado is not None and tornado.moves:
            where = world_title(result, tornado.world)
            title = f"{_TITLES[result.shown].format(named(policy.name))}, {where}"
            yield figure_block(
                numbers,
                f"tornado-{at}",
                (title, _finding(tornado)),
                partial(draw_tornado, tornado),
                _table(tornado),
            )


def _finding(tornado: Tornado) -> str:
    sure = [
        (name, change, each)
        for name, halved, doubled in tornado.rows
        for change, each in (("halved", halved), ("doubled", doubled))
        if each is not None and each.differs
    ]
    line = f"The line through a bar: the 95{typeset.THIN}% interval of the difference, run by run."
    if not sure:
        return f"No change moves it by more than chance. {line}"
    name, change, most = max(sure, key=lambda each: abs(each[2].difference))
    return f"It moves most with {name} {change}: {change_text(most)}. {line}"


def _table(tornado: Tornado) -> Table:
    rows = tuple(
        (
            Cell(name),
            *(
                Cell("not possible") if each is None else Cell(change_text(each))
                for each in (halved, doubled)
            ),
        )
        for name, halved, doubled in tornado.rows
    )
    columns = (Column("Assumption", numeric=False), Column("Halved"), Column("Doubled"))
    return Table("Differences to the study as described", columns, rows)


def sensitivity_table_html(result: SensitivityResult) -> str:
    """What the answer depends on and each change, for notebooks."""
    shown = for_page(result)
    template = templates().get_template("found_summary.html.jinja")
    return template.render(sentences=sensitivity_sentences(shown), summary=assumptions_table(shown))


def sensitivity_csv(result: SensitivityResult) -> str:
    """One row for each change, world, policy and quantity, with every number unrounded."""
    rows: list[dict[str, object]] = [
        {"assumption": effect.assumption, "change": effect.change}
        | {name: getattr(each, name) for name in _COLUMNS}
        for effect in result.effects
        for each in effect.quantities
    ]
    return csv_text(["assumption", "change", *_COLUMNS], rows)


def _facts(result: SensitivityResult) -> list[tuple[str, str]]:
    base = result.base
    return [
        ("Studies", typeset.count(len(result.effects) + 1)),
        ("Runs of each policy in a world", typeset.count(base.replications)),
        ("Horizon of a run", typeset.duration(base.horizon_s)),
        ("Seed", str(base.seed)),
        ("simab", result.simab_version),
        ("Scenario", base.scenario_hash),
    ]
