"""Groups of a segment's clients by how much they ask: the heaviest 1 %, the next 9 %, the others.

Clients are numbered from the heaviest on, so a group is a range of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.activity import client_thresholds
from simab.scenario.parts import Segment

__all__ = ["ClientGroup", "client_groups", "group_numbers"]

_BOUNDS: Final = (("heaviest 1 %", 100), ("next 9 %", 10), ("other 90 %", 1))
"""Title of each group, and of how many clients one is in it or in a group before it."""


@dataclass(frozen=True, slots=True)
class ClientGroup:
    """The clients of a segment from number `first` up to, not including, `last`.

    `share` is the share of the segment's requests that they send in expectation.
    """

    title: str
    first: int
    last: int
    share: float

    @property
    def clients(self) -> int:
        """How many they are."""
        return self.last - self.first


def client_groups(segment: Segment) -> tuple[ClientGroup, ...]:
    """The groups of a segment that have a client, from the heaviest on; together they are all.

    A bound that falls within a client takes in all of it: of 50 clients the heaviest 1 % is one.
    Where all clients are equal (`segment.activity.equal`) nothing tells the groups apart but their
    size, and each sends its share of the clients.
    """
    thresholds = client_thresholds(segment.activity, segment.clients)
    groups, first, before = [], 0, 0.0
    for title, one_of in _BOUNDS:
        last = -(-segment.clients // one_of)
        if last > first:
            until = _share_until(segment, thresholds, last)
            groups.append(ClientGroup(title, first, last, until - before))
            first, before = last, until
    return tuple(groups)


def group_numbers(groups: tuple[ClientGroup, ...], clients: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each client by number, of any shape, which of the groups it is in, from 0."""
    firsts = np.array([group.first for group in groups[1:]], dtype=np.int64)
    return np.searchsorted(firsts, clients, side="right").astype(np.int64)


def _share_until(segment: Segment, thresholds: NDArray[np.uint64], last: int) -> float:
    """The share of the clients before number `last`, as words are cut between them."""
    if last == segment.clients:
        return 1.0
    if segment.activity.equal:
        return last / segment.clients
    return int(thresholds[last - 1]) / 2.0**64
