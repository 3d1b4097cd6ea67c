"""The page and the files of a study of convergence: verdict, figures, and what each number is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

from simab.report.beside import PageBeside, pages_beside
from simab.report.convergence_blocks import counting_figures, fan_figures, main_figures
from simab.report.convergence_quickest import quickest
from simab.report.convergence_tables import (
    bias_table,
    coverage_table,
    latency_table,
    size_rows,
    sizes_table,
    windows_table,
)
from simab.report.convergence_text import convergence_sentences, metric_title, value_text
from simab.report.embedded import data_block
from simab.report.label_countings import counting_finding
from simab.report.methods_of_studies import convergence_methods
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.table import Table
from simab.report.writing import csv_text, write_texts
from simab.result.convergence_result import ConvergenceResult, convergence_json
from simab.result.studied_convergence import StudiedConvergence
from simab.text import typeset
from simab.text.lists import listed, named

__all__ = [
    "convergence_page",
    "convergence_table_html",
    "sizes_csv",
    "write_convergence",
]

_SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("convergence_answer", "Can the two be distinguished?"),
    ("figures", "How the estimates converge"),
    ("convergence_tables", "What the intervals are worth"),
    ("convergence_others", "The other metrics"),
    ("study_methods", "Methods"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)


def write_convergence(result: ConvergenceResult, directory: Path) -> None:
    """Write report.html, convergence.json and sizes.csv; the folder is made if absent."""
    texts = {
        "report.html": convergence_page(result, pages_beside(directory, result.scenario_hash)),
        "convergence.json": convergence_json(result),
        "sizes.csv": sizes_csv(for_page(result).found),
    }
    write_texts(directory, texts)


def convergence_page(result: ConvergenceResult, beside: Sequence[PageBeside] = ()) -> str:
    """The whole page as HTML, readable offline and without scripts; `beside`: pages to link to."""
    shown, environment, numbers = for_page(result), templates(), count(1)
    found = shown.found
    content = {
        "answer": _answer(found),
        "sizes": sizes_table(found),
        "figures": [
            *main_figures(found, numbers),
            *counting_figures(found, numbers),
            *fan_figures(found, found.metric, numbers),
        ],
        "others": [
            each
            for metric in found.shown
            if metric is not found.metric
            for each in fan_figures(found, metric, numbers)
        ],
        "tables": _tables(found),
        "notes": _notes(found),
        "facts": _facts(shown),
        "methods": convergence_methods(shown),
        "versions": list(shown.environment.items()),
        "saved": "convergence.json",
        "study": shown,
    }
    kept = [each for each in _SECTIONS if each[0] != "convergence_others" or content["others"]]
    sections = [rendered_section(environment, key, heading, content) for key, heading in kept]
    title = metric_title(found.metric.name)
    asks = f"How many requests does it take to tell the two apart in {title}?"
    return whole_page(environment, shown, sections, data_block(result), asks=asks, beside=beside)


def _answer(found: StudiedConvergence) -> list[str]:
    """The sentences, with the metric that takes the fewest labels at their end."""
    return [
        each
        for each in (*convergence_sentences(found), counting_finding(found), quickest(found))
        if each
    ]


def convergence_table_html(result: ConvergenceResult) -> str:
    """The answer and the sample sizes, for notebooks."""
    found = for_page(result).found
    template = templates().get_template("found_summary.html.jinja")
    return template.render(sentences=convergence_sentences(found), summary=sizes_table(found))


def sizes_csv(result: StudiedConvergence) -> str:
    """One row for each metric and purpose, with every number unrounded."""
    rows = list(size_rows(result))
    return csv_text(list(rows[0]), rows) if rows else ""


def _tables(result: StudiedConvergence) -> list[Table]:
    found = [coverage_table(result)]
    if any(metric.bias for metric in result.metrics):
        found.append(bias_table(result))
    latencies = any(each.varies for each in result.metrics if each.kind == "latency")
    if result.latency and latencies:
        found.append(latency_table(result))
    if result.windows and latencies:
        found.append(windows_table(result))
    return found


def _notes(result: StudiedConvergence) -> list[str]:
    """How the numbers come about, and what they do not say."""
    held = (
        "Weights are held as the file has them."
        if result.policy == "weights held"
        else f"Played under {named(result.policy)}."
    )
    notes = [
        held,
        "Whether a nominal 95 % interval is honest is judged by the 95 % interval of its coverage, "
        "which stands below: too narrow, or too wide, where that leaves out 95 %; honest where it "
        "has 95 % and lies above 90 %; else the runs are too few to tell. Of many intervals that "
        "are honest about 2.5 % are called too narrow by chance. Truth is exact for metrics of "
        "labels, given the scenario; of latency and errors it is that of all runs together.",
        "Intervals of latencies and errors take requests for independent, as dashboards do.",
        "Plan with the number by simulation: there 1.96 stated standard errors and 0.84 measured "
        "spreads reach the difference; where an error is stated too small, the spread takes its "
        "place. A test of pairs states the spread itself: 2.80 spreads. Theory, a check, is closed "
        "forms for independent requests, 5 % two-sided, 80 % power. Beyond the horizon by "
        "1 / sqrt(n).",
        _effects(result),
        "A latency or an error rate that changes is seen "
        f"{typeset.duration(result.publication_delay_s)} to "
        f"{typeset.duration(result.publication_delay_s + result.period_s)} later: a window is "
        "published after its end. A percentile is read from buckets that are off by 0.8 % at most.",
    ]
    notes += _left_out(result)
    if result.no_oracle:
        notes.append(f"Late labels are not compared with all labels at once: {result.no_oracle}.")
    if result.failed:
        notes.append(f"{result.failed} runs failed and are left out.")
    return notes


def _effects(result: StudiedConvergence) -> str:
    """Where the difference of the second column comes from."""
    effect = typeset.metric_value(result.smallest_effect)
    words = "The difference to find in any metric of labels is the scenario's smallest effect, "
    words += effect
    if any(each.kind != "labels" and each.varies for each in result.metrics):
        words += "; of an error rate 1 point, and of a latency 5 % of the control's"
    return f"{words}."


def _left_out(result: StudiedConvergence) -> list[str]:
    """Metrics that say nothing, or nothing new, each with its value."""
    notes = []
    if result.constant:
        values = [
            f"{metric_title(each.name)} ("
            + listed([value_text(each, each.truth[name]) for name in each.truth])
            + ")"
            for each in result.constant
        ]
        notes.append(f"The same in every run, and left out of tables: {listed(values)}.")
    if result.without_brier:
        notes.append(
            "The Brier score is left out: with scores of 0 and 1 it is 1 less the accuracy."
        )
    return notes


def _facts(result: ConvergenceResult) -> list[tuple[str, str]]:
    facts = [
        ("Runs", typeset.count(result.found.replications)),
        ("Played under", result.found.policy),
        ("Horizon of a run", typeset.duration(result.found.horizon_s)),
        ("Starts at", result.found.starts_at or "not said"),
        ("Seed", str(result.seed)),
        ("simab", result.simab_version),
        ("Scenario", result.scenario_hash),
    ]
    return [(name, value) for name, value in facts if value != "not said"]
