"""Rules on what is compared: numeric rewards or answers, by which metrics and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from simab.policies import Policy, PolicyDescription
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.two_metrics import COUNTED_AS_CORRECT
from simab.policies.metrics import LabelMetric
from simab.scenario.raw import RawValue, default_of
from simab.scenario.violations import Violation
from simab.stats.classification import SHARES

__all__ = [
    "INSTEAD_OF",
    "effects_of_shares_are_shares",
    "metrics_fit_rewards",
    "policies_can_judge_rewards",
    "policies_can_judge_the_metric",
    "shares_differ_by_less_than_1",
    "variants_earn_alike",
]

_EARNING: Final = "numeric_reward"
_METRIC: Final = "reward"


def variants_earn_alike(scenario: RawValue) -> Iterator[Violation]:
    """Numeric rewards cannot be compared with right and wrong answers."""
    kinds = _kinds(scenario)
    for name, other in kinds[1:]:
        first, kind = kinds[0]
        if kind and other and (kind == _EARNING) != (other == _EARNING):
            earning, plain = (first, name) if kind == _EARNING else (name, first)
            rule = f"{earning} earns numeric rewards, {plain} does not"
            quality = scenario.at("endpoint", "variants", name, "quality")
            yield quality.violation(rule, "Describe all as numeric_reward, or none.", on_key=True)


def metrics_fit_rewards(scenario: RawValue) -> Iterator[Violation]:
    """The metric `reward` is for numeric rewards, and they have no other."""
    kinds = {kind for _, kind in _kinds(scenario)}
    if None in kinds or (_EARNING in kinds and len(kinds) > 1):
        return  # the error of a field, or another rule, says so
    earning = _EARNING in kinds
    compared = [scenario.at("objective", "metric")]
    for _, policy in scenario.at("policies").named():
        if policy.at("kind").text() == "metric_majority":
            compared += policy.at("metrics").listed()
            if earning and not policy.at("metrics").given:
                rule = "required, as the usual ones need right and wrong answers"
                yield policy.at("metrics").violation(rule, "Add `metrics: [reward]`.", on_key=True)
        if policy.at("kind").text() == "flagger":
            compared += [each.at("measures") for each in policy.at("metrics").listed()]
    for metric in compared:
        name = metric.text()
        if name not in get_args(LabelMetric) or (name == _METRIC) == earning:
            continue
        if earning:
            yield metric.violation(
                "needs right and wrong answers, not numeric rewards", "Write reward."
            )
        else:
            remedy = "Describe both qualities as numeric_reward, or choose another metric."
            yield metric.violation("needs numeric rewards, but the variants earn none", remedy)


def effects_of_shares_are_shares(scenario: RawValue) -> Iterator[Violation]:
    """All metrics but the reward lie between 0 and 1, and so do their differences."""
    metric, effect = (scenario.at("objective", name) for name in ("metric", "smallest_effect"))
    if metric.text() == _METRIC and "%" in (effect.text() or ""):
        rule = "a percentage, but of which reward is not said"
        yield effect.violation(rule, "Write the difference in units of the reward.")
    name, size = metric.text(), effect.number()
    if name in get_args(LabelMetric) and name != _METRIC and size is not None and size >= 1:
        rule = f"{name} lies between 0 and 1, so two variants differ by less than 1"
        yield effect.violation(rule, "Write for example 0.05 or 5%.")


def shares_differ_by_less_than_1(scenario: RawValue) -> Iterator[Violation]:
    """Effects that policies expect, where they are effects on a share of correct answers."""
    if _EARNING in {kind for _, kind in _kinds(scenario)}:
        return
    for policy, _, known in _known_policies(scenario):
        for field in known.fields_of_either:
            size = policy.at(field).number()
            if size is not None and size >= 1:
                rule = "two shares of correct answers differ by less than 1"
                yield policy.at(field).violation(rule, "Write for example 0.01.")


def policies_can_judge_rewards(scenario: RawValue) -> Iterator[Violation]:
    """Rules that count correct answers find none among numeric rewards."""
    if _EARNING not in {kind for _, kind in _kinds(scenario)}:
        return
    for policy, kind, known in _known_policies(scenario):
        if known.needs_right_or_wrong:
            rule = f"{kind} counts correct answers, and these variants earn numeric rewards"
            remedy = "Use a policy that takes rewards, such as group_sequential."
            yield policy.at("kind").violation(rule, remedy)
        for field in _set_fields(policy, known):
            rule = "speaks of correct answers, and these variants earn numeric rewards"
            yield policy.at(field).violation(rule, INSTEAD_OF[field], on_key=True)
        if kind == "gaussian_thompson":
            for field, remedy in _PRIOR.items():
                if not policy.at(field).given:
                    rule = "required, as the usual prior is one of shares"
                    yield policy.at(field).violation(rule, remedy, on_key=True)


def policies_can_judge_the_metric(scenario: RawValue) -> Iterator[Violation]:
    """What counts correct answers does not decide by recall, F1 or AUC."""
    metric = scenario.at("objective", "metric").text()
    if metric is None or metric not in get_args(LabelMetric):
        return  # the error of the field says so
    if metric in (*COUNTED_AS_CORRECT, _METRIC):
        return
    for policy, kind, known in _known_policies(scenario):
        if known.counts_correct_answers:
            rule = f"{kind} compares correct answers, and the objective's metric is {metric}"
            remedy = f"Use one that tests {metric} ({_TESTING}), or make accuracy the objective."
            yield policy.at("kind").violation(rule, remedy)
            continue
        for field in _set_fields(policy, known):
            rule = f"speaks of correct answers, and the objective's metric is {metric}"
            remedy = INSTEAD_OF[field].replace("a mean reward", metric)
            if field in ("baseline", "effect") and metric not in SHARES:
                remedy = "Write labelled_requests."  # no sample size is stated for the others
            yield policy.at(field).violation(rule, remedy, on_key=True)


def _kinds(scenario: RawValue) -> list[tuple[str, str | None]]:
    """Every variant's name and kind of quality."""
    variants = scenario.at("endpoint", "variants").named()
    return [(name, variant.at("quality", "kind").text()) for name, variant in variants]


