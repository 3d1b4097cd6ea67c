"""The panels of a timeline: traffic, latency, errors, the metric, and the labels behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from simab.report import canvas, formatting
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.report.timeline_axes import SIZE, Panel, nice_ticks
from simab.report.timeline_parts import (
    BINS,
    envelopes,
    errors_speak,
    latencies_speak,
    limit_on,
    traffic_variants,
)
from simab.report.variant_look import look_of
from simab.result import TruthSummary
from simab.result.example_run import Example, LimitLine, MetricPoint
from simab.result.metrics import OF_REQUESTS
from simab.text import typeset
from simab.text.lists import named

__all__ = ["Part", "parts_of"]

_POINTS: Final = 80
_SHARES: Final = (0.0, 0.5, 1.0)
_ROOM: Final = 1.08  # above the highest value
_NAME: Final = 190.0  # pixels of a name in a heading
_FAR: Final = 3.0  # a limit this many times above all values would flatten them


@dataclass(frozen=True, slots=True)
class Part:
    """A panel to come: its heading, its height, its scale, and what draws into it."""

    heading: str
    height: float
    scale: tuple[float, float]
    draw: Callable[[Paper, Panel], None]


def parts_of(example: Example, truth: TruthSummary) -> Iterator[Part]:
    """The panels that say something of this run, from the top."""
    if example.weights:
        yield _traffic(example, truth)
    if latencies_speak(example):
        yield _latency(example, truth)
    if errors_speak(example):
        yield _errors(example, truth)
    if example.metric_series:
        yield _quality(example, truth)
        yield _labels(example, truth)


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f}{typeset.THIN}%"


def _traffic(example: Example, truth: TruthSummary) -> Part:
    """Weights as steps, what came of them as marks, and how far chance alone would move these."""
    names = traffic_variants(example, truth)
    chance = "; shaded: 95\u202f% of what chance makes of the weight"
    band = chance if example.split_is_random else ""
    short = canvas.fit(named(names[0]), _NAME, SIZE)
    whose = f"Share of {short}" if len(names) == 1 else "Share of the traffic"
    heading = f"{whose}: line asked for, marks realised{band}"

    def draw(paper: Paper, panel: Panel) -> None:
        panel.grid(paper, _SHARES, _percent)
        for each in envelopes(example, names[0], panel.span.end_s):
            left, top = panel.place(each.realised.since_s, each.high)
            right, bottom = panel.place(min(each.realised.until_s, panel.span.end_s), each.low)
            size = max(right - left, 1.0), max(bottom - top, 1.5)
            paper.rectangle((left, top), size, fill=LIGHT["rule"])
        for name in reversed(names):
            look = look_of(name, truth)
            places = panel.steps(*example.weight_steps(name, panel.span.end_s))
            if places:
                paper.line(places, look.colour, thick=1.8, dash=look.dash)
            for pool in example.realised(name, panel.span.end_s, BINS):
                place = panel.place(pool.at_s, pool.share)
                paper.mark(place, look.marker, look.colour, 2.8, hollow=True)

    return Part(heading, 112.0, (0.0, 1.0), draw)


def _shown_variants(example: Example, truth: TruthSummary) -> list[str]:
    """Control and candidate last, so that they lie above the others."""
    own = [truth.control, truth.candidate]
    return [*(each for each in example.variants_seen() if each not in own), *own]


def _limit_words(limit: LimitLine | None, written: Callable[[float], str], high: float) -> str:
    """The limit as the heading says it: whose it is, and where it lies beyond the scale."""
    if limit is None:
        return ""
    kind = "guardrail" if limit.source == "objective" else "limit of the policy"
    where = "dashed" if limit.at_most <= high else "above this scale"
    return f"; {kind} {written(limit.at_most)}, {where}"


def _top(values: Sequence[float], limit: LimitLine | None) -> float:
    """The upper end of a scale from 0 that holds all values, and a limit that is not too far."""
    high = max((each for each in values if math.isfinite(each)), default=0.0)
    if limit is not None and (limit.at_most <= _FAR * high or not high):
        high = max(high, limit.at_most)
    return _ROOM * (high or 1.0)


def _latency(example: Example, truth: TruthSummary) -> Part:
    """The latency that a limit is set on, else p99, of each variant in each span of windows."""
    limit = limit_on(example, example.latency_shown)
    shown = [each for each in example.spans if each.start_s < example.shown_until_s]
    high = _top([each.latency_shown_ms for each in shown], limit)
    written = partial(_milliseconds)
    kind = example.latency_shown.removeprefix("latency_")
    name = "Mean latency" if kind == "mean" else f"Latency {kind}"
    heading = f"{name}: of what ended in each window{_limit_words(limit, written, high)}"

    def draw(paper: Paper, panel: Panel) -> None:
        panel.grid(paper, nice_ticks(high), written)
        for variant in _shown_variants(example, truth):
            look = look_of(variant, truth)
            points = [
                ((each.start_s + each.end_s) / 2, each.latency_shown_ms)
                for each in shown
                if each.variant == variant
            ]
            inside = [each for each in points if each[0] <= panel.span.end_s]
            panel.curve(paper, inside, look.colour, thick=1.3)
            _marks(paper, panel, inside, look.marker, look.colour)
        if limit is not None:
            panel.limit(paper, limit.at_most)

    return Part(heading, 88.0, (0.0, high), draw)


def _milliseconds(value: float) -> str:
    return typeset.duration(value / 1000) if value else "0"


def _marks(
    paper: Paper, panel: Panel, points: Sequence[tuple[float, float]], marker: str, colour: str
) -> None:
    """About six marks on a line, so that it is told from others without its colour."""
    known = [each for each in points if not math.isnan(each[1])]
    for at in range(0, len(known), max(1, len(known) // 6)):
        paper.mark(panel.place(*known[at]), marker, colour, 3.2)


def _errors(example: Example, truth: TruthSummary) -> Part:
    """The share of 5XX of each variant, pooled until it rests on thirty requests at least."""
    limit = limit_on(example, "error_rate")
    end_s = example.shown_until_s
    pools = {
        name: [(each.at_s, each.share) for each in example.errors(name, end_s, BINS)]
        for name in _shown_variants(example, truth)
    }
    high = min(_top([share for each in pools.values() for _, share in each], limit), 1.0)
    decimals = 0 if high > 0.1 else 1 if high > 0.01 else 2
    written = partial(_percent, decimals=decimals)
    heading = f"Errors: share of 5XX{_limit_words(limit, written, high)}"

    def draw(paper: Paper, panel: Panel) -> None:
        panel.grid(paper, nice_ticks(high), written)
        for name, points in pools.items():
            look = look_of(name, truth)
            panel.curve(paper, points, look.colour, thick=1.3)
            _marks(paper, panel, points, look.marker, look.colour)
        if limit is not None:
            panel.limit(paper, limit.at_most)

    return Part(heading, 72.0, (0.0, high), draw)


def _quality(example: Example, truth: TruthSummary) -> Part:
    """The metric of both over all labels by then, its band, and what is true."""
    names = (truth.control, truth.candidate)
    true = dict(zip(names, example.truths(names, truth), strict=True))
    low, high = example.metric_range([*true.values()])
    metric = formatting.metric_name(truth.metric)
    title = metric[:1].upper() + metric[1:]
    dotted = "true values" if example.true_values is None else "true of all answers shown"
    what = "of all labels by then, with its 95\u202f% band"
    number = typeset.metric_value
    if truth.metric in OF_REQUESTS:
        what, dotted = "of all requests by then", f"{dotted}, with all traffic"
    if truth.metric.startswith("latency"):
        number = _tenths
    heading = f"{title}: {what}; dotted: {dotted}"

    def draw(paper: Paper, panel: Panel) -> None:
        panel.grid(paper, nice_ticks(high, low=low), number)
        series = {name: _known(example, name) for name in names}
        for name, points in series.items():
            _band(paper, panel, points, look_of(name, truth).colour)
        for name, points in series.items():
            look = look_of(name, truth)
            line = [(each.at_s, each.value) for each in points]
            panel.curve(paper, line, look.colour, thick=2.0, dash=look.dash)
            _marks(paper, panel, line, look.marker, look.colour)
        _true_values(paper, panel, truth, true)

    return Part(heading, 132.0, (low, high), draw)


def _known(example: Example, name: str) -> list[MetricPoint]:
    points = example.series(name, _POINTS)
    return [each for each in points if math.isfinite(each.value)]


def _band(paper: Paper, panel: Panel, points: Sequence[MetricPoint], colour: str) -> None:
    """The interval at each point, filled faintly, with a thin line along both edges."""
    banded = [each for each in points if math.isfinite(each.low + each.high)]
    upper = [panel.place(each.at_s, each.high) for each in banded]
    lower = [panel.place(each.at_s, each.low) for each in banded]
    if len(banded) > 1:
        paper.area([*upper, *reversed(lower)], colour, opacity=0.14)
        for edge in (upper, lower):
            paper.line(edge, colour, thick=0.8)


def _true_values(
    paper: Paper, panel: Panel, truth: TruthSummary, true: Mapping[str, float]
) -> None:
    """A dotted line at each, with its value at the right of the panel."""
    known = [name for name, value in true.items() if math.isfinite(value)]
    ys = [panel.y(true[name]) for name in known]
    words = canvas.spread(ys, 15, panel.top + 4, panel.bottom)
    for name, y, at in zip(known, ys, words, strict=True):
        look, right = look_of(name, truth), panel.span.right
        paper.line([(panel.span.x(0), y), (right, y)], look.colour, thick=1.2, dash=(1, 3))
        value = f"true {typeset.metric_value(true[name])}"
        room = canvas.fit(value, panel.span.width - right - 6, SIZE)
        if room != value:
            room = typeset.metric_value(true[name])
        paper.words((right + 5, at + 4), room, colour=look.colour)


def _tenths(value: float) -> str:
    return typeset.decimal(value, 1)


def _labels(example: Example, truth: TruthSummary) -> Part:
    """How many labels of each variant have arrived, or requests have ended, by the metric."""
    names = (truth.control, truth.candidate)
    lines = {
        name: [(each.at_s, float(each.labelled)) for each in example.series(name, _POINTS)]
        for name in names
    }
    high = _ROOM * max((count for each in lines.values() for _, count in each), default=1.0)

    def draw(paper: Paper, panel: Panel) -> None:
        panel.grid(paper, nice_ticks(high, 2), typeset.count)
        for name, points in lines.items():
            look = look_of(name, truth)
            panel.curve(paper, points, look.colour, thick=1.8, dash=look.dash)
            _marks(paper, panel, points, look.marker, look.colour)

    heading = "Labels: that have arrived by then"
    if truth.metric in OF_REQUESTS:
        heading = "Requests: that have ended by then"
    return Part(heading, 62.0, (0.0, high), draw)
