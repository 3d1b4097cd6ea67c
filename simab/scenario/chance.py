"""How often a window breaks a limit by chance alone, although its variant keeps the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab import units
from simab.policies.limits import ErrorRateLimit, Limit
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.policies.staged_canary import StagedCanary
from simab.scenario.capacity import rates_per_s, start_weights
from simab.scenario.models import Scenario, Variant
from simab.scenario.wording import name_text, number_text, percent_text

__all__ = ["breaks_by_chance", "broken_window_share"]

_TOO_OFTEN: Final = 0.01  # of the windows
_PERIODS: Final = (
    "1min", "2min", "5min", "10min", "15min", "30min", "1h", "2h", "3h", "6h", "12h", "1d",
)  # fmt: skip
_FACTORS: Final = (1.25, 1.5, 2, 3, 4, 5, 8, 10)
_SHARES: Final = tuple(digit * 10.0**-power for power in (4, 3, 2, 1) for digit in range(1, 10))


@dataclass(frozen=True, slots=True)
class _Watched:
    """A limit on a variant that gets that many requests a second, and where it stands."""

    where: str
    limit: Limit
    variant: str
    rate_per_s: float
    on_end: int = 1


def breaks_by_chance(scenario: Scenario) -> Iterator[str]:
    """A limit that windows of their size break in 1 % or more, with what to set instead."""
    period_s = units.seconds(scenario.metrics.period)
    for watched in _watched(scenario):
        over = _share_over(watched.limit, scenario.endpoint.variants[watched.variant])
        requests = watched.rate_per_s * period_s
        share = broken_window_share(watched.limit, over, requests) ** watched.on_end
        if share >= _TOO_OFTEN and _keeps(watched.limit, over):
            yield _sentence(watched, share, over, scenario)


def broken_window_share(limit: Limit, over: float, requests: float) -> float:
    """The share of windows over the limit, where each request is over it with chance `over`.

    Requests of a window are Poisson with mean `requests`; waiting is left out. A window breaks an
    error rate when more than that share of its requests fail, and a percentile when too few of
    them lie below the limit.
    """
    if over <= 0.0 or requests <= 0.0:
        return 0.0
    from scipy.special import betainc, gammaln

    spread = 8.0 * math.sqrt(requests) + 10.0
    counts = np.arange(max(1.0, math.floor(requests - spread)), math.ceil(requests + spread))
    chance = np.exp(counts * math.log(requests) - requests - gammaln(counts + 1.0))
    allowed = _most_allowed(limit, counts)
    # The binomial tail as a beta function; where all requests may be over, none are too many.
    more = betainc(allowed + 1.0, np.maximum(counts - allowed, 1.0), over)
    return float(chance @ np.where(allowed < counts, more, 0.0))


def _most_allowed(limit: Limit, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many of so many requests may be over before the window breaks the limit."""
    if isinstance(limit, ErrorRateLimit):
        return np.minimum(np.floor(limit.at_most * counts * (1 + 1e-12)), counts)
    return counts - np.maximum(np.ceil(LATENCY_PROBABILITIES[limit.metric] * counts), 1.0)


def _share_over(limit: Limit, variant: Variant) -> float:
    """The chance that one request fails, or that its service alone takes longer than the limit."""
    if isinstance(limit, ErrorRateLimit):
        return variant.error_rate
    return variant.latency.table().survival(limit.at_most)


def _keeps(limit: Limit, over: float) -> bool:
    """Whether the variant keeps the limit by what it is."""
    if isinstance(limit, ErrorRateLimit):
        return over <= limit.at_most
    return over <= 1.0 - LATENCY_PROBABILITIES[limit.metric]


def _watched(scenario: Scenario) -> Iterator[_Watched]:
    start, objective = start_weights(scenario), scenario.objective
    rates = rates_per_s(scenario.traffic.values(), start)
    for limit in objective.guardrails:
        for name in (objective.control, objective.candidate):
            if _is_read(limit) and rates.get(name, 0.0) > 0:
                yield _Watched("The guardrail", limit, name, rates[name])
    everything = rates_per_s(scenario.traffic.values(), {objective.candidate: 1.0})
    for name, policy in scenario.policies.items():
        for limit in policy.alarms if isinstance(policy, StagedCanary) else ():
            if _is_read(limit) and isinstance(policy, StagedCanary):
                rate = everything[objective.candidate] * min(policy.stages)
                where = f"In the first stage of {name_text(name)} the alarm"
                yield _Watched(where, limit, objective.candidate, rate, policy.periods)


def _is_read(limit: Limit) -> bool:
    """A mean has no closed form for any latency: it is left out."""
    return isinstance(limit, ErrorRateLimit) or limit.metric in LATENCY_PROBABILITIES


def _sentence(watched: _Watched, share: float, over: float, scenario: Scenario) -> str:
    limit, requests = watched.limit, watched.rate_per_s * units.seconds(scenario.metrics.period)
    on_end = f" {watched.on_end} times on end" if watched.on_end > 1 else ""
    remedies = [*_wider(watched, over, scenario), *_longer(watched, over, scenario)]
    remedy = f" Set {' or '.join(remedies)}." if remedies else " Ask for less, or send more."
    return (
        f"{watched.where} {limit.metric} at most {_limit_text(limit)} is broken by chance{on_end} "
        f"in {percent_text(share)} of the windows of {name_text(watched.variant)}, which keeps it "
        f"in the long run: {number_text(round(requests, 1))} requests a window are too few to "
        f"hold it.{remedy}"
    )


def _limit_text(limit: Limit) -> str:
    if isinstance(limit, ErrorRateLimit):
        return percent_text(limit.at_most)
    return units.format_duration(limit.at_most)


def _wider(watched: _Watched, over: float, scenario: Scenario) -> Iterator[str]:
    """The next round limit that windows of this size can hold."""
    limit = watched.limit
    requests = watched.rate_per_s * units.seconds(scenario.metrics.period)
    if isinstance(limit, ErrorRateLimit):
        for at_most in _SHARES:
            wider = limit.model_copy(update={"at_most": at_most})
            if at_most > limit.at_most and _is_rare(watched, wider, over, requests):
                yield f"at_most to {_limit_text(wider)}"
                return
        return
    variant = scenario.endpoint.variants[watched.variant]
    for factor in _FACTORS:
        longer = limit.model_copy(update={"at_most": round(limit.at_most * factor)})
        if _is_rare(watched, longer, _share_over(longer, variant), requests):
            yield f"at_most to {_limit_text(longer)}"
            return


def _longer(watched: _Watched, over: float, scenario: Scenario) -> Iterator[str]:
    """The next round period whose windows can hold the limit."""
    for period in _PERIODS:
        period_ns = units.parse_duration(period)
        requests = watched.rate_per_s * units.seconds(period_ns)
        if scenario.metrics.period < period_ns <= scenario.horizon and _is_rare(
            watched, watched.limit, over, requests
        ):
            yield f"metrics.period to {period}"
            return


def _is_rare(watched: _Watched, limit: Limit, over: float, requests: float) -> bool:
    return broken_window_share(limit, over, requests) ** watched.on_end < _TOO_OFTEN
