"""What clients remember of an endpoint: which variant each of them met last."""

from __future__ import annotations

from simab.world.blueprint import Blueprint
from simab.world.reference.traffic import Arrival

__all__ = ["ClientMemory"]


class ClientMemory:
    """The variant to which each client's latest request went, answered or not."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._segments = blueprint.segments
        self._met: dict[tuple[int, int], int] = {}

    def meet(self, arrival: Arrival, variant: int) -> int:
        """A request goes to a variant: as by which one it is answered, if it is."""
        carried_below = self._segments[arrival.segment].carried_below
        if not carried_below:
            return variant
        user = arrival.segment, arrival.client
        before, self._met[user] = self._met.get(user, variant), variant
        return before if arrival.carried < carried_below else variant
