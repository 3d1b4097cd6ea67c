"""The judged requirements as files: JUnit XML for a build server, Markdown for a merge request."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from simab.report.answer_over_worlds import recommendation_text
from simab.report.page_form import for_page
from simab.report.requirement_text import found_text, statement_text, where_text
from simab.report.worlds_table import worlds_table
from simab.result import StudyResult
from simab.result.requirement_result import Compliance
from simab.text import typeset
from simab.text.numbers import counted

__all__ = ["junit_xml", "markdown_lines"]

_MOST_ROWS: Final = 10  # of the table for a merge request


def junit_xml(result: StudyResult) -> bytes:
    """One test case for each policy, requirement and world; a suite for each policy.

    A requirement that cannot be told yet is skipped, with how many runs would tell.
    """
    study = for_page(result)
    suites = ElementTree.Element("testsuites", name=f"simab: {study.title}")
    for policy in study.policies:
        own = [each for each in study.judged if each.policy == policy.name]
        counts = [each.compliance for each in own]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=policy.name,
            tests=str(len(own)),
            failures=str(counts.count(Compliance.FAILS)),
            errors="0",
            skipped=str(counts.count(Compliance.OPEN)),
        )
        for each in own:
            asked = statement_text(study.requirements[each.requirement])
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=policy.name,
                name=f"{asked}, {where_text(study, each.world)}",
                time="0",
            )
            found = f"{found_text(study, each)} of {counted(each.runs, 'run')}"
            if each.compliance == Compliance.FAILS:
                ElementTree.SubElement(case, "failure", message=found, type="requirement")
            elif each.compliance == Compliance.OPEN:
                known = each.runs_to_tell is not None
                more = f"; about {each.runs_to_tell} would tell" if known else ""
                ElementTree.SubElement(case, "skipped", message=f"cannot tell: {found}{more}")
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def markdown_lines(result: StudyResult) -> str:
    """At most 15 lines: the answer, and the table of policies over worlds."""
    study = for_page(result)
    table = worlds_table(study)
    shown = table.rows[:_MOST_ROWS]
    lines = [
        _escaped(recommendation_text(study)),
        "",
        "| " + " | ".join(_escaped(column.title) for column in table.columns) + " |",
        "|" + "|".join("---" if not column.numeric else "---:" for column in table.columns) + "|",
        *("| " + " | ".join(_escaped(cell.text) for cell in row) + " |" for row in shown),
    ]
    if len(table.rows) > len(shown):
        lines += ["", f"{counted(len(table.rows) - len(shown), 'more policy')} not shown."]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """The text with nothing that Markdown or HTML would take for a sign of its own."""
    plain = text.replace(typeset.THIN, " ").replace(typeset.NO_BREAK, " ")
    for sign in "\\`*_[]<>|#~":
        plain = plain.replace(sign, f"\\{sign}")
    return " ".join(plain.split())
