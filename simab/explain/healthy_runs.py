"""What a controller's limits do to many drawn runs of a healthy candidate: which it rolls back.

Vectors over runs; each rule is that of its policy, which the tests hold against whole simulations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.explain.drawn_windows import DrawnWindows, expected_requests
from simab.explain.readings import Reading
from simab.explain.rollout_clocks import Course, argo_course, blue_green_course, staged_course
from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario

__all__ = [
    "MOST_WINDOWS",
    "Harm",
    "argo_harm",
    "blue_green_harm",
    "flagger_harm",
    "staged_harm",
]

Verdicts: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

MOST_WINDOWS: Final = 3_000
"""How many windows of a run are drawn; what comes after is not judged."""
_MOST_DRAWS: Final = 1_000_000
_RUNS: Final = 4_000
_FEWEST_RUNS: Final = 400


@dataclass(frozen=True, slots=True)
class Harm:
    """What one limit does by itself: which runs it rolls back.

    `broken` is how often the readings break it that break it most, and `requests` how many these
    hold on average. `blind_checks` of Flagger come before any window with the candidate's requests
    is published, and fail for want of data.
    """

    reading: Reading
    rolled_back: Verdicts
    broken: float
    requests: float
    blind_checks: int = 0


def _runs(windows: int) -> int:
    return max(min(_RUNS, _MOST_DRAWS // max(windows, 1)), _FEWEST_RUNS)


def _edges(scenario: Scenario, until_ns: int) -> NDArray[np.int64]:
    """Edges of the metric windows to an end, or to the horizon."""
    period = scenario.metrics.period
    windows = min(max(min(until_ns, scenario.horizon) // period, 1), MOST_WINDOWS)
    return np.arange(windows + 1, dtype=np.int64) * period


def _published(scenario: Scenario, now_ns: int) -> int:
    """How many windows are visible."""
    return max(now_ns - scenario.metrics.publication_delay, 0) // scenario.metrics.period


def _drawn(course: Course, reading: Reading, until_ns: int) -> tuple[DrawnWindows, Floats]:
    """The windows of a course, all drawn, and how many requests each expects."""
    edges = _edges(course.scenario, until_ns)
    of = {"control": (1,), "candidate": (2,), "both": (1, 2)}[reading.whose]
    changes = [(each[0], sum(each[place] for place in of)) for each in course.rates]
    expected = expected_requests(changes, edges)
    windows = DrawnWindows(
        reading.law, _runs(len(expected)), len(expected), float(expected.max(initial=0.0))
    )
    for number, requests in enumerate(expected):
        windows.draw(number, requests)
    return windows, expected


def staged_harm(scenario: Scenario, policy: StagedCanary, reading: Reading) -> Harm | None:
    """So many windows on end of a stage, all of them seen before it ends."""
    course, period = staged_course(scenario, policy), scenario.metrics.period
    windows, expected = _drawn(course, reading, course.now_ns)
    spans = [
        (-(-first_ns // period), min(_published(scenario, last_ns), len(expected)))
        for first_ns, last_ns in course.spans
    ]
    breached = [
        [windows.read(at, at + 1)[0] for at in range(first, until)] for first, until in spans
    ]
    stages = [_on_end(stage, policy.periods) for stage in breached if stage]
    if not stages:
        return None
    seen = [
        (float(broken.mean()), float(expected[first + at]))
        for (first, _), stage in zip(spans, breached, strict=True)
        for at, broken in enumerate(stage)
    ]
    return Harm(reading, np.any(stages, axis=0), *max(seen))


def _on_end(breached: Sequence[Verdicts], needed: int) -> Verdicts:
    """Which runs have so many breaches in a row."""
    streak = np.zeros(breached[0].shape, dtype=np.int64)
    longest = streak.copy()
    for window in breached:
        streak = (streak + 1) * window
        longest = np.maximum(longest, streak)
    return longest >= needed


def blue_green_harm(
    scenario: Scenario, policy: BlueGreen, name: str, reading: Reading
) -> Harm | None:
    """M of the N newest datapoints, in those that a look of a bake sees, or finds standing."""
    alarm, course = policy.alarms[name], blue_green_course(scenario, policy)
    windows, expected = _drawn(course, reading, course.now_ns)
    size = alarm.period // scenario.metrics.period
    if size < 1:
        return None
    (to_alarm, evaluated), missing = alarm.needed, alarm.treat_missing_data
    points = []
    for at in range(0, len(expected) // size * size, size):
        broken, served = windows.read(at, at + size)
        points.append(broken | ~served if missing == "breaching" else broken)
    if not points:
        return None
    totals = np.cumsum([np.zeros(points[0].shape, dtype=int), *points], axis=0)
    rolled_back, seen = np.zeros(points[0].shape, dtype=bool), [(0.0, 0.0)]
    for first_ns, last_ns in course.spans:
        # A look before the bake may leave the alarm standing: its newest datapoint counts.
        start = max(_published(scenario, first_ns) // size, 1)
        until = min(_published(scenario, last_ns) // size, len(points))
        for end in range(start, until + 1):
            rolled_back |= totals[end] - totals[max(end - evaluated, 0)] >= to_alarm
            requests = float(expected[(end - 1) * size : end * size].sum())
            seen.append((float(points[end - 1].mean()), requests))
    return Harm(reading, rolled_back, *max(seen)) if max(seen)[1] else None


def argo_harm(
    scenario: Scenario, policy: ArgoRollouts, readings: Mapping[ArgoMetric, Reading]
) -> list[Harm]:
    """Of each analysis and metric, more failed measurements than its limit."""
    found, harms = argo_course(scenario, policy), []
    for metric, instants in found.measured:
        if metric in readings and instants:
            harm = _analysed(scenario, found.course, readings[metric], metric, instants)
            harms += [] if harm is None else [harm]
    return harms


def _analysed(
    scenario: Scenario,
    course: Course,
    reading: Reading,
    metric: ArgoMetric,
    instants: Sequence[int],
) -> Harm | None:
    windows, expected = _drawn(course, reading, instants[-1])
    size = -(-metric.window // scenario.metrics.period)
    failed = streak = np.zeros(1, dtype=np.int64)
    over = np.zeros(1, dtype=bool)
    seen: list[tuple[float, float]] = []
    for at_ns in instants[:MOST_WINDOWS]:
        until = min(_published(scenario, at_ns), len(expected))
        since = max(until - size, 0)
        if expected[since:until].sum() == 0:
            continue
        broken, served = windows.read(since, until)
        seen.append((float(broken.mean()), float(expected[since:until].sum())))
        failed = failed + (broken & ~over)
        streak = (streak + (served & ~broken)) * ~broken
        if metric.consecutive_success_limit:
            over = over | (streak >= metric.consecutive_success_limit)
    return Harm(reading, failed > metric.failure_limit, *max(seen)) if seen else None


class _Flagger:
    """The state of a Flagger canary in each of many runs."""

    def __init__(
        self, scenario: Scenario, policy: FlaggerAnalysis, readings: Sequence[Reading]
    ) -> None:
        self.scenario, self.policy, self.readings = scenario, policy, readings
        self.edges = _edges(scenario, scenario.horizon)
        windows = len(self.edges) - 1
        self.runs = _runs(windows * max(len(readings), 1))
        self.rates = [self._rate(share) for share in (0.0, *_steps(policy))]
        # Before the first step: what it has from the start until it is noticed, then the requests
        # that name it.
        first = Course(scenario).rates[0][2]
        changes = [(0, first), (_noticed_ns(scenario), self.rates[0])]
        self.expected = np.tile(expected_requests(changes, self.edges), (self.runs, 1))
        most = max(first, *self.rates) * scenario.metrics.period / 1e9
        self.drawn = [DrawnWindows(each.law, self.runs, windows, most) for each in readings]
        self.known = 0
        self.place = np.zeros(self.runs, dtype=np.int64)  # of the step; 0 before the first
        self.in_force_ns = np.full(self.runs, _noticed_ns(scenario))
        self.failed = np.zeros(self.runs, dtype=np.int64)
        self.failed_by = np.zeros((len(readings), self.runs), dtype=np.int64)
        self.waiting_ns = np.full(self.runs, -1, dtype=np.int64)
        self.promoted = np.zeros(self.runs, dtype=bool)
        self.seen = [(0.0, 0.0)] * len(readings)
        self.blind = np.zeros(self.runs, dtype=np.int64)

    def _rate(self, share: float) -> float:
        course = Course(self.scenario)
        course.force(0, course.pair(1.0 - share, share))
        return course.rates[-1][2]

    def step(self, runs: Verdicts, now_ns: int) -> None:
        """Ask for the next share in these runs."""
        before = self.place.copy()
        self.place[runs] += 1
        moved = runs & (np.array(self.rates)[before] != np.array(self.rates)[self.place])
        if not moved.any():
            return
        update = self.scenario.endpoint.weight_update
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
        published = min(_published(self.scenario, now_ns), self.expected.shape[1])
        while self.known < published:
            for drawn in self.drawn:
                drawn.draw(self.known, self.expected[:, self.known])
            self.known += 1
        passed, blind = checked.copy(), np.zeros(self.runs, dtype=bool)
        for number, metric in enumerate(self.policy.metrics):
            size = -(-metric.interval // self.scenario.metrics.period)
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


def _noticed_ns(scenario: Scenario) -> int:
    """When a candidate that serves at the start has lost its traffic: Flagger's first tick."""
    candidate = scenario.endpoint.variants[scenario.objective.candidate]
    if not candidate.deployed or candidate.weight > 0:
        return scenario.controller.interval + scenario.endpoint.weight_update
    return 0


def _steps(policy: FlaggerAnalysis) -> list[float]:
    """The candidate's share at each check that has to pass."""
    if policy.matched_share is not None:
        return [policy.matched_share] * (policy.iterations or 1)
    return [weight / 100.0 for weight in policy.percentages()]


def flagger_harm(
    scenario: Scenario, policy: FlaggerAnalysis, readings: Sequence[Reading]
) -> tuple[Verdicts, list[Harm]]:
    """Which runs are rolled back by all metrics together, and what each did of it.

    `readings` are those of the policy's metrics, in order.
    """
    state, last = _Flagger(scenario, policy, readings), len(_steps(policy))
    interval = scenario.controller.interval
    rolled_back = np.zeros(state.runs, dtype=bool)
    due_ns = interval + policy.interval  # the first tick notices the candidate
    end_ns = min(scenario.horizon, int(state.edges[-1]))
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


def _approve(state: _Flagger, asked: Verdicts, now_ns: int) -> None:
    """The promotion, once somebody has had the time to approve it."""
    state.waiting_ns[asked & (state.waiting_ns < 0)] = now_ns
    waited = now_ns - state.waiting_ns >= state.policy.confirm_promotion_after
    state.promoted |= asked & waited
