"""Flagger's loop written out from its source, as a status that a tick changes in place.

Follows advanceCanary, runCanary, runAB, runBlueGreen, runPromotionTrafficShift, rollback and
shouldSkipAnalysis of fluxcd/flagger, pkg/controller/scheduler.go, function by function, and the
metric checks of scheduler_metrics.go. It shares nothing with the policy that it is a model of:
weights are the router's own, and phases are plain words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

TOTAL = 100


@dataclass
class Window:
    """What the candidate answered in one metric window."""

    good: int
    bad: int


@dataclass
class Router:
    """GetRoutes and SetRoutes; the one of the provider kubernetes keeps nothing."""

    kubernetes: bool
    primary: int = TOTAL
    canary: int = 0
    mirrored: bool = False

    def set(self, primary: int, canary: int, mirrored: bool) -> None:
        """SetRoutes."""
        if not self.kubernetes:
            self.primary, self.canary, self.mirrored = primary, canary, mirrored

    def get(self, iterations: int) -> tuple[int, int, bool]:
        """GetRoutes; NopRouter says 0 and 100 as soon as there are iterations."""
        if self.kubernetes:
            return (0, TOTAL, False) if iterations > 0 else (TOTAL, 0, False)
        return self.primary, self.canary, self.mirrored


class Loop:
    """One canary: its analysis, its status, its router."""

    def __init__(self, analysis: dict[str, Any]) -> None:
        self.analysis = analysis
        self.phase = "Initialized"
        self.failed_checks = 0
        self.iterations = 0
        self.router = Router(analysis["kubernetes"])
        self.copied = False
        self.asked_tick: int | None = None

    def tick(self, number: int, windows: Sequence[Window]) -> None:
        """The function advanceCanary; `windows` are those published, the newest last."""
        if self.phase in ("Succeeded", "Failed"):
            return
        if self.phase == "Initialized":
            self.phase = "Progressing"
            return
        primary, canary, mirrored = self.router.get(self.iterations)
        if self.analysis["skip"]:
            self.router.set(TOTAL, 0, False)
            self.copied, self.phase = True, "Succeeded"
            return
        if self.phase == "Promoting":
            self._shift_back(primary, canary)
            return
        if self.phase == "Finalising":
            self.phase = "Succeeded"
            return
        if self.failed_checks >= self.analysis["threshold"]:
            self.router.set(TOTAL, 0, False)
            self.phase = "Failed"
            return
        unseen = canary == 0 and self.iterations == 0
        if not (unseen and not (self.analysis["mirror"] and mirrored)) and not self._passes(
            windows
        ):
            self.failed_checks += 1
            return
        self._strategy(number, primary, canary, mirrored)

    def _strategy(self, number: int, primary: int, canary: int, mirrored: bool) -> None:
        wanted, matches = self.analysis["iterations"], self.analysis["match"]
        if self.analysis["kubernetes"]:
            matches, wanted = False, wanted or 10
        if matches and wanted > 0:
            self._ab(number, wanted)
        elif wanted > 0:
            self._blue_green(number, wanted, mirrored)
        elif self._next_step(canary) > 0:
            self._canary(number, primary, canary, mirrored)

    def _canary(self, number: int, primary: int, canary: int, mirrored: bool) -> None:
        if canary < self._max_weight():
            step = self._next_step(canary)
            if self.analysis["mirror"] and canary == 0:
                if not mirrored:
                    primary, canary, mirrored = TOTAL, 0, True
                else:
                    primary, canary, mirrored = TOTAL - step, step, False
            else:
                primary, canary = max(primary - step, 0), min(canary + step, TOTAL)
            self.router.set(primary, canary, mirrored)
        elif self._gate(number):
            self._copy()

    def _ab(self, number: int, wanted: int) -> None:
        if wanted > self.iterations:
            self.router.set(0, TOTAL, False)
            self.iterations += 1
        elif self._gate(number) and wanted == self.iterations:
            self._copy()

    def _blue_green(self, number: int, wanted: int, mirrored: bool) -> None:
        kubernetes = self.analysis["kubernetes"]
        if wanted > self.iterations:
            if not kubernetes and self.analysis["mirror"] and not mirrored:
                self.router.set(TOTAL, 0, True)
            self.iterations += 1
            return
        if not self._gate(number):
            return
        if wanted == self.iterations:
            if not kubernetes:
                self.router.set(0, TOTAL, False)
            self.iterations += 1
        else:
            self._copy()

    def _copy(self) -> None:
        self.copied, self.phase = True, "Promoting"

    def _shift_back(self, primary: int, canary: int) -> None:
        step = self.analysis["step_weight_promotion"]
        if self.analysis["kubernetes"] or step == 0:
            self.router.set(TOTAL, 0, False)
            self.phase = "Finalising"
        elif canary > 0:
            primary, canary = min(primary + step, TOTAL), max(canary - step, 0)
            self.router.set(primary, canary, False)
            if primary == TOTAL:
                self.phase = "Finalising"

    def _gate(self, number: int) -> bool:
        """The confirm-promotion hook: somebody approves so many ticks after being asked first."""
        self.asked_tick = number if self.asked_tick is None else self.asked_tick
        if number - self.asked_tick >= self.analysis["approval_ticks"]:
            return True
        self.phase = "WaitingPromotion"
        return False

    def _max_weight(self) -> int:
        weights = self.analysis["step_weights"]
        return min(TOTAL, weights[-1]) if weights else self.analysis["max_weight"] or TOTAL

    def _next_step(self, canary: int) -> int:
        step, weights = self.analysis["step_weight"], self.analysis["step_weights"]
        if step > 0 or not weights:
            return int(step)
        left = TOTAL - canary
        if left == 0:
            return 1
        if canary == 0:
            return int(min(left, weights[0]))
        for here, following in pairwise(weights):
            if here == canary:
                return int(min(left, following - canary))
        return left

    def _passes(self, windows: Sequence[Window]) -> bool:
        """The built-in success rate first, then templates, each over its newest windows."""
        metrics = self.analysis["metrics"]
        ordered = [each for each in metrics if each["built_in"]]
        ordered += [each for each in metrics if not each["built_in"]]
        return all(self._passes_one(metric, windows) for metric in ordered)

    def _passes_one(self, metric: dict[str, Any], windows: Sequence[Window]) -> bool:
        if metric["reads"] == "nothing":
            return False
        newest = windows[-metric["windows"] :]
        good, bad = sum(each.good for each in newest), sum(each.bad for each in newest)
        if good + bad == 0:
            return False
        if metric["reads"] == "requests":
            value = float(good + bad)
        else:
            value = 100.0 * (good / (good + bad))
        return metric["low"] <= value <= metric["high"]
