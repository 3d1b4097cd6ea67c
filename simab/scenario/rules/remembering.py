"""Rules on clients who remember what they met, each for one segment."""

from __future__ import annotations

from collections.abc import Iterator

from simab.documents.violations import Path, Violation, violation_at_key
from simab.profiles import QualityProfile
from simab.profiles.quality import NumericReward
from simab.scenario.memory import MOST_KEPT_CLIENTS
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rules.qualities import known_qualities

__all__ = [
    "carried_answers_are_counted_alike",
    "rows_remember_nothing",
    "what_is_met_can_be_kept",
    "who_leaves_is_answered",
]


def what_is_met_can_be_kept(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Which variant a client met last is remembered for each of them."""
    clients = sum(getattr(each, "clients", 0) for each in scenario.traffic.values())
    if segment.remembers and clients > MOST_KEPT_CLIENTS:
        rule = (
            f"would remember what each of {clients:,} clients of all segments met, at most "
            f"{MOST_KEPT_CLIENTS:,} are kept"
        )
        remedy = f"Lower the clients of the segments, or leave {segment.remembers} out."
        yield violation_at_key((*path, segment.remembers), rule, remedy)


def rows_remember_nothing(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """An evaluation on the same rows asks every variant of its own."""
    if segment.remembers and segment.paired_targets:
        rule = "is given together with paired_targets, which send each row to every variant alike"
        yield violation_at_key((*path, segment.remembers), rule, "Keep one of the two.")


def who_leaves_is_answered(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Whether a client leaves depends on its answers, which are made where they are labelled."""
    if segment.opt_out and not segment.labelled:
        rule = "goes by the answers, and of a segment that is not labelled none are made"
        remedy = "Remove `labelled: false`; labels.never hides labels and leaves answers."
        yield violation_at_key((*path, "opt_out"), rule, remedy)


def carried_answers_are_counted_alike(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """An answer as good as one of another variant is counted among those of the one that serves."""
    found = list(known_qualities(scenario).items())
    if not segment.carry_over or not found:
        return
    place = (*path, "carry_over")
    (first, own), *others = found
    for name, quality in others:
        if quality.kind != own.kind:
            rule = (
                f"{first} is of kind {own.kind} and {name} of kind {quality.kind}, and an answer "
                "of one is none of the other"
            )
            remedy = "Describe all variants by one kind, or leave carry_over out."
            yield violation_at_key(place, rule, remedy)
            return
        if _unit(scenario, quality) != _unit(scenario, own):
            rule = f"{first} and {name} earn between other bounds, by which rewards are counted"
            remedy = (
                "Describe both by quantiles with the same smallest and largest reward, or leave "
                "carry_over out."
            )
            yield violation_at_key(place, rule, remedy)
            return


def _unit(scenario: UncheckedScenario, quality: QualityProfile) -> object:
    return scenario.sampler(quality).reward_scale if isinstance(quality, NumericReward) else None
