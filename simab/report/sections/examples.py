"""The section with one run of each policy, shown in full."""

from __future__ import annotations

from typing import Final

from simab.report import tables
from simab.report.figure_block import example_figures
from simab.report.sections.section import Content, Numbers, Section
from simab.result import Example, StudyResult
from simab.text import typeset
from simab.text.lists import named

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    return {
        "examples": [
            _shown(study, example, position, numbers)
            for position, example in enumerate(study.examples, start=1)
        ]
    }


def _shown(study: StudyResult, example: Example, position: int, numbers: Numbers) -> Content:
    return {
        "policy": example.policy,
        "replication": typeset.count(example.replication),
        "ended": _ended(example),
        "why": example.chosen_because,
        "figures": example_figures(study, example, position, numbers),
        "decisions": tables.decisions(example),
        "windows": tables.windows(example),
        "totals": tables.totals(example),
    }


def _ended(example: Example) -> str:
    """What was decided for whom and when, and who has the traffic from when on."""
    ended = example.verdict.replace("_", " ")
    if example.decided_for and example.verdict != "rolled_back":
        ended = f"{ended.partition(' ')[0]} {named(example.decided_for)}"
    if example.decided_at_s == example.decided_at_s:
        ended += f" after {typeset.duration(example.decided_at_s)}"
    if not example.ends_with:
        return f"{ended}; the traffic is split at the end"
    since = typeset.duration(example.ends_with_since_s)
    return f"{ended}; {named(example.ends_with)} has all weighted traffic from {since} on"


def _any(study: StudyResult) -> bool:
    return bool(study.examples)


SECTION: Final = Section("examples", "Single runs, replayed", _content, applies=_any)
