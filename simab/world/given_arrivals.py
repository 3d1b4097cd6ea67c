"""Arrivals of a segment that are known before a run begins: replayed traces and drawn sessions.

They are made once for a replication, by the same code for both data planes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simab.draws import LANES, Draws, Purpose
from simab.profiles.rate_curve import TICKS_PER_NS
from simab.scenario.replay import Replay, replay
from simab.world.arrival_times import curve_of
from simab.world.blueprint import SegmentPlan
from simab.world.given_plans import SessionPlan, TracePlan

__all__ = ["GivenArrivals", "given_arrivals", "same_each_time"]

Integers = NDArray[np.int64]
_STARTS = 1 << 14
"""Sessions whose beginnings are drawn together."""
_LATEST_TICKS = float(1 << 63) * (1 - 2.0**-10)
"""Later than the end of the longest run, and there is no such integer far beyond it."""


@dataclass(frozen=True, eq=False)
class GivenArrivals:
    """When requests arrive, in order; None where the rest is drawn as for other segments.

    `targets` are words that stand for the variants named: 0 for none, else the variant's number
    and 1. `sizes` has shape (requests, columns of the blueprint). `sessions` are numbered within
    the segment, and each of them has one of the `session_words`, its hash.
    """

    arrived_ns: Integers
    clients: Integers | None = None
    targets: NDArray[np.uint64] | None = None
    sizes: NDArray[np.int32] | None = None
    sessions: Integers | None = None
    session_words: NDArray[np.uint64] | None = None


def same_each_time(segment: SegmentPlan) -> bool:
    """Whether the given arrivals of a segment, if any, are those of every replication."""
    return segment.sessions is None and (
        segment.trace is None or segment.trace.described.same_each_time
    )


def given_arrivals(segment: SegmentPlan, draws: Draws, horizon_ns: int) -> GivenArrivals | None:
    """The arrivals of a segment before the horizon; None where they are drawn as they come."""
    if segment.trace is not None:
        return _of_trace(segment.trace, segment.stream, draws, horizon_ns)
    if segment.sessions is not None:
        return _of_sessions(segment, segment.sessions, draws, horizon_ns)
    return None


def _of_trace(plan: TracePlan, stream: int, draws: Draws, horizon_ns: int) -> GivenArrivals:
    found = _replayed(plan, stream, draws, horizon_ns)
    return GivenArrivals(
        found.arrived_ns,
        targets=None if plan.targets is None else plan.targets[found.rows],
        sizes=None if plan.sizes is None else plan.sizes[found.rows],
    )


def _replayed(plan: TracePlan, stream: int, draws: Draws, horizon_ns: int) -> Replay:
    if plan.described.same_each_time:
        return replay(plan.described, horizon_ns)

    def words(first: int, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        found = draws.blocks(Purpose.TRACE, stream, first, count)
        return found[:, 0], found[:, 1]

    return replay(plan.described, horizon_ns, words)


def _of_sessions(
    segment: SegmentPlan, plan: SessionPlan, draws: Draws, horizon_ns: int
) -> GivenArrivals:
    """Requests in order of time; at one time by the number of their session, then their place."""
    times_ns = _session_starts(segment, draws, horizon_ns)
    words = draws.blocks(Purpose.SESSION, segment.stream, 0, len(times_ns))
    counts = plan.counts_of(words[:, 0])
    sessions, places = np.arange(len(times_ns), dtype=np.int64), 0
    found = [(times_ns, sessions)]
    gap_words = np.zeros((0, LANES), dtype=np.uint64)
    while True:
        there = np.flatnonzero(counts[sessions] > places + 1)
        sessions, times_ns = sessions[there], times_ns[there]
        if not len(sessions):
            break
        group, lane = divmod(places, LANES)
        if lane == 0:
            entities = sessions.astype(np.uint64)
            gap_words = draws.blocks_of(
                Purpose.SESSION_GAP, segment.stream, entities, attempt=group
            )
        else:
            gap_words = gap_words[there]
        times_ns = np.minimum(times_ns + plan.gaps.draws(gap_words[:, lane]), horizon_ns)
        within = np.flatnonzero(times_ns < horizon_ns)
        sessions, times_ns, gap_words = sessions[within], times_ns[within], gap_words[within]
        found.append((times_ns, sessions))
        places += 1
    arrived_ns, of = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((of, arrived_ns))  # stable: places are in order already
    of = of[order]
    return GivenArrivals(
        arrived_ns[order],
        clients=segment.clients_of(words[:, 1])[of],
        sessions=of,
        session_words=words[:, 2].copy(),
    )


def _session_starts(segment: SegmentPlan, draws: Draws, horizon_ns: int) -> Integers:
    """When sessions begin, as requests arrive that come one by one."""
    curve = curve_of(segment, draws, horizon_ns)
    found, clock, first = [], 0, 0
    while True:
        words = draws.blocks(Purpose.ARRIVAL, segment.stream, first // LANES, _STARTS // LANES)
        gaps = segment.gaps.draws(words.ravel())
        countable = clock + np.cumsum(gaps, dtype=np.float64) < _LATEST_TICKS
        ticks = clock + np.cumsum(gaps[countable])
        times_ns = ticks // TICKS_PER_NS if curve is None else curve.times_ns(ticks)
        within = times_ns[times_ns < horizon_ns]
        found.append(within)
        if len(within) < _STARTS:
            return np.concatenate(found)
        clock, first = int(ticks[-1]), first + _STARTS
