"""Which session a request belongs to, by its number within its segment.

It is not in the records of requests: it follows from the arrivals, which are drawn anew for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.world.blueprint import Blueprint
from simab.world.given_arrivals import given_arrivals
from simab.world.records import COPY, RECORD_COLUMNS, places_in_segments

__all__ = ["RequestSessions", "sessions_of_run"]

Integers = NDArray[np.int64]


class RequestSessions:
    """The sessions of all segments, numbered through; a request of none is one of its own."""

    def __init__(self, by_segment: Sequence[Integers | None]) -> None:
        """An array of each segment: the session, from 0, of each of its requests; or None."""
        self._sessions: list[Integers | None] = []
        before = 0
        for own in by_segment:
            self._sessions.append(None if own is None else own + before)
            before += 0 if own is None or not len(own) else int(own.max()) + 1
        self._in_all = before

    @classmethod
    def of(cls, blueprint: Blueprint, draws: Draws) -> RequestSessions | None:
        """Those of a replication; None where no segment has sessions."""
        if all(segment.sessions is None for segment in blueprint.segments):
            return None
        found: list[Integers | None] = []
        for segment in blueprint.segments:
            given = None
            if segment.sessions is not None:
                given = given_arrivals(segment, draws, blueprint.horizon_ns)
            found.append(None if given is None else given.sessions)
        return cls(found)

    def numbers(self, segments: Integers, places: Integers) -> Integers:
        """The session of each request, which is the so-manieth of a segment, from 0."""
        found = self._in_all + places * len(self._sessions) + segments
        for segment, own in enumerate(self._sessions):
            here = segments == segment
            if own is not None and here.any():
                found[here] = own[places[here]]
        return found


def sessions_of_run(records: Integers, blueprint: Blueprint, draws: Draws) -> Integers:
    """The session of each record of a whole run, some of whose clients may have left.

    A client who leaves sends nothing more, so that its requests on record are its first ones. Of a
    mirrored copy the number means nothing.
    """
    sessions = RequestSessions.of(blueprint, draws)
    assert sessions is not None, "a scenario without sessions"
    places = places_in_segments(records, np.zeros(len(blueprint.segments), dtype=np.int64))
    segments, clients = (records[:, RECORD_COLUMNS.index(name)] for name in ("segment", "client"))
    requests = records[:, RECORD_COLUMNS.index("attempt")] != COPY
    for number, segment in enumerate(blueprint.segments):
        if not segment.leaves_below or segment.sessions is None:
            continue
        given = given_arrivals(segment, draws, blueprint.horizon_ns)
        assert given is not None
        assert given.clients is not None
        own = np.flatnonzero(requests & (segments == number))
        places[own] = _in_turn(clients[own], given.clients)
    return sessions.numbers(segments, places)


def _in_turn(there: Integers, all_clients: Integers) -> Integers:
    """Where the requests that are there stand among all: each client's first ones, in order."""
    all_order = np.argsort(all_clients, kind="stable")
    order = np.argsort(there, kind="stable")
    sorted_there = there[order]
    begins = np.searchsorted(sorted_there, sorted_there)  # of the client, among those there
    in_turn = np.arange(len(there)) - begins
    first = np.searchsorted(all_clients[all_order], sorted_there)
    found = np.empty(len(there), dtype=np.int64)
    found[order] = all_order[first + in_turn]
    return found
