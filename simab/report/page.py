"""The page: result in, one self-contained HTML document out, the same bytes every time.

The templates escape everything but the SVGs, whose text has been escaped when they were written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import count

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from simab.report import tables
from simab.report.answer import answer
from simab.report.beside import PageBeside
from simab.report.embedded import data_block
from simab.report.figure_files import hand_over
from simab.report.page_form import for_page
from simab.report.palette import COLOURS
from simab.report.sections import SECTIONS, Section
from simab.report.sections.section import Numbers
from simab.result import StudyResult
from simab.text import typeset

__all__ = [
    "page_of",
    "render_page",
    "rendered_section",
    "summary_table_html",
    "templates",
    "whole_page",
]


def render_page(result: StudyResult) -> str:
    """The whole report as HTML, readable offline and without scripts."""
    return page_of(for_page(result), data_block(result))


def page_of(study: StudyResult, data: str, beside: Sequence[PageBeside] = ()) -> str:
    """The page of a result that is already in the form of `for_page`, and its block of data.

    `beside` are pages of the same scenario to link to.
    """
    environment, numbers = templates(), count(1)
    shown = [
        _rendered(environment, section, study, numbers)
        for section in SECTIONS
        if section.applies(study)
    ]
    return whole_page(environment, study, shown, data, beside=beside)


def whole_page(
    environment: Environment,
    study: object,
    sections: Sequence[Mapping[str, str]],
    data: str,
    *,
    asks: str = "",
    beside: Sequence[PageBeside] = (),
) -> str:
    """The document with these sections: `key`, `heading` and `html` of each.

    `study` is any result with a title, a question and the version of simab that made it; its
    `page_kind`, if it has one, stands above the title. `asks` is the question of a page that
    answers another than the scenario's; it is its title then. `beside` are pages of the same
    scenario to link to.
    """
    css = resources.files("simab.report").joinpath("templates/style.css").read_text("utf-8")
    return environment.get_template("page.html.jinja").render(
        study=study,
        asks=asks,
        beside=beside,
        sections=sections,
        colours=COLOURS,
        css=Markup(css),
        data=Markup(data),
    )


def _rendered(
    environment: Environment, section: Section, study: StudyResult, numbers: Numbers
) -> dict[str, str]:
    content = {"study": study, **section.content(study, numbers)}
    return rendered_section(environment, section.key, section.heading, content)


def rendered_section(
    environment: Environment, key: str, heading: str, content: Mapping[str, object]
) -> dict[str, str]:
    """A section of a page, of the template of its key."""
    html = environment.get_template(f"sections/{key}.html.jinja").render(**content)
    hand_over(key, html, content)
    return {"key": key, "heading": heading, "html": Markup(html)}


def summary_table_html(result: StudyResult) -> str:
    """The table of operating characteristics alone, for notebooks."""
    study = for_page(result)
    template = templates().get_template("summary.html.jinja")
    return template.render(answer=answer(study), summary=tables.summary(study))


@cache
def templates() -> Environment:
    """The page's templates, which escape all text; each is compiled once."""
    environment = Environment(
        loader=PackageLoader("simab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["code_marked"] = _code_marked
    environment.filters["svg"] = Markup
    environment.filters["count"] = typeset.count
    environment.filters["duration"] = typeset.duration
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


def _code_marked(text: str) -> Markup:
    """The text, escaped; what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
