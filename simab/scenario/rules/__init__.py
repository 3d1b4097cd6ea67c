"""The rules across fields: what must hold between parts of a scenario that are each well formed.

They read raw data, so that they are reported together with the errors of single fields, and they
say nothing where a value that they need is wrong in itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from simab.errors import InvalidScenario, Problem
from simab.scenario.raw import RawValue
from simab.scenario.rules import (
    durations,
    ground_truth,
    rewards,
    schedules,
    sizes,
    traffic,
    variants,
)
from simab.scenario.violations import Violation, field_name, short_text

__all__ = ["RULES", "require", "violations"]

Rule: TypeAlias = Callable[[RawValue], Iterator[Violation]]

RULES: Final[tuple[Rule, ...]] = (
    variants.some_variant_has_weight,
    variants.at_most_ten_are_deployed,
    variants.roles_name_variants,
    variants.roles_differ,
    variants.control_is_deployed,
    ground_truth.tables_and_columns_exist,
    ground_truth.classifiers_know_the_share_of_positives,
    ground_truth.labels_come_from_one_source,
    ground_truth.roles_have_the_same_kind,
    ground_truth.objective_is_defined,
    ground_truth.direction_is_the_metrics_own,
    ground_truth.compared_metrics_are_defined,
    rewards.variants_earn_alike,
    rewards.metrics_fit_rewards,
    rewards.effects_of_shares_are_shares,
    rewards.shares_differ_by_less_than_1,
    rewards.policies_can_judge_rewards,
    rewards.policies_can_judge_the_metric,
    durations.rarest_durations_can_be_simulated,
    traffic.targets_name_variants,
    traffic.targets_are_at_most_all,
    traffic.targets_are_of_one_kind,
    schedules.steps_name_variants,
    schedules.arms_name_variants,
    schedules.arms_are_deployed,
    schedules.steps_leave_traffic_somewhere_to_go,
    sizes.horizon_holds_a_look,
    sizes.horizon_holds_a_metric_window,
    sizes.windows_can_be_counted,
    sizes.label_buckets_can_be_counted,
    sizes.requests_can_be_counted,
    sizes.counts_fit_into_memory,
    sizes.rows_fit_into_memory,
)


def violations(data: Any) -> Iterator[Violation]:
    """Every breach of a rule in scenario data as a file holds it."""
    scenario = RawValue(data)
    for rule in RULES:
        yield from rule(scenario)


def require(data: Any) -> None:
    """Refuse data that breaks a rule, for scenarios that no file describes.

    Raises:
        InvalidScenario: with every breach.
    """
    found = tuple(violations(data))
    if found:
        raise InvalidScenario(
            "scenario", tuple(_without_place(violation, data) for violation in found)
        )


def _without_place(violation: Violation, data: Any) -> Problem:
    here = RawValue(data)
    for part in violation.path:
        entries = here.listed() if isinstance(part, int) else []
        here = entries[part] if isinstance(part, int) else here.at(part)
    value = short_text(here.value) if violation.shows_value and here.given else ""
    return Problem(field_name(violation.path), value, violation.rule, violation.remedy)
