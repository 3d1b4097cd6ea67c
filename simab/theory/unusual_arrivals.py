"""One worker with exponential service and arrivals that are not Poisson: gamma gaps, and batches.

Rates per second, durations in seconds; requests are served in the order in which they come.
"""

from __future__ import annotations

from simab.errors import InvalidInput
from simab.theory.checks import require_positive
from simab.theory.queues import utilisation

__all__ = ["batches_mean_wait_s", "gamma_gaps_mean_wait_s"]


def gamma_gaps_mean_wait_s(rate_per_s: float, mean_service_s: float, gap_cv: float) -> float:
    """Mean wait of GI/M/1 whose gaps are gamma distributed with that coefficient of variation.

    An arrival finds n requests with probability (1 - s) s^n, where s is the root below 1 of
    s = A*((1 - s) / mean service) and A* the transform of the gaps; so it waits s / (1 - s)
    services (Kleinrock 1975, section 6.4). Raises InvalidInput for a cv or a rate not above 0, or a
    utilisation of 1 or more.
    """
    from scipy.optimize import brentq

    load = _require_stable(rate_per_s, mean_service_s)
    require_positive("gap_cv", gap_cv)
    shape = gap_cv**-2

    def excess(root: float) -> float:
        return float((1.0 + (1.0 - root) / (load * shape)) ** -shape) - root

    # At 1 there is a root as well: the curve lies above the line before the one that is wanted.
    high = 1.0 - 1e-12
    root = float(brentq(excess, 0.0, high, xtol=1e-15)) if excess(high) < 0.0 else high
    return root / (1.0 - root) * mean_service_s


def batches_mean_wait_s(rate_per_s: float, mean_service_s: float, mean_size: float) -> float:
    """Mean wait of a request of M^X/M/1, in batches of geometric size, Poisson in time.

    `rate_per_s` is of requests. The first of a batch waits as in M/G/1 whose customers are batches,
    and the requests before one in its batch number mean size - 1 on average: together
    (u + mean_size - 1) / (1 - u) services (Chaudhry and Templeton 1983, section 3.2). Raises
    InvalidInput for a mean size below 1, or as `gamma_gaps_mean_wait_s`.
    """
    load = _require_stable(rate_per_s, mean_service_s)
    if not mean_size >= 1.0:
        raise InvalidInput(
            f"mean_size = {mean_size!r}: must be at least 1. A batch holds one request or more."
        )
    return (load + mean_size - 1.0) / (1.0 - load) * mean_service_s


def _require_stable(rate_per_s: float, mean_service_s: float) -> float:
    require_positive("rate_per_s", rate_per_s)
    load = utilisation(rate_per_s, mean_service_s, 1)
    if load >= 1.0:
        raise InvalidInput(
            f"rate_per_s = {rate_per_s!r}: utilisation {load!r} is 1 or more, and the queue has "
            "no steady state. Lower the rate or the mean service."
        )
    return load
