"""The page and the files of a study of convergence: verdict, figures, and what each number is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from simab.report.convergence_figures import (
    draw_fan,
    draw_funnel,
    draw_leader,
    fan_title,
    funnel_points,
    has_fan,
)
from simab.report.convergence_tables import (
    bias_table,
    coverage_table,
    fan_table,
    labels_table,
    latency_table,
    leader_table,
    size_rows,
    sizes_table,
    windows_table,
)
from simab.report.convergence_text import (
    convergence_sentences,
    metric_title,
    share_text,
    signed_text,
    value_text,
)
from simab.report.embedded import data_block
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.page import rendered_section, templates, whole_page
from simab.report.page_form import for_page
from simab.report.table import Table
from simab.report.writing import csv_text, write_texts
from simab.result.convergence_result import (
    ConvergenceResult,
    MetricConvergence,
    VariantConvergence,
    convergence_json,
)
from simab.text import typeset
from simab.text.lists import named

__all__ = [
    "convergence_page",
    "convergence_section",
    "convergence_table_html",
    "sizes_csv",
    "write_convergence",
]

_SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("convergence_answer", "Can the two be distinguished?"),
    ("figures", "How the estimates converge"),
    ("convergence_tables", "What the intervals are worth"),
    ("convergence_others", "The other metrics"),
    ("reproduce", "Reproduce"),
    ("environment", "Environment"),
)


def write_convergence(result: ConvergenceResult, directory: Path) -> None:
    """Write report.html, convergence.json and sizes.csv; the folder is made if absent."""
    texts = {
        "report.html": convergence_page(result),
        "convergence.json": convergence_json(result),
        "sizes.csv": sizes_csv(for_page(result)),
    }
    write_texts(directory, texts)


def convergence_page(result: ConvergenceResult) -> str:
    """The whole page as HTML, readable offline and without scripts."""
    shown, environment, numbers = for_page(result), templates(), count(1)
    first, *others = shown.metrics
    content = {
        "answer": convergence_sentences(shown),
        "sizes": sizes_table(shown),
        "figures": list(_figures(shown, first, numbers)),
        "others": [each for metric in others for each in _fans(shown, metric, numbers)],
        "tables": _tables(shown),
        "notes": _notes(shown),
        "facts": _facts(shown),
        "versions": list(shown.environment.items()),
        "saved": "convergence.json",
        "study": _Reproduced(shown),
    }
    kept = [each for each in _SECTIONS if each[0] != "convergence_others" or content["others"]]
    sections = [rendered_section(environment, key, heading, content) for key, heading in kept]
    return whole_page(environment, shown, sections, data_block(result))


def convergence_section(
    result: ConvergenceResult, numbers: Iterator[int]
) -> tuple[list[str], list[FigureBlock], list[Table]]:
    """What a page of another study says of convergence: sentences, figures, and tables."""
    shown = for_page(result)
    return (
        convergence_sentences(shown),
        list(_figures(shown, shown.metric, numbers)),
        [sizes_table(shown), coverage_table(shown)],
    )


def convergence_table_html(result: ConvergenceResult) -> str:
    """The answer and the sample sizes, for notebooks."""
    shown = for_page(result)
    template = templates().get_template("found_summary.html.jinja")
    return template.render(sentences=convergence_sentences(shown), summary=sizes_table(shown))


def sizes_csv(result: ConvergenceResult) -> str:
    """One row for each metric and purpose, with every number unrounded."""
    rows = list(size_rows(result))
    return csv_text(list(rows[0]), rows) if rows else ""


class _Reproduced:
    """What the sections that studies share show of it."""

    def __init__(self, result: ConvergenceResult) -> None:
        self.command, self.scenario_yaml = result.command, result.scenario_yaml


def _figures(
    result: ConvergenceResult, metric: MetricConvergence, numbers: Iterator[int]
) -> Iterator[FigureBlock]:
    """Of the metric that is asked for: the funnel, who leads, and its fans."""
    if len(funnel_points(result, metric)) > 1:
        yield figure_block(
            numbers,
            "funnel",
            (f"{_title(metric)} against labelled requests", _funnel_finding(result, metric)),
            partial(draw_funnel, result, metric),
            labels_table(metric, result),
        )
    if metric.better and has_fan(metric.difference):
        yield figure_block(
            numbers,
            "leader",
            ("When does the ranking settle?", _leader_finding(metric)),
            partial(draw_leader, result, metric),
            leader_table(metric, result),
        )
    yield from _fans(result, metric, numbers)


def _fans(
    result: ConvergenceResult, metric: MetricConvergence, numbers: Iterator[int]
) -> Iterator[FigureBlock]:
    """Of both variants and of the difference, where they vary."""
    shown = [*((name, metric.variants[name]) for name in (result.control, result.candidate))]
    for at, (name, each) in enumerate([*shown, ("", metric.difference)]):
        if has_fan(each):
            title = fan_title(result, metric, name)
            yield figure_block(
                numbers,
                f"fan-{metric.name.replace('_', '-')}-{at}",
                (f"{title[:1].upper()}{title[1:]}", _fan_finding(metric, each, name)),
                partial(draw_fan, result, metric, name),
                fan_table(metric, each, result),
            )


def _title(metric: MetricConvergence) -> str:
    title = metric_title(metric.name)
    return title[:1].upper() + title[1:]


def _funnel_finding(result: ConvergenceResult, metric: MetricConvergence) -> str:
    """How wide the band is where the rule decides, or at the last count, against the difference."""
    points = funnel_points(result, metric)
    point = next((each for each in points if each.labelled == result.decision_labels), points[-1])
    width = max(point.control.width(0), point.candidate.width(0))
    words = (
        f"On {typeset.count(point.labelled)} labelled requests the {metric_title(metric.name)} of "
        f"a variant lies anywhere in a band {value_text(metric, width)} wide"
    )
    if not metric.better:
        return f"{words}; the two are truly equal."
    gap = abs(metric.true_difference)
    return f"{words}; the two truly differ by {value_text(metric, gap)}."


def _leader_finding(metric: MetricConvergence) -> str:
    last = metric.leader.leads[-1]
    words = f"{named(metric.better)}, the better one, leads in {share_text(last)} at the end"
    if math.isfinite(metric.settles_s):
        return f"{words}, and in 95 % from {typeset.duration(metric.settles_s)} on."
    return f"{words}: the ranking does not settle."


def _fan_finding(metric: MetricConvergence, each: VariantConvergence, name: str) -> str:
    last = len(each.fan.p50) - 1
    write = value_text if name else signed_text
    low, high = (write(metric, edge[last]) for edge in (each.fan.p5, each.fan.p95))
    truth = metric.truth[name] if name else metric.true_difference
    return (
        f"At the end 90 % of the runs say {low} to {high}; the truth is {write(metric, truth)}. "
        f"95 % intervals cover it in {share_text(each.coverage[last].covered)}."
    )


def _tables(result: ConvergenceResult) -> list[Table]:
    found = [coverage_table(result)]
    if any(metric.bias for metric in result.metrics):
        found.append(bias_table(result))
    if result.latency:
        found.append(latency_table(result))
    if result.windows:
        found.append(windows_table(result))
    return found


def _notes(result: ConvergenceResult) -> list[str]:
    """How the numbers come about, and what they do not say."""
    held = (
        "Weights are held as the file has them."
        if result.policy == "weights held"
        else f"Played under {named(result.policy)}."
    )
    notes = [
        held,
        "A nominal 95 % interval is called honest where it covers the truth in at least 93 % of "
        "the runs that have one. Truth is exact for metrics of labels; of latency and errors it is "
        "that of all runs together.",
        "Intervals of latencies and errors take requests for independent, as dashboards do.",
        "By theory: closed forms for independent requests, 5 % two-sided, 80 % power. By "
        "simulation: 1.96 stated standard errors and 0.84 measured spreads reach the difference; "
        "where an error is stated too small, the spread takes its place. Beyond the horizon by "
        "1 / sqrt(n).",
        "A latency or an error rate that changes is seen "
        f"{typeset.duration(result.publication_delay_s)} to "
        f"{typeset.duration(result.publication_delay_s + result.period_s)} later: a window is "
        "published after its end. A percentile is read from buckets that are off by 0.8 % at most.",
    ]
    if result.no_oracle:
        notes.append(f"Late labels are not compared with all labels at once: {result.no_oracle}.")
    if result.failed:
        notes.append(f"{result.failed} runs failed and are left out.")
    return notes


def _facts(result: ConvergenceResult) -> list[tuple[str, str]]:
    facts = [
        ("Runs", typeset.count(result.replications)),
        ("Played under", result.policy),
        ("Horizon of a run", typeset.duration(result.horizon_s)),
        ("Starts at", result.starts_at or "not said"),
        ("Seed", str(result.seed)),
        ("simab", result.simab_version),
        ("Scenario", result.scenario_hash),
    ]
    return [(name, value) for name, value in facts if value != "not said"]
