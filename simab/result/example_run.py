"""One run shown in full: its weights, windows, metric and decisions, and how it was decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simab.result.json_metadata import absent_if_none
from simab.result.truth_summary import TruthSummary

__all__ = [
    "SOMEBODY_ELSE",
    "Decision",
    "Example",
    "LimitLine",
    "MetricPoint",
    "MetricValue",
    "Reading",
    "Realised",
    "Span",
    "UntilDecision",
    "VariantWindows",
    "WeightsInForce",
]


SOMEBODY_ELSE: Final = "Somebody else"
"""The action of a decision that is not the policy's: weights that the timeline sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some neighbouring metric windows of one variant, taken together."""

    start_s: float
    end_s: float
    variant: str
    invocations: int
    realised_share: float
    error_rate: float
    latency_p50_ms: float
    latency_p99_ms: float
    latency_shown_ms: float = math.nan
    """The latency that the run's example names, for its figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantWindows:
    """What all metric windows of a variant held, from the start to the horizon."""

    variant: str
    requests: int
    windows: int
    error_rate: float
    median_latency_p50_ms: float
    worst_latency_p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """The objective's metric over some labels of a variant, with its 95 % interval."""

    variant: str
    labelled: int
    value: float
    low: float
    high: float

    def at(self, at_s: float) -> MetricPoint:
        """The same at an instant."""
        return MetricPoint(
            variant=self.variant,
            labelled=self.labelled,
            value=self.value,
            low=self.low,
            high=self.high,
            at_s=at_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPoint(MetricValue):
    """The metric over all labels that have arrived by then."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInForce:
    """The weights as shares, in force from an instant until the next."""

    at_s: float
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One action that the policy asked for, with what it saw; or autoscaling or somebody else."""

    at_s: float
    action: str
    detail: str
    accepted: bool
    because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the policy measured at a look, beside its bound; `passed` is None where that is open."""

    at_s: float
    name: str
    reading: str
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A limit on a metric: a share of 5XX, or a latency in ms, set by "objective" or "policy"."""

    metric: str
    at_most: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilDecision:
    """How the run stood at its decision, or at the horizon if it was not decided.

    `ended` counts the requests by variant in the windows that were over by then; `labels` are those
    that the policy saw then; `largest_shares` are those in force before.
    """

    at_s: float
    arrived: int
    ended: Mapping[str, int]
    largest_shares: Mapping[str, float]
    labels: tuple[MetricValue, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One replication of one policy, in the world of that name.

    `is_worst`: it was chosen for the harm that it did, and not as what mostly happens.
    `latency_shown` names the latency of `Span.latency_shown_ms`, and `split_is_random` says whether
    an independent draw sent each request, so that its realised share is binomial. `true_values` has
    the true metric of the answers that each variant gave until `shown_until_s`, where that changes
    during a run; else None.
    """

    policy: str
    replication: int
    chosen_because: str
    verdict: str
    decided_for: str | None
    decided_at_s: float
    ends_with: str | None
    ends_with_since_s: float
    shown_until_s: float
    until_decision: UntilDecision
    weights: tuple[WeightsInForce, ...]
    spans: tuple[Span, ...]
    variants: tuple[VariantWindows, ...]
    metric_series: tuple[MetricPoint, ...]
    decisions: tuple[Decision, ...]
    totals: Mapping[str, int]
    world: str = "described"
    is_worst: bool = False
    readings: tuple[Reading, ...] = ()
    limits: tuple[LimitLine, ...] = ()
    latency_shown: str = "latency_p99"
    split_is_random: bool = False
    true_values: Mapping[str, float] | None = field(default=None, metadata=absent_if_none())

    def truths(self, names: Sequence[str], truth: TruthSummary) -> list[float]:
        """What is true of these variants: where answers change, of those given while it is shown.

        `truth` is that of the world; NaN where a variant gave none.
        """
        if self.true_values is None:
            return [truth.value(name) for name in names]
        return [self.true_values.get(name, math.nan) for name in names]

    def about(self, truth: TruthSummary, *, chooses_among_all: bool | None) -> TruthSummary:
        """The truth with the candidate that this run is about, where there are several.

        It is the one that the run ends with or decides for; else of a rule that rolls out the
        objective's candidate alone that one, of others the one with the largest weight when a
        candidate last had any, and of equal weights the best.
        """
        ended = (self.ends_with, self.decided_for)
        if chooses_among_all is False:
            return truth.spoken_of(*ended, truth.candidate)
        return truth.spoken_of(*ended, self._largest(truth.every_candidate))

    def _largest(self, candidates: Sequence[str]) -> str | None:
        """The candidate with more weight than every other when some last had any; None if tied."""
        for each in reversed(self.weights):
            largest = max(each.weights.get(name, 0.0) for name in candidates)
            if largest > 0:
                found = [name for name in candidates if each.weights.get(name, 0.0) == largest]
                return found[0] if len(found) == 1 else None
        return None

    def weight_steps(self, variant: str, end_s: float) -> tuple[list[float], list[float]]:
        """Times and shares of a variant, each in force until the next, the last to the end."""
        times = [each.at_s for each in self.weights]
        shares = [each.weights.get(variant, 0.0) for each in self.weights]
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
        changes = [each.at_s for each in self.weights] if len(self.weights) <= 12 else []
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

    def errors(self, variant: str, end_s: float, most: int) -> list[Realised]:
        """The share of a variant's own requests that ended in error until `end_s`.

        Spans are pooled until they hold thirty of its requests, or more if that would make more
        than `most` pools; one without a request of its own says nothing. `requests` are its own.
        """
        spans = [each for each in self.spans if each.variant == variant and each.start_s < end_s]
        enough = max(30.0, sum(each.invocations for each in spans) / most)
        found: list[Realised] = []
        since_s = until_s = failed = own = 0.0
        for span in spans:
            since_s = since_s if own else span.start_s
            until_s = span.end_s
            failed, own = failed + span.error_rate * span.invocations, own + span.invocations
            if own >= enough:
                found.append(Realised(since_s, until_s, failed / own, own))
                failed = own = 0.0
        if own:
            found.append(Realised(since_s, until_s, failed / own, own))
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

    def variants_seen(self) -> list[str]:
        """Every variant that had a weight or a request, by name."""
        named = {name for each in self.weights for name in each.weights}
        return sorted(named | {span.variant for span in self.spans})
