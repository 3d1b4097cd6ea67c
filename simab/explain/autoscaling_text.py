"""What autoscaling does at the splits that may come: how many instances, how late, or none ever."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.explain.capacity import Demand, demands, setter_text
from simab.explain.settled_instances import most_answered_a_minute
from simab.explain.variant_queue import VariantQueue
from simab.scenario.models import Scenario
from simab.scenario.serving import Autoscaling
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, percent_text

__all__ = ["autoscaling_sentences", "never_scales_out"]


def autoscaling_sentences(scenario: Scenario) -> Iterator[str]:
    """Of each autoscaled variant the largest number of instances, and the load until they serve."""
    for name, variant in scenario.endpoint.variants.items():
        if variant.autoscaling is None:
            continue
        asked = max(
            (each for each in demands(scenario) if each.variant == name),
            key=lambda each: each.rate_per_s,
            default=None,
        )
        if asked is not None:
            yield _at_the_most(scenario, variant.autoscaling, asked)


def _at_the_most(scenario: Scenario, scaling: Autoscaling, asked: Demand) -> str:
    variant = scenario.endpoint.variants[asked.variant]
    queue = VariantQueue(variant, asked.rate_per_s)
    where = (
        f"copies of {percent_text(asked.copied_share)} of the traffic"
        if asked.copied_share
        else f"{percent_text(asked.share)} of the traffic"
    )
    setters = listed([setter_text(who) for who in asked.set_by])
    begins = f"With {where} ({setters}) {named(asked.variant)}"
    starts = counted(variant.instances, "instance")
    if queue.instances <= variant.instances:
        ends = "keeps" if queue.instances == variant.instances else "starts with"
        fewer = "" if ends == "keeps" else f" and comes to {number_text(queue.instances)}"
        return f"{begins} {ends} {starts}{fewer} by its autoscaling."
    alone = VariantQueue(variant.model_copy(update={"autoscaling": None}), asked.rate_per_s)
    return (
        f"{begins} starts with {starts} and comes to {number_text(queue.instances)} by its "
        f"autoscaling, at the earliest {_earliest(scenario, scaling)} later; until then its load "
        f"is {alone.load:.2f}, and while instances are added the endpoint is Updating and refuses "
        "other changes."
    )


def _earliest(scenario: Scenario, scaling: Autoscaling) -> str:
    """Its datapoints, their publication, and the start of the instances."""
    datapoints_ns = scaling.scale_out_datapoints * (scaling.datapoint or scenario.metrics.period)
    seen_ns = datapoints_ns + scenario.metrics.publication_delay
    return duration_text(units.seconds(seen_ns + scenario.endpoint.provisioning))


def never_scales_out(scenario: Scenario) -> Iterator[str]:
    """Targets that an instance cannot reach, since it answers fewer in a minute."""
    for name, variant in scenario.endpoint.variants.items():
        scaling = variant.autoscaling
        if scaling is None or variant.instances >= scaling.max_instances:
            continue
        mean_s = units.seconds(variant.latency.table().mean)
        most = most_answered_a_minute(variant, mean_s)
        if scaling.invocations_per_instance >= most:
            yield (
                f"Autoscaling of {named(name)} adds an instance above "
                f"{counted(scaling.invocations_per_instance, 'invocation')} per instance in a "
                f"minute, but one answers at most {number_text(most)}: it never adds any. Lower "
                f"invocations_per_instance, to {number_text(0.7 * most)} for a load of .7."
            )
