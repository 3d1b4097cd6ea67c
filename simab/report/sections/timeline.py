"""The section with what changes during a run, who leads when, and whether totals mislead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab.report import formatting
from simab.report.sections.section import Content, Numbers, Section
from simab.report.table import Cell, Column, Table
from simab.result import StudyResult
from simab.result.studied_timeline import PooledReading, StudiedTimeline
from simab.text import typeset
from simab.text.durations import duration_text
from simab.text.lists import named

__all__ = ["SECTION", "pooled_sentences"]


def _content(study: StudyResult, _: Numbers) -> Content:
    assert study.timeline is not None
    return {
        "sentences": study.timeline.sentences,
        "misleading": [*pooled_sentences(study)],
        "epochs": _epochs(study, study.timeline) if study.timeline.epochs else None,
    }


def pooled_sentences(study: StudyResult) -> Iterator[str]:
    """Of each policy whose totals say what no phase says."""
    truth = study.truth
    for each in study.timeline.pooled if study.timeline else ():
        if each.misled:
            yield _misleading(each, truth.candidate, truth.control)


def _misleading(reading: PooledReading, candidate: str, control: str) -> str:
    roles = (candidate, control) if reading.pooled > 0 else (control, candidate)
    count = (
        "the one run"
        if reading.runs == 1
        else f"{typeset.count(reading.misled)} of {typeset.count(reading.runs)} runs"
    )
    return (
        f"In {count} of {named(reading.policy)} with two phases or more, all requests together say "
        f"that {named(roles[0])} is better, by {typeset.metric_value(abs(reading.pooled))}, and "
        f"every phase of the weights says {named(roles[1])}, by "
        f"{typeset.metric_value(abs(reading.within))} or more: weights moved while answers did "
        "(Simpson's paradox). Compare within phases."
    )


def _epochs(study: StudyResult, timeline: StudiedTimeline) -> Table:
    names = [name for name in study.truth.endings if name in timeline.epochs[0].values]
    metric = formatting.metric_name(timeline.metric)
    columns = (
        Column("From", numeric=False),
        Column("For", numeric=False),
        *(Column(named(name), metric) for name in names),
        Column("Better", numeric=False),
    )
    rows = []
    for each in timeline.epochs:
        values = {name: each.values[name] for name in names}
        rows.append(
            (
                Cell(_from(each.since)),
                Cell(duration_text(each.until_s - each.since_s)),
                *(Cell(typeset.metric_value(value)) for value in values.values()),
                Cell(_better(values, study.truth.direction)),
            )
        )
    return Table(f"What is true when: {metric} on average", columns, tuple(rows))


def _from(since: str) -> str:
    """An instant as the first column names it."""
    for opening in ("after ", "on ", "at "):
        since = since.removeprefix(opening)
    return since


def _better(values: dict[str, float], direction: str) -> str:
    known = {name: value for name, value in values.items() if math.isfinite(value)}
    if not known:
        return "–"
    best = (max if direction == "higher" else min)(known.values())
    leading = [name for name, value in known.items() if math.isclose(value, best, rel_tol=1e-9)]
    return named(leading[0]) if len(leading) == 1 else "equal"


def _any(study: StudyResult) -> bool:
    return study.timeline is not None


SECTION: Final = Section("timeline", "What changes during a run", _content, applies=_any)
