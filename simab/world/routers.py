"""Replicas of the router: which weights each of them holds, where they are out of step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simab.scenario.serving import Endpoint

__all__ = ["RouterReplicas"]

Weights = Mapping[str, float]


class RouterReplicas:
    """Takes changes of weights, and says which ones each router holds at an instant.

    Without `endpoint.routers` there is one, which takes each change at once.
    """

    def __init__(self, endpoint: Endpoint, weights: Weights) -> None:
        routers = endpoint.routers
        self._taking = 1 if routers is None else routers.count - routers.stale
        self._stale = 0 if routers is None else routers.stale
        self._lag_ns = 0 if routers is None else routers.lag
        self._changes: list[tuple[int, Weights]] = [(0, weights)]

    def change(self, weights: Weights, now_ns: int) -> Iterator[int]:
        """Note a change that is in force from now on; yields when routers take it later on."""
        if weights == self._changes[-1][1]:
            return
        self._changes.append((now_ns, weights))
        if self._lag_ns:
            yield from (now_ns + router * self._lag_ns for router in range(1, self._taking))

    def held(self, now_ns: int) -> Iterator[Weights]:
        """The weights that each router holds, of the newest change that has reached it."""
        first = self._changes[0][1]
        for router in range(self._taking):
            reached_ns = now_ns - router * self._lag_ns
            newest = [weights for at_ns, weights in self._changes if at_ns <= reached_ns]
            yield newest[-1] if newest else first
        yield from (first for _ in range(self._stale))
