"""The law of a process that moves one state up or down at a time, and the variance of its averages.

State i goes up at birth rate i and down at death rate i, with exponential times between. Every
queue here with Poisson arrivals and exponential service is one, counted in requests.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput

__all__ = ["asymptotic_variance", "stationary_probabilities"]


def stationary_probabilities(birth_rates: ArrayLike, death_rates: ArrayLike) -> NDArray[np.float64]:
    """Long-run share of time in states 0 to n.

    `birth_rates[i]` leads from i to i + 1 and `death_rates[i]` from i + 1 to i (shapes: n and n,
    per second); the result has n + 1 entries. Detailed balance (Kleinrock 1975, equation 3.11),
    multiplied outwards from the likeliest state so that nothing overflows. Raises InvalidInput
    unless both are one-dimensional, as long, and above 0.
    """
    births, deaths = _require_rates(birth_rates, death_rates)
    ratios = births / deaths
    likeliest = int(np.argmax(np.concatenate(([0.0], np.cumsum(np.log(ratios))))))
    above = np.cumprod(ratios[likeliest:])
    below = np.cumprod(1.0 / ratios[:likeliest][::-1])[::-1]
    weights: NDArray[np.float64] = np.concatenate((below, [1.0], above))
    weights /= weights.sum()
    return weights


def asymptotic_variance(
    birth_rates: ArrayLike,
    death_rates: ArrayLike,
    reward_rates: ArrayLike,
    *,
    reward_per_birth: float = 0.0,
) -> float:
    """Limit of Var(total reward over t) / t, where state i earns `reward_rates[i]` per second.

    Each birth adds `reward_per_birth`. Shapes: n, n, n + 1. With no reward for births this is
    Whitt 1992 (Operations Research 40:279), after Burman 1980:
    2 sum_i (sum_{j<=i} (f_j - mean) pi_j)^2 / (birth_i pi_i). With one, the martingale of the
    solution g of Poisson's equation has rate sum_i birth_i pi_i ((d_i + r)^2 + d_i^2), where
    d_i = g_{i+1} - g_i and r is the reward of a birth: a birth earns d_i + r, the death back -d_i.
    Raises InvalidInput as `stationary_probabilities`, or for another number of reward rates.
    """
    births, deaths = _require_rates(birth_rates, death_rates)
    rewards = np.asarray(reward_rates, dtype=np.float64)
    if rewards.shape != (births.size + 1,):
        raise InvalidInput(
            f"reward_rates has shape {rewards.shape}: must be ({births.size + 1},). "
            "Give one reward rate a state, one more than there are birth rates."
        )
    probability = stationary_probabilities(births, deaths)
    earned = rewards + reward_per_birth * np.append(births, 0.0)
    excess = (earned - probability @ earned) * probability
    # The sum over all states is 0, so each partial sum can be taken from either end: from the
    # nearer one, where no large terms cancel.
    from_left = np.cumsum(excess)[:-1]
    from_right = -np.cumsum(excess[::-1])[::-1][1:]
    nearer_left = np.cumsum(probability)[:-1] < 0.5
    flow = births * probability[:-1]
    partial = np.where(nearer_left, from_left, from_right)
    # A state too rare for a double (flow 0) adds nothing: flow x step^2 falls with the flow.
    step = np.divide(-partial, flow, out=np.zeros_like(flow), where=flow > 0.0)
    return float(flow @ ((step + reward_per_birth) ** 2 + step**2))


def _require_rates(
    birth_rates: ArrayLike, death_rates: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    births = np.asarray(birth_rates, dtype=np.float64)
    deaths = np.asarray(death_rates, dtype=np.float64)
    if births.ndim != 1 or births.shape != deaths.shape:
        raise InvalidInput(
            f"birth_rates and death_rates have shapes {births.shape} and {deaths.shape}: must be "
            "one-dimensional and as long. birth_rates[i] leads up from i, death_rates[i] back to i."
        )
    for field, rates in (("birth_rates", births), ("death_rates", deaths)):
        bad = ~(np.isfinite(rates) & (rates > 0.0))
        if bad.any():
            first = int(np.argmax(bad))
            raise InvalidInput(
                f"{field}[{first}] = {rates[first]}: must be a finite number above 0. "
                "End the arrays before the first state that cannot be reached."
            )
    return births, deaths
