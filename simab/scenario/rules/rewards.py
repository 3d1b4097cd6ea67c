"""Rules on what is compared: numeric rewards or answers, by which metrics and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from simab.documents.violations import Path, Violation, violation_at_key
from simab.policies import Policy, PolicyDescription
from simab.policies.bandits.gaussian_thompson import GaussianThompson
from simab.policies.experiments.answers_with_margin import REWARD_PROBABILITIES
from simab.policies.experiments.bayesian_rope import BayesianRope
from simab.policies.experiments.decision_metrics import DecisionMetric
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.metrics import FlaggerMetric
from simab.policies.metrics import (
    COUNTED_AS_CORRECT,
    OF_EARNINGS,
    OF_REQUESTS,
    LabelMetric,
    is_share,
)
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.watched_metrics import WatchedMetric
from simab.profiles.quality import NumericReward
from simab.scenario.partial import until_unread
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.qualities import earns_rewards, known_qualities
from simab.stats.classification import SHARES

__all__ = [
    "effects_of_shares_are_shares",
    "objective_fits_rewards",
    "policies_can_judge_rewards",
    "policies_can_judge_the_metric",
    "policies_compare_what_is_earned",
    "priors_are_of_rewards",
    "priors_of_shares_are_shares",
    "shares_differ_by_less_than_1",
    "variants_earn_alike",
]


def variants_earn_alike(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Numeric rewards cannot be compared with right and wrong answers."""
    earning = _earning(scenario)
    for name, earns in earning.items():
        first = next(iter(earning))
        if earns != earning[first]:
            one, other = (name, first) if earns else (first, name)
            rule = f"{one} earns numeric rewards, {other} does not"
            place = ("endpoint", "variants", name, "quality")
            yield violation_at_key(place, rule, "Describe all as numeric_reward, or none.")


