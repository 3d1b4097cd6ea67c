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

__all__ = ["RequestSessions"]

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
