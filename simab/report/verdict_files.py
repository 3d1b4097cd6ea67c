"""The judged requirements as files: JUnit XML for a build server, Markdown for a merge request."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

from simab.report.answer_over_worlds import recommendation_text
from simab.report.change_text import change_line
from simab.report.page_form import for_page
from simab.report.requirement_text import (
    found_text,
    statement_text,
    where_text,
    why_no_runs_tell,
)
from simab.report.worlds_table import worlds_table
from simab.result import FailedPolicy, StudyResult
from simab.result.requirement_result import Compliance
from simab.result.study_change import StudyChange
from simab.text import typeset
from simab.text.numbers import counted

__all__ = ["junit_xml", "markdown_lines"]

_BREAKS: Final = re.compile(rf"[^\S{typeset.NO_BREAK}]+")
_MOST_ROWS: Final = 9  # of the table for a merge request


def junit_xml(result: StudyResult) -> bytes:
    """One test case for each policy, requirement and world; a suite for each policy.

    A requirement that cannot be told yet is skipped, with how many runs would tell or why none is
    known to; runs that failed are an error, one case a world.
    """
    study = for_page(result)
    suites = ElementTree.Element("testsuites", name=f"simab: {study.title}")
    for policy in study.policies:
        own = [each for each in study.judged if each.policy == policy.name]
        counts = [each.compliance for each in own]
        failed = [each for each in study.failures if each.policy == policy.name]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=policy.name,
            tests=str(len(own) + len(failed)),
            failures=str(counts.count(Compliance.FAILS)),
            errors=str(len(failed)),
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
                _outcome(case, "failure", found, "requirement")
            elif each.compliance == Compliance.OPEN:
                why = why_no_runs_tell(study, each) or f"about {each.runs_to_tell} would tell"
                _outcome(case, "skipped", f"cannot tell: {found}; {why}", "requirement")
        for failure in failed:
            _failed_case(suite, study, failure)
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _failed_case(suite: ElementTree.Element, study: StudyResult, failed: FailedPolicy) -> None:
    """Runs that failed in a world, as a case that ended in an error."""
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=failed.policy,
        name=f"runs finish, {where_text(study, failed.world)}",
        time="0",
    )
    many = f"{failed.failed} of {counted(failed.replications, 'run')} failed: {failed.error}"
    _outcome(case, "error", many, "failed runs")


def _outcome(case: ElementTree.Element, name: str, message: str, kind: str) -> None:
    """Why a case did not pass, as attribute and as content: servers read the one or the other."""
    ElementTree.SubElement(case, name, message=message, type=kind).text = message


def markdown_lines(result: StudyResult, change: StudyChange | None = None) -> str:
    """At most 15 lines: the answer, the table of policies over worlds, what changed since."""
    study = for_page(result)
    table = worlds_table(study)
    since = [] if change is None else ["", _since(for_page(change))]
    shown = table.rows[: _MOST_ROWS - len(since)]
    lines = [
        _escaped(recommendation_text(study)),
        "",
        "| " + " | ".join(_escaped(column.title) for column in table.columns) + " |",
        "|" + "|".join("---" if not column.numeric else "---:" for column in table.columns) + "|",
        *("| " + " | ".join(_escaped(cell.text) for cell in row) + " |" for row in shown),
    ]
    left_out = len(table.rows) - len(shown)
    more = [f"{counted(left_out, 'more rule')} not shown."] if left_out else []
    if failed := sum(each.failed for each in study.failures):
        more.append(
            f"{counted(failed, 'run')} failed and {'is' if failed == 1 else 'are'} left out."
        )
    if more:
        lines += ["", " ".join(more)]
    return "\n".join([*lines, *since]) + "\n"


def _since(change: StudyChange) -> str:
    return _escaped(f"Since {change.before.name}: {change_line(change)}")


def _escaped(text: str) -> str:
    """The text with nothing that Markdown or HTML would take for a sign of its own.

    A number and its unit stay on one line.
    """
    plain = text.replace(typeset.THIN, typeset.NO_BREAK)
    for sign in "\\`*_[]<>|#~&":
        plain = plain.replace(sign, f"\\{sign}")
    return _BREAKS.sub(" ", plain).strip()