def objective_fits_rewards(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The metrics `reward` and `cost` are for numeric rewards, and they have no other."""
    yield from _unfitting(scenario.objective.metric, ("objective", "metric"), scenario)


def policies_compare_what_is_earned(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """The same of the metrics that a policy names."""
    here = (*path, "metrics")
    if isinstance(policy, MetricMajority) and "metrics" in policy.model_fields_set:
        for index, metric in enumerate(policy.metrics):
            yield from until_unread(_unfitting(metric, (*here, index), scenario))
    elif isinstance(policy, MetricMajority) and set(_all_earning(scenario)) == {True}:
        rule = "required, as the usual ones need right and wrong answers"
        yield violation_at_key(here, rule, f"Add `metrics: [{_earned(scenario)}]`.")
    elif isinstance(policy, FlaggerAnalysis):
        for index, check in enumerate(policy.metrics):
            place = (*here, index, "measures")
            yield from until_unread(_check_fits(check, place, scenario))
    elif isinstance(policy, ShipByMetrics):
        for index, each in enumerate(policy.metrics):
            yield from until_unread(_decider_fits(each, (*here, index, "metric"), scenario))
    elif isinstance(policy, GuardedRelease | SequentialAlerts):
        for index, watched in enumerate(policy.metrics):
            place = (*here, index, "metric")
            yield from until_unread(_watched_fits(watched, place, scenario))


def _check_fits(
    check: FlaggerMetric, path: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    yield from _unfitting(check.measures, path, scenario)


def _watched_fits(
    watched: WatchedMetric, path: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    yield from _unfitting(watched.metric, path, scenario)


def _decider_fits(
    decider: DecisionMetric, path: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    if decider.metric not in REWARD_PROBABILITIES:
        yield from _unfitting(decider.metric, path, scenario)
        return
    yield from _unfitting(_earned(scenario), path, scenario)
    if _earned(scenario) == "cost" and decider.direction is None:
        rule = f"required, as higher is better for {decider.metric} and not for costs"
        yield violation_at_key((*path[:-1], "direction"), rule, "Add `direction: lower`.")


def effects_of_shares_are_shares(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Metrics that lie between 0 and 1 differ by less than 1."""
    metric = scenario.objective.metric
    if is_share(metric) and scenario.objective.smallest_effect >= 1:
        rule = f"{metric} lies between 0 and 1, so two variants differ by less than 1"
        yield Violation(("objective", "smallest_effect"), rule, "Write for example 0.05 or 5%.")


def shares_differ_by_less_than_1(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """Effects that policies expect, where they are effects on a share of correct answers."""
    for field in () if earns_rewards(scenario) else policy.fields_of_either:
        size = getattr(policy, field, None)
        if size is not None and size >= 1:
            rule = "two shares of correct answers differ by less than 1"
            yield Violation((*path, field), rule, "Write for example 0.01.")


def priors_of_shares_are_shares(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A belief of a share of correct answers lies between 0 and 1."""
    if not isinstance(policy, BayesianRope) or earns_rewards(scenario):
        return
    for field in ("control_prior", "candidate_prior"):
        prior = getattr(policy, field)
        if prior is not None and not 0.0 < prior.mean < 1.0:
            rule = "a share lies between 0 and 1, and here also its expected value"
            yield Violation((*path, field, "mean"), rule, "Write for example 0.9.")


def policies_can_judge_rewards(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """Rules that count correct answers find none among numeric rewards."""
    if not earns_rewards(scenario):
        return
    if policy.needs_right_or_wrong:
        rule = f"{_kind(policy)} counts correct answers, and these variants earn numeric rewards"
        remedy = "Use a policy that takes rewards, such as group_sequential."
        yield Violation((*path, "kind"), rule, remedy)
    for field in _fields_on_answers(policy):
        rule = "is about correct answers, and these variants earn numeric rewards"
        yield violation_at_key((*path, field), rule, _INSTEAD_OF[field])


def priors_are_of_rewards(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """The usual prior of a mean is for shares, which no reward need be near."""
    if isinstance(policy, GaussianThompson) and earns_rewards(scenario):
        for field, remedy in _PRIOR.items():
            if field not in policy.model_fields_set:
                rule = "required, as the usual prior is one of shares"
                yield violation_at_key((*path, field), rule, remedy)


def policies_can_judge_the_metric(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """What counts correct answers does not decide by recall, F1 or AUC; no label by latencies."""
    metric = scenario.objective.metric
    if metric in OF_REQUESTS:
        if policy.tests_the_objective or policy.counts_correct_answers:
            rule = f"{_kind(policy)} decides by labels, and the objective's metric is {metric}"
            remedy = (
                "Use ship_decision with it as a success metric, metric_majority, or a rollout with "
                "limits; or make a metric of labels the objective."
            )
            yield Violation((*path, "kind"), rule, remedy)
        return
    if metric in (*COUNTED_AS_CORRECT, *OF_EARNINGS):
        return
    if policy.counts_correct_answers:
        rule = f"{_kind(policy)} compares correct answers, and the objective's metric is {metric}"
        remedy = f"Use one that tests {metric} ({_TESTING}), or make accuracy the objective."
        yield Violation((*path, "kind"), rule, remedy)
        return
    for field in _fields_on_answers(policy):
        rule = f"is about correct answers, and the objective's metric is {metric}"
        remedy = _INSTEAD_OF[field].replace("a mean reward", metric)
        if field in ("baseline", "effect") and metric not in SHARES:
            remedy = "Write labelled_requests."  # no sample size is stated for the others
        yield violation_at_key((*path, field), rule, remedy)


def _unfitting(metric: str | None, path: Path, scenario: UncheckedScenario) -> Iterator[Violation]:
    """A metric of labels that is of rewards where none is earned, or another where one is.

    Numbers are rewards, or they are costs, as the objective says where it is one of them.
    """
    earning = _all_earning(scenario)
    if metric not in get_args(LabelMetric) or len(set(earning)) != 1:
        return  # where some earn and others do not, another rule says so
    earned = _earned(scenario)
    if earning[0] and metric not in OF_EARNINGS:
        rule = "needs right and wrong answers, not numeric rewards"
        yield Violation(path, rule, f"Write {earned}.")
    elif earning[0] and metric != earned and scenario.objective.metric in OF_EARNINGS:
        better = "more" if metric == "reward" else "less"
        rule = f"takes numbers of which {better} is better, and the objective's metric is {earned}"
        yield Violation(path, rule, f"Write {earned}.")
    if not earning[0] and metric in OF_EARNINGS:
        remedy = "Describe both qualities as numeric_reward, or choose another metric."
        yield Violation(path, "needs numeric rewards, but the variants earn none", remedy)


def _earned(scenario: UncheckedScenario) -> str:
    """What numeric rewards are called: a cost where the objective says so."""
    return "cost" if scenario.objective.metric == "cost" else "reward"


def _earning(scenario: UncheckedScenario) -> dict[str, bool]:
    """Which variants earn numeric rewards, of those whose quality is known."""
    qualities = known_qualities(scenario)
    return {name: isinstance(each, NumericReward) for name, each in qualities.items()}


def _all_earning(scenario: UncheckedScenario) -> list[bool]:
    """Of each variant, all of which have to be known."""
    variants = scenario.endpoint.variants.values()
    return [isinstance(variant.quality, NumericReward) for variant in variants]


def _kind(policy: Policy) -> str:
    """As files call it; the class of one that no file can name."""
    kind: str = getattr(policy, "kind", type(policy).__name__)
    return kind


def _fields_on_answers(policy: Policy) -> Iterator[str]:
    """The fields on correct answers that a policy gives, other than by their defaults."""
    for field in policy.fields_of_right_or_wrong:
        default = type(policy).model_fields[field].default
        if getattr(policy, field, default) != default:
            yield field


_INSTEAD_OF: Final = {
    "baseline": "Write labelled_requests; `simab explain` says how many the smallest effect takes.",
    "effect": "Write labelled_requests; `simab explain` says how many the smallest effect takes.",
    "prior_successes": "Leave it out: the prior of a mean reward is flat.",
    "prior_failures": "Leave it out: the prior of a mean reward is flat.",
}
_TESTING: Final = ", ".join(
    policy.model_fields["kind"].default
    for policy in get_args(get_args(PolicyDescription)[0])
    if issubclass(policy, Experiment) and not policy.counts_correct_answers
)
_PRIOR: Final = {
    "prior_mean": "Add what a reward is expected to be on average.",
    "prior_standard_deviation": "Add how far off prior_mean may be; large says little.",
}
