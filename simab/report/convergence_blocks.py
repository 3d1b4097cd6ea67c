"""The figures of a study of convergence with what they find and the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from simab.report.convergence_figures import (
    draw_fan,
    draw_leader,
    fan_range,
    fan_title,
    has_fan,
)
from simab.report.convergence_funnel import (
    difference_range,
    draw_difference,
    draw_funnel,
    funnel_end,
    funnel_points,
)
from simab.report.convergence_tables import fan_table, labels_table, leader_table
from simab.report.convergence_text import metric_title, share_text, signed_text, value_text
from simab.report.figure_block import FigureBlock, figure_block
from simab.report.label_countings import counting_finding, countings_table
from simab.report.label_countings_figure import draw_countings
from simab.result.studied_convergence import (
    LabelledPoint,
    MetricConvergence,
    StudiedConvergence,
    VariantConvergence,
)
from simab.text import typeset
from simab.text.lists import named

__all__ = ["counting_figures", "fan_figures", "main_figures"]

_DRAWN_ON = 1.7
"""The band is drawn on where the axis ends beyond so many times the last count."""


def main_figures(result: StudiedConvergence, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    """Of the metric that is asked for: the difference, a funnel a variant, and who leads."""
    metric = result.metric
    if len(funnel_points(result, metric)) > 1:
        yield figure_block(
            numbers,
            "difference",
            (
                f"The difference in {metric_title(metric.name)} against labelled requests",
                _difference_finding(result, metric),
            ),
            partial(draw_difference, result, metric),
            labels_table(metric, result),
        )
        yield figure_block(
            numbers,
            "funnel",
            (f"{_title(metric)} against labelled requests", _funnel_finding(result, metric)),
            partial(draw_funnel, result, metric),
        )
    if metric.better and has_fan(metric.difference):
        yield figure_block(
            numbers,
            "leader",
            ("When does the ranking settle?", _leader_finding(metric)),
            partial(draw_leader, result, metric),
            leader_table(metric, result),
        )


def counting_figures(result: StudiedConvergence, numbers: Iterator[int]) -> Iterator[FigureBlock]:
    """How far each way of counting young requests is off, where that was compared."""
    if result.countings and any(map(math.isfinite, result.countings[0].bias)):
        yield figure_block(
            numbers,
            "countings",
            ("How far off is each way of counting young requests?", counting_finding(result)),
            partial(draw_countings, result),
            countings_table(result),
        )


def fan_figures(
    result: StudiedConvergence, metric: MetricConvergence, numbers: Iterator[int]
) -> Iterator[FigureBlock]:
    """Of both variants and of the difference, where they vary."""
    shown = [*((name, metric.variants[name]) for name in (result.control, result.candidate))]
    for at, (name, each) in enumerate([*shown, ("", metric.difference)]):
        if has_fan(each):
            title = fan_title(result, metric, name)
            yield figure_block(
                numbers,
                f"fan-{metric.name.replace('_', '-')}-{at}",
                (f"{title[:1].upper()}{title[1:]}", _fan_finding(metric, each, name)),
                partial(draw_fan, result, metric, name),
                fan_table(metric, each, result),
            )


def _title(metric: MetricConvergence) -> str:
    title = metric_title(metric.name)
    return title[:1].upper() + title[1:]


def _difference_finding(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """Where the band lies when the rule decides, or at the last count; whether it holds zero."""
    points = funnel_points(result, metric)
    point = next((each for each in points if each.labelled == result.decision_labels), points[-1])
    low, high = point.difference.p5[0], point.difference.p95[0]
    words = (
        f"On {typeset.count(point.labelled)} labelled requests of each 90 % of the runs see a "
        f"difference of {signed_text(metric, low)} to {signed_text(metric, high)}"
    )
    words += ", which holds zero" if low <= 0 <= high else ", which leaves out zero"
    if metric.better:
        words += f"; the truth is {signed_text(metric, metric.true_difference)}"
    last = points[-1]
    since = _clear_from(points)
    if since is None:
        words += f". The band holds zero up to the last count, {typeset.count(last.labelled)}"
    else:
        words += f". From {typeset.count(since)} on the band leaves out zero"
    if result.metric.size("true difference") is not None:
        words += ". Needed is what a test takes that takes both arms for independent"
    first, end = "The first counts vary by more than the axis shows.", ""
    if funnel_end(result, metric) > _DRAWN_ON * last.labelled:
        end = (
            f" Dotted and pale, past {typeset.count(last.labelled)}: not simulated, but narrowed "
            "on about the truth by 1 / sqrt(n)."
        )
    return f"{words}. {first if _is_cut(points, metric) else ''}{end}".replace("  ", " ").rstrip()


def _clear_from(points: Sequence[LabelledPoint]) -> int | None:
    """From which count on the band leaves out zero; None where it holds zero at the last."""
    since = None
    for each in points:
        holds = each.difference.p5[0] <= 0 <= each.difference.p95[0]
        since = None if holds else since if since is not None else each.labelled
    return since


def _is_cut(points: Sequence[LabelledPoint], metric: MetricConvergence) -> bool:
    low, high = difference_range(points, metric.true_difference)
    return any(
        end < low or end > high
        for each in points
        for end in (each.difference.p5[0], each.difference.p95[0])
    )


def _funnel_finding(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """How wide the band is where the rule decides, or at the last count, against the difference."""
    points = funnel_points(result, metric)
    point = next((each for each in points if each.labelled == result.decision_labels), points[-1])
    fans = {result.control: point.control, result.candidate: point.candidate}
    name = max(fans, key=lambda each: fans[each].width(0))
    wide, apart = (value_text(metric, fan.width(0)) for fan in (fans[name], point.difference))
    words = (
        f"On {typeset.count(point.labelled)} labelled requests the {metric_title(metric.name)} of "
        f"{named(name)} lies in a band {wide} wide in 90 % of the runs, and the difference of both "
        f"in one {apart} wide"
    )
    if metric.better:
        gap = abs(metric.true_difference)
        words += f"; the two truly differ by {value_text(metric, gap)}"
    else:
        words += "; the two are truly equal"
    words += ". The numbers are with those of the difference"
    last = points[-1].labelled
    if funnel_end(result, metric) <= _DRAWN_ON * last:
        return f"{words}."
    return (
        f"{words}. Dotted and pale, past {typeset.count(last)}: not simulated, but narrowed on by "
        "1 / sqrt(n)."
    )


def _leader_finding(metric: MetricConvergence) -> str:
    leader = metric.leader
    words = (
        f"{named(metric.better)}, the better one, leads in {share_text(leader.leads[-1])} of the "
        f"runs at the end, and both tie in {typeset.percent(leader.ties[-1].share)}"
    )
    if math.isfinite(metric.settles_s):
        words += f"; in at least 95 % it leads at {typeset.duration(metric.settles_s)} and after"
    else:
        words += "; it never leads in 95 % of them to the end, so the ranking does not settle"
    return f"{words}. The bands are 95 % intervals; what is left of the runs has no estimate yet."


def _fan_finding(metric: MetricConvergence, each: VariantConvergence, name: str) -> str:
    last = len(each.fan.p50) - 1
    write = value_text if name else signed_text
    low, high = (write(metric, edge[last]) for edge in (each.fan.p5, each.fan.p95))
    truth = metric.truth[name] if name else metric.true_difference
    words = (
        f"At the end 90 % of the runs say {low} to {high}; the truth is {write(metric, truth)}. "
        f"95 % intervals cover it in {share_text(each.coverage[last].covered)}."
    )
    truth_of = truth if math.isfinite(truth) else 0.0
    bottom, top = fan_range(each, truth_of, difference=not name)
    early = [*each.fan.p5, *each.fan.p95, *each.example.low, *each.example.high]
    if any(end < bottom or end > top for end in early if math.isfinite(end)):
        words += " The first estimates vary by more than the axis shows; the table has them."
    return words
