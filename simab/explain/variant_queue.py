"""One variant's queue in steady state: load, mean wait, refusals, and whether these are exact.

Closed forms and approximations of theory, meant to warn before a run; the run itself is the judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from simab import units
from simab.profiles.durations import Exponential
from simab.scenario.parts import Variant
from simab.theory.bounded_queues import LimitedQueue, mgc_limited
from simab.theory.queues import mean_first_residual, mgc_mean_wait_s, utilisation

__all__ = ["CapacityRow", "VariantQueue"]

_MOST_PLACES: Final = 20_000
"""A longer queue is as good as an endless one, and its table costs time."""


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One variant at one share of the weighted traffic, and with copies of `copied_share` of it.

    `rate_per_s` holds the requests that name it as well. `mean_wait_s` is that of the long run, inf
    where the queue grows without end; `growth_per_s` says how fast. `refused_share` is what a full
    queue turns away. Both are exact where Poisson arrivals meet one queue with a closed form, and
    else `approximate`.
    """

    variant: str
    share: float
    rate_per_s: float
    load: float
    mean_wait_s: float
    refused_share: float
    growth_per_s: float
    set_by: tuple[str, ...]
    approximate: bool = False
    copied_share: float = 0.0

    @property
    def served_per_s(self) -> float:
        """Requests that are answered in the long run: not those refused, nor a growing queue."""
        return self.rate_per_s * (1.0 - self.refused_share) - self.growth_per_s


@dataclass(frozen=True)
class VariantQueue:
    """One variant at a rate.

    `arrivals` is the squared coefficient of variation of the gaps: 1 for Poisson arrivals.
    """

    variant: Variant
    rate_per_s: float
    arrivals: float = 1.0

    @cached_property
    def mean_s(self) -> float:
        """Mean service."""
        return units.seconds(self.variant.latency.table().mean)

    @cached_property
    def squared_cv(self) -> float:
        """Of the service; a constant's variance may come out a rounding error below 0."""
        return max(self.variant.latency.table().squared_coefficient_of_variation, 0.0)

    def row(self, name: str, share: float, set_by: tuple[str, ...]) -> CapacityRow:
        """What it comes to in the long run."""
        servers = self.variant.instances * self.variant.workers
        load = utilisation(self.rate_per_s, self.mean_s, servers) if self.mean_s else 0.0
        wait_s, refused = self._wait_and_refusals() if self.mean_s else (0.0, 0.0)
        growth = 0.0 if refused or load < 1 else self.rate_per_s - servers / self.mean_s
        return CapacityRow(
            name, share, self.rate_per_s, load, wait_s, refused, growth, set_by, not self._is_exact
        )

    @property
    def _is_exact(self) -> bool:
        variant, squared_cv = self.variant, self.squared_cv
        exponential = isinstance(variant.latency, Exponential)
        one = variant.instances == 1 or variant.instance_routing == "random"
        unlimited = variant.queue_limit is None and (variant.workers == 1 or squared_cv < 1e-9)
        closed_form = exponential or unlimited or variant.queue_limit == 0
        return not self.mean_s or (self.arrivals == 1.0 and one and closed_form)

    def _wait_and_refusals(self) -> tuple[float, float]:
        workers, rate = self.variant.workers, self.rate_per_s / self.variant.instances
        if self.variant.instance_routing == "least_outstanding_requests":
            # Close to one queue for all instances: no request waits while a worker is idle.
            workers, rate = workers * self.variant.instances, self.rate_per_s
        load, even = utilisation(rate, self.mean_s, workers), self._evenness(rate, workers)
        limit = self.variant.queue_limit
        places = math.inf if limit is None else limit * workers / self.variant.workers + workers
        if places <= _MOST_PLACES:
            limited = self._limited(rate, workers, int(places))
            return limited.mean_wait_s * even, limited.reject_probability
        if limit is not None and load >= 1:
            return limit * self.mean_s / self.variant.workers, 1 - 1 / load
        return self._wait_s(rate, workers) * even, 0.0

    def _limited(self, rate: float, workers: int, places: int) -> LimitedQueue:
        squared_cv = 1.0 if isinstance(self.variant.latency, Exponential) else self.squared_cv
        return mgc_limited(rate, self.mean_s, squared_cv, workers, places)

    def _wait_s(self, rate: float, workers: int) -> float:
        first_free_s = self.mean_s
        if workers > 1:
            times, survival = self.variant.latency.table().survival_points()
            first_free_s = mean_first_residual(times / 1e9, survival, workers)
        return mgc_mean_wait_s(rate, self.mean_s, self.squared_cv, first_free_s, workers)

    def _evenness(self, rate: float, workers: int) -> float:
        """By how much shorter waits are for arrivals more even than Poisson (Whitt 1983)."""
        both = self.arrivals + self.squared_cv
        load = utilisation(rate, self.mean_s, workers)
        if self.arrivals == 1.0 or load >= 1.0 or load == 0.0 or both <= 0.0:
            return 1.0
        light = -2.0 * (1.0 - load) * (1.0 - self.arrivals) ** 2 / (3.0 * load * both)
        return both / (1.0 + self.squared_cv) * math.exp(light)
