"""What a study of convergence says, in sentences: are the two distinguished, when, how honestly."""

from __future__ import annotations

import math
from typing import Final

from simab.report.formatting import metric_name
from simab.result.convergence_result import (
    HONEST,
    Coverage,
    Fan,
    LabelledPoint,
    MetricConvergence,
    SampleSize,
    StudiedConvergence,
)
from simab.result.estimates import Proportion
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, two_figures

__all__ = [
    "METRIC_TITLES",
    "convergence_sentences",
    "coverage_text",
    "metric_title",
    "share_text",
    "signed_text",
    "size_text",
    "time_text",
    "value_text",
]

METRIC_TITLES: Final = {
    "error_rate": "error rate",
    "latency_mean": "mean latency",
    "latency_p50": "median latency",
    "latency_p99": f"99{typeset.THIN}% latency",
}
_POWER: Final = 0.8


def metric_title(name: str) -> str:
    """A metric as a sentence has it: F1, recall, 99 % latency."""
    return METRIC_TITLES.get(name) or metric_name(name)


def value_text(metric: MetricConvergence, value: float) -> str:
    """A value of the metric in its unit."""
    if metric.kind == "latency" and math.isfinite(value):
        return typeset.duration(value / 1e3)
    if metric.kind == "errors":
        return typeset.percent(value, 1 if 0 < value < 0.1 else 0)
    return typeset.metric_value(value)


def signed_text(metric: MetricConvergence, value: float) -> str:
    """A difference of the metric in its unit, with its sign."""
    if not math.isfinite(value):
        return typeset.NOT_KNOWN
    if metric.kind == "errors":
        return f"{typeset.signed(100 * value, 2)} points"
    text = value_text(metric, abs(value))
    if value == 0:
        return text
    return f"{'+' if value > 0 else typeset.MINUS}{text}"


def share_text(share: Proportion) -> str:
    """A share of the runs with its interval."""
    if not math.isfinite(share.share):
        return typeset.NOT_KNOWN
    low, high = (typeset.percentage(each, 0) for each in (share.low, share.high))
    return f"{typeset.percent(share.share)} ({low} to {high}{typeset.THIN}%)"


def size_text(size: SampleSize) -> str:
    """The simulated number with its interval, to two figures."""
    if not math.isfinite(size.simulated):
        return typeset.NOT_KNOWN
    text = f"{'at most ' if size.at_most else ''}{_rounded(size.simulated)}"
    if math.isfinite(size.low) and math.isfinite(size.high):
        text += f" ({_rounded(size.low)} to {_rounded(size.high)})"
    return text


def time_text(size: SampleSize) -> str:
    """How long that takes, and by when."""
    if math.isinf(size.time_s):
        return "never with this traffic"
    text = typeset.duration(size.time_s)
    return f"{text}, by {size.date}" if size.date else text


def coverage_text(coverage: Coverage) -> str:
    """What an interval covers, and whether that is honest."""
    if not coverage.intervals:
        return "no interval"
    return f"{share_text(coverage.covered)}: {'honest' if coverage.honest else 'not honest'}"


def convergence_sentences(result: StudiedConvergence) -> list[str]:
    """The verdict first, then how long it takes, who leads, and what the intervals are worth."""
    metric = result.metric
    if not any(math.isfinite(each) for each in metric.difference.fan.p50):
        return [_unknown(result, metric)]
    sentences = [
        _verdict(result, metric),
        _true_difference(metric),
        _smallest(metric),
        _ranking(result, metric),
        _coverage(metric),
        _bias(metric),
        _latency(result),
        _windows(result),
    ]
    return [each for each in sentences if each]


def _unknown(result: StudiedConvergence, metric: MetricConvergence) -> str:
    held = (
        "with the weights as the file holds them"
        if result.policy == "weights held"
        else (f"under {named(result.policy)}")
    )
    return (
        f"The {metric_title(metric.name)} of {named(result.control)} and "
        f"{named(result.candidate)} cannot be compared {held}: one of the two gets no "
        f"{'labelled ' if metric.kind == 'labels' else ''}request before the horizon. Change the "
        "weights, or name a rule with --policy."
    )


