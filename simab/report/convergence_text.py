"""What a study of convergence says, in sentences: are the two distinguished, when, how honestly."""

from __future__ import annotations

import math
from typing import Final

from simab.report.formatting import metric_name
from simab.result.estimates import Proportion
from simab.result.studied_convergence import (
    Coverage,
    Fan,
    Honesty,
    LabelledPoint,
    MetricConvergence,
    SampleSize,
    StudiedConvergence,
)
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, two_figures

__all__ = [
    "METRIC_TITLES",
    "convergence_sentences",
    "coverage_text",
    "metric_title",
    "pairs_help",
    "pairs_size_text",
    "pairs_time_text",
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
_JUDGED: Final = {
    Honesty.HONEST: "honest",
    Honesty.TOO_NARROW: "not honest: they are too narrow",
    Honesty.TOO_WIDE: "wider than they need be",
    Honesty.UNKNOWN: "too few runs to tell whether that is honest",
}


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
    return f"{share_text(coverage.covered)}: {coverage.honesty}"


def pairs_help(size: SampleSize) -> bool:
    """Whether a test that knows how alike both answer takes less than two thirds."""
    return math.isfinite(size.by_spread) and size.by_spread * 1.5 < size.simulated


def pairs_size_text(size: SampleSize) -> str:
    """What such a test takes, with its interval, to two figures."""
    text = _rounded(size.by_spread)
    if math.isfinite(size.by_spread_low) and math.isfinite(size.by_spread_high):
        text += f" ({_rounded(size.by_spread_low)} to {_rounded(size.by_spread_high)})"
    return text


def pairs_time_text(size: SampleSize) -> str:
    """How long that takes."""
    if math.isinf(size.by_spread_time_s):
        return "never with this traffic"
    return typeset.duration(size.by_spread_time_s)


def convergence_sentences(result: StudiedConvergence) -> list[str]:
    """The verdict first, then how long it takes, who leads, and what the intervals are worth.

    Before it, of several candidates, which one is compared with the control.
    """
    metric = result.metric
    if not math.isfinite(metric.difference.fan.p50[-1]):
        return [*filter(None, [_compared(result)]), _unknown(result, metric)]
    sentences = [
        _compared(result),
        _verdict(result, metric),
        _changing(result, metric),
        _true_difference(result, metric),
        _truth(result, metric),
        _smallest(metric),
        _ranking(result, metric),
        _coverage(metric),
        _bias(metric),
        _latency(result),
        _windows(result),
    ]
    return [each for each in sentences if each]


def _compared(result: StudiedConvergence) -> str:
    """Which two variants all this is of, where several candidates may replace the control."""
    if not result.left_out:
        return ""
    others = "candidate is" if len(result.left_out) == 1 else "candidates are"
    return (
        f"The two compared here are {named(result.control)} and {named(result.candidate)}; the "
        f"other {others} left out: {listed([named(each) for each in result.left_out])}."
    )


def _unknown(result: StudiedConvergence, metric: MetricConvergence) -> str:
    held = (
        "with the weights as the file holds them"
        if result.policy == "weights held"
        else (f"under {named(result.policy)}")
    )
    request = "labelled request" if metric.kind == "labels" else "request"
    return (
        f"The {metric_title(metric.name)} of {named(result.control)} and "
        f"{named(result.candidate)} cannot be compared {held}: in more than half of the runs "
        f"one of the two gets no {request}, or too few, "
        "before the horizon. Change the weights, or name a rule with --policy."
    )


def _verdict(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """Whether the metric tells the two apart when a rule decides, or at the end."""
    title = _capital(metric_title(metric.name))
    point = metric.at_labels(result.decision_labels) if result.decision_labels else None
    if result.decision_labels and metric.kind == "labels":
        where = f"{title} is not known at {_labels(result.decision_labels)} of each"
        if point is None:
            return f"{where}: no run gets that many before the horizon."
        if not math.isfinite(point.difference.p50[0]):
            return f"{where}: fewer than half of the runs get that many, and have it, in time."
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
    runs = typeset.count(result.replications)
    found = f"a 5{typeset.THIN}% test of {metric_title(metric.name)} finds the better one in "
    found += share_text(declared)
    other = ""
    if point is not None and result.decision_rule:
        other = " That test is not the rule itself, which may decide by more or less."
    if declared.share >= _POWER:
        return f"{title} distinguishes the two {where}: {found} of the {runs} runs.{other}"
    return f"{title} cannot distinguish the two {where}: {band}, and {found} of {runs}.{other}"


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


def _changing(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """That what is true does not stay, and what numbers of requests then suppose."""
    if not result.answers_change or metric.kind != "labels":
        return ""
    return (
        "What the variants answer changes during a run. The truth here is what an experiment that "
        "decides at the start is judged by, and numbers of requests suppose that it holds all the "
        "time: they say how noisy estimates are, and not from when on these are right, which the "
        "figures over time show."
    )


def _true_difference(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """What there is, and what it takes: by a test of pairs first, where that takes far less."""
    size = metric.size("true difference")
    if size is None or not math.isfinite(size.simulated):
        return ""
    test = f"a 5{typeset.THIN}% test"
    last = metric.samples[-1]
    words = (
        f"In {typeset.duration(result.horizon_s)} the variant with fewer gets about "
        f"{counted(two_figures(last), _noun(metric))}. To find the true difference of "
        f"{signed_text(metric, size.difference)} in 80{typeset.THIN}% of the runs takes "
    )
    beyond = _beyond(size.simulated, last, size.extrapolated)
    arms = f"{test} that takes both arms for independent"
    if not pairs_help(size):
        return f"{words}{arms} {_needed(metric, size)}{beyond}."
    time = "" if math.isnan(size.by_spread_time_s) else f": {pairs_time_text(size)}"
    return (
        f"{words}{test} of pairs, which compares the answers of both row by row, about "
        f"{pairs_size_text(size)} {_noun(metric)}s of each{time}. {_capital(arms)} takes "
        f"{_needed(metric, size)}{beyond}. The test of pairs needs fewer, as both variants answer "
        "alike more often than independent ones would."
    )


def _beyond(needed: float, known: float, extrapolated: bool) -> str:
    """That a number lies beyond the horizon, and how far."""
    if not extrapolated or not known > 0:
        return ""
    return f" (extrapolated to {_times(needed / known, wide=False)} as many as come by the horizon)"


def _truth(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """Of how many rows the truth is, where it is a table's."""
    if metric.kind != "labels" or not result.truth_rows:
        return ""
    rows = counted(result.truth_rows, "row")
    differ = number_text(result.truth_rows_differ)
    verb = "differs" if result.truth_rows_differ == 1 else "differ"
    return (
        f"The true difference is an assumption: it is that of a table of {rows}, of which {differ} "
        f"{verb} between the two."
    )


def _smallest(metric: MetricConvergence) -> str:
    size = metric.size("smallest effect")
    if size is None or not math.isfinite(size.simulated):
        return ""
    what = "the smallest that matters" if metric.kind == "labels" else "taken as the smallest"
    effect = value_text(metric, abs(size.difference))
    beyond = _beyond(size.simulated, metric.samples[-1], size.extrapolated)
    return f"A difference of {effect}, {what}, takes that test {_needed(metric, size)}{beyond}."


def _noun(metric: MetricConvergence) -> str:
    return "labelled request" if metric.kind == "labels" else "request"


def _needed(metric: MetricConvergence, size: SampleSize) -> str:
    """So many requests, with the interval, and so long."""
    words = "" if size.at_most else "about "
    words += f"{size_text(size)} {_noun(metric)}s of each"
    return words if math.isnan(size.time_s) else f"{words}: {time_text(size)}"


def _ranking(result: StudiedConvergence, metric: MetricConvergence) -> str:
    """Who leads, with ties and the other; and from when on the better one does in 95 %."""
    if not metric.better:
        return ""
    point = metric.at_labels(result.decision_labels) if result.decision_labels else None
    leader = metric.leader
    leads, ties = (
        (leader.leads[-1], leader.ties[-1]) if point is None else (point.leads, point.ties)
    )
    behind = _behind(metric, point)
    when = "at the end" if point is None else "then"
    words = f"{named(metric.better)}, the better one, leads in {share_text(leads)} of "
    words += f"the runs {when}"
    rest = [f"both tie in {typeset.percent(ties.share)}"] if ties.count else []
    if behind is not None and behind.count:
        rest.append(f"the other leads in {typeset.percent(behind.share)}")
    words += f"; {listed(rest)}" if rest else ""
    if math.isfinite(metric.settles_s):
        since = typeset.duration(metric.settles_s)
        at = result.times_s.index(metric.settles_s) if metric.settles_s in result.times_s else -1
        there = f" ({share_text(leader.leads[at])} then)" if at >= 0 else ""
        return (
            f"{words}. At {since}, and at all later times that were looked at, it does in at least "
            f"95{typeset.THIN}% of these {typeset.count(result.replications)} runs{there}."
        )
    size = metric.size("ranking")
    if size is None or not math.isfinite(size.simulated):
        return f"{words}."
    return (
        f"{words}. The ranking does not settle before the horizon: 95{typeset.THIN}% takes about "
        f"{size_text(size)} {_noun(metric)}s of each."
    )


def _behind(metric: MetricConvergence, point: LabelledPoint | None) -> Proportion | None:
    if point is not None:
        return point.behind
    return metric.leader.behind[-1] if metric.leader.behind else None


def _coverage(metric: MetricConvergence) -> str:
    """What the 95 % intervals of both variants cover at the end, and whether that is honest."""
    found = {name: each.coverage[-1] for name, each in metric.variants.items()}
    known = {name: each for name, each in found.items() if each.intervals}
    if not known:
        return ""
    said = [
        f"{share_text(each.covered)} for {named(name)} ({_JUDGED[each.honesty]})"
        for name, each in known.items()
    ]
    return (
        f"At the end 95{typeset.THIN}% intervals of {metric_title(metric.name)} cover the truth in "
        f"{listed(said)}."
    )


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
