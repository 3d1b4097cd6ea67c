"""A rollout by script: a policy looks again and again, weights change at once, windows are told.

There is no simulator behind it: `serve` says what a variant's requests of a window were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simab.policies import (
    Action,
    EndpointStatus,
    Observation,
    Promote,
    RollBack,
    SetWeights,
)
from simab.policies.policy import Policy
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals, known_latencies
from tests.policies.fake_metrics import confusion, requests

SECOND = 1_000_000_000

Serve = Callable[[str, float, int], RequestTotals]
"""What the variant, at its share of the traffic, did in the window of that number."""


@dataclass(frozen=True)
class ScriptedMetrics:
    """A metrics view over windows told by number; spans add up."""

    windows: Mapping[tuple[str, int], RequestTotals]
    published_until_ns: int
    period_ns: int
    labels_by_variant: Mapping[str, LabelTotals]

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """The sum of the published windows within the span."""
        first = -(-since_ns // self.period_ns)
        last = min(until_ns, self.published_until_ns) // self.period_ns
        return total(
            *(self.windows.get((variant, number), requests()) for number in range(first, last))
        )

    def labels(self, variant: str) -> LabelTotals:
        """Labels of a variant."""
        return self.labels_by_variant.get(variant, confusion())

    def as_of(self, earlier_ns: int) -> ScriptedMetrics:
        """The windows that were over by then."""
        until_ns = earlier_ns // self.period_ns * self.period_ns
        return replace(self, published_until_ns=min(until_ns, self.published_until_ns))


@dataclass(frozen=True)
class Moment:
    """One look: when, the policy's state after it, what it did, and the weights from then on."""

    at_ns: int
    state: Any
    actions: tuple[Action, ...]
    weights: Mapping[str, float]


def total(*parts: RequestTotals) -> RequestTotals:
    """The requests of several windows together."""
    histogram = requests().latency_histogram
    return RequestTotals(
        invocations=sum(part.invocations for part in parts),
        answered=sum(part.answered for part in parts),
        failed=sum(part.failed for part in parts),
        rejected=sum(part.rejected for part in parts),
        latency_sum_ns=sum(part.latency_sum_ns for part in parts),
        read_latencies=known_latencies(sum((part.latency_histogram for part in parts), histogram)),
    )


def counted(answered: int, failed: int = 0) -> RequestTotals:
    """Requests of no known latency: quick to make, for checks of success rates only."""
    return RequestTotals(answered + failed, answered, failed, 0, 0, requests().read_latencies)


def seen(
    *windows: RequestTotals,
    period_ns: int = 60 * SECOND,
    control: tuple[RequestTotals, ...] = (),
    labels: Mapping[str, LabelTotals] | None = None,
    **fields: Any,
) -> Observation:
    """One observation at 90:10 after these windows of the candidate, the newest one just over."""
    by_number = {("new", number): window for number, window in enumerate(windows)}
    by_number |= {("old", number): window for number, window in enumerate(control)}
    over_ns = max(len(windows), len(control)) * period_ns
    plain: dict[str, Any] = {
        "now_ns": over_ns,
        "status": EndpointStatus.IN_SERVICE,
        "weights": {"old": 90.0, "new": 10.0},
        "instances": {"old": 1, "new": 1},
        "control": "old",
        "candidate": "new",
        "metrics": ScriptedMetrics(by_number, over_ns, period_ns, labels or {}),
    }
    return Observation(**(plain | fields))


def play(
    policy: Policy,
    serve: Serve,
    *,
    looks: int,
    interval_ns: int,
    period_ns: int,
    weights: Mapping[str, float] | None = None,
) -> list[Moment]:
    """The looks of a policy, the first after one interval; windows are published at their end."""
    weights = dict(weights or {"old": 1.0, "new": 0.0})
    windows: dict[tuple[str, int], RequestTotals] = {}
    moments: list[Moment] = []
    state, told = None, 0
    for look in range(1, looks + 1):
        now_ns = look * interval_ns
        while (told + 1) * period_ns <= now_ns:
            for variant, weight in weights.items():
                windows[variant, told] = serve(variant, weight / sum(weights.values()), told)
            told += 1
        observation = seen(
            now_ns=now_ns,
            weights=dict(weights),
            metrics=ScriptedMetrics(windows, told * period_ns, period_ns, {}),
        )
        actions, state = policy.decide(state, observation)
        for action in actions:
            weights = after(action, weights)
        moments.append(Moment(now_ns, state, tuple(actions), dict(weights)))
    return moments


def after(action: Action, weights: Mapping[str, float]) -> dict[str, float]:
    """The weights that an action leads to."""
    if isinstance(action, SetWeights):
        return {**weights, **action.weights}
    winner = {Promote: "new", RollBack: "old"}[type(action)]
    return {name: float(name == winner) for name in weights}