def _verdict(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """Whether the metric tells the two apart when a rule decides, or at the end."""
    title = _capital(metric_title(metric.name))
    point = metric.at_labels(result.decision_labels) if result.decision_labels else None
    if result.decision_labels and point is None and metric.kind == "labels":
        return (
            f"{title} is not known at {_labels(result.decision_labels)} of each: no run gets that "
            "many before the horizon."
        )
    where, fan, at, declared = _at_decision(result, metric, point)
    low, high = fan.p5[at], fan.p95[at]
    seen = f"90{typeset.THIN}% of the runs see a difference of {signed_text(metric, low)} to "
    seen += f"{signed_text(metric, high)}"
    if not metric.better:
        equal = "are equal" if metric.kind == "labels" else "show no difference over all runs"
        return f"The two {equal} in {metric_title(metric.name)}; {where} {seen} by chance alone."
    truth = abs(metric.true_difference)
    band = f"{seen}, a band {_times(fan.width(at) / truth)} the true difference of "
    band += signed_text(metric, metric.true_difference)
    found = f"a 5{typeset.THIN}% test finds the better one in {typeset.percent(declared.share)}"
    if declared.share >= _POWER:
        return f"{title} distinguishes the two {where}: {found} of the runs."
    return f"{title} cannot distinguish the two {where}: {band}, and {found} of them."


def _at_decision(
    result: StudiedConvergence, metric: MetricConvergence, point: LabelledPoint | None
) -> tuple[str, Fan, int, Proportion]:
    """Where the verdict is given, in words; the fan there, its place, and who is declared."""
    if point is not None:
        where = f"on {_labels(point.labelled)} of each"
        if result.decision_rule:
            where += f", where {named(result.decision_rule)} decides"
        return where, point.difference, 0, point.declared
    fan, last = metric.difference.fan, len(result.times_s) - 1
    noun = "labelled request" if metric.kind == "labels" else "request"
    samples = counted(two_figures(metric.samples[last]), noun)
    where = f"by the end, after {typeset.duration(result.horizon_s)} and about {samples} of each"
    return where, fan, last, metric.leader.declared[last]


def _true_difference(metric: MetricConvergence) -> str:
    size = metric.size("true difference")
    if size is None or not math.isfinite(size.simulated):
        return ""
    words = f"To find the true difference takes {_needed(metric, size)}."
    if math.isfinite(size.by_spread) and size.by_spread * 1.5 < size.simulated:
        words += (
            " Both variants answer alike more often than the test takes them to; one that compares "
            f"the answers row by row would take about {_rounded(size.by_spread)}."
        )
    return words


def _smallest(metric: MetricConvergence) -> str:
    size = metric.size("smallest effect")
    if size is None or not math.isfinite(size.simulated):
        return ""
    what = "the smallest that matters" if metric.kind == "labels" else "taken as the smallest"
    effect = value_text(metric, abs(size.difference))
    return f"A difference of {effect}, {what}, takes {_needed(metric, size)}."


def _needed(metric: MetricConvergence, size: SampleSize) -> str:
    """So many requests, so long; what theory says; and whether it lies beyond the horizon."""
    noun = "labelled requests" if metric.kind == "labels" else "requests"
    words = "at most" if size.at_most else "about"
    words += f" {_rounded(size.simulated)} {noun} of each variant"
    if math.isfinite(size.theory):
        words += f" (theory: {_rounded(size.theory)})"
    if math.isinf(size.time_s):
        words += ", which never come with this traffic"
    else:
        words += f", which is {typeset.duration(size.time_s)} of this traffic"
        words += f", by {size.date}" if size.date else ""
    if size.extrapolated:
        words += "; that lies beyond the horizon and is extrapolated"
    return words


def _ranking(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """From when on the better one leads in 95 % of the runs."""
    if not metric.better:
        return ""
    point = metric.at_labels(result.decision_labels) if result.decision_labels else None
    leads = metric.leader.leads[-1] if point is None else point.leads
    when = "at the end" if point is None else "then"
    words = f"{named(metric.better)}, the better one, leads in {typeset.percent(leads.share)} of "
    words += f"the runs {when}"
    if math.isfinite(metric.settles_s):
        since = typeset.duration(metric.settles_s)
        return f"{words}; from {since} on it does in 95{typeset.THIN}%."
    size = metric.size("ranking")
    if size is None or not math.isfinite(size.simulated):
        return f"{words}."
    noun = "labelled requests" if metric.kind == "labels" else "requests"
    return (
        f"{words}; the ranking does not settle before the horizon: 95{typeset.THIN}% takes about "
        f"{_rounded(size.simulated)} {noun} of each."
    )


def _coverage(metric: MetricConvergence) -> str:
    """What the 95 % intervals of both variants cover at the end."""
    found = {name: each.coverage[-1] for name, each in metric.variants.items()}
    known = {name: each for name, each in found.items() if each.intervals}
    if not known:
        return ""
    words = (
        f"At the end 95{typeset.THIN}% intervals of {metric_title(metric.name)} cover the truth "
    )
    shares = [f"{share_text(each.covered)} for {named(name)}" for name, each in known.items()]
    words += f"in {listed(shares)}"
    short = [each for each in known.values() if not each.honest]
    if not short:
        return f"{words}: they are honest."
    floor = typeset.percent(HONEST)
    if all(each.covered.high >= HONEST for each in short):
        return f"{words}; under {floor} is not called honest, though more runs may show it."
    return f"{words}: under {floor} they are not honest."


def _bias(metric: MetricConvergence) -> str:
    """What labels that are late or missing cost, by the variant that lacks most."""
    known = [each for each in metric.bias if each.all_labels > 0]
    if not known:
        return ""
    worst = min(known, key=lambda each: each.seen_labels / each.all_labels)
    share = typeset.percent(worst.seen_labels / worst.all_labels)
    words = f"At the end {share} of the labels of {named(worst.variant)} have arrived"
    if not math.isfinite(worst.bias):
        return f"{words}."
    if worst.low <= 0 <= worst.high:
        words += "; no bias shows against what all of them say"
    else:
        words += f"; they are off by {signed_text(metric, worst.bias)} against what all of them say"
    if math.isfinite(worst.wider):
        words += f", and estimates spread {_times(worst.wider, wide=False)} as wide"
    return f"{words}."


def _latency(result: StudiedConvergence) -> str:
    """What intervals of the mean latency cover, by the variant that depends most."""
    known = [each for each in result.latency if math.isfinite(each.effective)]
    if not known:
        return ""
    worst = min(known, key=lambda each: each.effective / each.requests)
    independent = worst.methods[0].coverage
    if worst.effective > worst.requests / 2:  # about as good as independent
        return ""
    requests, worth = (number_text(two_figures(each)) for each in (worst.requests, worst.effective))
    words = (
        f"Mean latency of {named(worst.variant)}: the {requests} requests of a run are worth "
        f"{worth} independent ones; intervals that take all for independent cover "
        f"{typeset.percent(independent.covered.share)}"
    )
    others = [
        f"{each.method} {typeset.percent(each.coverage.covered.share)}"
        for each in worst.methods[1:]
        if each.coverage.intervals
    ]
    return f"{words}, {listed(others)}." if others else f"{words}."


def _windows(result: StudiedConvergence) -> str:
    """How far the mean of a window's 99 % latency is from that of all requests."""
    known = [
        each
        for each in result.windows
        if each.period_s == result.period_s and math.isfinite(each.p99_ms) and each.p99_ms > 0
    ]
    if not known:
        return ""
    worst = max(known, key=lambda each: abs(each.mean_p99_ms / each.p99_ms - 1))
    off = worst.mean_p99_ms / worst.p99_ms - 1
    if abs(off) < 0.01:
        return ""
    side = "below" if off < 0 else "above"
    return (
        f"The mean over {typeset.duration(worst.period_s)} windows of their 99{typeset.THIN}% "
        f"latency lies {typeset.percent(abs(off))} {side} that of all requests of "
        f"{named(worst.variant)}: percentiles do not average."
    )


def _times(ratio: float, *, wide: bool = True) -> str:
    """How many times as wide."""
    text = f"{typeset.decimal(ratio, 0 if ratio >= 10 else 1)} times"
    return f"{text} as wide as" if wide else text


def _rounded(value: float) -> str:
    return number_text(two_figures(math.ceil(value))) if math.isfinite(value) else typeset.NOT_KNOWN


def _labels(count: int) -> str:
    return counted(count, "labelled request")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
