"""What Flagger's checks do to many drawn runs of a healthy candidate: which it rolls back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simab.policies.explaining.course import Course
from simab.policies.explaining.drawn_windows import DrawnWindows, expected_requests
from simab.policies.explaining.harm import Harm, runs_drawn, window_edges
from simab.policies.explaining.readings import Reading, Verdicts
from simab.policies.explaining.setting import Setting
from simab.policies.flagger.analysis import FlaggerAnalysis

__all__ = ["harms_of"]


class _Runs:
    """The state of a Flagger canary in each of many runs."""

    def __init__(
        self, setting: Setting, policy: FlaggerAnalysis, readings: Sequence[Reading]
    ) -> None:
        self.setting, self.policy, self.readings = setting, policy, readings
        self.edges = window_edges(setting, setting.horizon)
        windows = len(self.edges) - 1
        self.runs = runs_drawn(windows * max(len(readings), 1))
        self.rates = [self._rate(share) for share in (0.0, *_steps(policy))]
        # Before the first step: what it has from the start until it is noticed, then the requests
        # that name it.
        first = Course(setting).rates[0][2]
        changes = [(0, first), (_noticed_ns(setting), self.rates[0])]
        self.expected = np.tile(expected_requests(changes, self.edges), (self.runs, 1))
        most = max(first, *self.rates) * setting.period / 1e9
        self.drawn = [DrawnWindows(each.law, self.runs, windows, most) for each in readings]
        self.known = 0
        self.place = np.zeros(self.runs, dtype=np.int64)  # of the step; 0 before the first
        self.in_force_ns = np.full(self.runs, _noticed_ns(setting))
        self.failed = np.zeros(self.runs, dtype=np.int64)
        self.failed_by = np.zeros((len(readings), self.runs), dtype=np.int64)
        self.waiting_ns = np.full(self.runs, -1, dtype=np.int64)
        self.promoted = np.zeros(self.runs, dtype=bool)
        self.seen = [(0.0, 0.0)] * len(readings)
        self.blind = np.zeros(self.runs, dtype=np.int64)

    def _rate(self, share: float) -> float:
        course = Course(self.setting)
        course.force(0, course.pair(1.0 - share, share))
        return course.rates[-1][2]

    def step(self, runs: Verdicts, now_ns: int) -> None:
        """Ask for the next share in these runs."""
        before = self.place.copy()
        self.place[runs] += 1
        moved = runs & (np.array(self.rates)[before] != np.array(self.rates)[self.place])
        if not moved.any():
            return
        update = self.setting.weight_update
        self.in_force_ns[moved] = now_ns + update
        since = np.searchsorted(self.edges, now_ns + update, side="right") - 1
        for old in np.unique(before[moved]).tolist():
            rates = self.rates[old], self.rates[old + 1]
            changes = [(0, rates[0]), (now_ns + update, rates[1])]
            column = expected_requests(changes, self.edges)
            self.expected[np.ix_(moved & (before == old), np.arange(since, len(column)))] = column[
                since:
            ]

    def check(self, checked: Verdicts, now_ns: int) -> Verdicts:
        """Read all metrics; which of the checked runs pass."""
        published = min(self.setting.published(now_ns), self.expected.shape[1])
        while self.known < published:
            for drawn in self.drawn:
                drawn.draw(self.known, self.expected[:, self.known])
            self.known += 1
        passed, blind = checked.copy(), np.zeros(self.runs, dtype=bool)
        for number, metric in enumerate(self.policy.metrics):
            size = -(-metric.interval // self.setting.period)
            since = max(published - size, 0)
            broken, served = self.drawn[number].read(since, published)
            failing = checked & (broken | ~served)
            self.failed_by[number] += failing & passed
            passed &= ~failing
            requests = self.expected[:, since:published].sum(axis=1)
            blind |= checked & (requests == 0.0)
            requests = requests[checked]
            if requests.size >= self.runs / 2:
                seen = float(broken[checked].mean()), float(requests.mean())
                self.seen[number] = max(self.seen[number], seen)
        self.blind += blind
        return passed


def _noticed_ns(setting: Setting) -> int:
    """When a candidate that serves at the start has lost its traffic: Flagger's first tick."""
    candidate = setting.variants[setting.candidate]
    if not candidate.deployed or candidate.weight > 0:
        return setting.interval + setting.weight_update
    return 0


def _steps(policy: FlaggerAnalysis) -> list[float]:
    """The candidate's share at each check that has to pass."""
    if policy.matched_share is not None:
        return [policy.matched_share] * (policy.iterations or 1)
    return [weight / 100.0 for weight in policy.percentages()]


def harms_of(
    setting: Setting, policy: FlaggerAnalysis, readings: Sequence[Reading]
) -> tuple[Verdicts, list[Harm]]:
    """Which runs are rolled back by all metrics together, and what each did of it.

    `readings` are those of the policy's metrics, in order.
    """
    state, last = _Runs(setting, policy, readings), len(_steps(policy))
    interval = setting.interval
    rolled_back = np.zeros(state.runs, dtype=bool)
    due_ns = interval + policy.interval  # the first tick notices the candidate
    end_ns = min(setting.horizon, int(state.edges[-1]))
    while due_ns < end_ns and not (state.promoted | rolled_back).all():
        now_ns = -(-due_ns // interval) * interval
        due_ns += ((now_ns - due_ns) // policy.interval + 1) * policy.interval
        ready = ~state.promoted & ~rolled_back & (now_ns >= state.in_force_ns)
        starting = ready & (state.place == 0)
        rolled_back |= ready & (state.failed >= policy.threshold)
        checked = ready & ~starting & ~rolled_back
        passed = state.check(checked, now_ns)
        state.failed += checked & ~passed
        at_last = state.place == last
        _approve(state, passed & at_last, now_ns)
        state.step(starting | (passed & ~at_last), now_ns)
    by = [
        Harm(each, rolled_back & (state.failed_by[at] > 0), *state.seen[at], int(state.blind.max()))
        for at, each in enumerate(readings)
    ]
    return rolled_back, by


def _approve(state: _Runs, asked: Verdicts, now_ns: int) -> None:
    """The promotion, after the time that approving it takes."""
    state.waiting_ns[asked & (state.waiting_ns < 0)] = now_ns
    waited = now_ns - state.waiting_ns >= state.policy.confirm_promotion_after
    state.promoted |= asked & waited
