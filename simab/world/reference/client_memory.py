"""What clients remember of an endpoint: which variant each of them met last, and that they left."""

from __future__ import annotations

from simab.world.blueprint import Blueprint
from simab.world.reference.traffic import Arrival

__all__ = ["ClientMemory"]


class ClientMemory:
    """The variant to which each client's latest request went, answered or not, and who has left."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._segments = blueprint.segments
        self._met: dict[tuple[int, int], int] = {}
        self._left: set[tuple[int, int]] = set()

    def meet(self, arrival: Arrival, variant: int) -> int:
        """A request goes to a variant: as by which one it is answered, if it is."""
        carried_below = self._segments[arrival.segment].carried_below
        if not carried_below:
            return variant
        user = arrival.segment, arrival.client
        before, self._met[user] = self._met.get(user, variant), variant
        return before if arrival.carried < carried_below else variant

    def has_left(self, arrival: Arrival) -> bool:
        """Whether a client is gone by now: then its request does not come."""
        return (arrival.segment, arrival.client) in self._left

    def leaves_if_bad(self, arrival: Arrival) -> bool:
        """Whether the client leaves if this request gets a bad answer."""
        return arrival.leaves < self._segments[arrival.segment].leaves_below

    def leave(self, arrival: Arrival) -> None:
        """The client leaves now, for good."""
        self._left.add((arrival.segment, arrival.client))
