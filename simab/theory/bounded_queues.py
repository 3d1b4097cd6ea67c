"""Closed forms of queues that bound themselves: by their places, their clients, or their patience.

All have a steady state at any load. Rates per second, durations in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.theory.birth_death import stationary_probabilities
from simab.theory.checks import require_count, require_positive
from simab.theory.queues import erlang_c, mmc_mean_wait_s, offered_load

__all__ = [
    "ClosedQueue",
    "ImpatientQueue",
    "LimitedQueue",
    "erlang_a",
    "machine_repair",
    "mgc_limited",
    "mmc_limited",
]


@dataclass(frozen=True, slots=True)
class LimitedQueue:
    """M/M/c/K: arrivals that find the system full are refused; the means are of the accepted."""

    reject_probability: float
    mean_wait_s: float
    mean_sojourn_s: float
    throughput_per_s: float


@dataclass(frozen=True, slots=True)
class ClosedQueue:
    """Machine repair: `response_s` is wait and service together, think time left out."""

    throughput_per_s: float
    response_s: float
    utilisation: float


@dataclass(frozen=True, slots=True)
class ImpatientQueue:
    """Erlang A: `mean_wait_s` is over all requests, those that give up included."""

    abandon_probability: float
    mean_wait_s: float
    wait_probability: float


def mmc_limited(
    rate_per_s: float, mean_service_s: float, workers: int, places: int
) -> LimitedQueue:
    """M/M/c/K: at most `places` requests in the system, in service and waiting together.

    Arrivals see time averages (PASTA): the share refused is the share of time the system is full.
    Always stable. Without arrivals the means are those of a request into the empty system. Raises
    InvalidInput for fewer places than workers, and as `utilisation`.
    """
    offered_load(rate_per_s, mean_service_s, workers)
    require_count("places", places, least=workers)
    if rate_per_s == 0.0:
        return LimitedQueue(0.0, 0.0, mean_service_s, 0.0)
    present = np.arange(places + 1)
    probability = stationary_probabilities(
        np.full(places, rate_per_s), np.minimum(present[1:], workers) / mean_service_s
    )
    rejected = float(probability[-1])
    accepted_per_s = rate_per_s * float(probability[:-1].sum())
    waiting = float(probability @ np.maximum(present - workers, 0))
    wait_s = waiting / accepted_per_s
    return LimitedQueue(rejected, wait_s, wait_s + mean_service_s, accepted_per_s)


def mgc_limited(
    rate_per_s: float, mean_service_s: float, squared_cv: float, workers: int, places: int
) -> LimitedQueue:
    """APPROXIMATE M/G/c/K: as `mmc_limited`, for services of any squared coefficient of variation.

    M/M/c/K with the waiting places counted in units of how much a queue varies: for refusals
    (2 + sqrt(load) (squared_cv - 1)) / 2 (Smith 2003), for waits (1 + squared_cv) / 2, which is
    exact without a limit. Exact for exponential service, and without places to wait at for any
    (Sevastyanov 1957). Else waits are off by up to a fourth and refusals of 1 % and more by up to
    a third at a squared_cv of up to 2.25, and by more beyond. Raises InvalidInput as `mmc_limited`.
    """
    exact = mmc_limited(rate_per_s, mean_service_s, workers, places)
    waiting = places - workers
    if squared_cv == 1.0 or not waiting or rate_per_s == 0.0:
        return exact
    load = min(rate_per_s * mean_service_s / workers, 1.0)
    refusing = _between_places(
        (rate_per_s, mean_service_s, workers),
        waiting * 2.0 / (2.0 + math.sqrt(load) * (squared_cv - 1.0)),
    )
    varying = (1.0 + squared_cv) / 2.0
    queueing = _between_places((rate_per_s, mean_service_s, workers), waiting / varying)
    rejected, wait_s = refusing.reject_probability, queueing.mean_wait_s * varying
    accepted_per_s = rate_per_s * (1.0 - rejected)
    return LimitedQueue(rejected, wait_s, wait_s + mean_service_s, accepted_per_s)


def _between_places(queue: tuple[float, float, int], waiting: float) -> LimitedQueue:
    """M/M/c/K of a number of waiting places that need not be whole: refusals fall as a power."""
    rate_per_s, mean_service_s, workers = queue
    whole = math.floor(waiting)
    part = waiting - whole
    less, more = (
        mmc_limited(rate_per_s, mean_service_s, workers, workers + whole + extra)
        for extra in (0, 1)
    )
    rejected = less.reject_probability ** (1.0 - part) * more.reject_probability**part
    wait_s = less.mean_wait_s * (1.0 - part) + more.mean_wait_s * part
    accepted_per_s = rate_per_s * (1.0 - rejected)
    return LimitedQueue(rejected, wait_s, wait_s + mean_service_s, accepted_per_s)


def machine_repair(
    clients: int, think_s: float, workers: int, mean_service_s: float
) -> ClosedQueue:
    """A closed loop: each client thinks, sends one request, and waits for its response.

    Exponential think and service times (the think law does not matter); Little's law over the
    whole loop gives response = clients / throughput - think (Kleinrock 1975, section 3.8). Always
    stable. Raises InvalidInput for no client or worker, or a time not above 0.
    """
    require_count("clients", clients)
    require_count("workers", workers)
    require_positive("think_s", think_s)
    require_positive("mean_service_s", mean_service_s)
    present = np.arange(clients + 1)
    busy = np.minimum(present, workers)
    probability = stationary_probabilities(
        (clients - present[:-1]) / think_s, busy[1:] / mean_service_s
    )
    mean_busy = float(probability @ busy)
    throughput_per_s = mean_busy / mean_service_s
    response_s = float(probability @ present) / throughput_per_s
    return ClosedQueue(throughput_per_s, response_s, mean_busy / workers)


def erlang_a(
    rate_per_s: float, mean_service_s: float, workers: int, mean_patience_s: float
) -> ImpatientQueue:
    """M/M/c+M: a waiting request gives up after an exponential patience; one in service stays.

    Requests leave the queue unserved at rate waiting / mean patience, and Little's law gives the
    wait of all (Palm 1957; Garnett, Mandelbaum and Reiman 2002). Always stable. Endless patience
    is M/M/c: wait inf if saturated, none gives up. Raises InvalidInput for a patience not above
    0, more than about 4 million waiting, and as `utilisation`.
    """
    load = offered_load(rate_per_s, mean_service_s, workers)
    if mean_patience_s == math.inf:
        wait_s = mmc_mean_wait_s(rate_per_s, mean_service_s, workers)
        return ImpatientQueue(0.0, wait_s, erlang_c(workers, load))
    require_positive("mean_patience_s", mean_patience_s)
    if rate_per_s == 0.0:
        return ImpatientQueue(0.0, 0.0, 0.0)
    probability = _impatient_probabilities(rate_per_s, mean_service_s, workers, mean_patience_s)
    waiting = float(probability[workers:] @ np.arange(probability.size - workers))
    wait_s = waiting / rate_per_s
    return ImpatientQueue(wait_s / mean_patience_s, wait_s, float(probability[workers:].sum()))


_FIRST_STATES = 256
_MOST_STATES = 2**22


def _impatient_probabilities(
    rate_per_s: float, mean_service_s: float, workers: int, mean_patience_s: float
) -> NDArray[np.float64]:
    """Share of time with 0, 1, ... requests, cut where the rest adds under 1e-17 of the waiting."""
    states = _FIRST_STATES + workers
    while states <= _MOST_STATES:
        present = np.arange(1, states)
        deaths = np.minimum(present, workers) / mean_service_s
        deaths = deaths + np.maximum(present - workers, 0) / mean_patience_s
        probability = stationary_probabilities(np.full(states - 1, rate_per_s), deaths)
        waiting = float(probability[workers:] @ np.arange(states - workers))
        # Past the cut the probabilities fall at least as fast as a geometric series does.
        ratio = rate_per_s / float(deaths[-1])
        if ratio < 1.0 and probability[-1] * states / (1.0 - ratio) ** 2 <= 1e-17 * waiting:
            return probability
        states *= 2
    raise InvalidInput(
        f"mean_patience_s = {mean_patience_s!r}: lets more than {_MOST_STATES} requests wait. "
        "Use math.inf for patience without end, or a lower rate."
    )
