"""What a timeline shows, in sentences computed from the records that it is drawn from."""

from __future__ import annotations

import math

from simab.report import captions, formatting
from simab.report.timeline_parts import envelopes, errors_speak, latencies_speak, limit_on
from simab.result import StudyResult
from simab.result.example_run import Example, LimitLine
from simab.text import typeset
from simab.text.numbers import counted

__all__ = ["finding"]


def finding(result: StudyResult, example: Example) -> str:
    """The traffic, whether chance explains it, the limits, and what the metric said."""
    parts = [captions.traffic(result, example)] if example.weights else []
    parts += [_split(result, example), _limits(example)]
    if example.metric_series:
        parts.append(captions.metric(result, example))
    parts.append(_not_drawn(result, example))
    return " ".join(filter(None, parts))


def _split(result: StudyResult, example: Example) -> str:
    """How many realised shares lie outside of what chance alone makes of the weight."""
    bands = envelopes(example, result.truth.candidate, example.shown_until_s)
    if not bands:
        return ""
    outside = sum(not each.holds for each in bands)
    marks = counted(len(bands), "mark")
    if not outside:
        return f"All {marks} of its share lie within the 95\u202f% of chance."
    lie = "lies" if outside == 1 else "lie"
    return (
        f"Of {marks} of its share {outside} {lie} outside of the 95\u202f% of chance, where up to "
        f"{typeset.percent(0.05)} are expected."
    )


def _limits(example: Example) -> str:
    """In how many of the windows shown each limit is broken, by either variant."""
    said = []
    metrics = [example.latency_shown] if latencies_speak(example) else []
    for metric in (*metrics, "error_rate"):
        limit = limit_on(example, metric)
        if limit is not None:
            said.append(_broken(example, limit))
    return " ".join(said)


def _broken(example: Example, limit: LimitLine) -> str:
    shown = [each for each in example.spans if each.start_s < example.shown_until_s]
    is_latency = limit.metric.startswith("latency")
    values = [each.latency_shown_ms if is_latency else each.error_rate for each in shown]
    over = sum(value > limit.at_most for value in values)
    kind = "guardrail" if limit.source == "objective" else "limit of the policy"
    what = "latency" if is_latency else "errors"
    if not over:
        return f"The {kind} on {what} is kept in every window shown."
    return (
        f"The {kind} on {what} is broken in {typeset.count(over)} of {typeset.count(len(values))} "
        "windows of a variant."
    )


def _not_drawn(result: StudyResult, example: Example) -> str:
    """Which panels are left out, and why: a clause for each."""
    why = []
    if not latencies_speak(example):
        known = any(math.isfinite(each.latency_shown_ms) for each in example.spans)
        why.append(
            "latency has no limit, and in no window is it more than 1.5 times as long as in another"
            if known
            else "no window has a latency"
        )
    if not errors_speak(example):
        why.append("there are no errors, and they have no limit")
    if not example.metric_series:
        metric = formatting.metric_name(result.truth.metric)
        why.append(
            f"{metric} and labels over time are kept of the usual run of each policy alone"
            if example.is_worst
            else f"{metric} and labels have nothing to show, as no label of either variant arrived "
            "in the time shown"
        )
    return f"Panels left out: {'; '.join(why)}." if why else ""
