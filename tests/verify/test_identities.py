"""Identities of a path: runs keep them, and each kind of fault in a run is noticed and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simab.draws import Draws
from simab.verify.case import world
from simab.verify.identities import broken_identities
from simab.verify.requests import Requests
from simab.world import Blueprint, RunData, play
from simab.world.run_counts import RequestColumn, Status


@cache
def played() -> tuple[Blueprint, RunData]:
    """Two instances of two workers at .9, who turn some away, with errors and a late end."""
    variant = {
        "instances": 2,
        "workers": 2,
        "queue_limit": 5,
        "error_rate": 0.1,
        "latency": {"kind": "lognormal", "mean": "400ms", "cv": 1.5},
    }
    blueprint = Blueprint.of(world(variant, {"rate": "9/s"}, horizon_s=400))
    run_data, _ = play(blueprint, None, Draws(3, 0), engine="compiled", record_requests=True)
    return blueprint, run_data


def broken(change: Callable[[Requests], Requests] | None = None) -> list[str]:
    """What is said of the run with changed records."""
    blueprint, run_data = played()
    requests = Requests.of(run_data)
    return list(broken_identities(blueprint, run_data, change(requests) if change else requests))


def test_a_run_keeps_them() -> None:
    _, run_data = played()
    statuses = set(Requests.of(run_data).status.tolist())
    assert statuses == {Status.OK, Status.FAILED, Status.REJECTED, Status.IN_FLIGHT}
    assert broken() == []


def changed(
    column: str, place: Callable[[Requests], int], value: int | None
) -> Callable[..., Requests]:
    """Records of which one field was moved by that, or set to nothing."""

    def change(requests: Requests) -> Requests:
        values = getattr(requests, column).copy()
        at = place(requests)
        values[at] = -1 if value is None else values[at] + value
        return requests._replace(**{column: values})

    return change


def one_that_waited(requests: Requests) -> int:
    return int(np.flatnonzero(requests.started_ns > requests.arrived_ns)[5])


def one_that_did_not(requests: Requests) -> int:
    begun = (requests.started_ns == requests.arrived_ns) & (requests.status == Status.OK)
    return int(np.flatnonzero(begun)[200])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("started_ns", one_that_waited, -1), "more than 2 requests in service"),
        (changed("started_ns", one_that_waited, 1), "wait while a worker is idle"),
        (changed("started_ns", one_that_did_not, 1), "Little's law does not hold in the queue"),
        (changed("finished_ns", one_that_did_not, 1), "Little's law does not hold over the run"),
        (changed("finished_ns", one_that_did_not, -(10**10)), "answers before it begins"),
        (changed("arrived_ns", one_that_waited, 10**11), "arrivals are out of order"),
        (changed("status", one_that_did_not, 300), "the run counts other endings"),
    ],
)
def test_a_fault_is_named(change: Callable[[Requests], Requests], said: str) -> None:
    """One field of one request, moved by a nanosecond where it is a time of service."""
    assert any(said in text for text in broken(change)), broken(change)


def test_requests_that_overtake_are_noticed() -> None:
    """The starts of two that wait for the same instance are exchanged."""

    def change(requests: Requests) -> Requests:
        first = one_that_waited(requests)
        same = requests.instance == requests.instance[first]
        second = int(
            np.flatnonzero(same & (np.arange(len(same)) > first) & (requests.started_ns >= 0))[0]
        )
        started = requests.started_ns.copy()
        started[[first, second]] = started[[second, first]]
        return requests._replace(started_ns=started)

    assert any("serves out of order" in text for text in broken(change))


def test_a_request_that_is_lost_is_missed() -> None:
    def change(requests: Requests) -> Requests:
        return requests.where(np.arange(len(requests.arrived_ns)) != 100)

    assert "the run counts other arrivals than it records" in broken(change)


def test_windows_that_count_wrongly_are_noticed() -> None:
    """A request that is booked in the window next to its own."""
    blueprint, run_data = played()
    counts = run_data.run_counts.requests.copy()
    counts[0, 0, RequestColumn.ANSWERED] += 1
    counts[1, 0, RequestColumn.ANSWERED] -= 1
    faulty = replace(run_data, run_counts=replace(run_data.run_counts, requests=counts))
    said = list(broken_identities(blueprint, faulty, Requests.of(run_data)))
    assert said == ["windows count other requests as ok than ended in them"]


def test_the_sorted_check_of_queues_is_the_recursion_of_kiefer_and_wolfowitz() -> None:
    """Starts by a heap of free workers are the only ones that pass, for any number of workers."""
    from heapq import heapreplace

    from simab.verify.identities import _queue

    random = np.random.default_rng(5)
    for workers in (1, 2, 3, 7):
        arrived = np.sort(random.integers(0, 5_000, 400))
        service = random.integers(1, 60, 400)
        free, started = [0] * workers, np.zeros(400, dtype=np.int64)
        for at in range(400):
            started[at] = max(int(arrived[at]), free[0])
            heapreplace(free, int(started[at] + service[at]))
        empty = np.zeros(400, dtype=np.int64)
        requests = Requests(*([empty] * 13))._replace(
            arrived_ns=arrived, started_ns=started, finished_ns=started + service
        )
        assert list(_queue("a", workers, requests)) == []
        assert list(_queue("a", workers + 1, requests))
        if workers > 1:
            assert list(_queue("a", workers - 1, requests))
