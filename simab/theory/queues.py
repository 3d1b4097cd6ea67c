"""Closed forms of open queues in steady state: who waits, how long, and what is lost.

Rates per second, durations in seconds; a worker serves one request at a time, first come first
served. Where more work arrives than can be done there is no steady state, and waits are inf.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.theory.checks import (
    require_count,
    require_not_negative,
    require_positive,
    require_quantile_share,
)

__all__ = [
    "allen_cunneen_mean_wait_s",
    "erlang_b",
    "erlang_c",
    "is_saturated",
    "md1_mean_wait_s",
    "mdc_mean_wait_s",
    "mean_first_residual",
    "mgc_mean_wait_s",
    "mm1_sojourn_quantile_s",
    "mmc_mean_wait_s",
    "mmc_wait_quantile_s",
    "offered_load",
    "pollaczek_khinchine_mean_wait_s",
    "utilisation",
]

_NEAR_SATURATION: Final = 0.97
"""Beyond it the series of M/D/c is long, and the formulas differ by less than 2 %."""


def offered_load(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Rate x mean service, in erlangs: the workers that would be busy if no request ever waited.

    Raises InvalidInput for a negative rate, a service time not above 0, or no worker.
    """
    require_not_negative("rate_per_s", rate_per_s)
    require_positive("mean_service_s", mean_service_s)
    require_count("workers", workers)
    return rate_per_s * mean_service_s


def utilisation(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Offered load per worker: rate x mean service / workers; 1 or more cannot last.

    Raises InvalidInput for a negative rate, a service time not above 0, or no worker.
    """
    return offered_load(rate_per_s, mean_service_s, workers) / workers


def is_saturated(rate_per_s: float, mean_service_s: float, workers: int) -> bool:
    """Does more work arrive than the workers can do, so that the queue has no steady state?

    True from utilisation 1 on: at exactly 1 a queue with any randomness also grows without bound.
    """
    return utilisation(rate_per_s, mean_service_s, workers) >= 1.0


def erlang_b(workers: int, load: float) -> float:
    """Share of requests lost by M/G/c/c, whatever the service law (insensitivity).

    `load` is rate x mean service, in erlangs. Recursion B(c) = a B(c-1) / (c + a B(c-1)),
    which cannot overflow (Cooper 1981, section 3.3). Raises InvalidInput for a negative load or
    a negative number of workers; no worker loses all.
    """
    require_count("workers", workers, least=0)
    require_not_negative("load", load)
    blocked = 1.0
    for busy in range(1, workers + 1):
        blocked = load * blocked / (busy + load * blocked)
    return blocked


def erlang_c(workers: int, load: float) -> float:
    """Probability that a request of M/M/c has to wait; 1 for a load of c erlangs or more.

    C = B / (1 - u (1 - B)) with the utilisation u = load / c (Cooper 1981, equation 3.4.11).
    Raises InvalidInput for a negative load or no worker.
    """
    require_count("workers", workers)
    blocked = erlang_b(workers, load)
    if load >= workers:
        return 1.0
    return blocked / (1.0 - (load / workers) * (1.0 - blocked))


def mmc_mean_wait_s(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Mean wait in the queue of M/M/c, in seconds; inf if saturated.

    Erlang C / (c / mean service - rate). Raises InvalidInput as `utilisation`.
    """
    load = offered_load(rate_per_s, mean_service_s, workers)
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
    load = offered_load(rate_per_s, mean_service_s, workers)
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
    load = offered_load(rate_per_s, mean_service_s, 1)
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


def mdc_mean_wait_s(rate_per_s: float, mean_service_s: float, workers: int) -> float:
    """Mean wait in the queue of M/D/c, constant service, exact, in seconds; inf if saturated.

    Crommelin's series (1932; Tijms 2003, section 9.6.2): with N_i Poisson of mean i x load, the
    sum over i >= 1 of P(N_i >= i c) - P(N_i > i c) / utilisation, in service times. Raises
    InvalidInput as `utilisation`, or so near saturation that a million terms do not suffice.
    """
    from scipy.special import pdtrc

    load = offered_load(rate_per_s, mean_service_s, workers)
    per_worker = load / workers
    if per_worker >= 1.0:
        return math.inf
    if load == 0.0:
        return 0.0
    # Chernoff: term i is at most e^(-i c (u - 1 - ln u)). What is left out starts at e^-45.
    terms = math.ceil(45.0 / (workers * (per_worker - 1.0 - math.log(per_worker))))
    if terms > 2**20:  # some seconds of work
        raise InvalidInput(
            f"rate_per_s = {rate_per_s!r}: utilisation {per_worker!r} is too near 1 to be summed. "
            "Use the Allen-Cunneen approximation, which is nearly exact there, or a lower rate."
        )
    step = np.arange(1, terms + 1)
    at_least = pdtrc(step * workers - 1, step * load)
    above = pdtrc(step * workers, step * load)
    return float(np.sum(at_least - above / per_worker)) * mean_service_s


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


def mgc_mean_wait_s(
    rate_per_s: float,
    mean_service_s: float,
    squared_cv: float,
    first_free_s: float,
    workers: int,
) -> float:
    """APPROXIMATE mean wait of M/G/c, in seconds; inf if saturated.

    A mean of the waits of M/M/c and M/D/c, weighted so that it is exact in light traffic (Boxma,
    Cohen and Huffels 1979; Tijms 2003, section 9.6.1). `first_free_s` is the mean time until the
    first of c busy workers is free, from `mean_first_residual`. Exact for one worker and for
    exponential or constant service, else off by up to a tenth or so at a squared_cv of up to 9.
    Near saturation it is Allen and Cunneen's. Raises InvalidInput as
    `pollaczek_khinchine_mean_wait_s`.
    """
    wait_s = allen_cunneen_mean_wait_s(rate_per_s, mean_service_s, squared_cv, workers)
    load = utilisation(rate_per_s, mean_service_s, workers)
    if workers == 1 or load > _NEAR_SATURATION or wait_s == 0.0:
        return wait_s
    exponential_s = mmc_mean_wait_s(rate_per_s, mean_service_s, workers)
    constant_s = mdc_mean_wait_s(rate_per_s, mean_service_s, workers)
    second_moment = (1.0 + squared_cv) * mean_service_s / first_free_s
    weight = (second_moment - workers - 1.0) / (workers - 1.0)
    mixed_s = 2.0 * weight * constant_s + (1.0 - weight) * exponential_s
    return 2.0 * wait_s * constant_s / mixed_s if mixed_s > 0.0 else wait_s


def mean_first_residual(
    times: NDArray[np.float64], survival: NDArray[np.float64], workers: int
) -> float:
    """The mean time until the first of `workers` busy ones is free, each at a random moment.

    `times` rise from 0, and `survival` is the probability that a service takes longer than each of
    them, a straight line in between; both of shape (points,). The remaining time of a service that
    is looked at at random exceeds t with the integral of the survival beyond t over its mean.
    """
    steps = np.diff(times)
    areas = steps * (survival[1:] + survival[:-1]) / 2.0
    beyond = np.append(np.cumsum(areas[::-1])[::-1], 0.0)
    beyond /= beyond[0]
    # Between two points it is nearly straight, and the integral of its power has a closed form.
    fallen = beyond[:-1] - beyond[1:]
    powers = beyond[:-1] ** (workers + 1) - beyond[1:] ** (workers + 1)
    flat = steps * beyond[:-1] ** workers
    parts = np.divide(powers * steps, fallen * (workers + 1), out=flat, where=fallen > 1e-12)
    return float(parts.sum())
