"""Rules on clients who differ in what comes of their answers, each for one segment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Path, Violation, violation_at_key
from simab.profiles import QualityProfile
from simab.profiles.quality import NumericReward, Success
from simab.scenario.memory import MOST_UNEQUAL_CLIENTS
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rules.qualities import known_qualities

__all__ = [
    "factors_fit_the_rewards",
    "propensities_can_be_kept",
    "propensities_fit_the_answers",
]

_FEWEST_UNITS: Final = 2**8
"""Units in a mean reward: rewards are rounded to units, and means hold to half a unit."""


def propensities_can_be_kept(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Each client has entries in tables that are made for every replication."""
    if segment.propensities is not None and segment.clients > MOST_UNEQUAL_CLIENTS:
        rule = (
            f"would be drawn for {segment.clients:,} clients, at most {MOST_UNEQUAL_CLIENTS:,} "
            "are kept"
        )
        remedy = "Lower clients, or leave propensities out."
        yield violation_at_key((*path, "propensities"), rule, remedy)


def propensities_fit_the_answers(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """There is a probability in which clients can differ: of a success, or of earning anything."""
    if segment.propensities is None or segment.propensities.probability is None:
        return
    met = {name: _met(segment, name, own) for name, own in known_qualities(scenario).items()}
    for name, quality in met.items():
        if not isinstance(quality, Success | NumericReward):
            rule = (
                f"{name} is of kind {quality.kind}, and clients can differ in successes and "
                "rewards only"
            )
            remedy = "Describe the answers as success, or leave propensities out."
            yield violation_at_key((*path, "propensities"), rule, remedy)
            return
    earning = [each.earning_share for each in met.values() if isinstance(each, NumericReward)]
    if earning and min(earning) == 1:
        rule = "with every variant all answers earn, so clients cannot differ in how many do"
        remedy = "Lower earning_share of the qualities, or leave it out."
        yield violation_at_key((*path, "propensities", "probability"), rule, remedy)


def factors_fit_the_rewards(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """There are rewards to multiply, and they are still counted finely."""
    if segment.propensities is None or segment.propensities.rewards is None:
        return
    place = (*path, "propensities", "rewards")
    for name, own in known_qualities(scenario).items():
        quality = _met(segment, name, own)
        if not isinstance(quality, NumericReward):
            rule = f"{name} is of kind {quality.kind}, and factors are those of numeric rewards"
            yield violation_at_key(place, rule, "Leave rewards out of propensities.")
            return
        scale = quality.sampler_up_to(scenario.largest_factor).reward_scale
        assert scale is not None
        if abs(quality.distribution.mean_reward) < _FEWEST_UNITS * scale.value(1 - scale.lowest):
            rule = f"the mean of {name} is below 2**-22 of the largest reward times factor"
            yield violation_at_key(place, rule, "Lower the cv of the factors, or of the rewards.")
            return


def _met(segment: Segment, name: str, own: QualityProfile) -> QualityProfile:
    return segment.quality.get(name, own)
