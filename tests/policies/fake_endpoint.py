"""An endpoint without requests: a policy acts on it, and scripted windows show what it did.

Weights move at the end of an update, windows appear after their publication delay, and a variant
without weight has no traffic. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simab.policies import (
    Action,
    AddVariant,
    EndpointStatus,
    Observation,
    Promote,
    RemoveVariant,
    RollBack,
    SetWeights,
)
from simab.stats.request_totals import RequestTotals, known_latencies
from tests.policies.fake_metrics import MINUTE, requests

SECOND = MINUTE // 60
Windows = Callable[[str, int, float], RequestTotals]


def steady(*, failing: float = 0.0, latency_ms: float = 40.0, per_window: int = 100) -> Windows:
    """100 requests a window over both variants; the candidate's fail as said."""

    def window(variant: str, number: int, share: float) -> RequestTotals:
        count = round(per_window * share)
        if variant == "new":
            return requests([latency_ms] * count, failed=round(count * failing))
        return requests([latency_ms] * count)

    return window


@dataclass(frozen=True)
class ScriptedMetrics:
    """The windows published at one moment."""

    window: Callable[[str, int], RequestTotals]
    now_ns: int
    delay_ns: int
    period_ns: int = MINUTE

    @property
    def published_until_ns(self) -> int:
        """End of the newest window whose delay is over."""
        return max(self.now_ns - self.delay_ns, 0) // self.period_ns * self.period_ns

    def as_of(self, earlier_ns: int) -> ScriptedMetrics:
        """The windows published at a moment before."""
        return replace(self, now_ns=earlier_ns)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of whole published windows; asking for others is a mistake of the policy."""
        assert since_ns % self.period_ns == until_ns % self.period_ns == 0
        assert 0 <= since_ns < until_ns <= self.published_until_ns
        numbers = range(since_ns // self.period_ns, until_ns // self.period_ns)
        parts = [self.window(variant, number) for number in numbers]
        return RequestTotals(
            invocations=sum(each.invocations for each in parts),
            answered=sum(each.answered for each in parts),
            failed=sum(each.failed for each in parts),
            rejected=sum(each.rejected for each in parts),
            latency_sum_ns=sum(each.latency_sum_ns for each in parts),
            read_latencies=known_latencies(sum(each.latency_histogram for each in parts)),
        )


@dataclass(frozen=True)
class Look:
    """One tick: when, what was in force, what the policy asked for, and its state after."""

    now_ns: int
    weights: dict[str, float]
    status: EndpointStatus
    actions: Sequence[Action]
    state: Any

    @property
    def share(self) -> float:
        """The candidate's share of the traffic."""
        return self.weights.get("new", 0.0) / sum(self.weights.values())


@dataclass
class FakeEndpoint:
    """Weights in force and on their way."""

    weights: dict[str, float]
    instances: dict[str, int]
    update_ns: int
    coming: tuple[int, dict[str, float]] | None = None
    history: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def at(self, now_ns: int) -> EndpointStatus:
        """Let an update end whose time has come."""
        if not self.history:
            self.history.append((0, self.weights))
        if self.coming is not None and self.coming[0] <= now_ns:
            self.history.append(self.coming)
            self.weights, self.coming = self.coming[1], None
        return EndpointStatus.IN_SERVICE if self.coming is None else EndpointStatus.UPDATING

    def carry_out(self, action: Action, now_ns: int) -> None:
        """Begin a change; asking for a second one meanwhile is a mistake of the policy."""
        assert self.coming is None, action
        after = dict(self.weights)
        match action:
            case SetWeights():
                after.update(action.weights)
            case Promote() | RollBack():
                winner = action.variant if isinstance(action, Promote) else "old"
                after = {name: float(name == winner) for name in after}
            case AddVariant():
                after[action.variant] = action.weight
            case RemoveVariant():
                del after[action.variant]
        serving = {name for name, weight in self.weights.items() if weight > 0}
        if isinstance(action, Promote | RollBack) and serving == {
            name for name, weight in after.items() if weight > 0
        }:
            return
        self.coming = (now_ns + self.update_ns, after)

    def share_at(self, variant: str, now_ns: int) -> float:
        """The share of a variant that was in force at a moment."""
        weights = next(each for at_ns, each in reversed(self.history) if at_ns <= now_ns)
        return weights.get(variant, 0.0) / sum(weights.values())


def play(
    policy: Any,
    windows: Windows,
    *,
    until_ns: int,
    interval_ns: int = MINUTE,
    update_ns: int = 62 * SECOND,
    delay_ns: int = 45 * SECOND,
    period_ns: int = MINUTE,
    weights: dict[str, float] | None = None,
    instances: dict[str, int] | None = None,
) -> Iterator[Look]:
    """Tick by tick, until the time is over."""
    endpoint = FakeEndpoint(
        weights or {"old": 1.0, "new": 0.0}, instances or {"old": 1, "new": 1}, update_ns
    )
    state = None
    for now_ns in range(interval_ns, until_ns + 1, interval_ns):
        status = endpoint.at(now_ns)
        metrics = ScriptedMetrics(
            lambda variant, number: windows(
                variant, number, endpoint.share_at(variant, number * period_ns)
            ),
            now_ns,
            delay_ns,
            period_ns,
        )
        seen = Observation(
            now_ns=now_ns,
            status=status,
            weights=endpoint.weights,
            instances={name: endpoint.instances.get(name, 1) for name in endpoint.weights},
            control="old",
            candidate="new",
            metrics=metrics,
        )
        actions, state = policy.decide(state, seen)
        yield Look(now_ns, dict(endpoint.weights), status, tuple(actions), state)
        for action in actions:
            endpoint.carry_out(action, now_ns)
