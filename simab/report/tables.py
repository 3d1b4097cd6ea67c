"""The page's tables: operating characteristics, health, pairs, decisions; records become text."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simab.report import formatting, verdict_columns
from simab.report.formatting import Written
from simab.report.paired_figure import quantity
from simab.report.table import Cell, Column, Table, cell
from simab.report.truth_text import worse_variants
from simab.report.verdict_columns import VerdictColumn
from simab.result import Mean, PairedDifference, PolicyResult, StudyResult
from simab.result.columns import COLUMNS, VARIANT_COLUMNS, Shown, Unit
from simab.result.columns import Column as OutcomeColumn
from simab.result.example_run import Example
from simab.text import typeset
from simab.text.lists import named
from simab.text.numbers import counted

__all__ = [
    "APPROXIMATE",
    "MOST_DECISIONS",
    "answers",
    "costs",
    "decisions",
    "health",
    "pairs",
    "summary",
    "totals",
    "windows",
    "written_mean",
]

MOST_DECISIONS: Final = 40
APPROXIMATE: Final = "the interval may be too short, as runs unlike those seen are not in it"
_WRITTEN: Final[Mapping[Unit, Callable[[Mean], Written]]] = {
    Unit.COUNT: formatting.mean,
    Unit.SHARE: formatting.mean_share,
    Unit.SECONDS: formatting.mean_duration,
    Unit.EXCESS_SECONDS: formatting.mean_excess,
    Unit.METRIC: formatting.mean_metric,
    Unit.COST: formatting.mean_metric,
    Unit.GAIN: formatting.mean_gain,
}
TOTALS: Final = (
    ("arrived", "Requests arrived"),
    ("answered", "Answered"),
    ("failed", "Failed"),
    ("rejected", "Rejected"),
    ("invalid", "Invalid"),
    ("in_flight", "In flight at the end"),
    ("labels_arrived", "Labels arrived"),
    ("labels_outstanding", "Labels outstanding"),
    ("labels_never", "Never labelled"),
    ("copies", "Mirrored copies, beside the requests"),
)


def summary(result: StudyResult) -> Table:
    """The operating characteristics of every policy."""
    judged, measured = _judged(result), _columns(Shown.SUMMARY, result)
    columns = (
        Column("Policy", numeric=False),
        *(Column(each.title, each.note) for each in judged),
        Column("Time to decision", "median, 10\u2060–\u206090\u202f%"),
        Column("Requests to decision", "median, 10\u2060–\u206090\u202f%"),
        *(_heading(each, result) for each in measured),
    )
    rows = tuple(
        (
            Cell(policy.name),
            *(cell(formatting.proportion(each.share(policy))) for each in judged),
            cell(formatting.duration_quantiles(policy.decision_time_s, result.horizon_s)),
            cell(formatting.quantiles(policy.requests_to_decision)),
            *(cell(written_mean(each, policy)) for each in measured),
        )
        for policy in result.policies
    )
    caption = f"Operating characteristics of each policy over {counted(result.replications, 'run')}"
    return Table(caption + _approximate(result, measured), columns, rows)


def _columns(shown: Shown, result: StudyResult) -> list[OutcomeColumn]:
    """The columns of a table, but for those that would say nothing of this study."""
    return [each for each in COLUMNS.values() if each.shown is shown and _says(each, result)]


def _says(column: OutcomeColumn, result: StudyResult) -> bool:
    """Whether it is known where it need not be, and could be another number than 0 for any."""
    means = [policy.means[column.key] for policy in result.policies]
    known = any(math.isfinite(mean.mean) for mean in means)
    certain = all(mean.low == mean.mean == mean.high == 0 for mean in means)
    return (
        (bool(result.truth.exposed) or not column.of_worse)
        and (known or not column.where_known)
        and not certain
    )


def _heading(column: OutcomeColumn, result: StudyResult) -> Column:
    truth = result.truth
    metric = formatting.metric_name(truth.metric)
    beyond = "below" if truth.direction == "higher" else "above"
    note = column.note.format(worse=worse_variants(truth), metric=metric, beyond=beyond)
    if "{worse}" in column.note and any(name in truth.breaks for name in truth.exposed):
        note += "; one that breaks a guardrail counts as worse"
    return Column(column.title, note)


def written_mean(column: OutcomeColumn, policy: PolicyResult) -> Written:
    """A policy's mean of a column with its interval, in the column's unit."""
    return _WRITTEN[column.unit](policy.means[column.key])


def _approximate(result: StudyResult, columns: Sequence[OutcomeColumn]) -> str:
    """What the sign before an interval says, if one of these means has it."""
    used = any(
        policy.means[column.key].approximate for policy in result.policies for column in columns
    )
    return f"; {formatting.ABOUT}: {APPROXIMATE}" if used else ""


def _judged(result: StudyResult) -> list[VerdictColumn]:
    """Whether runs end rightly, what was decided, and, where that differs, who has the traffic."""
    # So many columns fit only without those that are 0 in every row.
    return [*verdict_columns.judgements(result), *verdict_columns.decided_and_ended(result)]


def costs(result: StudyResult) -> Table:
    """What a run costs under each policy, beside what the operating characteristics say of it."""
    measured = _columns(Shown.COSTS, result)
    columns = (
        Column("Policy", numeric=False),
        *(_heading(each, result) for each in measured),
    )
    rows = tuple(
        (Cell(policy.name), *(cell(written_mean(each, policy)) for each in measured))
        for policy in result.policies
    )
    return Table("What a run costs" + _approximate(result, measured), columns, rows)


def answers(result: StudyResult) -> Table:
    """Who answered how many requests: variants that answered none under any policy are left out."""
    shown = [
        (column, variant)
        for column in VARIANT_COLUMNS.values()
        for variant in _serving(result)
        if column.shown is Shown.COSTS
    ]
    columns = (
        Column("Policy", numeric=False),
        *(Column(each.title.format(variant=named(name)), each.note) for each, name in shown),
    )
    rows = tuple(
        (Cell(policy.name), *(_of_variant(column, name, policy) for column, name in shown))
        for policy in result.policies
    )
    return Table("Requests answered by each variant", columns, rows)


def _serving(result: StudyResult) -> list[str]:
    """The variants that answered requests, control and candidate first."""
    served = [policy.variant_means["requests_served"] for policy in result.policies]
    answered = [name for each in served for name, count in each.items() if count.mean > 0]
    return [name for name in dict.fromkeys([*result.truth.endings, *answered]) if name in answered]


def _of_variant(column: OutcomeColumn, variant: str, policy: PolicyResult) -> Cell:
    mean = policy.variant_means[column.key].get(variant)
    return cell(_WRITTEN[column.unit](mean)) if mean else Cell(typeset.NOT_KNOWN)


def health(result: StudyResult) -> Table:
    """What happens on the way, and what the horizon cuts off."""
    measured = _columns(Shown.HEALTH, result)
    columns = (
        Column("Policy", numeric=False),
        Column("Runs"),
        Column("Failed", "runs left out"),
        Column("Undecided", "runs at the horizon"),
        *(_heading(each, result) for each in measured),
    )
    rows = tuple(
        (
            Cell(policy.name),
            Cell(typeset.count(policy.runs)),
            Cell(typeset.count(policy.failed)),
            Cell(typeset.count(policy.verdicts["undecided"].count)),
            *(cell(written_mean(each, policy)) for each in measured),
        )
        for policy in result.policies
    )
    caption = "What happens on the way, and what the horizon cuts off"
    return Table(caption + _approximate(result, measured), columns, rows)


def endings(result: StudyResult) -> Table:
    """The numbers behind the bars."""
    shown = [
        *verdict_columns.judgements(result),
        *verdict_columns.endings(result),
        *verdict_columns.decisions(result),
    ]
    columns = (
        Column("Policy", numeric=False),
        *(Column(each.title, each.note) for each in shown),
    )
    rows = tuple(
        (
            Cell(policy.name),
            *(
                Cell(typeset.count(share.count), str(formatting.proportion(share)))
                for share in (each.share(policy) for each in shown)
            ),
        )
        for policy in result.policies
    )
    return Table("Runs by ending, with shares and 95 % intervals", columns, rows)


def timing(result: StudyResult, rows: int = 21) -> Table:
    """Shares decided at evenly spaced times."""
    columns = (
        Column("Time", numeric=False),
        *(Column(policy.name) for policy in result.policies),
    )
    times = [result.horizon_s * at / (rows - 1) for at in range(rows)]
    body = tuple(
        (
            Cell(typeset.duration(at_s)),
            *(Cell(typeset.percent(_decided_by(policy, at_s), 1)) for policy in result.policies),
        )
        for at_s in times
    )
    return Table("Share of the runs decided by then", columns, body)


def _decided_by(policy: PolicyResult, at_s: float) -> float:
    curve = policy.decision_time_ecdf
    reached = bisect_right(curve.time_s, at_s)
    return curve.share[reached - 1] if reached else 0.0


def pairs(result: StudyResult) -> Table:
    """Every comparison of the study, drawn or not."""
    columns = (
        Column("Quantity", numeric=False),
        Column("First", numeric=False),
        Column("Second", numeric=False),
        Column("Second − first", "95\u202f% interval, this pair alone"),
        Column("Differs", "p, all pairs together"),
        Column("Pairing is worth", "as many runs unpaired"),
        Column("Pairs"),
        Column("Remark", numeric=False),
    )
    rows = []
    for each in result.paired:
        what = quantity(each.quantity)
        rows.append(
            (
                Cell(what.title),
                Cell(each.first),
                Cell(each.second),
                cell(what.of(each)),
                _differs(each),
                Cell(typeset.times(each.variance_reduction)),
                Cell(typeset.count(each.pairs)),
                Cell(_remark(each)),
            )
        )
    return Table("Differences between policies on the same traffic", columns, tuple(rows))


def _differs(paired: PairedDifference) -> Cell:
    if not math.isfinite(paired.adjusted_p_value):
        return Cell("not compared")
    return Cell("yes" if paired.differs else "not shown", typeset.p_value(paired.adjusted_p_value))


def _remark(paired: PairedDifference) -> str:
    """How far a time is restricted, and how many runs had not decided by then; then the reason."""
    parts = [paired.reason] if paired.reason else []
    if math.isfinite(paired.restricted_to_s) and paired.undecided:
        parts.insert(0, _restricted(paired))
    return "; ".join(parts)


def _restricted(paired: PairedDifference) -> str:
    undecided = paired.undecided or ()
    if not any(undecided):
        return "mean time; every run of both has decided"
    within = typeset.duration(paired.restricted_to_s)
    of = counted(paired.pairs, "run")
    first, second = (typeset.count(each) for each in undecided)
    return (
        f"mean time within the first {within}, an undecided run counts as {within}: {first} and "
        f"{second} of {of}"
    )


def decisions(example: Example) -> Table:
    """Every decision with what the policy saw; of very many the first and the last twenty."""
    columns = (
        Column("No.", numeric=False),
        Column("When", numeric=False),
        Column("Action", numeric=False),
        Column("Accepted", numeric=False),
        Column("What it saw, or why it was refused", numeric=False),
    )
    rows = [
        (
            Cell(str(number)),
            Cell(typeset.duration(each.at_s)),
            Cell(each.action, each.detail),
            Cell("yes" if each.accepted else "no, refused"),
            Cell(each.because or "no reason given"),
        )
        for number, each in enumerate(example.decisions, start=1)
    ]
    if len(rows) > MOST_DECISIONS:
        half = MOST_DECISIONS // 2
        more = len(rows) - 2 * half
        left_out = f"{typeset.count(more)} more {'is' if more == 1 else 'are'} in study.json"
        dots = Cell("…")
        gap = (dots, dots, dots, dots, Cell(left_out))
        rows = [*rows[:half], gap, *rows[-half:]]
    return Table("Every decision and what it saw", columns, tuple(rows))


def totals(example: Example) -> list[tuple[str, str]]:
    """What became of the requests and labels of this run: names and counts."""
    known = example.totals
    return [
        (title, typeset.count(known[name]))
        for name, title in TOTALS
        if name in known and (known[name] or name != "copies")
    ]


def windows(example: Example) -> Table:
    """What the metric windows of each variant held."""
    columns = (
        Column("Variant", numeric=False),
        Column("Requests"),
        Column("Windows", "with traffic"),
        Column("Errors", "share of requests"),
        Column("Latency p50", "median window"),
        Column("Latency p99", "worst window"),
    )
    rows = tuple(
        (
            Cell(each.variant),
            Cell(typeset.count(each.requests)),
            Cell(typeset.count(each.windows)),
            Cell(typeset.percent(each.error_rate, 2)),
            Cell(_latency(each.median_latency_p50_ms)),
            Cell(_latency(each.worst_latency_p99_ms)),
        )
        for each in example.variants
    )
    return Table("What the metric windows held, from the start to the horizon", columns, rows)


def _latency(milliseconds: float) -> str:
    return typeset.duration(milliseconds / 1000)