def _known_policies(scenario: RawValue) -> Iterator[tuple[RawValue, str, type[Policy]]]:
    """Every policy whose kind is known, with that kind and its description."""
    for _, policy in scenario.at("policies").named():
        kind = policy.at("kind").text() or ""
        if kind in _POLICIES:
            yield policy, kind, _POLICIES[kind]


def _set_fields(policy: RawValue, known: type[Policy]) -> Iterator[str]:
    """The fields on correct answers that a policy gives, other than by their defaults."""
    for field in known.fields_of_right_or_wrong:
        if policy.at(field).given and policy.at(field).value != default_of(known, field):
            yield field


def _policies() -> dict[str, type[Policy]]:
    union, *_ = get_args(PolicyDescription)
    return {policy.model_fields["kind"].default: policy for policy in get_args(union)}


_POLICIES: Final = _policies()
INSTEAD_OF: Final = {
    "baseline": "Write labelled_requests; `simab explain` says how many the smallest effect takes.",
    "effect": "Write labelled_requests; `simab explain` says how many the smallest effect takes.",
    "prior_successes": "Leave it out: the prior of a mean reward is flat.",
    "prior_failures": "Leave it out: the prior of a mean reward is flat.",
}
_TESTING: Final = ", ".join(
    kind
    for kind, policy in _POLICIES.items()
    if issubclass(policy, Experiment) and not policy.counts_correct_answers
)
_PRIOR: Final = {
    "prior_mean": "Add what a reward is expected to be on average.",
    "prior_standard_deviation": "Add how far off prior_mean may be; large says little.",
}
