"""What holds on every path, whatever is random: no request is lost, and queues are queues."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simab.verify.requests import Integers, Requests
from simab.world import Blueprint, RunData
from simab.world.records import COPY
from simab.world.run_counts import RequestColumn, RunCounts, Status, Total, time_sum_ns

__all__ = ["broken_identities"]


def broken_identities(blueprint: Blueprint, run_data: RunData, requests: Requests) -> Iterator[str]:
    """Each identity that a run does not keep, in words; for services that take 1 ns at least."""
    yield from _conservation(run_data.run_counts, requests)
    yield from _windows(run_data.run_counts, requests)
    yield from _little(blueprint, run_data.run_counts, requests)
    begun = requests.started_ns >= 0
    for number, plan in enumerate(blueprint.variants):
        mine = (requests.variant == number) & begun
        if not mine.any():
            continue
        for instance in np.unique(requests.instance[mine]).tolist():
            alone = (
                bool(mine.all()) and blueprint.scenario.endpoint.variants[plan.name].instances == 1
            )
            served = requests if alone else requests.where(mine & (requests.instance == instance))
            yield from _queue(plan.name, plan.workers, served)


def _conservation(run_counts: RunCounts, requests: Requests) -> Iterator[str]:
    """Whoever arrived was answered, failed, was turned away, or is still there."""
    totals = run_counts.totals.tolist()
    own = requests.status[requests.attempt != COPY]
    ended = {
        Total.ANSWERED: Status.OK,
        Total.FAILED: Status.FAILED,
        Total.REJECTED: Status.REJECTED,
        Total.INVALID: Status.INVALID_TARGET,
    }
    there = int((own == Status.IN_FLIGHT).sum())
    if totals[Total.ARRIVED] != sum(totals[each] for each in ended) + there:
        yield "requests are lost or made up"
    if totals[Total.ARRIVED] != len(own):
        yield "the run counts other arrivals than it records"
    if any(totals[total] != int((own == status).sum()) for total, status in ended.items()):
        yield "the run counts other endings than it records"
    if (np.diff(requests.arrived_ns) < 0).any():
        yield "arrivals are out of order"


def _windows(run_counts: RunCounts, requests: Requests) -> Iterator[str]:
    """Each window of each variant has the requests that ended in it."""
    windows, variants = run_counts.requests.shape[:2]
    ended = (requests.variant >= 0) & (requests.status != Status.IN_FLIGHT)
    at_ns = np.where(requests.status == Status.REJECTED, requests.arrived_ns, requests.finished_ns)
    within = ended & (at_ns >= 0) & (at_ns < run_counts.blueprint.horizon_ns)
    if (ended & ~within).any():
        yield "requests end outside of the run"
    window = at_ns[within] // run_counts.blueprint.period_ns
    place = window * variants + requests.variant[within]
    status = requests.status[within]
    for column, ending in (
        (RequestColumn.ANSWERED, Status.OK),
        (RequestColumn.FAILED, Status.FAILED),
        (RequestColumn.REJECTED, Status.REJECTED),
    ):
        found = np.bincount(place[status == ending], minlength=windows * variants)
        if (run_counts.requests[:, :, column] != found.reshape(windows, variants)).any():
            yield f"windows count other requests as {ending.name.lower()} than ended in them"


def _little(blueprint: Blueprint, run_counts: RunCounts, requests: Requests) -> Iterator[str]:
    """Little's law over the closed run: the integral of the number present is the time they spend.

    The number present follows from the instants of the records; the time spent by those that were
    served is what the metric windows have added up, and the others stay until the end.
    """
    end_ns = blueprint.horizon_ns
    served = (requests.status == Status.OK) | (requests.status == Status.FAILED)
    there = (requests.status == Status.IN_FLIGHT) & (requests.variant >= 0)
    entered = _exact_sum(end_ns - requests.arrived_ns[served | there])
    left = _exact_sum(end_ns - requests.finished_ns[served])
    rows = run_counts.requests.reshape(-1, run_counts.requests.shape[-1])
    spent = time_sum_ns(rows, RequestColumn.LATENCY_SUM_NS)
    if entered - left != spent + _exact_sum(end_ns - requests.arrived_ns[there]):
        yield "Little's law does not hold over the run"
    waited = _exact_sum(requests.started_ns[served] - requests.arrived_ns[served])
    if waited != time_sum_ns(rows, RequestColumn.WAIT_SUM_NS):
        yield "Little's law does not hold in the queue"


def _exact_sum(values: Integers) -> int:
    """In two halves, since the sum may outgrow 64 bits."""
    return (int((values >> 32).sum()) << 32) + int((values & (1 << 32) - 1).sum())


def _queue(name: str, workers: int, served: Requests) -> Iterator[str]:
    """First come, first served, by so many workers, none of which is idle while somebody waits.

    Where that holds, the request that begins as number i does so when it arrives, or when all but
    `workers` of the i before it have finished; those that finish later do not disturb the order of
    finishing up to that instant, so that all finishes can be sorted at once.
    """
    begun = served.started_ns >= 0
    arrived_ns, started_ns = served.arrived_ns[begun], served.started_ns[begun]
    if (np.diff(started_ns) < 0).any():
        yield f"{name} serves out of order"
    never_ns = np.iinfo(np.int64).max
    finished_ns = served.finished_ns[begun]
    finished_ns = np.where(finished_ns >= 0, finished_ns, never_ns)
    if (finished_ns < started_ns).any():
        yield f"{name} answers before it begins"
    earliest_ns = arrived_ns.copy()
    if len(finished_ns) > workers:
        free_ns = np.sort(finished_ns, kind="stable")[: len(finished_ns) - workers]
        np.maximum(arrived_ns[workers:], free_ns, out=earliest_ns[workers:])
    if (started_ns < earliest_ns).any():
        yield f"{name} has more than {workers} requests in service, or begins one before it comes"
    if (started_ns > earliest_ns).any():
        yield f"{name} lets a request wait while a worker is idle"
