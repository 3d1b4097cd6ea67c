"""Closed forms of queues in steady state: how much waits, how long, and how much is lost.

Rates per second, durations in seconds; a worker serves one request at a time, first come first
served. A queue without a steady state returns inf where its wait grows without bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.theory.birth_death import stationary_probabilities
from simab.theory.checks import (
    require_count,
    require_not_negative,
    require_positive,
    require_quantile_share,
)

__all__ = [
    "ClosedQueue",
    "ImpatientQueue",
    "LimitedQueue",
    "allen_cunneen_mean_wait_s",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "is_saturated",
    "machine_repair",
    "md1_mean_wait_s",
    "mm1_sojourn_quantile_s",
    "mmc_limited",
    "mmc_mean_wait_s",
    "mmc_wait_quantile_s",
    "pollaczek_khinchine_mean_wait_s",
    "utilisation",
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


def utilisation(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Offered load per worker: rate x mean service / workers; 1 or more cannot last.

    Raises InvalidInput for a negative rate, a service time not above 0, or no worker.
    """
    return _offered_load(rate_per_s, mean_service_s, workers) / workers


def is_saturated(rate_per_s: float, mean_service_s: float, workers: int) -> bool:
    """Does more work arrive than the workers can do, so that the queue has no steady state?

    True from utilisation 1 on: at exactly 1 a queue with any randomness also grows without bound.
    """
    return utilisation(rate_per_s, mean_service_s, workers) >= 1.0


def erlang_b(workers: int, offered_load: float) -> float:
    """Share of requests lost by M/G/c/c, whatever the service law (insensitivity).

    `offered_load` is rate x mean service, in erlangs. Recursion B(c) = a B(c-1) / (c + a B(c-1)),
    which cannot overflow (Cooper 1981, section 3.3). Raises InvalidInput for a negative load or
    a negative number of workers; no worker loses all.
    """
    require_count("workers", workers, least=0)
    require_not_negative("offered_load", offered_load)
    blocked = 1.0
    for busy in range(1, workers + 1):
        blocked = offered_load * blocked / (busy + offered_load * blocked)
    return blocked


def erlang_c(workers: int, offered_load: float) -> float:
    """Probability that a request of M/M/c has to wait; 1 for a load of c erlangs or more.

    C = B / (1 - u (1 - B)) with the utilisation u = load / c (Cooper 1981, equation 3.4.11).
    Raises InvalidInput for a negative load or no worker.
    """
    require_count("workers", workers)
    blocked = erlang_b(workers, offered_load)
    if offered_load >= workers:
        return 1.0
    return blocked / (1.0 - (offered_load / workers) * (1.0 - blocked))


def mmc_mean_wait_s(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Mean wait in the queue of M/M/c, in seconds; inf if saturated.

    Erlang C / (c / mean service - rate). Raises InvalidInput as `utilisation`.
    """
    load = _offered_load(rate_per_s, mean_service_s, workers)
    if load >= workers:
        return math.inf
    return erlang_c(workers, load) * mean_service_s / (workers - load)


def mmc_wait_quantile_s(
    share: float, rate_per_s: float, mean_service_s: float, workers: int
) -> float:
    """The wait that `share` of the requests of M/M/c do not exceed, in seconds; inf if saturated.

    P(wait > t) = C exp(-(c / mean service - rate) t), so 0 for the share that does not wait.
    Raises InvalidInput for a share outside [0, 1), and as `utilisation`.
    """
    require_quantile_share("share", share)
    load = _offered_load(rate_per_s, mean_service_s, workers)
    if load >= workers:
        return math.inf
    waits = erlang_c(workers, load)
    if waits <= 1.0 - share:
        return 0.0
    return math.log(waits / (1.0 - share)) * mean_service_s / (workers - load)


def mm1_sojourn_quantile_s(share: float, rate_per_s: float, mean_service_s: float) -> float:
    """The sojourn (wait and service) that `share` of M/M/1 do not exceed; inf if saturated.

    The sojourn is exponential with rate 1 / mean service - rate (Kleinrock 1975, section 5.6).
    Raises InvalidInput for a share outside [0, 1), and as `utilisation`.
    """
    require_quantile_share("share", share)
    load = _offered_load(rate_per_s, mean_service_s, 1)
    if load >= 1.0:
        return math.inf
    return -math.log1p(-share) * mean_service_s / (1.0 - load)


def pollaczek_khinchine_mean_wait_s(
    rate_per_s: float, mean_service_s: float, squared_cv: float
) -> float:
    """Mean wait in the queue of M/G/1, in seconds; inf if saturated.

    `squared_cv` is the service time's variance over its squared mean: 0 constant, 1 exponential.
    u / (1 - u) x mean service x (1 + squared_cv) / 2 (Pollaczek 1930; Kleinrock 1975, equation
    5.70). Raises InvalidInput for a negative squared_cv, and as `utilisation`.
    """
    return allen_cunneen_mean_wait_s(rate_per_s, mean_service_s, squared_cv, 1)


def md1_mean_wait_s(rate_per_s: float, mean_service_s: float) -> float:
    """Mean wait of M/D/1, constant service: Pollaczek-Khinchine with squared_cv 0."""
    return pollaczek_khinchine_mean_wait_s(rate_per_s, mean_service_s, 0.0)


def allen_cunneen_mean_wait_s(
    rate_per_s: float, mean_service_s: float, squared_cv: float, workers: int
) -> float:
    """APPROXIMATE mean wait of M/G/c, in seconds; inf if saturated.

    The wait of M/M/c times (1 + squared_cv) / 2 (Lee and Longton 1959; Allen 1990, section
    5.3.5). Exact for one worker and for exponential service, else off by several per cent: not a
    truth to hold a simulator against. Raises InvalidInput as `pollaczek_khinchine_mean_wait_s`.
    """
    require_not_negative("squared_cv", squared_cv)
    return mmc_mean_wait_s(rate_per_s, mean_service_s, workers) * (1.0 + squared_cv) / 2.0


def mmc_limited(
    rate_per_s: float, mean_service_s: float, workers: int, places: int
) -> LimitedQueue:
    """M/M/c/K: at most `places` requests in the system, in service and waiting together.

    Arrivals see time averages (PASTA): the share refused is the share of time the system is full.
    Always stable. Without arrivals the means are those of a request into the empty system. Raises
    InvalidInput for fewer places than workers, and as `utilisation`.
    """
    _offered_load(rate_per_s, mean_service_s, workers)
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
    is M/M/c: wait inf if saturated, nobody gives up. Raises InvalidInput for a patience not above
    0, more than about 16 million waiting, and as `utilisation`.
    """
    load = _offered_load(rate_per_s, mean_service_s, workers)
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
_MOST_STATES = 2**24


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


def _offered_load(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    require_not_negative("rate_per_s", rate_per_s)
    require_positive("mean_service_s", mean_service_s)
    require_count("workers", workers)
    return rate_per_s * mean_service_s
