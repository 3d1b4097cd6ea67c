"""The figures of a sweep: curves along one field, maps over two, marks over several."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

from simab.report import formatting
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.formatting import Written
from simab.report.sweep_axis import FieldAxis
from simab.report.sweep_curves import Line, Scale, draw_curves
from simab.report.sweep_heat_map import Map, draw_maps
from simab.report.sweep_tables import agrees, point_text, theories
from simab.report.table import Cell, Column, Table, cell
from simab.report.tables import written_mean
from simab.result import PolicyResult
from simab.result.columns import COLUMNS
from simab.result.sweep_result import SweepResult, TheoryCurve
from simab.text import typeset
from simab.text.lists import named

__all__ = ["sweep_figures"]

_WORSE: Final = COLUMNS["requests_on_worse"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A quantity that is drawn: its value and interval of a policy, in words, and its heading."""

    key: str
    title: str
    of: Callable[[PolicyResult], tuple[float, float, float]]
    words: Callable[[PolicyResult], Written]
    tick: Callable[[float], str]
    is_share: bool = False


def _promoted(policy: PolicyResult) -> tuple[float, float, float]:
    return policy.promotes.share, policy.promotes.low, policy.promotes.high


def _decided(policy: PolicyResult) -> tuple[float, float, float]:
    time = policy.decision_time_s
    return time.p50, time.p50_low, time.p50_high


def _exposed(policy: PolicyResult) -> tuple[float, float, float]:
    mean = policy.means[_WORSE.key]
    return mean.mean, mean.low, mean.high


PROMOTES: Final = Shown(
    "promotes",
    "How often the candidate is promoted",
    _promoted,
    lambda policy: formatting.proportion(policy.promotes),
    typeset.whole_percent,
    is_share=True,
)
DECIDES: Final = Shown(
    "decides",
    "Time to a decision",
    _decided,
    lambda policy: formatting.duration_quantiles(policy.decision_time_s),
    lambda value: typeset.duration(max(value, 0.0)),
)
EXPOSES: Final = Shown(
    "exposes",
    "Requests on worse variants",
    _exposed,
    lambda policy: written_mean(_WORSE, policy),
    lambda value: typeset.count(max(value, 0.0)),
)


def sweep_figures(result: SweepResult, numbers: Iterator[int]) -> list[FigureBlock]:
    """What each policy does over the points, by how many fields vary."""
    shown = [PROMOTES, DECIDES]
    if any(point.truth.exposed for point in result.points):
        shown.append(EXPOSES)
    if len(result.fields) == 1:
        return [_curves(result, numbers, 0, each) for each in shown]
    if len(result.fields) == 2 and not result.sampled:
        return [_maps(result, numbers, each) for each in shown]
    return [_curves(result, numbers, at, PROMOTES) for at in range(len(result.fields))]


def _curves(result: SweepResult, numbers: Iterator[int], field: int, shown: Shown) -> FigureBlock:
    alone = len(result.fields) == 1
    joined = alone and result.fields[field].is_numeric
    axis = FieldAxis(result, field)
    theory = {curve.policy: curve for curve in result.curves} if shown is PROMOTES else {}
    lines = [
        _line(result, name, axis, shown, joined=joined, theory=_theory(theory.get(name)))
        for name in result.policies
        if result.at(name)
    ]
    scale = Scale(shown.is_share, shown.tick, _most(lines), is_time=shown is DECIDES)
    words = (_title(result, field, shown), _finding(result, shown))
    return figure_block(
        numbers,
        f"{shown.key}-{field}",
        words,
        lambda width: draw_curves(lines, axis, scale, width),
        _table(result, shown),
    )


def _theory(curve: TheoryCurve | None) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    return None if curve is None else (curve.places, curve.shares)


def _line(
    result: SweepResult,
    name: str,
    axis: FieldAxis,
    shown: Shown,
    *,
    joined: bool,
    theory: tuple[tuple[float, ...], tuple[float, ...]] | None,
) -> Line:
    found = sorted(
        ((axis.place(point.places), *shown.of(policy)) for point, policy in result.at(name)),
        key=lambda each: each[0],
    )
    places, values, lows, highs = zip(*found, strict=True)
    return Line(name, places, values, lows, highs, theory, joined)


def _most(lines: Sequence[Line]) -> float:
    everything = [
        each for line in lines for each in (*line.values, *line.highs) if math.isfinite(each)
    ]
    return max(everything, default=1.0) or 1.0


