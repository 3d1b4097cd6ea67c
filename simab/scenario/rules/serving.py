"""Rules on what serves beside the weights: autoscaling, and a shadow variant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Path, Violation, violation_at_key
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.variants import unknown_variant
from simab.scenario.serving import Variant
from simab.units import format_duration

__all__ = [
    "datapoints_are_whole_windows",
    "instances_can_be_shared",
    "instances_lie_within_autoscaling",
    "shadow_is_a_variant",
    "shadow_shadows_somebody",
]

_OF_INSTANCES: Final = ("instances", "workers", "queue_limit", "instance_routing")
_SHADOW: Final = ("endpoint", "shadow", "variant")


def instances_lie_within_autoscaling(
    _: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """A variant starts where autoscaling may hold it."""
    scaling = variant.autoscaling
    if scaling is None:
        return
    least, most = scaling.min_instances, scaling.max_instances
    if least > most:
        rule = f"is more than max_instances, {most}"
        remedy = "Lower min_instances or raise max_instances."
        yield Violation((*path, "autoscaling", "min_instances"), rule, remedy)
    elif not least <= variant.instances <= most:
        rule = f"lies outside autoscaling, which keeps {least} to {most}"
        remedy = "Start within these, or widen min_instances and max_instances."
        yield Violation((*path, "instances"), rule, remedy)


def instances_can_be_shared(
    scenario: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """The other variant has instances of its own, and both say the same of them."""
    name, here = variant.instances_of, (*path, "instances_of")
    if name is None:
        return
    host = scenario.endpoint.variants.get(name)
    if host is None:
        yield from unknown_variant(name, here, scenario)
    elif host is variant or host.instances_of is not None:
        rule = "names a variant that has no instances of its own"
        yield Violation(here, rule, "Name one that has, or leave it out.")
    elif not host.deployed:
        rule = "names a variant that is not deployed at the start"
        yield Violation(here, rule, f"Write `deployed: true` for {name}, or leave it out.")
    elif variant.autoscaling is not None or host.autoscaling is not None:
        rule = "shares instances that scale, and each variant scales by its own requests"
        yield Violation(here, rule, "Leave out autoscaling of both.")
    elif (shadow := scenario.endpoint.shadow) is not None and shadow.variant in (path[-1], name):
        rule = f"shares instances with another, and {shadow.variant} gets copies of requests"
        yield Violation(here, rule, "Leave out shadow, or copy to a variant on instances alone.")
    elif variant.cost_per_instance_hour is not None:
        rule = f"is served by instances of {name}, which {name} pays for"
        yield Violation((*path, "cost_per_instance_hour"), rule, "Leave it out.")
    else:
        for field in _OF_INSTANCES:
            if getattr(variant, field) != getattr(host, field):
                rule = f"is another than that of {name}, on whose instances it is served"
                yield violation_at_key((*path, field), rule, f"Write the same for both as {field}.")


def datapoints_are_whole_windows(
    scenario: UncheckedScenario, variant: Variant, path: Path
) -> Iterator[Violation]:
    """Autoscaling sums what windows count."""
    scaling, period = variant.autoscaling, scenario.metrics.period
    if scaling is not None and scaling.datapoint is not None and scaling.datapoint % period:
        rule = f"is no multiple of metrics.period, {format_duration(period)}"
        remedy = "Write a multiple of it, or leave it out: then a window is a datapoint."
        yield Violation((*path, "autoscaling", "datapoint"), rule, remedy)


def shadow_is_a_variant(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Copies go to a variant of the endpoint."""
    shadow = scenario.endpoint.shadow
    if shadow is not None:
        yield from unknown_variant(shadow.variant, _SHADOW, scenario)


def shadow_shadows_somebody(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What is copied is the traffic of others: the control has its own."""
    shadow = scenario.endpoint.shadow
    if shadow is not None and shadow.variant == scenario.objective.control:
        rule = "is the control, which has the traffic already"
        yield Violation(_SHADOW, rule, "Name the candidate or another variant.")
