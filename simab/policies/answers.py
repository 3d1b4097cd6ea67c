"""The labelled answers of a variant one by one, for rules that judge by user and not by request."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "drawn_as"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One entry an answered request whose label has arrived, in order of the labels' arrival.

    `users` numbers the clients of all segments (segment by segment, from 0), `values` holds 1 and 0
    for right and wrong answers, or the reward in its units. `arrived_ns` is when the request came,
    `known_ns` when its label counted. Arrays are read-only, all of one length; `segments` holds
    places in `segment_names`. `sessions` numbers the sessions of all segments, a request of a
    segment without any as one of its own; None where no segment has sessions.
    """

    segments: NDArray[np.int64]
    users: NDArray[np.int64]
    values: NDArray[np.float64]
    arrived_ns: NDArray[np.int64]
    known_ns: NDArray[np.int64]
    segment_names: tuple[str, ...] = ()
    sessions: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def arrived(self, since_ns: int, until_ns: int | None = None) -> Answers:
        """Those of requests that came from `since_ns` on, and before `until_ns` if it is given."""
        chosen = self.arrived_ns >= since_ns
        if until_ns is not None:
            chosen &= self.arrived_ns < until_ns
        return self._chosen(chosen)

    def of_segments(self, names: Collection[str]) -> Answers:
        """Those of clients of these segments."""
        places = [place for place, name in enumerate(self.segment_names) if name in names]
        return self._chosen(np.isin(self.segments, places))

    def _chosen(self, chosen: NDArray[np.bool_]) -> Answers:
        if chosen.all():
            return self
        return replace(
            self,
            segments=self.segments[chosen],
            users=self.users[chosen],
            values=self.values[chosen],
            arrived_ns=self.arrived_ns[chosen],
            known_ns=self.known_ns[chosen],
            sessions=None if self.sessions is None else self.sessions[chosen],
        )


def drawn_as(unit: str, control: Answers, candidate: Answers) -> tuple[Integers, Integers]:
    """The numbers of what the answers are taken for parts of, by the unit of an analysis.

    Their users; under `session` their sessions; under `request`, or where nobody comes in sessions,
    each answer by itself.
    """
    if unit.startswith("user"):
        return control.users, candidate.users
    sessions = control.sessions, candidate.sessions
    if unit == "session" and sessions[0] is not None and sessions[1] is not None:
        return sessions[0], sessions[1]
    places = np.arange(len(control) + len(candidate))
    return places[: len(control)], places[len(control) :]
