"""What holds on every path, whatever is random: no request is lost, and queues are queues."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final

import numpy as np

from simab.verify.case import Requests
from simab.world import Blueprint, RunData
from simab.world.run_counts import Status, Total

__all__ = ["broken_identities"]

_NEVER_NS: Final = 1 << 62


def broken_identities(blueprint: Blueprint, run_data: RunData, requests: Requests) -> Iterator[str]:
    """Each identity that does not hold, in words; for variants with first-come queues."""
    yield from _conservation(run_data, requests)
    started = requests.started_ns >= 0
    for variant, plan in enumerate(blueprint.variants):
        mine = (requests.variant == variant) & started
        for instance in np.unique(requests.instance[mine]).tolist():
            served = Requests(*(each[mine & (requests.instance == instance)] for each in requests))
            yield from _queue(plan.name, plan.workers, served)
    yield from _little(blueprint, requests)


def _conservation(run_data: RunData, requests: Requests) -> Iterator[str]:
    """Whoever arrived was answered, failed, was turned away, or is still there."""
    totals = run_data.run_counts.totals
    ended = (Total.ANSWERED, Total.FAILED, Total.REJECTED, Total.INVALID)
    there = int((requests.status == Status.IN_FLIGHT).sum())
    if int(totals[Total.ARRIVED]) != sum(int(totals[each]) for each in ended) + there:
        yield "requests are lost or made up"
    if len(requests.arrived_ns) != int(totals[Total.ARRIVED]):
        yield "records and counts differ"
    if (np.diff(requests.arrived_ns) < 0).any():
        yield "arrivals are out of order"


def _queue(name: str, workers: int, served: Requests) -> Iterator[str]:
    """First come, first served, by so many workers, none of which is idle while somebody waits.

    Each request starts when it arrives, or when the first of the workers is free after it.
    """
    if (np.diff(served.started_ns) < 0).any():
        yield f"{name} serves out of order"
    finished = np.where(served.finished_ns >= 0, served.finished_ns, _NEVER_NS)
    if (finished < served.started_ns).any():
        yield f"{name} answers before it begins"
    free_ns = [0] * workers
    earliest = np.empty_like(finished)
    for place, end_ns in enumerate(finished.tolist()):
        earliest[place] = heapq.heapreplace(free_ns, end_ns)
    begins = np.maximum(served.arrived_ns, earliest)
    if (served.started_ns < begins).any():
        yield f"{name} begins before a worker is free"
    if (served.started_ns > begins).any():
        yield f"{name} lets a request wait while a worker is idle"


def _little(blueprint: Blueprint, requests: Requests) -> Iterator[str]:
    """Little's law over the closed run: the integral of the number there is the time they spend."""
    end = blueprint.horizon_ns
    there = requests.status != Status.REJECTED
    left = np.where(requests.finished_ns >= 0, np.minimum(requests.finished_ns, end), end)
    spent = int((left - requests.arrived_ns)[there & (requests.variant >= 0)].sum())
    mine = there & (requests.variant >= 0)
    events = np.concatenate([requests.arrived_ns[mine], left[mine]])
    steps = np.concatenate([np.ones(mine.sum(), np.int64), -np.ones(mine.sum(), np.int64)])
    order = np.lexsort((steps, events))
    number = np.cumsum(steps[order])
    area = int((number[:-1] * np.diff(events[order])).sum())
    if area != spent:
        yield "Little's law does not hold over the run"
