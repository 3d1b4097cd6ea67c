"""One example run to look at closely: weights, windows, metric and decisions, read from JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simab.report.reader import Reader

__all__ = [
    "Decision",
    "Example",
    "MetricPoint",
    "Realised",
    "Span",
    "UntilDecision",
    "VariantWindows",
    "read_example",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Some neighbouring metric windows of one variant, taken together."""

    start_s: float
    end_s: float
    variant: str
    invocations: float
    realised_share: float
    error_rate: float
    latency_p50_ms: float
    latency_p99_ms: float


@dataclass(frozen=True, slots=True)
class VariantWindows:
    """What all metric windows of a variant held, from the start to the horizon."""

    variant: str
    requests: float
    windows: float
    error_rate: float
    median_latency_p50_ms: float
    worst_latency_p99_ms: float


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """The objective metric over all labels that have arrived by then, with its 95 % interval."""

    at_s: float
    variant: str
    labelled: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One action that the policy asked for, with what it saw."""

    at_s: float
    action: str
    detail: str
    accepted: bool
    because: str


@dataclass(frozen=True, slots=True)
class UntilDecision:
    """How the run stood at its decision, or at the horizon if it was not decided.

    `ended` counts the requests by variant in the windows that were over by then; `labels` are those
    that the policy saw then; `largest_shares` are those in force before.
    """

    at_s: float
    arrived: float
    ended: Mapping[str, float]
    largest_shares: Mapping[str, float]
    labels: Mapping[str, MetricPoint]


class Realised(NamedTuple):
    """A variant's share of the requests that ended in some neighbouring whole windows."""

    since_s: float
    until_s: float
    share: float
    requests: float

    @property
    def at_s(self) -> float:
        """The middle of these windows."""
        return (self.since_s + self.until_s) / 2


class _Pooled(NamedTuple):
    """A span with its requests: a variant's, and everybody's."""

    start_s: float
    end_s: float
    mine: float
    everyone: float


@dataclass(frozen=True, slots=True)
class Example:
    """One replication of one policy."""

    policy: str
    replication: int
    chosen_because: str
    outcome: str
    decided_for: str
    ends_with: str
    ends_with_since_s: float
    decided_at_s: float
    shown_until_s: float
    until_decision: UntilDecision
    weights: tuple[tuple[float, Mapping[str, float]], ...]
    spans: tuple[Span, ...]
    windows: tuple[VariantWindows, ...]
    metric_series: tuple[MetricPoint, ...]
    decisions: tuple[Decision, ...]
    totals: tuple[tuple[str, float], ...]

    def weight_steps(self, variant: str, end_s: float) -> tuple[list[float], list[float]]:
        """Times and shares of a variant, each in force until the next, the last to the end."""
        times = [at_s for at_s, _ in self.weights]
        shares = [weights.get(variant, 0.0) for _, weights in self.weights]
        return (
            [*times, max(end_s, times[-1])] if times else [],
            [*shares, shares[-1]] if shares else [],
        )

    def metric_range(self, true_values: Sequence[float]) -> tuple[float, float]:
        """The part of the metric's scale that is shown: all of the later two thirds, and the truth.

        The first intervals are as wide as the scale itself.
        """
        points = [
            each
            for each in self.metric_series
            if self.shown_until_s / 3 <= each.at_s <= self.shown_until_s
        ]
        values = [bound for each in points for bound in (each.low, each.high, each.value)]
        finite = [each for each in (*values, *true_values) if math.isfinite(each)] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        margin = 0.06 * ((high - low) or 0.1)
        return low - margin, high + margin

    def metric_is_cut(self, true_values: Sequence[float]) -> bool:
        """Whether a value or a band up to the edge of the figure lies beyond the range shown."""
        low, high = self.metric_range(true_values)
        shown = [each for each in self.metric_series if each.at_s <= self.shown_until_s]
        return any(
            bound < low or bound > high  # false where a bound is not known
            for each in shown
            if math.isfinite(each.value)
            for bound in (each.low, each.high, each.value)
        )

    def realised(self, variant: str, end_s: float, most: int) -> list[Realised]:
        """The variant's share of the requests until `end_s`, pooled over neighbouring spans.

        A share of few requests is mostly noise, so spans are pooled until they hold thirty, or
        more if that would make more than `most` pools; a change of weights starts a new one. A pool
        whose middle lies beyond `end_s` is left out, but for the only one.
        """
        spans = self._pooled(variant, end_s)
        enough = max(30.0, sum(each.everyone for each in spans) / most)
        changes = [at_s for at_s, _ in self.weights] if len(self.weights) <= 12 else []
        found: list[Realised] = []
        since_s = until_s = mine = everyone = 0.0
        for span in spans:
            changed = any(since_s < at_s <= span.start_s for at_s in changes)
            if everyone and (everyone >= enough or changed):
                found.append(Realised(since_s, until_s, mine / everyone, everyone))
                mine = everyone = 0.0
            since_s = since_s if everyone else span.start_s
            until_s = span.end_s
            mine, everyone = mine + span.mine, everyone + span.everyone
        if everyone:
            found.append(Realised(since_s, until_s, mine / everyone, everyone))
        return [each for each in found if each.at_s <= end_s] or found[:1]

    def _pooled(self, variant: str, end_s: float) -> list[_Pooled]:
        """The spans that begin before `end_s`, with all variants' requests added up."""
        counts: dict[tuple[float, float], list[float]] = {}
        for span in self.spans:
            if span.start_s < end_s:
                each = counts.setdefault((span.start_s, span.end_s), [0.0, 0.0])
                each[0] += span.invocations if span.variant == variant else 0.0
                each[1] += span.invocations
        return [_Pooled(*span, *counts[span]) for span in sorted(counts)]

    def series(self, variant: str, most: int) -> list[MetricPoint]:
        """At most that many of the points shown, evenly spread, the last one always."""
        points = [
            point
            for point in self.metric_series
            if point.variant == variant and point.at_s <= self.shown_until_s
        ]
        if len(points) <= most:
            return points
        return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]

    def variants(self) -> list[str]:
        """Every variant that had a weight or a request, by name."""
        named = {name for _, weights in self.weights for name in weights}
        return sorted(named | {span.variant for span in self.spans})


