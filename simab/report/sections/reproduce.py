"""The section with all that is needed to make the page again."""

from __future__ import annotations

from typing import Final

from simab.report.sections.section import Content, Numbers, Section
from simab.result import StudyResult
from simab.text import typeset

__all__ = ["SECTION"]


def _content(study: StudyResult, _: Numbers) -> Content:
    facts = [
        ("Runs of each policy", typeset.count(study.replications)),
        ("Horizon of a run", typeset.duration(study.horizon_s)),
        ("Seed", str(study.seed)),
        ("simab", study.simab_version),
        ("Scenario", study.scenario_hash),
    ]
    return {"facts": facts}


SECTION: Final = Section("reproduce", "Reproduce", _content)
