"""What is true of a variant's requests by its profile: where none waits, and none is refused."""

from __future__ import annotations

from typing import Final

from simab.policies.metrics import LATENCY_PROBABILITIES, RequestMetric
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rates import at_mean_rate
from simab.scenario.serving import Variant

__all__ = ["CAPACITY", "alike_but_for_answers", "latency_alone_ns", "metric_alone"]

CAPACITY: Final = ("instances", "workers", "queue_limit", "autoscaling", "instance_routing")
"""Fields of a variant by which its requests wait for each other, or are refused."""
_OF_ANSWERS: Final = {
    "weight",
    "deployed",
    "quality",
    "cost_per_request",
    "cost_per_instance_hour",
}


def latency_alone_ns(scenario: UncheckedScenario, variant: str, metric: str) -> float:
    """The mean or a percentile of how long a worker takes, in nanoseconds."""
    table = at_mean_rate(scenario).endpoint.variants[variant].latency.table()
    probability = LATENCY_PROBABILITIES.get(metric)
    return table.mean if probability is None else table.quantile(probability)


def metric_alone(scenario: UncheckedScenario, variant: str, metric: RequestMetric) -> float:
    """A metric of requests: the share of 5XX, or milliseconds."""
    if metric == "error_rate":
        return scenario.endpoint.variants[variant].error_rate
    return latency_alone_ns(scenario, variant, metric) / 1e6


def alike_but_for_answers(one: Variant, other: Variant) -> bool:
    """Whether requests of both take as long and fail as often with the same traffic."""
    return one.model_dump(exclude=_OF_ANSWERS) == other.model_dump(exclude=_OF_ANSWERS)
