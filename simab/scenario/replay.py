"""A trace as a run replays it: which requests come, in which order, and at which time of the run.

What is drawn (which of the requests are kept, and where in a window each lies) comes in as words,
so that what is asked about a scenario needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.profiles.wide_products import high_products
from simab.scenario.trace import MOST_GIVEN, Trace
from simab.scenario.trace_file import TraceRows, read_trace
from simab.stats.fixed_arrays import fixed

__all__ = ["Replay", "Words", "end_ns", "replay", "rows_of"]

Integers: TypeAlias = NDArray[np.int64]
Words: TypeAlias = Callable[[int, int], tuple[NDArray[np.uint64], NDArray[np.uint64]]]
"""Of so many requests of the trace from a number on, two words each: kept, and where in a window.
A request has its number from the beginning of the trace, and counts on where the trace loops."""


@dataclass(frozen=True, eq=False)
class Replay:
    """The requests of a run in order, and the row of the trace that each is of."""

    arrived_ns: Integers
    rows: Integers


def rows_of(trace: Trace) -> TraceRows:
    """What the file of a trace holds.

    Raises:
        InvalidInput: it holds something else.
    """
    return read_trace(trace.reading)


def end_ns(trace: Trace) -> int | None:
    """When a replay comes to the end of its trace, as a time of the run; None where it loops."""
    if trace.loop:
        return None
    return _run_ns(max(rows_of(trace).lasts_ns - trace.offset, 0), trace.speed)


def replay(trace: Trace, horizon_ns: int, words: Words | None = None) -> Replay:
    """The requests that come before the horizon.

    Without `words` all are kept, and those of a window lie at equal distances.

    Raises:
        InvalidInput: the file cannot be read, or they are more than a run can hold.
    """
    return _replayed(trace, horizon_ns) if words is None else _replay(trace, horizon_ns, words)


@lru_cache(maxsize=8)
def _replayed(trace: Trace, horizon_ns: int) -> Replay:
    found = _replay(trace, horizon_ns, None)
    return Replay(fixed(found.arrived_ns), fixed(found.rows))


def _replay(trace: Trace, horizon_ns: int, words: Words | None) -> Replay:
    rows = rows_of(trace)
    until_ns = trace.offset + int(horizon_ns * trace.speed) + 1
    part = _part(trace, rows, until_ns)
    cycles = range(trace.offset // rows.lasts_ns, until_ns // rows.lasts_ns + 1)
    cycles = cycles if trace.loop else range(1)
    requests = len(part.rows) * len(cycles)
    if requests > MOST_GIVEN:
        raise InvalidInput(
            f"the trace has {requests:,} requests in a run, at most {MOST_GIVEN:,} are held; "
            "shorten horizon, lower speed, or split the file"
        )
    at_ns, which = np.tile(part.times_ns, len(cycles)), np.tile(part.rows, len(cycles))
    if len(cycles) > 1:
        at_ns += np.repeat(np.array(cycles, dtype=np.int64) * rows.lasts_ns, len(part.rows))
    if words is None:
        return _cut(trace, horizon_ns, at_ns + np.tile(part.evenly_ns, len(cycles)), which)
    keeping, lying = words(part.first + cycles[0] * len(part.rows), requests)
    drawn = trace.window is not None and trace.spread == "randomly"
    at_ns += _lying(lying, trace) if drawn else np.tile(part.evenly_ns, len(cycles))
    if trace.keep < 1.0:
        kept = keeping < np.uint64(int(trace.keep * 2.0**64))
        at_ns, which = at_ns[kept], which[kept]
    return _cut(trace, horizon_ns, at_ns, which)


@dataclass(frozen=True, eq=False)
class _Part:
    """The requests of a trace that a run may meet: their rows, when they or their windows begin,
    how far into a window each lies, and the number of the first.
    """

    rows: Integers
    times_ns: Integers
    evenly_ns: Integers
    first: int


def _part(trace: Trace, rows: TraceRows, until_ns: int) -> _Part:
    """All of a trace that loops; else what lies between the offset and the end of a run."""
    low, high = 0, len(rows.times_ns)
    if not trace.loop:
        since_ns = trace.offset - (trace.window or 0)
        low, high = (int(each) for each in np.searchsorted(rows.times_ns, (since_ns, until_ns)))
    places, first = np.arange(low, high, dtype=np.int64), low
    if rows.counts is None:
        return _Part(places, rows.times_ns[low:high], np.zeros(high - low, np.int64), first)
    counts = rows.counts[low:high]
    places = np.repeat(places, counts)
    first = int(rows.counts[:low].sum())
    return _Part(places, rows.times_ns[places], _evenly(trace.window or 0, counts), first)


def _evenly(window_ns: int, counts: Integers) -> Integers:
    """How far into its window each request lies: in the middle of an equal part."""
    starts = np.cumsum(counts) - counts
    each = np.repeat(counts, counts)
    halves = 2 * (np.arange(len(each), dtype=np.int64) - np.repeat(starts, counts)) + 1
    # In two steps, for a window of a year times a million requests is beyond 64 bits.
    whole, rest = np.divmod(np.int64(window_ns), 2 * each)
    return whole * halves + rest * halves // (2 * each)


def _cut(trace: Trace, horizon_ns: int, at_ns: Integers, which: Integers) -> Replay:
    """What of it lies within the run, in order of time."""
    at_ns -= np.int64(trace.offset)
    within = at_ns >= 0
    at_ns, which = at_ns[within], which[within]
    if trace.speed != 1.0:
        at_ns = np.floor(at_ns / trace.speed).astype(np.int64)
    within = at_ns < horizon_ns
    at_ns, which = at_ns[within], which[within]
    if len(at_ns) > 1 and bool((np.diff(at_ns) < 0).any()):
        order = np.argsort(at_ns, kind="stable")
        at_ns, which = at_ns[order], which[order]
    return Replay(at_ns, which)


def _lying(words: NDArray[np.uint64], trace: Trace) -> Integers:
    """How far into its window each request lies, by its word."""
    return high_products(words, np.uint64(trace.window or 0)).astype(np.int64)


def _run_ns(trace_ns: int, speed: float) -> int:
    return trace_ns if speed == 1.0 else int(trace_ns / speed)
