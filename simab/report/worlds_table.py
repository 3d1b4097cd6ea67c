"""The table of policies over worlds: promotions, time, harm, and whether a policy passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simab.report import formatting
from simab.report.candidate_text import right_candidate
from simab.report.over_worlds import distinct, ends_right, promoting
from simab.report.requirement_text import looks_text, world_heading
from simab.report.table import Cell, Column, Table, cell
from simab.report.tables import written_mean
from simab.report.tables_over_worlds import VERDICTS
from simab.result import PolicyResult, StudyResult
from simab.result.columns import COLUMNS
from simab.result.requirement_result import Compliance
from simab.result.world_result import WorldResult
from simab.text import typeset
from simab.text.lists import listed
from simab.text.numbers import counted

__all__ = [
    "LOOKS_AT",
    "ON_WORSE",
    "TIME",
    "VERDICT",
    "columns_text",
    "world_column",
    "worlds_table",
]

LOOKS_AT: Final = "Looks at"
"""The heading of the column that says what a policy looks at."""
VERDICT: Final = "Verdict"
"""The heading of the column that says whether a policy meets what is required."""
TIME: Final = "Time to decision"
"""The heading of the column of the longest median time, over the worlds."""
ON_WORSE: Final = "Requests on worse variants"
"""The heading of the column of the largest mean number, over the worlds."""

_NONE: Final = Cell("–")
_SAYS_NOTHING: Final = frozenset({"–", typeset.NOT_KNOWN, VERDICTS[Compliance.NOT_ASKED]})


def worlds_table(result: StudyResult) -> Table:
    """A row a policy: promotions in each world, time to decision and harm where it is most."""
    worlds = distinct(result)
    exposed = [world for world in worlds if world.truth.exposed]
    columns = [
        Column("Policy", numeric=False),
        Column(LOOKS_AT, numeric=False),
        *(Column(world_column(world), world_heading(world)) for world in worlds),
        Column(TIME, "longest median of the worlds"),
    ]
    if exposed:
        columns.append(Column(ON_WORSE, "largest mean of the worlds"))
    columns.append(Column(VERDICT, "on what is required", numeric=False))
    rows = tuple(_row(result, policy.name, worlds, exposed) for policy in result.policies)
    caption = (
        f"Each policy in each world over {counted(result.replications, 'run')} a world; where it "
        f"is right to promote, a run counts that ends with {right_candidate(result)}"
    )
    return Table(caption, tuple(columns), rows).without(_SAYS_NOTHING)


def world_column(world: WorldResult) -> str:
    """The heading of the column of a world: what is counted there, and its title."""
    counts = "Ends right" if ends_right(world) else "Promotes"
    return f"{counts}, {world.label.title}"


def columns_text(table: Table) -> str:
    """What the numbers of each column are, and which intervals stand beneath them."""
    titles = {each.title for each in table.columns}
    percent = f"{typeset.THIN}%"
    parts = []
    counts = [
        f"“{word}”"
        for word in ("Promotes", "Ends right")
        if any(each.startswith(f"{word}, ") for each in titles)
    ]
    if counts:
        parts.append(
            f"{listed(counts, 'or')} is the share of the runs, with its 95{percent} interval: "
            "Wilson's, or Clopper and Pearson's where fewer than 15 runs do so or fewer than 15 do "
            "not."
        )
    if "“Ends right”" in counts:
        parts.append(
            "“Promotes” counts whichever candidate is promoted; “ends right” only runs at whose "
            "end a right one has all traffic."
        )
    if TIME in titles:
        parts.append(
            f"“{TIME}” is the median, with the times by which 10 and 90{percent} of the runs have "
            "decided; these are no interval of the median."
        )
    if ON_WORSE in titles:
        parts.append(f"“{ON_WORSE}” is the mean of a run, with its 95{percent} interval.")
    return " ".join(parts)


def _row(
    result: StudyResult, name: str, worlds: Sequence[WorldResult], exposed: Sequence[WorldResult]
) -> tuple[Cell, ...]:
    found = {world.name: _policy(world, name) for world in worlds}
    cells = [Cell(name), Cell(looks_text(result, name))]
    for world in worlds:
        policy = found[world.name]
        cells.append(cell(formatting.proportion(promoting(world, policy))) if policy else _NONE)
    played = [policy for policy in found.values() if policy is not None]
    if not played:
        more = [_NONE, _NONE] if exposed else [_NONE]
        return (*cells, *more, Cell(VERDICTS[result.compliance(name)]))
    slowest = max(played, key=_median)
    cells.append(cell(formatting.duration_quantiles(slowest.decision_time_s, result.horizon_s)))
    if exposed:
        column = COLUMNS["requests_on_worse"]
        at = [policy for world in exposed if (policy := found[world.name]) is not None]
        most = max(at, key=lambda policy: policy.means[column.key].mean, default=None)
        cells.append(cell(written_mean(column, most)) if most else _NONE)
    cells.append(Cell(VERDICTS[result.compliance(name)]))
    return tuple(cells)


def _median(policy: PolicyResult) -> float:
    """The median time; of a policy that leaves half undecided it lies beyond the horizon."""
    median = policy.decision_time_s.p50
    return median if median == median else float("inf")


def _policy(world: WorldResult, name: str) -> PolicyResult | None:
    return next((each for each in world.policies if each.name == name), None)
