"""What one run says of the split: `FairnessMeasure.of(run) -> RunFairness`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.people import People, people_of
from simab.analyse.fairness.places import PlaceLoad, places_of
from simab.analyse.fairness.routed import (
    AskedPhase,
    Routed,
    asked_phases,
    by_session,
    routed_requests,
)
from simab.policies import SetWeights
from simab.result.studied_split import MOST_PHASES
from simab.run.simulation import Run
from simab.stats.longest_run import longest_run
from simab.stats.split_fit import TIME_BINS, PhaseCells, time_bin_of

__all__ = ["MOST_WINDOWS", "FairnessMeasure", "PhaseSplit", "RunFairness", "RunWindows"]

MOST_WINDOWS: Final = 60
LAGS: Final = 40

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PhaseSplit:
    """One phase with two choices or more: when, and what it split.

    `cells` count what the rule assigns: requests, or clients once each. `requests` and `users` are
    by variant, shape (variants,). After a change of weights `lag_ns`, shape (lags,), are times
    since; `requests_lagged` counts the requests up to each since the one before, and `users_at` the
    clients that have asked since, by the variant of their last request, both of shape (lags,
    variants). `spread_lagged`, shape (lags,), has these requests, or where clients are assigned the
    sum over clients of their squares: times p (1 - p) the variance of a count. `moved` counts
    clients that had asked before the phase, by the variant of their last request then and of their
    first in it, shape (variants, variants). `start` are the shares asked for at the start of the
    run. So many clients met several variants in the phase, and would if each request were drawn by
    itself.
    """

    number: int
    asked: AskedPhase
    cells: PhaseCells
    requests: Integers
    users: Integers
    lag_ns: Integers
    requests_lagged: Integers
    spread_lagged: Integers
    users_at: Integers
    moved: Integers
    start: Floats
    met_several: int
    would_meet_several: float


@dataclass(frozen=True, slots=True, eq=False)
class RunWindows:
    """By window and variant: requests, how many the shares promise, and the variance of that.

    Shapes: (windows, variants), and (windows,) for `ends_ns`.
    """

    ends_ns: Integers
    requests: Integers
    expected: Floats
    variance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RunFairness:
    """What one run says. `longest` are the longest runs on each variant within a phase.

    They and `scanned`, the units by window and variant, are of the phase that lasted longest.
    `kept_by_policy`: a policy had clients kept with a variant by cookies.
    """

    phases: tuple[PhaseSplit, ...]
    phases_in_all: int
    windows: RunWindows
    longest: Integers
    longest_phase: AskedPhase | None
    scanned: Integers
    people: People
    places: tuple[PlaceLoad, ...]
    kept_by_policy: bool


@dataclass(frozen=True, slots=True)
class FairnessMeasure:
    """Looks at every request of a run; `worse` are the variants that are worse than the best."""

    worse: tuple[str, ...]
    reads_requests: bool = True

    def of(self, run: Run) -> RunFairness:
        """What the run says."""
        routed, asked = routed_requests(run), asked_phases(run)
        split = [each for each in asked if each.splits]
        names = run.data.run_counts.blueprint.names
        kept, endpoint = _kept_by_policy(run), run.scenario.endpoint
        by_client = kept or endpoint.assigns_clients or endpoint.assigns_sessions
        drawn = by_session(routed, run) if endpoint.assigns_sessions else routed
        # By time, which runs have in common, where their numbers of requests differ by chance.
        longest = max(split, key=lambda each: each.until_ns - each.since_ns, default=None)
        return RunFairness(
            phases=tuple(_phases(drawn, asked, by_client=by_client)),
            phases_in_all=len(split),
            windows=_windows(drawn, asked, run.scenario.horizon, by_client=by_client),
            longest=_longest(routed, longest),
            longest_phase=longest,
            scanned=_scanned(drawn, longest, by_client=by_client),
            people=people_of(routed, run, [names.index(each) for each in self.worse], asked),
            places=places_of(routed, names, run.scenario.horizon),
            kept_by_policy=kept,
        )


def _phases(routed: Routed, asked: list[AskedPhase], *, by_client: bool) -> list[PhaseSplit]:
    split = [each for each in asked if each.splits]
    largest = sorted(split, key=lambda each: -_count(routed, each))[:MOST_PHASES]
    found: list[PhaseSplit] = []
    before: AskedPhase | None = None
    for phase in asked:
        if phase in largest:
            number, start = split.index(phase) + 1, asked[0].shares
            found.append(_phase(routed, (before, phase), number, start, by_client=by_client))
        before = phase
    return found


def _phase(
    routed: Routed,
    asked: tuple[AskedPhase | None, AskedPhase],
    number: int,
    start: Floats,
    *,
    by_client: bool,
) -> PhaseSplit:
    """Of two phases that follow each other the second; the first has none before."""
    before, phase = asked
    which = routed.between(phase.since_ns, phase.until_ns)
    client, variant = routed.client[which], routed.variant[which]
    _, firsts = np.unique(client, return_index=True)
    firsts.sort()
    last = np.full(routed.clients, -1, dtype=np.int64)
    last[routed.client[: which.start]] = routed.variant[: which.start]
    known = last >= 0
    moved = np.zeros((routed.variants, routed.variants), dtype=np.int64)
    back = firsts[known[client[firsts]]]
    np.add.at(moved, (last[client[back]], variant[back]), 1)
    units = firsts if by_client else np.arange(client.size)
    cells = np.zeros((TIME_BINS, 2, routed.variants), dtype=np.int64)
    bins = time_bin_of(np.arange(units.size), units.size)
    np.add.at(cells, (bins, known[client[units]].astype(int), variant[units]), 1)
    met_several, would_meet_several = _several(client, variant, routed.variants)
    lags = _lags(routed, phase, which, changed=before is not None, by_client=by_client)
    return PhaseSplit(
        number=number,
        asked=phase,
        cells=PhaseCells(cells, phase.shares, None if before is None else before.shares),
        requests=routed.counted(which),
        users=np.bincount(variant[firsts], minlength=routed.variants),
        lag_ns=lags[0],
        requests_lagged=lags[1],
        spread_lagged=lags[2],
        users_at=lags[3],
        moved=moved,
        start=start,
        met_several=met_several,
        would_meet_several=would_meet_several,
    )


def _windows(
    routed: Routed, asked: list[AskedPhase], horizon_ns: int, *, by_client: bool
) -> RunWindows:
    edges = np.linspace(0, horizon_ns, MOST_WINDOWS + 1).astype(np.int64)
    window = np.searchsorted(edges, routed.arrived_ns, side="right") - 1
    shape = (MOST_WINDOWS, routed.variants)
    requests = np.zeros(shape, dtype=np.int64)
    np.add.at(requests, (window, routed.variant), 1)
    expected, variance = np.zeros(shape), np.zeros(shape)
    for phase in asked:
        which = routed.between(phase.since_ns, phase.until_ns)
        trials = np.bincount(window[which], minlength=MOST_WINDOWS)
        spread = trials if not by_client else _squares(routed, which, window)
        expected += np.outer(trials, phase.shares)
        variance += np.outer(spread, phase.shares * (1.0 - phase.shares))
    return RunWindows(edges[1:], requests, expected, variance)


def _scanned(routed: Routed, phase: AskedPhase | None, *, by_client: bool) -> Integers:
    counts = np.zeros((MOST_WINDOWS, routed.variants), dtype=np.int64)
    if phase is None:
        return counts
    which = routed.between(phase.since_ns, phase.until_ns)
    client, variant = routed.client[which], routed.variant[which]
    arrived = routed.arrived_ns[which]
    if by_client:
        _, firsts = np.unique(client, return_index=True)
        variant, arrived = variant[firsts], arrived[firsts]
    edges = np.linspace(phase.since_ns, phase.until_ns, MOST_WINDOWS + 1)
    window = np.clip(np.searchsorted(edges, arrived, side="right") - 1, 0, MOST_WINDOWS - 1)
    np.add.at(counts, (window, variant), 1)
    return counts


def _count(routed: Routed, phase: AskedPhase) -> int:
    which = routed.between(phase.since_ns, phase.until_ns)
    return int(which.stop - which.start)


def _squares(routed: Routed, which: slice, window: Integers) -> Integers:
    """By window: the sum over clients of their requests squared."""
    place = window[which] * routed.clients + routed.client[which]
    places, counts = np.unique(place, return_counts=True)
    sums = np.bincount(places // routed.clients, weights=counts**2, minlength=MOST_WINDOWS)
    return sums.astype(np.int64)


def _several(client: Integers, variant: Integers, variants: int) -> tuple[int, float]:
    """Clients that met several variants, and how many would if requests were drawn one by one."""
    if not client.size:
        return 0, 0.0
    clients, place, counts = np.unique(client, return_inverse=True, return_counts=True)
    met = np.zeros((clients.size, variants), dtype=bool)
    met[place, variant] = True
    shares = np.bincount(variant, minlength=variants) / client.size
    alone = (shares[np.newaxis, :] ** counts[:, np.newaxis]).sum(axis=1)
    return int((met.sum(axis=1) > 1).sum()), float((1.0 - alone).sum())


def _longest(routed: Routed, phase: AskedPhase | None) -> Integers:
    if phase is None:
        return np.zeros(routed.variants, dtype=np.int64)
    variant = routed.variant[routed.between(phase.since_ns, phase.until_ns)]
    runs = [longest_run(variant == number) for number in range(routed.variants)]
    return np.array(runs, dtype=np.int64)


def _lags(
    routed: Routed, phase: AskedPhase, which: slice, *, changed: bool, by_client: bool
) -> tuple[Integers, Integers, Integers, Integers]:
    """After a change of weights, as PhaseSplit says: times, requests, their spread, and clients."""
    lags = LAGS if changed else 0
    length_ns = phase.until_ns - phase.since_ns
    lag_ns = np.geomspace(length_ns / 10_000, length_ns, lags).astype(np.int64)
    last = np.full(routed.clients if changed else 0, -1, dtype=np.int64)
    requests = np.zeros((lags, routed.variants), dtype=np.int64)
    spread = np.zeros(lags, dtype=np.int64)
    users = np.zeros((lags, routed.variants), dtype=np.int64)
    start = which.start
    for place, lag in enumerate(lag_ns):
        stop = int(np.searchsorted(routed.arrived_ns, phase.since_ns + lag, side="left"))
        part = slice(start, max(stop, start))
        requests[place] = routed.counted(part)
        spread[place] = int(requests[place].sum())
        if by_client:
            spread[place] = int((np.unique(routed.client[part], return_counts=True)[1] ** 2).sum())
        last[routed.client[part]] = routed.variant[part]
        users[place] = np.bincount(last[last >= 0], minlength=routed.variants)
        start = part.stop
    return lag_ns, requests, spread, users


def _kept_by_policy(run: Run) -> bool:
    """Whether a policy asked for cookies that keep clients with a variant, and got them."""
    return any(
        isinstance(entry.action, SetWeights) and entry.action.session_affinity and entry.accepted
        for entry in run.decision_log.decisions
    )
