"""One example run to look at closely: weights, windows, metric and decisions, read from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from simab.report.reader import Reader

__all__ = ["Decision", "Example", "MetricPoint", "Window", "read_example"]


@dataclass(frozen=True, slots=True)
class Window:
    """One metric window of one variant."""

    start_s: float
    variant: str
    invocations: float
    realised_share: float
    error_rate: float
    latency_p50_ms: float
    latency_p99_ms: float


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
class Example:
    """One replication of one policy."""

    policy: str
    replication: int
    chosen_because: str
    outcome: str
    decided_at_s: float
    weights: tuple[tuple[float, Mapping[str, float]], ...]
    windows: tuple[Window, ...]
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

    def realised(self, variant: str, end_s: float, bins: int) -> list[tuple[float, float, float]]:
        """Middle of each bin, the variant's share of the invocations in it, and their number.

        Windows are pooled into equal bins of time: a share over few requests is mostly noise.
        """
        if not self.windows or end_s <= 0:
            return []
        starts = sorted({window.start_s for window in self.windows})
        window_s = min((late - early for early, late in pairwise(starts)), default=end_s)
        width = max(window_s, end_s / bins)
        totals: dict[int, list[float]] = {}
        for window in self.windows:
            each = totals.setdefault(int(window.start_s // width), [0.0, 0.0])
            each[0] += window.invocations if window.variant == variant else 0.0
            each[1] += window.invocations
        return [
            ((at + 0.5) * width, mine / everyone, everyone)
            for at, (mine, everyone) in sorted(totals.items())
            if everyone
        ]

    def series(self, variant: str, most: int) -> list[MetricPoint]:
        """At most that many points of a variant's metric, evenly spread, the last one always."""
        points = [point for point in self.metric_series if point.variant == variant]
        if len(points) <= most:
            return points
        return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]

    def variants(self) -> list[str]:
        """Every variant that had a weight or a request, by name."""
        named = {name for _, weights in self.weights for name in weights}
        return sorted(named | {window.variant for window in self.windows})


def read_example(reader: Reader) -> Example:
    """An example from its JSON form."""
    return Example(
        policy=reader.text("policy"),
        replication=reader.whole("replication"),
        chosen_because=reader.text("chosen_because", ""),
        outcome=reader.text("outcome"),
        decided_at_s=reader.number("decided_at_s"),
        weights=tuple(
            (each.number("at_s"), {name: w.as_number() for name, w in each.entries("weights")})
            for each in reader.items("weights")
        ),
        windows=tuple(_window(each) for each in reader.items("windows")),
        metric_series=tuple(_metric_point(each) for each in reader.items("metric_series")),
        decisions=tuple(_decision(each) for each in reader.items("decisions")),
        totals=tuple((name, value.as_number()) for name, value in reader.entries("totals")),
    )


def _window(reader: Reader) -> Window:
    return Window(
        reader.number("start_s"),
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


def _metric_point(reader: Reader) -> MetricPoint:
    return MetricPoint(
        reader.number("at_s"),
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
