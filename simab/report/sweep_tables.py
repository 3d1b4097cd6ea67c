"""The tables of a sweep: each policy at its worst points, and every policy at every point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from simab.report import formatting
from simab.report.sweep_axis import value_text
from simab.report.table import Cell, Column, Table, cell
from simab.report.tables import written_mean
from simab.result import PolicyResult
from simab.result.columns import COLUMNS
from simab.result.sweep_result import THEORY_ERROR, SweepResult, SweptPoint, TheoryShare
from simab.result.truth_summary import DEPENDS, KEEP, PROMOTE
from simab.stats.binomial_band import count_agrees
from simab.text import typeset
from simab.text.numbers import counted

__all__ = ["agrees", "every_point", "point_text", "theories", "worst", "worst_points"]

At: TypeAlias = tuple[SweptPoint, PolicyResult]
_NONE: Final = Cell("–")


def point_text(result: SweepResult, point: SweptPoint) -> str:
    """A point by its values: "effect +2, rate 5/s"."""
    return ", ".join(
        f"{field.path.rpartition('.')[2]} {value_text(field, at)}"
        for field, at in zip(result.fields, point.places, strict=True)
    )


def worst(result: SweepResult, policy: str, asks: str, of: Callable[[At], float]) -> At | None:
    """Where `of` is largest among the points that ask for this; None where there is none."""
    found = [each for each in result.at(policy) if each[0].asks == asks]
    return max(found, key=of, default=None)


def worst_points(result: SweepResult) -> Table:
    """A row a policy: most false promotions, least power, longest time, most harm, theory."""
    exposed = any(point.truth.exposed for point in result.points)
    theory = any(point.theory for point in result.points)
    columns = [
        Column("Policy", numeric=False),
        Column("Promotes, where keeping is right", "at the point where most often"),
        Column("Promotes, where promoting is right", "at the point where least often"),
        Column("Time to decision", "longest median of the points"),
    ]
    if exposed:
        columns.append(Column("Requests on worse variants", "largest mean of the points"))
    if theory:
        columns.append(Column("As theory says", "points of those that it speaks of"))
    rows = []
    for name in result.policies:
        row = [
            Cell(name),
            _share(result, worst(result, name, KEEP, lambda at: at[1].promotes.share)),
            _share(result, worst(result, name, PROMOTE, lambda at: -at[1].promotes.share)),
            _longest(result, name),
        ]
        row += [_most_exposed(result, name)] if exposed else []
        row += [_by_theory(result, name)] if theory else []
        rows.append(tuple(row))
    caption = (
        f"Each policy over {counted(len(result.points), 'point')}, "
        f"{counted(result.replications, 'run')} at each"
    )
    return Table(caption, tuple(columns), tuple(rows))


def _share(result: SweepResult, found: At | None) -> Cell:
    if found is None:
        return _NONE
    point, policy = found
    written = formatting.proportion(policy.promotes)
    return Cell(written.value, f"{written.interval}; {point_text(result, point)}")


def _longest(result: SweepResult, name: str) -> Cell:
    at = result.at(name)
    if not at:
        return _NONE
    point, policy = max(at, key=lambda each: _median(each[1]))
    written = formatting.duration_quantiles(policy.decision_time_s, result.horizon_s)
    return Cell(written.value, point_text(result, point))


def _median(policy: PolicyResult) -> float:
    """The median time; of a policy that leaves half undecided it lies beyond the horizon."""
    median = policy.decision_time_s.p50
    return median if median == median else math.inf


def _most_exposed(result: SweepResult, name: str) -> Cell:
    column = COLUMNS["requests_on_worse"]
    at = [each for each in result.at(name) if each[0].truth.exposed]
    if not at:
        return _NONE
    point, policy = max(at, key=lambda each: each[1].means[column.key].mean)
    written = written_mean(column, policy)
    return Cell(written.value, f"{written.interval}; {point_text(result, point)}".lstrip("; "))


def theories(result: SweepResult, name: str) -> list[tuple[PolicyResult, TheoryShare]]:
    """What was measured and what theory says, where it says anything."""
    return [
        (policy, point.theory[name]) for point, policy in result.at(name) if name in point.theory
    ]


def agrees(policy: PolicyResult, theory: TheoryShare) -> bool:
    """Whether the measured share is what theory says, within the Monte Carlo band."""
    allowed = THEORY_ERROR if theory.approximate else 0.0
    count = policy.promotes.count
    return count_agrees(count, policy.runs, theory.probability, allowed=allowed)


def _by_theory(result: SweepResult, name: str) -> Cell:
    known = theories(result, name)
    if not known:
        return _NONE
    inside = sum(agrees(*each) for each in known)
    return Cell(f"{inside} of {len(known)}")


def every_point(result: SweepResult) -> Table:
    """A row a point and policy: how runs end, when, and at what cost."""
    theory = any(point.theory for point in result.points)
    worse, errors = COLUMNS["requests_on_worse"], COLUMNS["error_share"]
    columns = [
        Column("Policy", numeric=False),
        *(Column(field.path.rpartition(".")[2]) for field in result.fields),
        Column("Right", "to do", numeric=False),
        Column("Promotes"),
        *([Column("By theory")] if theory else []),
        Column("Keeps", "or rolls back"),
        Column("Undecided"),
        Column("Is right"),
        Column("Time to decision", "median, 10\u2060–\u206090\u202f%"),
        Column(worse.title, "mean"),
        Column(errors.title, "mean"),
    ]
    rows = []
    for name in result.policies:
        for point, policy in result.at(name):
            kept = policy.verdicts["kept_control"].share + policy.verdicts["rolled_back"].share
            expected = point.theory.get(name)
            share = typeset.percent(expected.probability, 1) if expected else "–"
            rows.append(
                (
                    Cell(name),
                    *_settings(result, point),
                    Cell(_ASKED.get(point.asks, "neither")),
                    cell(formatting.proportion(policy.promotes)),
                    *([Cell(share)] if theory else []),
                    Cell(typeset.percent(kept, 1)),
                    cell(formatting.proportion(policy.verdicts["undecided"])),
                    cell(formatting.proportion(policy.correct)),
                    cell(formatting.duration_quantiles(policy.decision_time_s)),
                    cell(written_mean(worse, policy)),
                    cell(written_mean(errors, policy)),
                )
            )
    return Table("Each policy at each point", tuple(columns), tuple(rows))


_ASKED: Final = {PROMOTE: "promote", KEEP: "keep", DEPENDS: "by when"}


def _settings(result: SweepResult, point: SweptPoint) -> Sequence[Cell]:
    return [
        Cell(value_text(field, at)) for field, at in zip(result.fields, point.places, strict=True)
    ]
