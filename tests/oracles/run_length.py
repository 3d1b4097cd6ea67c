"""How long a run must be to show an error of the mean wait: asymptotic variances, and the length.

The mean of n consecutive waits in steady state has variance near asymptotic variance / n, which is
far above variance / n in a busy queue (Whitt 1989, Management Science 35:1341).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from simab.errors import InvalidInput
from simab.theory.birth_death import asymptotic_variance
from simab.theory.checks import require_not_negative, require_positive
from simab.theory.queues import mmc_mean_wait_s, utilisation

__all__ = [
    "mm1_number_asymptotic_variance_s",
    "mm1_wait_asymptotic_variance_s2",
    "mmc_wait_asymptotic_variance_s2",
    "requests_to_detect",
    "standard_error_of_mean",
]


def mm1_wait_asymptotic_variance_s2(rate_per_s: float, mean_service_s: float) -> float:
    """Limit of n Var(mean of n waits in the queue) for M/M/1, in seconds squared; inf if saturated.

    u (2 + 5 u - 4 u^2 + u^3) / (1 - u)^4 x mean service^2 with utilisation u (Daley 1968; Whitt
    1989, section 4). Raises InvalidInput for a negative rate or a service time not above 0.
    """
    load = utilisation(rate_per_s, mean_service_s, 1)
    if load >= 1.0:
        return math.inf
    polynomial = 2.0 + 5.0 * load - 4.0 * load**2 + load**3
    return load * polynomial / (1.0 - load) ** 4 * mean_service_s**2


def mm1_number_asymptotic_variance_s(rate_per_s: float, mean_service_s: float) -> float:
    """Limit of t Var(time average over t of the number in M/M/1), in seconds; inf if saturated.

    2 u (1 + u) / (1 - u)^4 x mean service (Whitt 1989, section 2). Raises InvalidInput as
    `mm1_wait_asymptotic_variance_s2`.
    """
    load = utilisation(rate_per_s, mean_service_s, 1)
    if load >= 1.0:
        return math.inf
    return 2.0 * load * (1.0 + load) / (1.0 - load) ** 4 * mean_service_s


def mmc_wait_asymptotic_variance_s2(
    rate_per_s: float, mean_service_s: float, workers: int
) -> float:
    """Limit of n Var(mean of n waits in the queue) for M/M/c, in seconds squared; inf if saturated.

    The waits of the requests up to time t add up to the integral of the number waiting (Little's
    law), so that the error of their mean is that of the integral less mean wait x arrivals (Glynn
    and Whitt 1986), whose variance rate the birth-death process gives exactly. Equals the closed
    form for one worker. Raises InvalidInput as `utilisation`, or for a utilisation so near 1 that
    more than 16 million states matter.
    """
    load = utilisation(rate_per_s, mean_service_s, workers)
    if load >= 1.0:
        return math.inf
    if rate_per_s == 0.0:
        return 0.0
    # The number waiting falls off as load^k: e^-60 of it is left out.
    states = workers + 10 + math.ceil(60.0 / -math.log(load))
    if states > _MOST_STATES:
        raise InvalidInput(
            f"rate_per_s = {rate_per_s!r}: utilisation {load!r} is too near 1 to be summed. "
            "Size the check at a lower rate."
        )
    present = np.arange(states + 1)
    rate_of_variance = asymptotic_variance(
        np.full(states, rate_per_s),
        np.minimum(present[1:], workers) / mean_service_s,
        np.maximum(present - workers, 0),
        reward_per_birth=-mmc_mean_wait_s(rate_per_s, mean_service_s, workers),
    )
    return rate_of_variance / rate_per_s


def standard_error_of_mean(asymptotic_variance_of_one: float, requests: float) -> float:
    """Standard error of the mean over all `requests` of all replications, in the values' units.

    The start of each replication must be in steady state, or cut off. Raises InvalidInput unless
    both are finite and `requests` is above 0.
    """
    require_not_negative("asymptotic_variance_of_one", asymptotic_variance_of_one)
    require_positive("requests", requests)
    return math.sqrt(asymptotic_variance_of_one / requests)


def requests_to_detect(
    difference: float,
    asymptotic_variance_of_one: float,
    *,
    alpha: float = 1e-6,
    power: float = 0.99,
) -> int:
    """Requests in all that show a `difference` of the mean by a two-sided z-test, rounded up.

    ((z of alpha / 2 + z of power) / difference)^2 x asymptotic variance. To show a 2 % error of
    the service rate, pass the change of the mean wait that it causes: far above 2 % in a busy
    queue. Raises InvalidInput for
    a difference of 0, a variance that is not finite, or alpha or power outside (0, 1).
    """
    require_positive("abs(difference)", abs(difference))
    require_not_negative("asymptotic_variance_of_one", asymptotic_variance_of_one)
    for field, value in (("alpha", alpha), ("power", power)):
        if not 0.0 < value < 1.0:
            raise InvalidInput(
                f"{field} = {value!r}: must lie strictly between 0 and 1. Give a share."
            )
    normal = NormalDist()
    standard_errors = -normal.inv_cdf(alpha / 2.0) + normal.inv_cdf(power)
    return math.ceil((standard_errors / difference) ** 2 * asymptotic_variance_of_one)


_MOST_STATES = 2**24
