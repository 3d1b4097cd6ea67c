"""The qualities of variants, as several rules look at them."""

from __future__ import annotations

import math

from simab.profiles import QualityProfile
from simab.profiles.quality import NumericReward
from simab.scenario.parts import UncheckedScenario

__all__ = ["earns_rewards", "known_qualities", "qualities_of_roles", "smallest_reward"]


def known_qualities(scenario: UncheckedScenario) -> dict[str, QualityProfile]:
    """By variant, without those whose kind could not be read: one of them hides no other."""
    variants = scenario.endpoint.variants
    found = {name: getattr(variant, "quality", None) for name, variant in variants.items()}
    return {name: quality for name, quality in found.items() if quality is not None}


def earns_rewards(scenario: UncheckedScenario) -> bool:
    """Whether a variant is known to earn numeric rewards."""
    return any(isinstance(each, NumericReward) for each in known_qualities(scenario).values())


def qualities_of_roles(scenario: UncheckedScenario) -> tuple[QualityProfile, ...]:
    """Of the control and the candidates, without those that are no variant of the scenario."""
    variants, objective = scenario.endpoint.variants, scenario.objective
    roles = (objective.control, *objective.every_candidate)
    return tuple(variants[name].quality for name in roles if name in variants)


def smallest_reward(scenario: UncheckedScenario) -> float:
    """The least that an answer of the roles can earn; infinite where none earns numeric rewards.

    Factors of clients have no smallest but 0.
    """
    roles = (scenario.objective.control, *scenario.objective.every_candidate)
    segments = scenario.traffic.values()
    own = [each.quality[name] for each in segments for name in roles if name in each.quality]
    found = [*qualities_of_roles(scenario), *own]
    least = [each.smallest for each in found if isinstance(each, NumericReward)]
    if any(each.propensities and each.propensities.rewards for each in segments):
        least.append(0.0)
    return min(least, default=math.inf)
