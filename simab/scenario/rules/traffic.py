"""Rules on requests that name a variant themselves."""

from __future__ import annotations

from collections.abc import Iterator

from simab.scenario.raw import RawValue
from simab.scenario.rules.variants import unknown_variant
from simab.scenario.violations import Violation

__all__ = ["targets_are_at_most_all", "targets_are_of_one_kind", "targets_name_variants"]

_ROUNDING = 1e-9  # ten times 10 % is allowed to be a hair more than one


def targets_name_variants(scenario: RawValue) -> Iterator[Violation]:
    """A target is a variant that the scenario describes."""
    for _, segment in scenario.at("traffic").named():
        for _, target in segment.at("targets").named():
            yield from unknown_variant(target, scenario, on_key=True)
        for target in segment.at("paired_targets").listed():
            yield from unknown_variant(target, scenario)


def targets_are_at_most_all(scenario: RawValue) -> Iterator[Violation]:
    """No more requests name a target than there are."""
    for _, segment in scenario.at("traffic").named():
        targets = segment.at("targets")
        total = sum(target.share() or 0.0 for _, target in targets.named())
        if total > 1.0 + _ROUNDING:
            rule = f"the shares add up to {total:.4g}, more than 1"
            yield targets.violation(rule, "Lower them; what is left goes by weight.", on_key=True)


def targets_are_of_one_kind(scenario: RawValue) -> Iterator[Violation]:
    """Either a share of the requests names a target, or all of them name one in turn."""
    for _, segment in scenario.at("traffic").named():
        targets, paired = segment.at("targets"), segment.at("paired_targets")
        if targets.named() and paired.listed():
            remedy = "Keep one of the two; put the others in a segment of their own."
            yield paired.violation("is given together with targets", remedy, on_key=True)
