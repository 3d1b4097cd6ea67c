"""The pair of M/M/4 stations as a bare loop over a heap of events, in pure Python.

It is what is left of a discrete-event simulation when every convenience is gone.
"""

from __future__ import annotations

import random
from collections import deque
from heapq import heappop, heappush

__all__ = ["play_heap"]

MEAN_SERVICE = 0.01
WORKERS = 4
RATE = 0.7 * 2 * WORKERS / MEAN_SERVICE
ARRIVAL = -1


def play_heap(requests: int) -> int:
    """Play about so many requests; returns how many were answered."""
    draw = random.Random(1)
    horizon, service_rate = requests / RATE, 1 / MEAN_SERVICE
    idle = [WORKERS, WORKERS]
    waiting: list[deque[float]] = [deque(), deque()]
    answered, latency_sum = [0, 0], [0.0, 0.0]
    events: list[tuple[float, int, float]] = [(draw.expovariate(RATE), ARRIVAL, 0.0)]
    while True:
        now, kind, arrived = heappop(events)
        if now >= horizon:
            return sum(answered)
        if kind == ARRIVAL:
            heappush(events, (now + draw.expovariate(RATE), ARRIVAL, 0.0))
            station = int(draw.random() * 2)
            if not idle[station]:
                waiting[station].append(now)
                continue
            idle[station] -= 1
            arrived = now
        else:
            station = kind
            answered[station] += 1
            latency_sum[station] += now - arrived
            if not waiting[station]:
                idle[station] += 1
                continue
            arrived = waiting[station].popleft()
        heappush(events, (now + draw.expovariate(service_rate), station, arrived))