def _maps(result: SweepResult, numbers: Iterator[int], shown: Shown) -> FigureBlock:
    values = {
        name: {
            (point.places[0], point.places[1]): (shown.of(policy)[0], point, policy)
            for point, policy in result.at(name)
        }
        for name in result.policies
    }
    known = [each[0] for cells in values.values() for each in cells.values()]
    most = 1.0 if shown.is_share else max(filter(math.isfinite, known), default=1.0) or 1.0
    maps = [
        Map(
            name,
            {
                place: (value / most, shown.tick(value) if math.isfinite(value) else "late")
                for place, (value, _, _) in cells.items()
            },
        )
        for name, cells in values.items()
        if cells
    ]
    return figure_block(
        numbers,
        shown.key,
        (f"{_what(result, shown)}, over both fields", _finding(result, shown)),
        lambda width: draw_maps(result, maps, width),
        _table(result, shown),
    )


def _title(result: SweepResult, field: int, shown: Shown) -> str:
    against = result.fields[field].path
    what = "the true effect" if against == "effect" else against
    return f"{_what(result, shown)}, against {what}"


def _what(result: SweepResult, shown: Shown) -> str:
    """What is shown; of several candidates that any of them counts."""
    if shown is PROMOTES and any(point.truth.several for point in result.points):
        return "How often a candidate is promoted, right or wrong"
    return shown.title


def _finding(result: SweepResult, shown: Shown) -> str:
    """What the figure shows: the extremes, how marks and lines are to be read, and theory."""
    reach = {name: _reach(result, name, shown) for name in result.policies}
    known = {name: each for name, each in reach.items() if each is not None}
    if not known:
        return "At no point has half of the runs of any policy decided."
    name, (low, at_low, high, at_high) = max(
        known.items(), key=lambda each: each[1].high - each[1].low
    )
    moves = f"It depends most on this with {named(name)}: "
    moves += f"{shown.tick(low)} at {at_low}, {shown.tick(high)} at {at_high}."
    if low == high:
        moves = "It is the same at all points with each policy."
    return " ".join(filter(None, (moves, _reading(result, shown), _beside_theory(result, shown))))


class _Reach(NamedTuple):
    """The smallest and the largest value of a policy over the points, and where."""

    low: float
    at_low: str
    high: float
    at_high: str


def _reach(result: SweepResult, name: str, shown: Shown) -> _Reach | None:
    found = [
        (value, point_text(result, point))
        for point, policy in result.at(name)
        if math.isfinite(value := shown.of(policy)[0])
    ]
    if not found:
        return None
    return _Reach(*min(found, key=itemgetter(0)), *max(found, key=itemgetter(0)))


def _reading(result: SweepResult, shown: Shown) -> str:
    if len(result.fields) == 2 and not result.sampled:
        if shown is DECIDES:
            return "A cell has the median; late: half of the runs have not decided by the horizon."
        return "A cell has the share of runs." if shown.is_share else "A cell has the mean."
    what = "the median" if shown is DECIDES else "the mean" if shown is EXPOSES else "the share"
    late = ""
    if shown is DECIDES:
        late = " A point without a mark: half of the runs have not decided by the horizon."
    band = " and the band" if len(result.fields) == 1 and result.fields[0].is_numeric else ""
    return f"The bar through a mark{band}: the 95{typeset.THIN}% interval of {what}.{late}"


def _beside_theory(result: SweepResult, shown: Shown) -> str:
    if shown is not PROMOTES:
        return ""
    known = [each for name in result.policies for each in theories(result, name)]
    if not known:
        return ""
    inside = sum(agrees(*each) for each in known)
    line = " A line is theory where there is one, and joins the marks elsewhere."
    return (
        f"Theory speaks of {len(known)} marks: {inside} of them lie within its band of three "
        f"standard errors.{line if result.curves else ''}"
    )


def _table(result: SweepResult, shown: Shown) -> Table:
    """The numbers behind a figure: a row a point, a column a policy."""
    columns = [Column("Point", numeric=False), *(Column(name) for name in result.policies)]
    rows = []
    for point in result.points:
        cells = [Cell(point_text(result, point))]
        for name in result.policies:
            policy = point.policy(name)
            cells.append(Cell("–") if policy is None else cell(shown.words(policy)))
        rows.append(tuple(cells))
    return Table(f"{_what(result, shown)} at each point", tuple(columns), tuple(rows))
