"""Which variants cannot keep the objective's guardrails, by what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.analyse.all_traffic import AllTraffic
from simab.explain.capacity import load_at_all_traffic
from simab.policies.limits import ErrorRateLimit, LatencyLimit
from simab.policies.metrics import latency_floor_ns, latency_metric_ns
from simab.scenario.models import Scenario
from simab.scenario.service_alone import latency_alone_ns
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import percent_text
from simab.units import seconds

__all__ = ["broken_guardrails"]

_TABULATION: Final = 1e-4  # how far a table's mean or quantile may be from the one described


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
        self._all = AllTraffic(scenario, name)
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
            alone_ns = latency_alone_ns(self._scenario, self._name, latency.metric)
            if alone_ns > latency.at_most * (1 + _TABULATION):
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
                if (share := self._all.error_share) > error.at_most:
                    yield f"{run} fails or refuses {percent_text(share)} of it, {_over(error)}"
        for latency in self._latencies:
            # A percentile of a run without waiting would only add chance to the profile's.
            if not self._all.waited:
                continue
            totals = self._all.totals
            if latency_floor_ns(latency.metric, totals) > latency.at_most:
                found_ns = latency_metric_ns(latency.metric, totals)
                yield f"{run} takes {_reading(latency, found_ns)}, {_over(latency)}"


def _reading(limit: LatencyLimit, latency_ns: float) -> str:
    """A latency and which one it is: 900 ms at p99, 120 ms on average."""
    words = "on average" if limit.metric == "latency_mean" else f"at {limit.metric[8:]}"
    return f"{duration_text(seconds(round(latency_ns)))} {words}"


def _over(limit: ErrorRateLimit | LatencyLimit) -> str:
    if isinstance(limit, ErrorRateLimit):
        return f"over the guardrail of {percent_text(limit.at_most)}"
    return f"over the guardrail of {duration_text(seconds(limit.at_most))}"
