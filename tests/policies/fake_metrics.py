"""Hand-made observations: totals said outright, with no simulator behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simab.policies import Assignments, EndpointStatus, Observation
from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import SCORE_BINS, LabelTotals, RewardTotals, known_scores
from simab.stats.request_totals import (
    LATENCY_BUCKETS,
    RequestTotals,
    known_latencies,
    latency_bucket,
)

MINUTE = 60_000_000_000
AT_START = {"old": 1.0, "new": 1.0}


def requests(
    latencies_ms: list[float] | None = None, *, failed: int = 0, rejected: int = 0
) -> RequestTotals:
    """Served requests with these latencies, the first `failed` of them with a 500; and 503s."""
    latencies_ns = [round(each * 1e6) for each in latencies_ms or []]
    histogram = np.zeros(LATENCY_BUCKETS, dtype=np.int64)
    for latency_ns in latencies_ns:
        histogram[latency_bucket(latency_ns)] += 1
    return RequestTotals(
        invocations=len(latencies_ns) + rejected,
        answered=len(latencies_ns) - failed,
        failed=failed,
        rejected=rejected,
        latency_sum_ns=sum(latencies_ns),
        read_latencies=known_latencies(histogram),
    )


def total(parts: Sequence[RequestTotals]) -> RequestTotals:
    """The requests of several windows together."""
    return RequestTotals(
        invocations=sum(part.invocations for part in parts),
        answered=sum(part.answered for part in parts),
        failed=sum(part.failed for part in parts),
        rejected=sum(part.rejected for part in parts),
        latency_sum_ns=sum(part.latency_sum_ns for part in parts),
        read_latencies=known_latencies(np.sum([part.latency_histogram for part in parts], axis=0)),
    )


def confusion(tp: int = 0, fp: int = 0, fn: int = 0, tn: int = 0) -> LabelTotals:
    """Labels of a classifier; scores 0.75 where it said yes, 0.25 where it said no."""
    histogram = np.zeros((2, SCORE_BINS), dtype=np.int64)
    low, high = SCORE_BINS // 4, 3 * SCORE_BINS // 4
    histogram[1, high], histogram[0, high], histogram[1, low], histogram[0, low] = tp, fp, fn, tn
    squares = (tp + tn) * (1 << 26) + (fp + fn) * 9 * (1 << 26)
    return LabelTotals(ConfusionCounts(tp, fp, fn, tn), 0, 0, squares, known_scores(histogram))


def successes(right: int, wrong: int) -> LabelTotals:
    """Labels that only say right or wrong."""
    return LabelTotals(ConfusionCounts(), right, wrong, 0)


def earned(values: Sequence[float]) -> LabelTotals:
    """Labels that are numeric rewards."""
    rewards = RewardTotals(len(values), float(np.mean(values)), len(values) * float(np.var(values)))
    return successes(0, 0)._replace(rewards=rewards)


@dataclass(frozen=True)
class FakeMetrics:
    """A metrics view that shows what it was given: windows by their start in minutes."""

    labels_by_variant: Mapping[str, LabelTotals] = field(default_factory=dict)
    windows: Mapping[tuple[str, int], RequestTotals] = field(default_factory=dict)
    published_until_ns: int = 0
    period_ns: int = MINUTE
    delay_ns: int = 0
    assigned: Mapping[str, int] = field(default_factory=dict)

    def assignments(self) -> Assignments:
        """Requests of the first split."""
        return Assignments("requests", 1, self.assigned)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Whole windows; asking for what is not published is a mistake of the policy."""
        assert since_ns % self.period_ns == until_ns % self.period_ns == 0
        assert 0 <= since_ns < until_ns <= self.published_until_ns
        numbers = range(since_ns // self.period_ns, until_ns // self.period_ns)
        return total([self.windows.get((variant, number), requests()) for number in numbers])

    def labels(self, variant: str) -> LabelTotals:
        """Labels of a variant."""
        return self.labels_by_variant.get(variant, confusion())

    def as_of(self, earlier_ns: int) -> FakeMetrics:
        """The windows that were published by then, at the latest those of now."""
        seen_ns = max(earlier_ns - self.delay_ns, 0) // self.period_ns * self.period_ns
        return replace(self, published_until_ns=min(seen_ns, self.published_until_ns))


def observation(metrics: FakeMetrics | None = None, **fields: Any) -> Observation:
    """At ten minutes, in service, old and new at 1:1."""
    plain: dict[str, Any] = {
        "now_ns": 10 * MINUTE,
        "status": EndpointStatus.IN_SERVICE,
        "weights": {"old": 1.0, "new": 1.0},
        "instances": {"old": 1, "new": 1},
        "control": "old",
        "candidate": "new",
        "metrics": metrics or FakeMetrics(),
    }
    return Observation(**(plain | fields))
