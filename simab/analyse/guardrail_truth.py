"""Which variants cannot keep the objective's guardrails, by what they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from simab.draws import Draws
from simab.explain.capacity import load_at_all_traffic, rates_per_s
from simab.explain.variant_queue import VariantQueue
from simab.policies.limits import ErrorRateLimit, LatencyLimit
from simab.policies.metrics import LATENCY_PROBABILITIES, latency_floor_ns, latency_metric_ns
from simab.scenario.models import Scenario
from simab.scenario.rates import at_busiest_hour, at_mean_rate
from simab.stats.request_totals import RequestTotals
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import percent_text
from simab.units import seconds

__all__ = ["broken_guardrails"]

_MOST_REQUESTS: Final = 1_000_000  # of the run that shows how long requests queue
_TABULATION: Final = 1e-4  # how far a table's mean or quantile may be from the one described
_SEED: Final = 1


def broken_guardrails(scenario: Scenario, *, by_runs: bool = True) -> dict[str, str]:
    """Why a variant cannot keep the guardrails, in words, for each that cannot.

    By its profile: its share of 5XX, the latency of its service alone, and whether it can carry all
    traffic. Where it keeps a limit by its profile and only queueing may break it, a run of the
    scenario with all traffic on it decides; of the control, which has the traffic already, the
    profile alone. Without `by_runs` nothing is played, and such a limit counts as kept.
    """
    if not scenario.objective.guardrails:
        return {}
    found = {}
    for name in scenario.endpoint.variants:
        variant = _Guarded(scenario, name)
        why = next(variant.by_profile(), "")
        if not why and by_runs and name != scenario.objective.control:
            why = next(variant.by_a_run(), "")
        if why:
            found[name] = why
    return found


class _Guarded:
    """One variant compared with the guardrails."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self._scenario = scenario
        self._name = name
        self._variant = scenario.endpoint.variants[name]
        limits = scenario.objective.guardrails
        self._errors = [each for each in limits if isinstance(each, ErrorRateLimit)]
        self._latencies = [each for each in limits if isinstance(each, LatencyLimit)]

    def by_profile(self) -> Iterator[str]:
        """What the profile alone breaks."""
        rate, name = self._variant.error_rate, named(self._name)
        for error in self._errors:
            if rate > error.at_most:
                yield f"{name} fails {percent_text(rate)} of its requests, {_over(error)}"
        for latency in self._latencies:
            if (alone_ns := self._service_ns(latency)) > latency.at_most * (1 + _TABULATION):
                yield f"{name} takes {_reading(latency, alone_ns)} by itself, {_over(latency)}"
        # Waits that grow without end, or refusals: whichever the guardrail is on, it does not hold.
        if (load := load_at_all_traffic(self._scenario, self._name)) >= 1:
            yield (
                f"{name} cannot carry all traffic as the scenario deploys it: its load "
                f"would be {load:.2f}"
            )

    def by_a_run(self) -> Iterator[str]:
        """What queueing breaks when the variant has all traffic."""
        run = f"in a run with all traffic {named(self._name)}"
        if self._variant.queue_limit is not None:
            for error in self._errors:
                if (share := self._error_share) > error.at_most:
                    yield f"{run} fails or refuses {percent_text(share)} of it, {_over(error)}"
        for latency in self._latencies:
            # A percentile of a run without waiting would only add chance to the profile's.
            if self._waited and latency_floor_ns(latency.metric, self._totals) > latency.at_most:
                found_ns = latency_metric_ns(latency.metric, self._totals)
                yield f"{run} takes {_reading(latency, found_ns)}, {_over(latency)}"

    def _service_ns(self, limit: LatencyLimit) -> float:
        variant = at_mean_rate(self._scenario).endpoint.variants[self._name]
        table = variant.latency.table()
        probability = LATENCY_PROBABILITIES.get(limit.metric)
        return table.mean if probability is None else table.quantile(probability)

    @property
    def _error_share(self) -> float:
        """What a full queue refused in the run, and of the rest what fails by the profile."""
        refused = self._totals.rejected / max(self._totals.invocations, 1)
        return refused + (1 - refused) * self._variant.error_rate

    @property
    def _totals(self) -> RequestTotals:
        return self._played[0]

    @property
    def _waited(self) -> bool:
        return self._played[1]

    @cached_property
    def _played(self) -> tuple[RequestTotals, bool]:
        """All requests of the variant in the run, and whether any of them waited."""
        from simab.world import Blueprint, play
        from simab.world.run_counts import RequestColumn, time_sum_ns

        blueprint = Blueprint.of(_with_all_traffic(self._scenario, self._name))
        run_data, _ = play(blueprint, None, Draws(_SEED, 0), engine="compiled")
        run_counts, number = run_data.run_counts, blueprint.names.index(self._name)
        waited_ns = time_sum_ns(run_counts.requests[:, number], RequestColumn.WAIT_SUM_NS)
        return run_counts.request_totals(number, 0, len(run_counts.requests)), waited_ns > 0


def _with_all_traffic(scenario: Scenario, name: str) -> Scenario:
    """The scenario with all weight on one variant, cut off after a million of its requests.

    Nothing befalls it. Where the rate changes and the whole run would be cut, it is that of the
    busiest hour throughout. An autoscaled variant has the instances that it comes to.
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
    return played.model_copy(
        update={
            "endpoint": scenario.endpoint.model_copy(update={"variants": variants}),
            "horizon": max(min(scenario.horizon, enough_ns), 1),
            "timeline": (),
        }
    )


def _reading(limit: LatencyLimit, latency_ns: float) -> str:
    """A latency and which one it is: 900 ms at p99, 120 ms on average."""
    words = "on average" if limit.metric == "latency_mean" else f"at {limit.metric[8:]}"
    return f"{duration_text(seconds(round(latency_ns)))} {words}"


def _over(limit: ErrorRateLimit | LatencyLimit) -> str:
    if isinstance(limit, ErrorRateLimit):
        return f"over the guardrail of {percent_text(limit.at_most)}"
    return f"over the guardrail of {duration_text(seconds(limit.at_most))}"
