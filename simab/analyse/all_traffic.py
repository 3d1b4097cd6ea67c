"""What a variant's requests would meet if it had all traffic: a run of the scenario says."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from simab.draws import Draws
from simab.explain.capacity import rates_per_s
from simab.explain.variant_queue import VariantQueue
from simab.scenario.models import Scenario
from simab.scenario.rates import at_busiest_hour, at_mean_rate
from simab.stats.request_totals import RequestTotals

__all__ = ["AllTraffic"]

_MOST_REQUESTS: Final = 1_000_000  # of the run that shows how long requests queue
_SEED: Final = 1


class AllTraffic:
    """A variant in a run with all traffic on it; it is played when it is first asked for."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self._scenario = scenario
        self._name = name
        self._variant = scenario.endpoint.variants[name]

    @property
    def error_share(self) -> float:
        """What a full queue refused in the run, and of the rest what fails by the profile."""
        refused = self.totals.rejected / max(self.totals.invocations, 1)
        return refused + (1 - refused) * self._variant.error_rate

    @property
    def totals(self) -> RequestTotals:
        """All requests of the run."""
        return self._played[0]

    @property
    def waited(self) -> bool:
        """Whether any of them waited."""
        return self._played[1]

    @cached_property
    def _played(self) -> tuple[RequestTotals, bool]:
        from simab.world import Blueprint, play
        from simab.world.run_counts import RequestColumn, time_sum_ns

        blueprint = Blueprint.of(_with_all_traffic(self._scenario, self._name))
        run_data, _ = play(blueprint, None, Draws(_SEED, 0), engine="compiled")
        run_counts, number = run_data.run_counts, blueprint.names.index(self._name)
        waited_ns = time_sum_ns(run_counts.requests[:, number], RequestColumn.WAIT_SUM_NS)
        return run_counts.request_totals(number, 0, len(run_counts.requests)), waited_ns > 0


def _with_all_traffic(scenario: Scenario, name: str) -> Scenario:
    """The scenario with all weight on one variant, cut off after a million of its requests.

    Nothing befalls it, and nobody leaves. Where the rate changes and the whole run would be cut,
    it is that of the busiest hour throughout. An autoscaled variant has the instances that it
    comes to.
    """
    weights = {each: float(each == name) for each in scenario.endpoint.variants}
    steady = at_mean_rate(scenario)
    rate = rates_per_s(steady.traffic.values(), weights)
    variants = {
        each: variant.model_copy(
            update={
                "weight": weights[each],
                "deployed": variant.deployed or each == name,
                "instances": VariantQueue(steady.endpoint.variants[each], rate[each]).instances,
                "autoscaling": None,
            }
        )
        for each, variant in scenario.endpoint.variants.items()
    }
    enough_ns = int(_MOST_REQUESTS / max(rate[name], 1e-9) * 1e9)
    played = scenario if enough_ns >= scenario.horizon else at_busiest_hour(scenario)
    # What is true of a variant is so of all requests, whomever its answers would drive off.
    staying = {
        each: segment.model_copy(update={"opt_out": 0.0})
        for each, segment in played.traffic.items()
    }
    return played.model_copy(
        update={
            "traffic": staying,
            "endpoint": scenario.endpoint.model_copy(update={"variants": variants}),
            "horizon": max(min(scenario.horizon, enough_ns), 1),
            "timeline": (),
        }
    )