def read_example(reader: Reader) -> Example:
    """An example from its JSON form."""
    return Example(
        policy=reader.text("policy"),
        replication=reader.whole("replication"),
        chosen_because=reader.text("chosen_because", ""),
        outcome=reader.text("outcome"),
        decided_for=reader.text("decided_for", ""),
        ends_with=reader.text("ends_with", ""),
        ends_with_since_s=reader.number("ends_with_since_s"),
        decided_at_s=reader.number("decided_at_s"),
        shown_until_s=reader.number("shown_until_s"),
        until_decision=_until_decision(reader.child("until_decision")),
        weights=tuple(
            (each.number("at_s"), {name: w.as_number() for name, w in each.entries("weights")})
            for each in reader.items("weights")
        ),
        spans=tuple(_span(each) for each in reader.items("spans")),
        windows=tuple(_windows(each) for each in reader.items("variants")),
        metric_series=tuple(_metric_point(each) for each in reader.items("metric_series")),
        decisions=tuple(_decision(each) for each in reader.items("decisions")),
        totals=tuple((name, value.as_number()) for name, value in reader.entries("totals")),
    )


def _span(reader: Reader) -> Span:
    return Span(
        reader.number("start_s"),
        reader.number("end_s"),
        reader.text("variant"),
        *(
            reader.number(key)
            for key in (
                "invocations",
                "realised_share",
                "error_rate",
                "latency_p50_ms",
                "latency_p99_ms",
            )
        ),
    )


def _windows(reader: Reader) -> VariantWindows:
    return VariantWindows(
        reader.text("variant"),
        *(
            reader.number(key)
            for key in (
                "requests",
                "windows",
                "error_rate",
                "median_latency_p50_ms",
                "worst_latency_p99_ms",
            )
        ),
    )


def _until_decision(reader: Reader) -> UntilDecision:
    at_s = reader.number("at_s")
    return UntilDecision(
        at_s=at_s,
        arrived=reader.number("arrived"),
        ended={name: each.as_number() for name, each in reader.entries("ended")},
        largest_shares={name: each.as_number() for name, each in reader.entries("largest_shares")},
        labels={
            each.text("variant"): _metric_point(each, at_s=at_s) for each in reader.items("labels")
        },
    )


def _metric_point(reader: Reader, at_s: float | None = None) -> MetricPoint:
    return MetricPoint(
        reader.number("at_s") if at_s is None else at_s,
        reader.text("variant"),
        *(reader.number(key) for key in ("labelled", "value", "low", "high")),
    )


def _decision(reader: Reader) -> Decision:
    return Decision(
        at_s=reader.number("at_s"),
        action=reader.text("action"),
        detail=reader.text("detail", ""),
        accepted=bool(reader.child("accepted").value),
        because=reader.text("because", ""),
    )
