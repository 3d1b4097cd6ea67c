"""How far each way of counting young requests is off, in a sentence and a table."""

from __future__ import annotations

import math
from typing import Final

from simab.report.convergence_text import metric_title, signed_text
from simab.report.table import Cell, Column, Table
from simab.result.studied_convergence import CountingBias, StudiedConvergence
from simab.text import typeset
from simab.text.lists import listed, named

__all__ = ["counting_finding", "counting_words", "countings_table", "shown_instants"]

_SHARES: Final = (0.125, 0.25, 0.5, 1.0)
_CLEAR: Final = 1.7
"""Half-widths of a 95 % interval from 0 at which a bias is said to show: 0.1 % by chance."""


def counting_words(each: CountingBias, result: StudiedConvergence) -> str:
    """A way of counting, as it follows "counted"."""
    match each.kind:
        case "so_far":
            return "so far (negative until positive)"
        case "wait":
            return f"from an age of {typeset.duration(each.age_s)} on"
        case "window":
            return f"once at an age of {typeset.duration(each.age_s)}"
        case "weight" if each.law == "control":
            return f"by age with the delay of {result.control}"
        case "weight":
            return "by age with their own delay"
    return "as labels arrive"


def shown_instants(result: StudiedConvergence) -> list[int]:
    """The checkpoints next to an eighth, a quarter and a half of the horizon, and the last."""
    found = [
        min(range(len(result.times_s)), key=lambda at: abs(result.times_s[at] - wanted))
        for wanted in (share * result.horizon_s for share in _SHARES)
    ]
    return sorted(set(found))


def counting_finding(result: StudiedConvergence) -> str:
    """Which way is furthest off, and where no bias shows: at a quarter of the horizon and its end.

    Empty where ways are not compared.
    """
    instants = shown_instants(result)
    found = [_at(result, at) for at in dict.fromkeys((instants[-3:][0], instants[-1]))]
    return " ".join(each for each in found if each)


def _at(result: StudiedConvergence, at: int) -> str:
    known = [each for each in result.countings or () if math.isfinite(each.low[at])]
    same = [each for each in known if each.kind != "window"]
    clean = [counting_words(each, result) for each in same if not _shows(each, at)]
    parts, whom = [], "requests"
    if len(clean) < len(same):
        worst = max(same, key=lambda each: abs(each.bias[at]) if _shows(each, at) else 0.0)
        parts.append(
            f"the difference in {metric_title(result.metric.name)} is furthest off where "
            f"{whom} count {counting_words(worst, result)}: by "
            f"{signed_text(result.metric, worst.bias[at])}"
        )
        whom = "they"
    if clean:
        parts.append(f"no bias shows where {whom} count {listed(clean, 'or')}")
    parts += [
        f"where they count {counting_words(each, result)}, which is another question, it is off "
        f"by {signed_text(result.metric, each.bias[at])}"
        for each in known
        if each.kind == "window" and _shows(each, at)
    ]
    if not parts:
        return ""
    return f"After {typeset.duration(result.times_s[at])} {'; '.join(parts)}."


def _shows(each: CountingBias, at: int) -> bool:
    return abs(each.bias[at]) > _CLEAR * (each.high[at] - each.low[at]) / 2.0


def countings_table(result: StudiedConvergence) -> Table:
    """The bias of each way at some instants, with its interval; and how wide it spreads."""
    instants = shown_instants(result)
    metric = result.metric
    rows = [
        (
            Cell(counting_words(each, result), _used_by(each)),
            *(
                Cell(
                    signed_text(metric, each.bias[at]) if math.isfinite(each.low[at]) else "–",
                    _range(result, each, at),
                )
                for at in instants
            ),
            Cell(typeset.times(each.wider)),
        )
        for each in result.countings or ()
    ]
    columns = (
        Column("Young requests count", numeric=False),
        *(
            Column(f"Bias after {typeset.duration(result.times_s[at])}", "95 % interval")
            for at in instants
        ),
        Column("Spread at the end", "seen to oracle"),
    )
    return Table(
        f"Difference in {metric_title(metric.name)} by how young requests count", columns,
        tuple(rows),
    )  # fmt: skip


def _used_by(each: CountingBias) -> str:
    return f"as {listed([named(name) for name in each.rules])}" if each.rules else ""


def _range(result: StudiedConvergence, each: CountingBias, at: int) -> str:
    if not math.isfinite(each.low[at]):
        return ""
    low, high = (signed_text(result.metric, end) for end in (each.low[at], each.high[at]))
    return f"{low} to {high}"
