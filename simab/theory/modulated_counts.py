"""How much counts of arrivals vary whose rate changes at random between two values (MMPP)."""

from __future__ import annotations

import math

from simab.theory.checks import require_not_negative, require_positive

__all__ = ["two_state_mean_per_s", "two_state_variance"]


def two_state_mean_per_s(rates_per_s: tuple[float, float], lasts_s: tuple[float, float]) -> float:
    """Mean rate of a process that has each rate for an exponential time of that mean, in turn."""
    first, second = _require(rates_per_s, lasts_s)
    return rates_per_s[0] * first + rates_per_s[1] * second


def two_state_variance(
    rates_per_s: tuple[float, float], lasts_s: tuple[float, float], over_s: float
) -> float:
    """Variance of the arrivals in an interval of the stationary process.

    Poisson given the rate, so the mean plus the variance of the integrated rate: with r the sum of
    both rates of leaving a state, mean t + 2 p q (a - b)^2 (t / r - (1 - e^(-r t)) / r^2) (Fischer
    and Meier-Hellstern 1993, Performance Evaluation 18:149). Raises InvalidInput for a negative
    rate or a time not above 0.
    """
    first, second = _require(rates_per_s, lasts_s)
    require_positive("over_s", over_s)
    leaving = 1.0 / lasts_s[0] + 1.0 / lasts_s[1]
    spread = first * second * (rates_per_s[0] - rates_per_s[1]) ** 2
    together = over_s / leaving + math.expm1(-leaving * over_s) / leaving**2
    return two_state_mean_per_s(rates_per_s, lasts_s) * over_s + 2.0 * spread * together


def _require(rates_per_s: tuple[float, float], lasts_s: tuple[float, float]) -> tuple[float, float]:
    """The share of the time in each state."""
    for rate_per_s, mean_s in zip(rates_per_s, lasts_s, strict=True):
        require_not_negative("rates_per_s", rate_per_s)
        require_positive("lasts_s", mean_s)
    first = lasts_s[0] / sum(lasts_s)
    return first, 1.0 - first
