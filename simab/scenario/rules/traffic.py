"""Rules on who asks, and on requests that name a variant themselves, each for one segment."""

from __future__ import annotations

from collections.abc import Iterator

from simab.documents.violations import Path, Violation, violation_at_key
from simab.scenario.memory import MOST_UNEQUAL_CLIENTS
from simab.scenario.partial import until_unread
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rules.variants import unknown_variant

__all__ = [
    "clients_who_differ_can_be_drawn",
    "paired_targets_name_variants",
    "targets_are_at_most_all",
    "targets_are_of_one_kind",
    "targets_name_variants",
]

_ROUNDING = 1e-9  # ten times 10 % is allowed to be a hair more than one


def clients_who_differ_can_be_drawn(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Unless all are equal, each client has an entry in a table."""
    if segment.clients > MOST_UNEQUAL_CLIENTS and not segment.activity.equal:
        rule = (
            f"is a law of {segment.clients:,} clients, at most {MOST_UNEQUAL_CLIENTS:,} can be "
            "drawn by one"
        )
        remedy = "Lower clients, or take `kind: equal`."
        yield violation_at_key((*path, "activity"), rule, remedy)


def targets_name_variants(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """A target is a variant that the scenario describes."""
    for name in segment.targets:
        yield from unknown_variant(name, (*path, "targets", name), scenario, on_key=True)


def paired_targets_name_variants(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """So are those that each row is sent to in turn."""
    for index, name in enumerate(segment.paired_targets):
        place = (*path, "paired_targets", index)
        yield from until_unread(unknown_variant(name, place, scenario))


def targets_are_at_most_all(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """No more requests name a target than there are."""
    total = sum(segment.targets.values())
    if total > 1.0 + _ROUNDING:
        rule = f"the shares add up to {total:.4g}, more than 1"
        remedy = "Lower them; what is left goes by weight."
        yield violation_at_key((*path, "targets"), rule, remedy)


def targets_are_of_one_kind(
    _: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """Either a share of the requests names a target, or all of them name one in turn."""
    if segment.targets and segment.paired_targets:
        remedy = "Keep one of the two; put the others in a segment of their own."
        yield violation_at_key((*path, "paired_targets"), "is given together with targets", remedy)
