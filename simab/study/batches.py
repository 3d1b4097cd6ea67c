"""What is still to be played, in batches: in step over worlds and policies, sized by the clock."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Final

from simab.study.pace import Pace
from simab.study.plan import Cell

__all__ = ["Batches"]

_SHARES_LEFT: Final = 2  # of what is left, a batch is at most this part for each place in the queue


class Batches:
    """Batches of cells that differ in their replication only; the lowest replications come first.

    So at any moment about as many replications are done in every world and under every policy:
    what a study has when it is stopped is of use, and the time it takes can be told early. A batch
    takes about `batch_s` by what was measured, less near the end, so that workers end together.
    """

    def __init__(self, cells: Iterable[Cell], pace: Pace, *, batch_s: float, places: int) -> None:
        """`places` is how many batches are under way at once."""
        groups: dict[tuple[str, str, int], deque[Cell]] = {}
        for cell in cells:
            groups.setdefault((cell.world, cell.policy, cell.seed), deque()).append(cell)
        self._groups = list(groups.values())
        self._next = [(each[0].replication, number) for number, each in enumerate(self._groups)]
        heapq.heapify(self._next)
        self._left = sum(map(len, self._groups))
        self._pace, self._batch_s, self._places = pace, batch_s, places

    def take(self) -> list[Cell]:
        """The next batch; empty where nothing is left."""
        if not self._next:
            return []
        _, number = heapq.heappop(self._next)
        group = self._groups[number]
        world, policy, _, _ = group[0]
        most = max(self._left // (_SHARES_LEFT * self._places), 1)
        size = min(self._pace.rows_in((world, policy), self._batch_s), most, len(group))
        taken = [group.popleft() for _ in range(size)]
        self._left -= size
        if group:
            heapq.heappush(self._next, (group[0].replication, number))
        return taken
