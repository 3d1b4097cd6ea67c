"""The arrivals of all segments in one stream, in order of time.

Gaps are added up in 1/256 ns of operational time, which a curve of the rate turns into real time.
Requests at the same instant come in the order of their segments in the scenario.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from simab.draws import LANES, Draws, Purpose
from simab.profiles.rate_curve import TICKS_PER_NS
from simab.world.arrival_times import curve_of
from simab.world.blueprint import Blueprint, SegmentPlan
from simab.world.given_arrivals import GivenArrivals, given_arrivals

__all__ = ["NO_SESSION", "Arrival", "arrivals", "called"]

NO_SESSION: Final = -1
_CHUNK: Final = 512


class Arrival(NamedTuple):
    """One request as it reaches the endpoint.

    `number` counts within the segment; `content` says which row or label the request carries;
    `target` is the variant that it names, or NO_VARIANT. `service` and `outcome` are its words,
    `carried` the one that decides whether its answer is carried over, `leaves` whether its client
    leaves after a bad one. `session` counts within the segment, or is NO_SESSION; `session_word` is
    the session's hash, and the request's own word where it belongs to none.
    """

    arrived_ns: int
    segment: int
    number: int
    client: int
    target: int
    content: int
    service: tuple[int, int, int, int]
    outcome: tuple[int, int, int, int]
    carried: int = 0
    leaves: int = 0
    sizes: tuple[int, ...] = ()
    session: int = NO_SESSION
    session_word: int = 0


def arrivals(blueprint: Blueprint, draws: Draws) -> Iterator[Arrival]:
    """All requests that arrive before the horizon, in order."""
    streams = [
        _segment_arrivals(position, segment, draws, blueprint.horizon_ns)
        for position, segment in enumerate(blueprint.segments)
        if not segment.called
    ]
    return heapq.merge(*streams)  # by arrived_ns, then segment, then number


def called(blueprint: Blueprint, draws: Draws, number: int, target: int, now_ns: int) -> Arrival:
    """The request of this number that is made from outside now."""
    position = len(blueprint.segments) - 1
    stream = blueprint.segments[position].stream
    service = draws.block(Purpose.SERVICE, stream, number)
    return Arrival(
        arrived_ns=now_ns,
        segment=position,
        number=number,
        client=0,
        target=target,
        content=number,
        service=service,
        outcome=draws.block(Purpose.OUTCOME, stream, number),
        session_word=service[0],
    )


def _segment_arrivals(
    position: int, segment: SegmentPlan, draws: Draws, horizon_ns: int
) -> Iterator[Arrival]:
    first, pairs = 0, len(segment.paired) or 1
    given = given_arrivals(segment, draws, horizon_ns)
    times_ns = _drawn_times(segment, draws, horizon_ns) if given is None else _given_times(given)
    while True:
        clients = draws.blocks(Purpose.CLIENT, segment.stream, first, _CHUNK).tolist()
        service = draws.blocks(Purpose.SERVICE, segment.stream, first, _CHUNK).tolist()
        contents = draws.blocks(
            Purpose.OUTCOME, segment.stream, first // pairs, _CHUNK // pairs + 2
        ).tolist()
        for offset in range(_CHUNK):
            number, arrived_ns = first + offset, next(times_ns, None)
            if arrived_ns is None:
                return
            client, target, carried, leaves = clients[offset]
            content = number // pairs
            session, session_word = _session(given, number, service[offset][0])
            yield Arrival(
                arrived_ns=arrived_ns,
                segment=position,
                number=number,
                client=_client(segment, given, number, client),
                target=_target(segment, number, _target_word(given, number, target)),
                content=content,
                service=tuple(service[offset]),
                outcome=tuple(contents[content - first // pairs]),
                carried=carried,
                leaves=leaves,
                sizes=_sizes(given, number),
                session=session,
                session_word=session_word,
            )
        first += _CHUNK


def _drawn_times(segment: SegmentPlan, draws: Draws, horizon_ns: int) -> Iterator[int]:
    """Arrivals before the horizon, a gap after the other."""
    curve = curve_of(segment, draws, horizon_ns)
    clock_ticks, first = 0, 0
    while True:
        for gap in _gap_words(segment, draws, first):
            clock_ticks += segment.gaps.draw(gap)
            arrived_ns = (
                clock_ticks // TICKS_PER_NS if curve is None else curve.time_ns(clock_ticks)
            )
            if arrived_ns is None or arrived_ns >= horizon_ns:
                return
            yield arrived_ns
        first += _CHUNK


def _given_times(given: GivenArrivals) -> Iterator[int]:
    """A few at a time: there may be millions."""
    for first in range(0, len(given.arrived_ns), _CHUNK):
        yield from given.arrived_ns[first : first + _CHUNK].tolist()


def _gap_words(segment: SegmentPlan, draws: Draws, first: int) -> list[int]:
    """The words of _CHUNK requests' gaps; four requests share a block."""
    block, past = divmod(first, LANES)
    words = draws.blocks(Purpose.ARRIVAL, segment.stream, block, _CHUNK // LANES + 2)
    gaps: list[int] = words.ravel()[past : past + _CHUNK].tolist()
    return gaps


def _client(segment: SegmentPlan, given: GivenArrivals | None, number: int, word: int) -> int:
    """Who asks: as the session says, or as drawn."""
    if given is None or given.clients is None:
        return segment.client_of(word)
    return int(given.clients[number])


def _target_word(given: GivenArrivals | None, number: int, word: int) -> int:
    return word if given is None or given.targets is None else int(given.targets[number])


def _sizes(given: GivenArrivals | None, number: int) -> tuple[int, ...]:
    return () if given is None or given.sizes is None else tuple(given.sizes[number].tolist())


def _session(given: GivenArrivals | None, number: int, word: int) -> tuple[int, int]:
    """Which session a request belongs to, and its hash; none, and the request's own word."""
    if given is None or given.sessions is None or given.session_words is None:
        return NO_SESSION, word
    session = int(given.sessions[number])
    return session, int(given.session_words[session])


def _target(segment: SegmentPlan, number: int, word: int) -> int:
    if segment.paired:
        return segment.paired[number % len(segment.paired)]
    part = np.searchsorted(segment.target_thresholds, np.uint64(word), side="right")
    return segment.targets[int(part)]
