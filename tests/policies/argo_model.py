"""Argo Rollouts written out a second time: its analysis run, second by second, and its replicas.

For differential tests. Both follow the order of the tool's own controller loops (argo-rollouts
9f8d111d: analysis/analysis.go and utils/replicaset/canary.go), not that of `simab.policies`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

BAD = ("Failed", "Error", "Inconclusive")
OVER = ("Successful", *BAD)
ORDER = ("Successful", "Inconclusive", "Error", "Failed")


@dataclass(frozen=True)
class Settings:
    """One metric of the specification; times in seconds, conditions by the name of their kind."""

    conditions: str = "both"
    interval: int | None = None
    initial_delay: int = 0
    count: int | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 0
    error_limit: int = 4
    success_limit: int = 0
    dry: bool = False


@dataclass
class Counters:
    """The status of one metric, which exists from its first measurement on."""

    phase: str = "Running"
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    errors_on_end: int = 0
    successes_on_end: int = 0
    finished: int = 0
    last: str = ""


@dataclass
class ModelRun:
    """An analysis run: `verdict(name, second)` is what a measurement then comes to."""

    metrics: Mapping[str, Settings]
    started: int
    verdict: Callable[[str, int], str]
    status: dict[str, Counters] = field(default_factory=dict)
    phase: str = "Running"

    def second(self, now: int) -> None:
        """Reconcile as often as anything changes."""
        while self.phase == "Running":
            tasks = [] if self._terminating() else [m for m in self.metrics if self._due(m, now)]
            terminating = self._terminating()
            for name in tasks:
                self._measured(name, now)
            changed = self._assess(terminating)
            if not tasks and not changed:
                return

    def _terminating(self) -> bool:
        return any(
            each.phase in BAD and not self.metrics[name].dry for name, each in self.status.items()
        )

    def _due(self, name: str, now: int) -> bool:
        metric, status = self.metrics[name], self.status.get(name)
        if status is None:
            return now >= self.started + metric.initial_delay
        if status.phase in OVER:
            return False
        wait = 10 if status.last == "Error" or metric.interval is None else metric.interval
        return now >= status.finished + wait

    def _measured(self, name: str, now: int) -> None:
        status = self.status.setdefault(name, Counters())
        status.last, status.finished = self.verdict(name, now), now
        if status.last == "Error":
            status.error += 1
            status.errors_on_end += 1
            status.successes_on_end = 0
            return
        status.count += 1
        status.errors_on_end = 0
        if status.last == "Successful":
            status.successful += 1
            status.successes_on_end += 1
            return
        status.successes_on_end = 0
        if status.last == "Failed":
            status.failed += 1
        else:
            status.inconclusive += 1

    def _assess(self, terminating: bool) -> bool:
        """The status of each metric and of the run; whether any of it is new."""
        before = [each.phase for each in self.status.values()], self.phase
        complete, worst = True, ""
        for name, metric in self.metrics.items():
            status = self.status.get(name)
            if status is None:
                complete = False
                continue
            status.phase = self._phase_of(metric, status, terminating)
            if status.phase not in OVER:
                complete = False
            elif metric.dry:
                worst = worst or "Successful"
            elif not worst or ORDER.index(status.phase) > ORDER.index(worst):
                worst = status.phase
        if terminating:
            self.phase = worst or "Successful"
        elif complete and worst:
            self.phase = worst
        return before != ([each.phase for each in self.status.values()], self.phase)

    @staticmethod
    def _phase_of(metric: Settings, status: Counters, terminating: bool) -> str:
        if status.phase in OVER:
            return status.phase
        found = ""
        if metric.failure_limit >= 0 and status.failed > metric.failure_limit:
            found = "Failed"
        if status.inconclusive > metric.inconclusive_limit:
            found = "Inconclusive"
        if status.errors_on_end > metric.error_limit:
            found = "Error"
        if found:
            return found
        if 0 < metric.success_limit <= status.successes_on_end:
            return "Successful"
        count = metric.count or (1 if metric.interval is None else 0)
        if count and status.count >= count:
            if metric.success_limit > 0:
                return "Inconclusive" if metric.failure_limit >= 0 else "Failed"
            return "Successful"
        return "Successful" if terminating else "Running"


def desired(replicas: int, weight: int, surge: int) -> tuple[int, int]:
    """Canary and stable replicas that the controller steers to for a weight."""
    exact = Fraction(replicas * weight, 100)
    above, below = ceil(exact), floor(exact)
    may_be_none = weight in (0, 100) or (replicas == 1 and surge == 0)
    best: tuple[Fraction, int, int] | None = None
    for total in (replicas, replicas + 1) if surge > 0 else (replicas,):
        tied = Fraction(total * weight, 100) % 1 == Fraction(1, 2)
        candidates = []
        if total > replicas or above < replicas or may_be_none:
            candidates.append(above)
        if not tied and (below != 0 or may_be_none):
            candidates.append(below)
        for canary in candidates:
            off = abs(Fraction(100 * canary, total) - weight)
            if best is None or off < best[0]:
                best = off, canary, total
    return (0, replicas) if best is None else (best[1], best[2] - best[1])


def reconciled(
    counts: tuple[int, int], wanted: tuple[int, int], limits: tuple[int, int, int]
) -> tuple[int, int]:
    """Canary and stable after one pass of the basic canary; every pod is available at once.

    `limits` are the replicas of the specification, maxSurge and maxUnavailable in pods.
    """
    (canary, stable), (to_canary, to_stable) = counts, wanted
    most, least = limits[0] + limits[1], limits[0] - limits[2]
    up, new_canary, new_stable = most - canary - stable, canary, stable
    if stable < to_stable and up > 0:
        new_stable = min(stable + up, to_stable)
        up -= new_stable - stable
    if canary < to_canary and up > 0:
        new_canary = min(canary + up, to_canary)
    down = canary + stable - least
    if down <= 0:
        return new_canary, new_stable
    if to_canary < canary:
        new_canary = max(to_canary, canary - down)
        return _within((new_canary, canary), (new_stable, stable), most, least)
    if stable > to_stable:
        new_stable = max(to_stable, stable - down)
    drained, kept = _within((new_stable, stable), (new_canary, canary), most, least)
    return kept, drained


def _within(
    drained: tuple[int, int], kept: tuple[int, int], most: int, least: int
) -> tuple[int, int]:
    """Two new counts, each beside the pods that it has now, brought within the limits."""
    one, other = drained[0], kept[0]
    other -= max(0, one + other - most)
    available = min(drained[1], one) + min(kept[1], other)
    other += min(max(0, kept[1] - other), max(0, least - available))
    return one - max(0, one + other - most), other
