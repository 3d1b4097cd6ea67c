"""How often a window breaks a limit by chance alone, although its variant keeps the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab import units
from simab.explain.capacity import START, demands, rates_per_s, row_of, start_weights
from simab.explain.given_shares import given_shares
from simab.policies.explaining.drawn_windows import mean_beyond_share
from simab.policies.explaining.readings import Mean, limit_text, limit_value_text, of_limit
from simab.policies.limits import ErrorRateLimit, Limit
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.scenario.models import Scenario
from simab.scenario.serving import Variant
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = ["breaks_by_chance", "broken_window_share"]

_TOO_OFTEN: Final = 0.01  # of the windows
_PERIODS: Final = (
    "1min", "2min", "5min", "10min", "15min", "30min", "1h", "2h", "3h", "6h", "12h", "1d",
)  # fmt: skip
_FACTORS: Final = (1.25, 1.5, 2, 3, 4, 5, 8, 10)
_SHARES: Final = tuple(digit * 10.0**-power for power in (4, 3, 2, 1) for digit in range(1, 10))


@dataclass(frozen=True, slots=True)
class _Watched:
    """A guardrail on a variant that gets that many requests a second."""

    limit: Limit
    name: str
    variant: Variant
    rate_per_s: float
    scenario: Scenario

    @property
    def is_slow_by_waiting(self) -> bool:
        """Whether the mean breaks the limit with the waits of the start, and not without."""
        limit = self.limit
        if isinstance(limit, ErrorRateLimit) or limit.metric != "latency_mean":
            return False
        return self.mean_ns <= limit.at_most < self.mean_ns + self.wait_s * 1e9

    @property
    def wait_s(self) -> float:
        """The mean wait at the weights of the start, in the long run."""
        of_it = [asked for asked in demands(self.scenario) if asked.variant == self.name]
        at_start = [asked for asked in of_it if START in asked.set_by]
        return row_of(self.scenario, at_start[-1]).mean_wait_s

    @property
    def mean_ns(self) -> float:
        """Mean of the service."""
        return self.variant.latency.table().mean

    def broken_share(self, limit: Limit, requests: float) -> float:
        """The share of windows of that size that break a limit."""
        law = of_limit(limit, self.variant).law
        if isinstance(law, Mean):
            return mean_beyond_share(law, requests)
        return broken_window_share(limit, law.share, requests)

    def is_rare(self, limit: Limit, requests: float) -> bool:
        """Whether too few windows break it to speak of."""
        return self.broken_share(limit, requests) < _TOO_OFTEN


def breaks_by_chance(scenario: Scenario) -> Iterator[str]:
    """A guardrail that windows of their size break in 1 % or more, with what to set instead."""
    period_s = units.seconds(scenario.metrics.period)
    for watched in _watched(scenario):
        if watched.is_slow_by_waiting:
            yield from _slow_sentence(watched)
            continue
        requests = watched.rate_per_s * period_s
        share = watched.broken_share(watched.limit, requests)
        if share >= _TOO_OFTEN and of_limit(watched.limit, watched.variant).law.keeps(requests):
            yield _sentence(watched, share, scenario)


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


def _watched(scenario: Scenario) -> Iterator[_Watched]:
    start, objective = start_weights(scenario), scenario.objective
    rates = rates_per_s(scenario.traffic.values(), given_shares(scenario, start))
    for limit in objective.guardrails:
        for name in (objective.control, *objective.every_candidate):
            if rates.get(name, 0.0) > 0:
                variant = scenario.endpoint.variants[name]
                yield _Watched(limit, name, variant, rates[name], scenario)


def _slow_sentence(watched: _Watched) -> Iterator[str]:
    """No chance: the queue is part of the latency. Of one that grows others speak."""
    mean_s, wait_s = watched.mean_ns / 1e9, watched.wait_s
    if math.isfinite(wait_s):
        together = duration_text(two_figures(mean_s + wait_s))
        yield (
            f"{named(watched.name)} takes about {together} on average at the starting split, "
            f"of which its service is {duration_text(mean_s)} and waiting the rest: over the "
            f"guardrail {limit_text(watched.limit)}. Give it more instances or workers."
        )


def _sentence(watched: _Watched, share: float, scenario: Scenario) -> str:
    requests = watched.rate_per_s * units.seconds(scenario.metrics.period)
    remedies = [*_wider(watched, requests), *_longer(watched, scenario)]
    remedy = f" Set {listed(remedies, 'or')}." if remedies else " Ask for less, or send more."
    return (
        f"The guardrail {limit_text(watched.limit)} is broken by chance in {percent_text(share)} "
        f"of the windows of {named(watched.name)}, which by its service alone keeps it in "
        "the long run: "
        f"{number_text(round(requests, 1))} requests a window are too few to hold it.{remedy}"
    )


def _wider(watched: _Watched, requests: float) -> Iterator[str]:
    """The next round limit that windows of this size can hold."""
    limit = watched.limit
    if isinstance(limit, ErrorRateLimit):
        values = [share for share in _SHARES if share > limit.at_most]
    else:
        values = [_rounded_up(limit.at_most * factor) for factor in _FACTORS]
    for at_most in values:
        wider = limit.model_copy(update={"at_most": at_most})
        if watched.is_rare(wider, requests):
            yield f"at_most to {limit_value_text(wider)}"
            return


def _rounded_up(value: float) -> int:
    """To two figures, as limits are written; never below."""
    unit = int(10.0 ** max(math.floor(math.log10(value)) - 1, 0))
    return math.ceil(value / unit) * unit


def _longer(watched: _Watched, scenario: Scenario) -> Iterator[str]:
    """The next round period whose windows can hold the limit."""
    for period in _PERIODS:
        period_ns = units.parse_duration(period)
        requests = watched.rate_per_s * units.seconds(period_ns)
        if scenario.metrics.period < period_ns <= scenario.horizon and watched.is_rare(
            watched.limit, requests
        ):
            yield f"metrics.period to {period}"
            return
