"""The page: result in, one self-contained HTML document out, the same bytes every time.

The templates escape everything but the SVGs, whose text has been escaped when they were written.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from simab.report import numerals, tables
from simab.report.answer import answer
from simab.report.figure_block import example_figures, study_figures
from simab.report.page_form import for_page, shown_parameters
from simab.report.palette import COLOURS
from simab.report.phrases import named
from simab.result import StudyResult
from simab.result.example_run import Example

__all__ = ["page_of", "render_page", "summary_table_html"]


def render_page(result: StudyResult) -> str:
    """The whole report as HTML, readable offline and without scripts."""
    return page_of(for_page(result))


def page_of(study: StudyResult) -> str:
    """The page of a result that is already in the form of `for_page`."""
    figures = study_figures(study)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            study=study,
            answer=answer(study),
            summary=tables.summary(study),
            health=tables.health(study),
            figures=figures,
            examples=[
                _replay(study, example, position)
                for position, example in enumerate(study.examples, start=1)
            ],
            first_example_figure=len(figures) + 1,
            facts=_facts(study),
            colours=COLOURS,
            css=Markup(
                resources.files("simab.report").joinpath("templates/style.css").read_text("utf-8")
            ),
        )
    )


def summary_table_html(result: StudyResult) -> str:
    """The table of operating characteristics alone, for notebooks."""
    study = for_page(result)
    template = _environment().get_template("summary.html.jinja")
    return template.render(answer=answer(study), summary=tables.summary(study))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("simab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["svg"] = Markup
    environment.filters["parameters"] = shown_parameters
    environment.filters["count"] = numerals.count
    environment.filters["duration"] = numerals.duration
    return environment


def _breakable(name: str) -> Markup:
    """The name, escaped; its long words may break after the signs that join their parts."""
    words = (
        re.sub(r"([_./-])(?=\w)", r"\1<wbr>", str(escape(word)))
        if len(word) > 12
        else str(escape(word))
        for word in name.split(" ")
    )
    return Markup(" ".join(words))


def _ended(example: Example) -> str:
    """What was decided for whom and when, and who has the traffic from when on."""
    ended = example.outcome.replace("_", " ")
    if example.decided_for and example.outcome != "rolled_back":
        ended = f"{ended.partition(' ')[0]} {named(example.decided_for)}"
    if example.decided_at_s == example.decided_at_s:
        ended += f" after {numerals.duration(example.decided_at_s)}"
    if not example.ends_with:
        return f"{ended}; the traffic is split at the end"
    since = numerals.duration(example.ends_with_since_s)
    return f"{ended}; {named(example.ends_with)} has all weighted traffic from {since} on"


def _replay(study: StudyResult, example: Example, position: int) -> dict[str, Any]:
    return {
        "policy": example.policy,
        "replication": numerals.count(example.replication),
        "ended": _ended(example),
        "why": example.chosen_because,
        "figures": example_figures(study, example, position),
        "decisions": tables.decisions(example),
        "windows": tables.windows(example),
        "totals": tables.totals(example),
    }


def _facts(study: StudyResult) -> list[tuple[str, str]]:
    return [
        ("Runs of each policy", numerals.count(study.replications)),
        ("Horizon of a run", numerals.duration(study.horizon_s)),
        ("Seed", str(study.seed)),
        ("simab", study.simab_version),
        ("Scenario", study.scenario_hash),
    ]
