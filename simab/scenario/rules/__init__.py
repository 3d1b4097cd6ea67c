"""The rules across fields: what must hold between parts of a scenario that are each well formed.

A rule looks at models and yields a violation for each breach, with the path of what has to change.
Some are asked of the scenario as a whole, others of each variant, segment or policy in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from operator import attrgetter
from typing import Any, Final, TypeAlias

from simab.documents.violations import Path, Violation, problem_of
from simab.errors import InvalidScenario
from simab.policies import Policy
from simab.policies.experiments.rounds import Rounds
from simab.scenario.partial import until_unread
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rules import (
    arrivals,
    durations,
    ground_truth,
    labels,
    propensities,
    remembering,
    rewards,
    routing,
    schedules,
    serving,
    sizes,
    timeline,
    traces,
    traffic,
    units,
    variants,
    worlds,
)
from simab.scenario.serving import Variant

__all__ = ["RULES", "Rule", "refuse", "require", "violations", "violations_by"]

Rule: TypeAlias = Callable[[UncheckedScenario], Iterator[Violation]]
RuleOfVariant: TypeAlias = Callable[[UncheckedScenario, Variant, Path], Iterator[Violation]]
RuleOfSegment: TypeAlias = Callable[[UncheckedScenario, Segment, Path], Iterator[Violation]]
RuleOfPolicy: TypeAlias = Callable[[UncheckedScenario, Policy, Path], Iterator[Violation]]

_OF_THE_SCENARIO: Final[tuple[Rule, ...]] = (
    variants.some_variant_has_weight,
    variants.at_most_ten_are_deployed,
    variants.control_is_known,
    variants.candidate_is_known,
    variants.candidate_is_one_of_several,
    variants.roles_differ,
    variants.control_is_deployed,
    variants.unfit_variants_are_known,
    ground_truth.classifiers_know_the_share_of_positives,
    ground_truth.labels_come_from_one_source,
    ground_truth.roles_have_the_same_kind,
    ground_truth.objective_is_defined,
    ground_truth.direction_is_the_metrics_own,
    rewards.variants_earn_alike,
    rewards.objective_fits_rewards,
    rewards.effects_of_shares_are_shares,
    durations.rarest_label_delays_can_be_simulated,
    arrivals.starts_at_a_time_that_there_is,
    labels.label_variants_are_known,
    labels.label_outages_lie_within_the_run,
    labels.label_outages_say_one_thing,
    labels.negatives_wait_for_the_window,
    labels.batches_come_within_the_run,
    labels.mistaken_labels_are_a_share,
    labels.revised_labels_are_put_right,
    labels.rewards_are_not_mistaken,
    labels.rewards_may_be_none,
    routing.affinity_is_given,
    routing.affinity_has_a_use,
    routing.kept_clients_can_be_remembered,
    routing.routed_sessions_come,
    routing.some_router_takes_changes,
    routing.routers_draw_by_weight,
    serving.shadow_is_a_variant,
    serving.shadow_shadows_somebody,
    sizes.horizon_holds_a_look,
    sizes.horizon_holds_a_metric_window,
    sizes.windows_can_be_counted,
    sizes.label_buckets_can_be_counted,
    sizes.requests_can_be_counted,
    sizes.counts_fit_into_memory,
    sizes.rows_fit_into_memory,
    timeline.timeline_names_what_there_is,
    timeline.timeline_lies_within_the_run,
    timeline.timeline_acts_within_the_run,
    timeline.one_hand_sets_the_weights,
    timeline.timeline_hits_instances_that_may_be,
    timeline.timeline_has_a_date,
    timeline.timeline_can_be_kept,
    timeline.timeline_qualities_fit,
    worlds.described_is_the_file,
    worlds.own_worlds_change_something,
    worlds.dropped_worlds_are_played_otherwise,
    worlds.some_world_is_played,
    worlds.titles_differ,
    worlds.all_worlds_have_a_weight_or_none,
    worlds.requirements_name_policies,
    worlds.requirements_can_be_judged,
    worlds.costs_have_prices,
    worlds.clients_are_counted,
)
_OF_A_VARIANT: Final[tuple[RuleOfVariant, ...]] = (
    ground_truth.tables_exist,
    ground_truth.columns_exist,
    durations.rarest_latencies_can_be_simulated,
    serving.instances_lie_within_autoscaling,
    serving.datapoints_are_whole_windows,
    serving.instances_can_be_shared,
    traces.sizes_come_with_requests,
    traces.largest_requests_can_be_simulated,
)
_OF_A_SEGMENT: Final[tuple[RuleOfSegment, ...]] = (
    traffic.clients_who_differ_can_be_drawn,
    propensities.propensities_can_be_kept,
    propensities.propensities_fit_the_answers,
    propensities.factors_fit_the_rewards,
    remembering.what_is_met_can_be_kept,
    remembering.rows_remember_nothing,
    remembering.who_leaves_is_answered,
    remembering.carried_answers_are_counted_alike,
    traffic.targets_name_variants,
    traffic.paired_targets_name_variants,
    traffic.targets_are_at_most_all,
    traffic.targets_are_of_one_kind,
    arrivals.hours_have_a_date,
    arrivals.repeated_shapes_can_be_kept,
    arrivals.spikes_lie_within_the_run,
    arrivals.states_can_be_drawn,
    arrivals.some_requests_come,
    timeline.answers_by_segment_fit,
    traces.segments_have_a_rate_or_a_trace,
    traces.segments_arrive_in_one_way,
    traces.traces_can_be_replayed,
    traces.traces_name_variants,
    traces.sessions_can_be_held,
)


def _of_the_experiment(rule: RuleOfPolicy) -> RuleOfPolicy:
    """A rule on what is judged, asked of the experiment where a policy plays rounds of one."""

    @wraps(rule)
    def asked(scenario: UncheckedScenario, policy: Policy, path: Path) -> Iterator[Violation]:
        if isinstance(policy, Rounds):
            policy, path = policy.experiment, (*path, "experiment")
        yield from rule(scenario, policy, path)

    return asked


# Asked also of policies that no file holds: one that breaks them would decide by nothing.
_ON_WHAT_IS_JUDGED: Final[tuple[RuleOfPolicy, ...]] = tuple(
    _of_the_experiment(rule)
    for rule in (
        rewards.shares_differ_by_less_than_1,
        rewards.policies_can_judge_rewards,
        rewards.policies_can_judge_the_metric,
        labels.treatments_fit_the_labels,
        units.answers_can_be_added_up,
        units.always_valid_methods_have_values,
        units.triggered_names_segments,
    )
)
_OF_A_POLICY: Final[tuple[RuleOfPolicy, ...]] = (
    ground_truth.compared_metrics_are_defined,
    rewards.policies_compare_what_is_earned,
    rewards.priors_of_shares_are_shares,
    *_ON_WHAT_IS_JUDGED,
    rewards.priors_are_of_rewards,
    units.pre_periods_lie_within_the_run,
    schedules.steps_name_variants,
    schedules.arms_name_variants,
    schedules.arms_are_deployed,
    schedules.baselines_are_other_variants,
    schedules.roles_that_share_are_deployed,
    schedules.steps_leave_traffic_somewhere_to_go,
)


def _of_each(
    place: str, rule: Callable[[UncheckedScenario, Any, Path], Iterator[Violation]]
) -> Rule:
    """A rule on one part, asked of all that are at a place: a faulty one hides no other."""
    parts = attrgetter(place)

    @wraps(rule)
    def asked(scenario: UncheckedScenario) -> Iterator[Violation]:
        for name, part in parts(scenario).items():
            yield from until_unread(rule(scenario, part, (*place.split("."), name)))

    return asked


RULES: Final[tuple[Rule, ...]] = (
    *_OF_THE_SCENARIO,
    *(_of_each("endpoint.variants", rule) for rule in _OF_A_VARIANT),
    *(_of_each("traffic", rule) for rule in _OF_A_SEGMENT),
    *(_of_each("policies", rule) for rule in _OF_A_POLICY),
)


def violations(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Every breach of a rule, also by a scenario of which parts could not be read."""
    for rule in RULES:
        yield from until_unread(rule(scenario))


def violations_by(policy: Policy, scenario: UncheckedScenario) -> Iterator[Violation]:
    """What an object outside a scenario breaks there; paths begin at its own fields."""
    for rule in _ON_WHAT_IS_JUDGED:
        yield from rule(scenario, policy, ())


def require(scenario: UncheckedScenario) -> None:
    """Refuse a scenario that breaks a rule, for those that no file describes.

    Raises:
        InvalidScenario: with every breach.
    """
    refuse(scenario, violations(scenario))


def refuse(scenario: UncheckedScenario, found: Iterable[Violation]) -> None:
    """Refuse a scenario in which violations were found.

    Raises:
        InvalidScenario: with every one of them.
    """
    problems = tuple(found)
    if problems:
        data = scenario.model_dump(mode="json")
        raise InvalidScenario("scenario", tuple(problem_of(each, data) for each in problems))
