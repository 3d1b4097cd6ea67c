"""The figure of the candidate's weight over time, in the usual run of each policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from simab.report.candidate_text import truth_of_run
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.report.policy_rows import Row, RowArea, draw_rows
from simab.report.table import Cell, Column, Table
from simab.result import StudyResult
from simab.result.example_run import SOMEBODY_ELSE, Example
from simab.text import typeset
from simab.text.lists import named
from simab.text.numbers import counted

__all__ = ["draw_weights", "usual_runs", "weights_finding", "weights_table"]


def usual_runs(result: StudyResult) -> list[Example]:
    """What mostly happens under each policy, in the order of the policies."""
    found = {each.policy: each for each in result.examples if not each.is_worst and each.weights}
    return [found[policy.name] for policy in result.policies if policy.name in found]


def draw_weights(result: StudyResult, width: float) -> str:
    """A row a policy: the share that its weights ask for, and its decision."""
    runs = usual_runs(result)
    rows = [
        Row(run.policy, _ending(result, run), partial(_draw, run, _candidate(result, run)))
        for run in runs
    ]
    return draw_rows(rows, _end_s(runs), width, result.scenario.start)


def _candidate(result: StudyResult, run: Example) -> str:
    """Whose weights a row shows: of several, the one that the run is about."""
    return truth_of_run(result, run).candidate


def _end_s(runs: Sequence[Example]) -> float:
    return max(run.shown_until_s for run in runs)


def _ending(result: StudyResult, run: Example) -> str:
    """When it was decided, and whether it is right to end as this run does."""
    judged = _judged(result, run)
    if not math.isfinite(run.decided_at_s):
        return f"undecided, {judged}"
    return f"{typeset.duration(run.decided_at_s)}, {judged}"


def _judged(result: StudyResult, run: Example) -> str:
    """Right, wrong or neither, by the variant that has the traffic at the end and the decision."""
    return result.truth.judgement(run.ends_with, run.decided_at_s) or "neither"


def _draw(run: Example, candidate: str, paper: Paper, area: RowArea) -> None:
    times, shares = run.weight_steps(candidate, area.end_s)
    for (since_s, share), (until_s, _) in pairwise(zip(times, shares, strict=True)):
        if since_s >= area.end_s:
            break
        (left, top), (right, bottom) = area.place(since_s, share), area.place(until_s, 0)
        size = max(right - left, 0.5), bottom - top
        if share > 0:
            paper.area(
                [(left, top), (left + size[0], top), (left + size[0], bottom), (left, bottom)],
                LIGHT["vermillion"],
                opacity=0.22,
            )
        paper.line([(left, top), (left + size[0], top)], LIGHT["vermillion"], thick=1.8)
    for at_s in _set_by_others(run, area.end_s):
        ends = [area.place(at_s, -0.1), area.place(at_s, 1.05)]
        paper.line(ends, LIGHT["soft"], dash=(4, 3), thick=1.6)
    if math.isfinite(run.decided_at_s) and run.decided_at_s <= area.end_s:
        low, high = area.place(run.decided_at_s, -0.1), area.place(run.decided_at_s, 1.05)
        paper.line([low, high], LIGHT["ink"], thick=1.6)


def _set_by_others(run: Example, end_s: float) -> list[float]:
    """When somebody else set weights, past the policy."""
    own = [each for each in run.decisions if each.action == SOMEBODY_ELSE and each.accepted]
    return [each.at_s for each in own if each.at_s <= end_s]


def weights_finding(result: StudyResult) -> str:
    """How many of these runs end right, and which decides first and last."""
    runs = usual_runs(result)
    ends = [_judged(result, run) for run in runs]
    right, wrong = ends.count("right"), ends.count("wrong")
    of = counted(len(runs), "run")
    said = f"Of {of}, the usual one of each policy, {right} end right and {wrong} wrong."
    decided = [run for run in runs if math.isfinite(run.decided_at_s)]
    if decided:
        first = min(decided, key=lambda run: run.decided_at_s)
        last = max(decided, key=lambda run: run.decided_at_s)
        after = typeset.duration(first.decided_at_s)
        said += f" {named(first.policy)} decides first, after {after}"
        if last is not first:
            said += f", {named(last.policy)} last, after {typeset.duration(last.decided_at_s)}"
        said += "."
    others = (
        " Dashed upright line: somebody else set weights."
        if any(_set_by_others(run, _end_s(runs)) for run in runs)
        else ""
    )
    return (
        f"{said} Height: the share of the traffic that the weights ask for {_whose(result)}, all "
        f"of it at the top of a row. Upright line: the decision.{others}"
    )


def _whose(result: StudyResult) -> str:
    if result.truth.several:
        return (
            "the candidate that a run ends with (of one that ends with none: the only one that the "
            "rule rolls out, else the one with the largest weight, of equal weights the best)"
        )
    return named(result.truth.candidate)


def weights_table(result: StudyResult) -> Table:
    """Every change of weights in these runs; of very many the first and the last."""
    candidate = "a candidate" if result.truth.several else result.truth.candidate
    columns = (
        Column("Policy", numeric=False),
        Column("From", numeric=False),
        Column("Weight", f"of {candidate}, as a share"),
    )
    rows: list[tuple[Cell, ...]] = []
    for run in usual_runs(result):
        changes = [each for each in run.weights if each.at_s <= _end_s([run])]
        kept = changes if len(changes) <= 12 else [*changes[:6], *changes[-6:]]
        rows += [
            (
                Cell(run.policy),
                Cell(typeset.duration(each.at_s)),
                Cell(typeset.percent(each.weights.get(_candidate(result, run), 0.0), 1)),
            )
            for each in kept
        ]
    caption = "Weights in force; of more than twelve the first and last six"
    return Table(caption, columns, tuple(rows))
