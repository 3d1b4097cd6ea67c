"""The tables over worlds: requirements judged, and the numbers behind the figures over worlds."""

from __future__ import annotations

from typing import Final

from simab.report import formatting
from simab.report.over_worlds import distinct, harmful, in_world, trades
from simab.report.requirement_text import found_text, statement_text, why_no_runs_tell
from simab.report.table import Cell, Column, Table, cell
from simab.report.worlds_figure import PARTS, part_words, parts_of
from simab.result import StudyResult
from simab.result.requirement_result import Compliance, JudgedRequirement
from simab.result.run_summary import Verdict
from simab.text import typeset

__all__ = ["VERDICTS", "errors", "harm", "looks", "requirements", "trade", "worlds"]

VERDICTS: Final = {
    Compliance.PASSES: "pass",
    Compliance.FAILS: "fail",
    Compliance.OPEN: "cannot tell",
    Compliance.NOT_ASKED: "not asked",
}
"""What a table says of a requirement, or of all that was asked of a policy."""
_QUANTILES: Final = ("least", "p5", "p25", "p50", "p75", "p95", "most")


def requirements(result: StudyResult) -> Table:
    """Every requirement of every policy in every world that it is about, and how it was judged."""
    columns = (
        Column("Policy", numeric=False),
        Column("Requirement", numeric=False),
        Column("World", numeric=False),
        Column("Found", "interval at all looks together"),
        Column("Verdict", numeric=False),
        Column("Runs that would tell", "with probability 80\u202f%", numeric=False),
    )
    titles = {world.name: world.label.title for world in result.worlds}
    rows = tuple(
        (
            Cell(each.policy),
            Cell(statement_text(result.requirements[each.requirement])),
            Cell(titles.get(each.world, "none that was played")),
            _found(result, each),
            Cell(VERDICTS[Compliance(each.compliance)]),
            Cell(_runs(result, each)),
        )
        for each in result.judged
    )
    return Table("Every requirement, judged", columns, rows)


def _found(result: StudyResult, judged: JudgedRequirement) -> Cell:
    if not judged.runs:
        return Cell(typeset.NOT_KNOWN)
    value, _, interval = found_text(result, judged).partition(" (")
    return Cell(value, interval.removesuffix(")"))


def _runs(result: StudyResult, judged: JudgedRequirement) -> str:
    if judged.compliance != Compliance.OPEN:
        return "–"
    if (why := why_no_runs_tell(result, judged)) is not None:
        return why
    return typeset.count(judged.runs_to_tell or 0)


def trade(result: StudyResult) -> Table:
    """False promotion and time of each policy, and the worlds that they are of."""
    right = "Ends right where promoting is" if result.truth.several else "Promotes where right"
    columns = (
        Column("Policy", numeric=False),
        Column("False promotion", "largest of the worlds, 95\u202f%"),
        Column("World", numeric=False),
        Column(right, "smallest of the worlds, 95\u202f%"),
        Column("Time to decision", "median, its 95\u202f% interval"),
        Column("World", "where promoting is right", numeric=False),
    )
    rows = tuple(
        (
            Cell(each.policy),
            cell(formatting.proportion(each.false)),
            Cell(each.where.label.title),
            cell(formatting.proportion(each.rightly)),
            Cell(
                typeset.duration(each.time.p50) if each.decides else "beyond the horizon",
                _interval(each.time.p50_low, each.time.p50_high),
            ),
            Cell(each.when.label.title),
        )
        for each in trades(result)
    )
    return Table("False promotion and time to decision", columns, rows)


def _interval(low: float, high: float) -> str:
    if high != high:
        return "" if low != low else f"from {typeset.duration(low)}"
    return typeset.duration_range(low, high)


def worlds(result: StudyResult) -> Table:
    """How many replications of each policy and world end in which way."""
    found = [
        (policy.name, world, parts_of(world, in_world(world, policy.name), result.replications))
        for policy in result.policies
        for world in distinct(result)
    ]
    used = [at for at in range(len(PARTS)) if any(counts[at] for _, _, counts in found)]
    columns = (
        Column("Policy", numeric=False),
        Column("World", numeric=False),
        *(Column(part_words(result, at).capitalize()) for at in used),
    )
    rows = tuple(
        (
            Cell(name),
            Cell(world.label.title),
            *(Cell(typeset.count(counts[at])) for at in used),
        )
        for name, world, counts in found
    )
    return Table("Replications by what was decided", columns, rows)


def harm(result: StudyResult) -> Table:
    """Quantiles over runs of the requests on worse variants."""
    titles = ("Least", "5\u202f%", "25\u202f%", "Median", "75\u202f%", "95\u202f%", "Most")
    columns = (
        Column("World", numeric=False),
        Column("Policy", numeric=False),
        *(Column(title) for title in titles),
    )
    rows = tuple(
        (
            Cell(world.label.title),
            Cell(name),
            *(Cell(typeset.count(getattr(spread, key))) for key in _QUANTILES),
        )
        for world, spreads in harmful(result)
        for name, spread in spreads
    )
    return Table("Requests on worse variants, over runs", columns, rows)


def errors(result: StudyResult) -> Table | None:
    """The share of requests that fail or are refused, by policy and world; None where none is."""
    worlds = distinct(result)
    rows = []
    for each in result.policies:
        found = [in_world(world, each.name) for world in worlds]
        shares = [policy and policy.means["error_share"] for policy in found]
        cells = [cell(formatting.mean_share(one)) if one else Cell("–") for one in shares]
        rows.append((Cell(each.name), *cells))
    played = [policy for world in worlds for policy in world.policies]
    if not any(policy.means["error_share"].mean > 0 for policy in played):
        return None
    columns = (
        Column("Policy", numeric=False),
        *(Column(world.label.title.capitalize(), "of requests, mean of runs") for world in worlds),
    )
    return Table("Requests that fail or are refused, in each world", columns, tuple(rows))


def looks(result: StudyResult) -> Table | None:
    """When runs were decided, and how, of policies with a few looks; None where there are none.

    Shares are of all runs of that policy in that world.
    """
    columns = (
        Column("Policy", numeric=False),
        Column("World", numeric=False),
        Column("Decided after", numeric=False),
        Column("Candidate promoted"),
        Column("Control kept", "or rolled back"),
        Column("Another promoted"),
    )
    groups = (
        (Verdict.PROMOTED_CANDIDATE,),
        (Verdict.KEPT_CONTROL, Verdict.ROLLED_BACK),
        (Verdict.PROMOTED_OTHER,),
    )
    rows = []
    for each in result.policies:
        for world in distinct(result):
            policy = in_world(world, each.name)
            if policy is None or len(policy.looks) < 2:
                continue
            for look in policy.looks:
                counts = [sum(look.counts.get(one, 0) for one in group) for group in groups]
                rows.append((policy.name, world.label.title, look.at_s, counts, policy.runs))
    if not rows:
        return None
    shown = [at for at in range(len(groups)) if at < 2 or any(row[3][at] for row in rows)]
    return Table(
        "How runs end, by look",
        (*columns[:3], *(columns[3 + at] for at in shown)),
        tuple(
            (
                Cell(name),
                Cell(title),
                Cell(typeset.duration(at_s)),
                *(_share(counts[at], runs) for at in shown),
            )
            for name, title, at_s, counts, runs in rows
        ),
    )


def _share(count: int, runs: int) -> Cell:
    return Cell(typeset.percent(count / runs, 1), typeset.count(count))
