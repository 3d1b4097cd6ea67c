"""One example run to look at closely: weights, windows, metric and decisions, read from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simab.report.reader import Reader

__all__ = ["Decision", "Example", "MetricPoint", "Realised", "Window", "read_example"]


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


class Realised(NamedTuple):
    """A variant's share of the requests that came about then."""

    at_s: float
    share: float
    requests: float


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

    def realised(self, variant: str, end_s: float, most: int) -> list[Realised]:
        """The variant's share of the requests until `end_s`, pooled over neighbouring windows.

        A share of few requests is mostly noise, so windows are pooled until they hold thirty, or
        more if that would make more than `most` pools; a change of weights starts a new one.
        """
        pooled: dict[float, list[float]] = {}
        for window in self.windows:
            if window.start_s < end_s:
                each = pooled.setdefault(window.start_s, [0.0, 0.0])
                each[0] += window.invocations if window.variant == variant else 0.0
                each[1] += window.invocations
        enough = max(30.0, sum(many for _, many in pooled.values()) / most)
        changes = [at_s for at_s, _ in self.weights] if len(self.weights) <= 12 else []
        found: list[Realised] = []
        since, mine, everyone = 0.0, 0.0, 0.0
        for start_s in sorted(pooled):
            changed = any(since < at_s <= start_s for at_s in changes)
            if everyone and (everyone >= enough or changed):
                found.append(Realised((since + start_s) / 2, mine / everyone, everyone))
                mine = everyone = 0.0
            since = start_s if not everyone else since
            mine, everyone = mine + pooled[start_s][0], everyone + pooled[start_s][1]
        if everyone:
            found.append(Realised((since + end_s) / 2, mine / everyone, everyone))
        return found

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
