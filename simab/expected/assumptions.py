"""Whether a scenario is one that the theories of promotion hold in, and what they ask of a policy.

They see two variants, requests that arrive as a Poisson process, and no queue that delays anything.
"""

from __future__ import annotations

from typing import Final

from simab.description import Description
from simab.profiles.durations import Constant
from simab.profiles.quality import Success
from simab.scenario import Scenario
from simab.scenario.parts import Segment

__all__ = [
    "answers_are_independent",
    "checks_are_independent",
    "equally_right",
    "equally_served",
    "only_sets",
]

_BUSIEST: Final = 0.9  # a load at which waiting still changes no count of answers


def answers_are_independent(scenario: Scenario) -> bool:
    """Whether right answers are independent and come evenly, as many for either variant.

    Labels arrive after a constant delay; weights are equal until the decision.
    """
    labels, variants = scenario.labels, scenario.endpoint.variants
    pair = [variants[name] for name in _pair(scenario)]
    return (
        _two_that_share(scenario)
        and all(isinstance(each.quality, Success) for each in pair)
        and scenario.objective.metric == "success_rate"
        and isinstance(labels.delay, Constant)
        and labels.never == 0
        and labels.is_plain
        and all(segment.labelled for segment in scenario.traffic.values())
        and pair[0].weight == pair[1].weight > 0
        and pair[0].error_rate == pair[1].error_rate
        and _most_busy(scenario, 0.5) < _BUSIEST
    )


def checks_are_independent(scenario: Scenario) -> bool:
    """Whether errors in the windows of two checks are independent, at one weight in each.

    Weights move at once, and metrics are published when their window ends.
    """
    return (
        _two_that_share(scenario)
        and scenario.endpoint.weight_update == 0
        and scenario.metrics.publication_delay == 0
        and scenario.controller.interval % scenario.metrics.period == 0
        and all(scenario.endpoint.variants[name].instances == 1 for name in _pair(scenario))
        and _most_busy(scenario, 1.0) < _BUSIEST
    )


def equally_right(scenario: Scenario) -> bool:
    """Whether the answers of both variants are of one quality."""
    control, candidate = (scenario.endpoint.variants[name] for name in _pair(scenario))
    return bool(control.quality == candidate.quality)


def equally_served(scenario: Scenario) -> bool:
    """Whether both variants have one latency and error rate."""
    control, candidate = (scenario.endpoint.variants[name] for name in _pair(scenario))
    same = control.error_rate == candidate.error_rate
    return bool(same and control.latency == candidate.latency)


def only_sets(settings: Description, *names: str) -> bool:
    """Whether all other parameters are at their defaults, so that the theory knows them all."""
    return set(settings.model_dump(exclude_defaults=True)) <= {"kind", *names}


def _pair(scenario: Scenario) -> tuple[str, str]:
    return scenario.objective.control, scenario.objective.candidate


def _two_that_share(scenario: Scenario) -> bool:
    """Two variants that every request is drawn for by weight, one that is never turned away."""
    deployed = {name for name, each in scenario.endpoint.variants.items() if each.deployed}
    return (
        deployed == set(_pair(scenario))
        and scenario.endpoint.variant_routing == "weighted_random"
        and scenario.endpoint.split == "weights"
        and scenario.endpoint.routers is None
        and not any(each.targets or each.paired_targets for each in scenario.traffic.values())
        and not any(map(_comes_otherwise, scenario.traffic.values()))
        and not scenario.timeline
        and all(scenario.endpoint.variants[name].queue_limit is None for name in deployed)
        and all(scenario.endpoint.variants[name].instances_of is None for name in deployed)
    )


def _comes_otherwise(segment: Segment) -> bool:
    """Whether its requests come or are answered otherwise than by chance at one rate."""
    given = segment.arrivals, segment.trace, segment.sessions, segment.propensities
    parts = *given, segment.quality or None
    return any(part is not None for part in parts) or bool(segment.remembers)


def _most_busy(scenario: Scenario, share: float) -> float:
    """The larger load of the two where each gets this share of the requests."""
    rate = share * sum(segment.rate for segment in scenario.traffic.values())
    variants = [scenario.endpoint.variants[name] for name in _pair(scenario)]
    return max(
        rate * each.latency.table().mean / 1e9 / (each.instances * each.workers)
        for each in variants
    )
