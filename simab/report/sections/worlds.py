"""The section over worlds: what each policy does where the candidate is better, equal, broken."""

from __future__ import annotations

from typing import Final

from simab.report import formatting, tables_over_worlds
from simab.report.figure_block import worlds_figures
from simab.report.over_worlds import distinct
from simab.report.requirement_text import bounds_text
from simab.report.sections.section import Content, Numbers, Section
from simab.report.worlds_table import columns_text, worlds_table
from simab.result import StudyResult
from simab.result.known_worlds import BROKEN, SLOW, TITLES
from simab.result.metrics import COUNTED_AS_CORRECT as COUNTED
from simab.text.lists import named

__all__ = ["SECTION"]


def _content(study: StudyResult, numbers: Numbers) -> Content:
    same = [
        (world.label.title, _title(study, world.label.same_as))
        for world in study.worlds
        if world.label.same_as is not None
    ]
    table = worlds_table(study)
    return {
        "table": table,
        "held": columns_text(table),
        "figures": worlds_figures(study, numbers),
        "errors": tables_over_worlds.errors(study),
        "looks": tables_over_worlds.looks(study),
        "requirements": tables_over_worlds.requirements(study),
        "made": [(world.label.title, world.label.made) for world in distinct(study)],
        "same": same,
        "asked": bounds_text(study),
        "customary": study.customary,
        "notes": _notes(study),
        "judged": any(each.runs for each in study.judged),
    }


def _notes(study: StudyResult) -> list[str]:
    """What a rule can notice, and whose rule it is that a candidate is wrong."""
    notes = [
        "A rule can only be stopped by what it looks at: quality is what labels say, errors are "
        "5XX answers, latency is how long answers take. The file gives each rule what it looks at."
    ]
    known = {
        world.name: world.label.title
        for world in distinct(study)
        if TITLES.get(world.name) == world.label.title
    }
    if BROKEN in known and study.truth.metric in COUNTED:
        metric = formatting.metric_name(study.truth.metric)
        notes.append(
            f"Here {metric} is the share of right answers among labelled requests. A request that "
            f"fails gets no label, so a candidate that fails often may still be ahead in {metric}: "
            "a rule that looks at quality alone promotes it for that."
        )
    if SLOW in known:
        notes.append(
            f"That a candidate {known[SLOW]} is to be kept out is simab's own rule, as for one "
            f"that is {known.get(BROKEN, 'broken')}, whatever the file asks for; "
            f"“worlds: {{{SLOW}: null}}” in the file leaves that world out."
        )
    return notes


def _title(study: StudyResult, name: str) -> str:
    return named(next(each.label.title for each in study.worlds if each.name == name))


def _several(study: StudyResult) -> bool:
    return len(study.worlds) > 1


SECTION: Final = Section("worlds", "In each world", _content, applies=_several)
