"""The page and the files of a sweep: sentences, the worst points, figures, and every point."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Final

from simab.report.embedded import data_block
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.sweep_figures import sweep_figures
from simab.report.sweep_tables import every_point, worst_points
from simab.report.sweep_text import failure_sentences, sweep_sentences
from simab.report.writing import csv_text, summary_row, write_texts
from simab.result.sweep_result import SweepResult, SweptField, sweep_json
from simab.text import typeset

__all__ = ["sweep_csv", "sweep_page", "sweep_table_html", "write_sweep"]

_SECTIONS: Final = (
    ("sweep_answer", "The rules at their worst"),
    ("figures", "What happens, and what it costs"),
    ("sweep_points", "Every point"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)


def write_sweep(result: SweepResult, directory: Path) -> None:
    """Write report.html, sweep.json and sweep.csv; the folder is made if absent."""
    texts = {
        "report.html": sweep_page(result),
        "sweep.json": sweep_json(result),
        "sweep.csv": sweep_csv(for_page(result)),
    }
    write_texts(directory, texts)


def sweep_page(result: SweepResult) -> str:
    """The whole page as HTML, readable offline and without scripts."""
    shown, environment = for_page(result), templates()
    content = {
        "answer": sweep_sentences(shown),
        "failed": failure_sentences(shown),
        "warnings": shown.warnings,
        "table": worst_points(shown),
        "points": every_point(shown),
        "figures": sweep_figures(shown, count(1)),
        "facts": _facts(shown),
        "versions": list(shown.environment.items()),
        "saved": "sweep.json",
        "study": shown,
    }
    sections = [rendered_section(environment, key, heading, content) for key, heading in _SECTIONS]
    return whole_page(environment, shown, sections, data_block(result))


def sweep_table_html(result: SweepResult) -> str:
    """Each policy at its worst points, for notebooks."""
    shown = for_page(result)
    template = templates().get_template("found_summary.html.jinja")
    return template.render(sentences=sweep_sentences(shown), summary=worst_points(shown))


def sweep_csv(result: SweepResult) -> str:
    """One row for each point and policy, with every number unrounded."""
    rows: list[dict[str, object]] = []
    for point in result.points:
        for policy in point.policies:
            theory = point.theory.get(policy.name)
            row: dict[str, object] = {"point": point.name}
            row |= {
                f"vary.{field.path}": _number_or_text(field, at)
                for field, at in zip(result.fields, point.places, strict=True)
            }
            row |= {"true_gain": point.gain, "right": point.asks}
            row |= summary_row(policy)
            row["promotes_count"] = policy.promotes.count
            row["promotes_share"] = policy.promotes.share
            row["promotes_low"], row["promotes_high"] = policy.promotes.low, policy.promotes.high
            row["theory"] = None if theory is None else theory.probability
            rows.append(row)
    return csv_text(list(dict.fromkeys(key for row in rows for key in row)), rows)


def _number_or_text(field: SweptField, at: int) -> object:
    """A number in the unit of the field, as a share or seconds; else the value as in a file."""
    if field.is_numeric:
        return field.numbers[at]
    value = field.values[at]
    return value if isinstance(value, str | int | float) else str(value)


def _facts(result: SweepResult) -> list[tuple[str, str]]:
    return [
        ("Points", typeset.count(len(result.points))),
        ("Runs of each policy at a point", typeset.count(result.replications)),
        ("Horizon of a run", typeset.duration(result.horizon_s)),
        ("Seed", str(result.seed)),
        ("simab", result.simab_version),
        ("Scenario", result.scenario_hash),
    ]
