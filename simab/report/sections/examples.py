"""The section with two runs of each policy: what mostly happens, and what did most harm."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simab.report import tables
from simab.report.candidate_text import truth_of_run
from simab.report.figure_block import example_figures, weights_figures
from simab.report.over_worlds import distinct
from simab.report.requirement_text import where_text
from simab.report.sections.section import Content, Numbers, Section
from simab.result import Example, StudyResult
from simab.text import typeset
from simab.text.lists import named

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    return {
        "figures": weights_figures(study, numbers),
        "examples": [
            _shown(study, example, position, numbers)
            for position, example in enumerate(study.examples, start=1)
        ],
    }


def _shown(study: StudyResult, example: Example, position: int, numbers: Numbers) -> Content:
    seen = _in_its_world(study, example)
    several = len(distinct(study)) > 1
    return {
        "policy": example.policy,
        "is_worst": example.is_worst,
        "where": where_text(study, example.world) if several else "",
        "replication": typeset.count(example.replication),
        "ended": _ended(example),
        "why": example.chosen_because,
        "figures": example_figures(seen, example, position, numbers),
        "decisions": tables.decisions(example),
        "windows": tables.windows(example),
        "totals": tables.totals(example),
    }


def _in_its_world(study: StudyResult, example: Example) -> StudyResult:
    """The study with what is true, and found, in the world of the run, for its own candidate."""
    world = next((each for each in study.worlds if each.name == example.world), None)
    if world is not None and world.name != study.world.name:
        study = replace(study, world=world.label, truth=world.truth, policies=world.policies)
    return replace(study, truth=truth_of_run(study, example))


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
