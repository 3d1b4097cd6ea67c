"""The tables of a study of convergence: sample sizes, coverage, bias, latency, and fans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from simab.report.convergence_text import (
    coverage_text,
    metric_title,
    pairs_help,
    pairs_size_text,
    pairs_time_text,
    share_text,
    signed_text,
    size_text,
    time_text,
    value_text,
)
from simab.report.table import Cell, Column, Table
from simab.result.studied_convergence import (
    Coverage,
    MetricConvergence,
    SampleSize,
    StudiedConvergence,
    VariantConvergence,
)
from simab.text import typeset
from simab.text.numbers import number_text, two_figures

__all__ = [
    "PURPOSES",
    "bias_table",
    "coverage_table",
    "fan_table",
    "labels_table",
    "latency_table",
    "leader_table",
    "screen_rows",
    "size_rows",
    "sizes_table",
    "windows_table",
]

PURPOSES: Final = {
    "true difference": ("To find the true difference", "5 % test of two arms, power 80 %"),
    "smallest effect": ("To find a difference of", "5 % test of two arms, power 80 %"),
    "half-width": ("For a 95 % interval of the difference", "of this half-width"),
    "ranking": ("Until the better one leads", "in 95 % of the runs"),
}
"""What sample sizes are for: title and note of the column."""
_PAIRS: Final = ("By a test of pairs", "the true difference, 5 %, power 80 %")
_SHORT: Final = {"true difference": "true", "smallest effect": "smallest"}
_SHOWN_ROWS: Final = 12
_SIZES: Final = (
    *("purpose", "difference", "theory", "simulated", "low", "high", "by_spread"),
    *("extrapolated", "at_most", "time_s", "date"),
)


def size_rows(result: StudiedConvergence) -> Iterator[dict[str, Any]]:
    """One row a metric and purpose, every number unrounded."""
    for metric in result.metrics:
        for size in metric.sizes:
            row = {"metric": metric.name}
            row |= {name: getattr(size, name) for name in _SIZES}
            yield row


def sizes_table(result: StudiedConvergence) -> Table:
    """One row a metric: how many requests of each variant it takes, by theory, and how long."""
    rows = []
    for metric in result.shown:
        known = {each.purpose: each for each in metric.sizes if math.isfinite(each.simulated)}
        if known:
            first, *rest = (_size_cell(metric, known.get(purpose)) for purpose in PURPOSES)
            pairs = _pairs_cell(known.get("true difference"))
            rows.append((Cell(metric_title(metric.name)), first, pairs, *rest))
    titles = list(PURPOSES.values())
    titles.insert(1, _PAIRS)
    columns = (Column(title, note) for title, note in titles)
    return Table(
        "How many requests of each variant it takes",
        (Column("Metric", numeric=False), *columns),
        tuple(rows),
    ).without(frozenset({"–"}))


def _pairs_cell(size: SampleSize | None) -> Cell:
    """What a test takes that knows how alike both answer, where that is far less."""
    if size is None or not pairs_help(size):
        return Cell("–")
    if math.isnan(size.by_spread_time_s):
        return Cell(pairs_size_text(size))
    of_traffic = "" if math.isinf(size.by_spread_time_s) else " of this traffic"
    return Cell(pairs_size_text(size), f"{pairs_time_text(size)}{of_traffic}")


def _size_cell(metric: MetricConvergence, size: SampleSize | None) -> Cell:
    """The number by simulation; and the difference, theory, time, and whether it is beyond."""
    if size is None:
        return Cell("–")
    notes = [f"for {_of(metric, size)}"]
    if math.isfinite(size.theory):
        notes.append(f"theory {number_text(two_figures(math.ceil(size.theory)))}")
    if not math.isnan(size.time_s):
        notes.append(time_text(size))
    if size.extrapolated:
        notes.append("extrapolated")
    return Cell(size_text(size), "; ".join(notes))


def _of(metric: MetricConvergence, size: SampleSize) -> str:
    if size.purpose in ("true difference", "ranking"):
        return signed_text(metric, size.difference)
    sign = f"±{typeset.THIN}" if size.purpose == "half-width" else ""
    return f"{sign}{value_text(metric, abs(size.difference))}"


def screen_rows(result: StudiedConvergence) -> list[list[str]]:
    """For a terminal: metric, what to find, how many by simulation and theory, and how long."""
    return [
        [
            metric_title(metric.name),
            f"{_SHORT[size.purpose]} {_of(metric, size)}",
            ("≤ " if size.at_most else "")
            + _whole(size.simulated)
            + ("*" if size.extrapolated else ""),
            _whole(size.theory),
            time_text(size) if not math.isnan(size.time_s) else "–",
        ]
        for metric in result.shown
        for size in metric.sizes
        if size.purpose in _SHORT and math.isfinite(size.simulated)
    ]


def _whole(samples: float) -> str:
    return number_text(two_figures(math.ceil(samples))) if math.isfinite(samples) else "–"


def coverage_table(result: StudiedConvergence) -> Table:
    """What nominal 95 % intervals cover at three times, and at the end for the difference."""
    places = [_place(result, share) for share in (0.25, 0.5, 1.0)]
    rows = [
        (
            Cell(f"{metric_title(metric.name)} of {name}"),
            *(_coverage_cell(each.coverage[at]) for at in places),
        )
        for metric in result.shown
        for name, each in [*metric.variants.items(), ("the difference", metric.difference)]
        if any(each.coverage[at].intervals for at in places)
    ]
    columns = [Column("Interval", numeric=False)]
    columns += [Column(f"At {typeset.duration(result.times_s[at])}") for at in places]
    return Table("What 95 % intervals cover", tuple(columns), tuple(rows))


def _coverage_cell(coverage: Coverage) -> Cell:
    """The verdict, and under it what it is by."""
    if not coverage.intervals:
        return Cell(coverage_text(coverage))
    return Cell(str(coverage.honesty), share_text(coverage.covered))


def _place(result: StudiedConvergence, share: float) -> int:
    """The checkpoint that is nearest to this share of the horizon."""
    wanted = share * result.times_s[-1]
    return min(range(len(result.times_s)), key=lambda at: abs(result.times_s[at] - wanted))


def labels_table(metric: MetricConvergence, result: StudiedConvergence) -> Table:
    """What runs say at each count of labels."""
    decisions = {result.decision_labels, *result.other_decisions.values()}
    rows = [
        (
            Cell(
                typeset.count(point.labelled),
                "decides here" if point.labelled in decisions else "",
            ),
            Cell(typeset.duration(point.at_s)),
            Cell(_range(metric, point.control.p5[0], point.control.p95[0])),
            Cell(_range(metric, point.candidate.p5[0], point.candidate.p95[0])),
            Cell(_signed_range(metric, point.difference.p5[0], point.difference.p95[0])),
            Cell(share_text(point.leads)),
            Cell(share_text(point.ties)),
            Cell(share_text(point.behind) if point.behind else "–"),
            Cell(share_text(point.declared)),
            Cell(share_text(point.declared_wrong)),
        )
        for point in metric.by_labels
    ]
    columns = (
        Column("Labelled requests of each"),
        Column("Time"),
        Column(f"{metric_title(metric.name)} of {result.control}", "90 % of the runs"),
        Column(f"of {result.candidate}", "90 % of the runs"),
        Column("Difference", "90 % of the runs"),
        Column("Better one leads"),
        Column("Tie"),
        Column("Other leads"),
        Column("Found by a 5 % test"),
        Column("Other found better"),
    )
    table = Table("What runs say at each number of labels", columns, tuple(rows))
    return table.without(frozenset({"–"}))


def fan_table(
    metric: MetricConvergence, each: VariantConvergence, result: StudiedConvergence
) -> Table:
    """A fan over time, thinned, with the one run that is drawn."""
    rows = [
        (
            Cell(typeset.duration(result.times_s[at])),
            Cell(typeset.count(metric.samples[at])),
            Cell(value_text(metric, each.fan.p50[at])),
            Cell(_range(metric, each.fan.p25[at], each.fan.p75[at])),
            Cell(_range(metric, each.fan.p5[at], each.fan.p95[at])),
            Cell(
                value_text(metric, each.example.value[at]),
                _range(metric, each.example.low[at], each.example.high[at]),
            ),
        )
        for at in _thinned(len(result.times_s))
    ]
    columns = (
        Column("Time"),
        Column("Requests", "of the variant with fewer"),
        Column("Median of the runs"),
        Column("50 % of the runs"),
        Column("90 % of the runs"),
        Column("One run", "95 % interval"),
    )
    return Table(f"{metric_title(metric.name)} over time", columns, tuple(rows))


def leader_table(metric: MetricConvergence, result: StudiedConvergence) -> Table:
    """Who leads and who is declared over time, thinned."""
    leader = metric.leader
    every = (leader.leads, leader.ties, leader.behind, leader.declared, leader.declared_wrong)
    rows = [
        (
            Cell(typeset.duration(result.times_s[at])),
            *(Cell(share_text(shares[at]) if shares else "–") for shares in every),
        )
        for at in _thinned(len(result.times_s))
    ]
    columns = (
        Column("Time"),
        Column("Better one leads"),
        Column("Tie"),
        Column("Other leads"),
        Column("Found by a 5 % test"),
        Column("Other found better"),
    )
    return Table("Who leads", columns, tuple(rows)).without(frozenset({"–"}))


def bias_table(result: StudiedConvergence) -> Table:
    """Late and missing labels against all labels at once."""
    rows = [
        (
            Cell(f"{metric_title(metric.name)} of {each.variant}"),
            Cell(value_text(metric, each.truth)),
            Cell(value_text(metric, each.oracle), typeset.count(each.all_labels) + " labels"),
            Cell(value_text(metric, each.seen), typeset.count(each.seen_labels) + " labels"),
            Cell(signed_text(metric, each.bias), _signed_range(metric, each.low, each.high)),
            Cell(typeset.times(each.wider)),
        )
        for metric in result.shown
        for each in metric.bias
    ]
    columns = (
        Column("At the end", numeric=False),
        Column("Truth"),
        Column("Oracle", "all labels at once"),
        Column("Seen", "labels that arrived"),
        Column("Bias", "run by run, 95 % interval"),
        Column("Spread", "seen to oracle"),
    )
    return Table("What late and missing labels do", columns, tuple(rows))


def latency_table(result: StudiedConvergence) -> Table:
    """Ways to make the interval of a mean latency, and what they cover."""
    rows = [
        (
            Cell(f"{method.method}, {each.variant}"),
            Cell(typeset.duration(each.mean_ms / 1e3)),
            Cell(
                f"±{typeset.THIN}{typeset.duration(method.half_width / 1e3)}"
                if math.isfinite(method.half_width)
                else "–"
            ),
            Cell(coverage_text(method.coverage), method.reason),
            Cell(
                number_text(two_figures(each.effective)) if math.isfinite(each.effective) else "–",
                f"of {number_text(two_figures(each.requests))}",
            ),
            Cell(typeset.duration(each.warm_up_s)),
        )
        for each in result.latency
        for method in each.methods
    ]
    columns = (
        Column("Interval of the mean latency", numeric=False),
        Column("Mean", "all runs"),
        Column("Half-width", "median run"),
        Column("Covers"),
        Column("Effective sample size"),
        Column("Warm-up", "MSER-5; nothing is cut"),
    )
    return Table("Intervals of the mean latency of one run", columns, tuple(rows))


def windows_table(result: StudiedConvergence) -> Table:
    """What the length of a window does to its 99 % latency."""
    rows = [
        (
            Cell(f"{typeset.duration(each.period_s)}, {each.variant}"),
            Cell(number_text(two_figures(each.requests))),
            Cell(typeset.duration(each.mean_p99_ms / 1e3)),
            Cell(typeset.duration(each.p99_ms / 1e3)),
            Cell(
                f"{typeset.signed(100 * (each.mean_p99_ms / each.p99_ms - 1), 1)}{typeset.THIN}%"
                if each.p99_ms > 0
                else "–"
            ),
        )
        for each in result.windows
    ]
    columns = (
        Column("Window", numeric=False),
        Column("Requests in it"),
        Column("Mean of 99 % latencies"),
        Column("Of all requests"),
        Column("Off by"),
    )
    return Table("Percentiles of windows", columns, tuple(rows))


def _thinned(count: int) -> Sequence[int]:
    """Places of about twelve rows, the last among them."""
    step = max(1, -(-count // _SHOWN_ROWS))
    return range((count - 1) % step, count, step)


def _range(metric: MetricConvergence, low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{value_text(metric, low)} to {value_text(metric, high)}"


def _signed_range(metric: MetricConvergence, low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{signed_text(metric, low)} to {signed_text(metric, high)}"
