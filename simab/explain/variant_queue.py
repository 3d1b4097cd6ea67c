"""One variant's queue in steady state: load, mean wait, refusals, and whether these are exact.

Closed forms and approximations of theory, meant to warn before a run; the run itself is the judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from simab import units
from simab.explain.settled_instances import settled_instances
from simab.profiles.durations import Exponential
from simab.scenario.serving import Variant
from simab.theory.bounded_queues import LimitedQueue, mgc_limited
from simab.theory.queues import (
    mean_first_residual,
    mgc_mean_wait_s,
    mmc_mean_wait_s,
    utilisation,
)
from simab.theory.unusual_arrivals import gamma_gaps_mean_wait_s

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


@dataclass(frozen=True)
class VariantQueue:
    """One variant at a rate, with the instances that autoscaling comes to there, if it has any.

    `arrivals` is the squared coefficient of variation of the gaps: 1 for Poisson arrivals. Of what
    it has above that, `together` is the part of requests that come at the same instants.
    """

    variant: Variant
    rate_per_s: float
    arrivals: float = 1.0
    together: float = 0.0

    @cached_property
    def mean_s(self) -> float:
        """Mean service."""
        return units.seconds(self.variant.latency.table().mean)

    @cached_property
    def squared_cv(self) -> float:
        """Of the service; a constant's variance may come out a rounding error below 0."""
        return max(self.variant.latency.table().squared_coefficient_of_variation, 0.0)

    @cached_property
    def instances(self) -> int:
        """Those of the start, or what autoscaling makes of them in the long run."""
        scaling = self.variant.autoscaling
        if scaling is None:
            return self.variant.instances
        return settled_instances(self.variant, scaling, self.rate_per_s, self.mean_s)

    @cached_property
    def load(self) -> float:
        """The share of its workers that is busy on average; 1 or more where it cannot keep up."""
        servers = self.instances * self.variant.workers
        return utilisation(self.rate_per_s, self.mean_s, servers) if self.mean_s else 0.0

    @cached_property
    def refused_share(self) -> float:
        """The share of the requests that a full queue turns away; 0 without a limit."""
        if self.variant.queue_limit is None or not self.mean_s:
            return 0.0
        if self._limited is not None:
            return self._limited.reject_probability
        rate, workers = self._one_queue
        load = utilisation(rate, self.mean_s, workers)
        return 1 - 1 / load if load >= 1 else 0.0

    @property
    def growth_per_s(self) -> float:
        """By how many requests the queue grows in a second, in the long run."""
        servers = self.instances * self.variant.workers
        if self.refused_share or self.load < 1:
            return 0.0
        return self.rate_per_s - servers / self.mean_s

    @property
    def served_per_s(self) -> float:
        """Requests that are answered in the long run: not those refused, nor a growing queue."""
        return self.rate_per_s * (1.0 - self.refused_share) - self.growth_per_s

    def row(self, name: str, share: float, set_by: tuple[str, ...]) -> CapacityRow:
        """What it comes to in the long run."""
        return CapacityRow(
            name,
            share,
            self.rate_per_s,
            self.load,
            self._mean_wait_s() if self.mean_s else 0.0,
            self.refused_share,
            self.growth_per_s,
            set_by,
            not self._is_exact,
        )

    @property
    def _is_exact(self) -> bool:
        variant, squared_cv = self.variant, self.squared_cv
        exponential = isinstance(variant.latency, Exponential)
        one = self.instances == 1 or variant.instance_routing == "random"
        unlimited = variant.queue_limit is None and (variant.workers == 1 or squared_cv < 1e-9)
        closed_form = exponential or unlimited or variant.queue_limit == 0
        return not self.mean_s or (self.arrivals == 1.0 and one and closed_form)

    @property
    def _one_queue(self) -> tuple[float, int]:
        """Requests a second and workers of one of its queues."""
        if self.variant.instance_routing == "least_outstanding_requests":
            # Close to one queue for all instances: no request waits while a worker is idle.
            return self.rate_per_s, self.variant.workers * self.instances
        return self.rate_per_s / self.instances, self.variant.workers

    @cached_property
    def _limited(self) -> LimitedQueue | None:
        """The queue with its limit; None where that is as good as none."""
        rate, workers = self._one_queue
        limit = self.variant.queue_limit
        places = math.inf if limit is None else limit * workers / self.variant.workers + workers
        if places > _MOST_PLACES:
            return None
        squared_cv = 1.0 if isinstance(self.variant.latency, Exponential) else self.squared_cv
        return mgc_limited(rate, self.mean_s, squared_cv, workers, int(places))

    def _mean_wait_s(self) -> float:
        rate, workers = self._one_queue
        load, even = utilisation(rate, self.mean_s, workers), self._evenness(rate, workers)
        if self._limited is not None:
            return self._limited.mean_wait_s * even
        limit = self.variant.queue_limit
        if limit is not None and load >= 1:
            return limit * self.mean_s / self.variant.workers
        return self._wait_s(rate, workers) * even

    def _wait_s(self, rate: float, workers: int) -> float:
        first_free_s = self.mean_s
        if workers > 1:
            times, survival = self.variant.latency.table().survival_points()
            first_free_s = mean_first_residual(times / 1e9, survival, workers)
        return mgc_mean_wait_s(rate, self.mean_s, self.squared_cv, first_free_s, workers)

    def _evenness(self, rate: float, workers: int) -> float:
        """How many times as long waits are as those of Poisson arrivals.

        More even ones by Whitt (1983). For bursts the queue of one worker and exponential service
        with gaps of a gamma law is exact; other service by its variation, as there. Requests that
        come together wait for each other also where nothing else does: exact for one worker.
        """
        load = utilisation(rate, self.mean_s, workers)
        alone = self.arrivals - self.together
        both = alone + self.squared_cv
        if load >= 1.0 or load == 0.0 or both <= 0.0:
            return 1.0
        times = both / (1.0 + self.squared_cv)
        if alone < 1.0:
            light = -2.0 * (1.0 - load) * (1.0 - alone) ** 2 / (3.0 * load * both)
            times *= math.exp(light)
        elif alone > 1.0:
            exact = gamma_gaps_mean_wait_s(load, 1.0, math.sqrt(alone))
            times *= exact / mmc_mean_wait_s(load, 1.0, 1) * 2.0 / (1.0 + alone)
        return times + self.together / (load * (1.0 + self.squared_cv))
