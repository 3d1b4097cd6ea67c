"""The section with all that is needed to make the page again."""

from __future__ import annotations

from typing import Final

from simab.report import numerals
from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    facts = [
        ("Runs of each policy", numerals.count(study.replications)),
        ("Horizon of a run", numerals.duration(study.horizon_s)),
        ("Seed", str(study.seed)),
        ("simab", study.simab_version),
        ("Scenario", study.scenario_hash),
    ]
    return {"facts": facts}


SECTION: Final = Section("reproduce", "Reproduce", _content)
