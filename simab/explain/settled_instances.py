"""To how many instances autoscaling comes at a steady rate."""

from __future__ import annotations

import math

from simab.scenario.serving import SCALES_IN_BELOW, Autoscaling, Variant

__all__ = ["most_answered_a_minute", "settled_instances"]


def most_answered_a_minute(variant: Variant, mean_s: float) -> float:
    """Requests that one instance answers in a minute when it is always busy."""
    return 60 * variant.workers / mean_s if mean_s else math.inf


def settled_instances(
    variant: Variant, scaling: Autoscaling, rate_per_s: float, mean_s: float
) -> int:
    """Of a variant that starts with `variant.instances`, by means: chance may add some.

    What an instance cannot answer is not counted by its metric, so that a target above that never
    adds an instance.
    """
    target, instances, a_minute = (
        scaling.invocations_per_instance,
        variant.instances,
        60 * rate_per_s,
    )
    most = most_answered_a_minute(variant, mean_s)
    while instances < scaling.max_instances:
        seen = min(a_minute / instances, most)
        if seen <= target:
            break
        instances = min(math.ceil(instances * seen / target), scaling.max_instances)
    if scaling.scale_in and a_minute / instances < SCALES_IN_BELOW * target:
        fewer = max(math.ceil(a_minute / target), scaling.min_instances)
        instances = min(instances, fewer)
    return instances
