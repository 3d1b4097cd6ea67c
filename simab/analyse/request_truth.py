"""What is true of the variants' requests, where a metric of these is the objective's."""

from __future__ import annotations

from simab.analyse.all_traffic import AllTraffic
from simab.policies.metrics import RequestMetric, request_metric
from simab.scenario.models import Scenario
from simab.scenario.service_alone import alike_but_for_answers, metric_alone

__all__ = ["request_truths"]


def request_truths(
    scenario: Scenario, metric: RequestMetric, *, by_runs: bool = True
) -> dict[str, float]:
    """The true share of 5XX of each variant, or its latency in milliseconds.

    By its profile; where requests wait or are refused, in a run with all traffic on the variant.
    Variants that differ in nothing by which requests fare have one value. Without `by_runs` nothing
    is played.
    """
    variants, found = scenario.endpoint.variants, dict[str, float]()
    for name, variant in variants.items():
        like = next((each for each in found if alike_but_for_answers(variants[each], variant)), "")
        found[name] = found[like] if like else _value(scenario, name, metric, by_runs=by_runs)
    return found


def _value(scenario: Scenario, name: str, metric: RequestMetric, *, by_runs: bool) -> float:
    alone = metric_alone(scenario, name, metric)
    if not by_runs:
        return alone
    played = AllTraffic(scenario, name)
    if metric == "error_rate":
        return alone if scenario.endpoint.variants[name].queue_limit is None else played.error_share
    # A percentile of a run without waiting would only add chance to the profile's.
    return request_metric(metric, played.totals) if played.waited else alone
