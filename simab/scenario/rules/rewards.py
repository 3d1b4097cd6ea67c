"""Rules on numeric rewards: who may be compared by them, by which metrics and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from simab.policies import Policy, PolicyDescription
from simab.policies.metrics import LabelMetric
from simab.scenario.flaws import Flaw
from simab.scenario.raw import Raw
from simab.scenario.rules.ground_truth import role_qualities

__all__ = [
    "effects_of_shares_are_shares",
    "metrics_fit_rewards",
    "policies_can_judge_rewards",
    "roles_earn_alike",
]

_EARNING: Final = "numeric_reward"
_METRIC: Final = "reward"


def roles_earn_alike(scenario: Raw) -> Iterator[Flaw]:
    """Numeric rewards cannot be compared with right and wrong answers."""
    kinds = _kinds(scenario)
    if None not in kinds and kinds.count(_EARNING) == 1:
        earning, other = ("control", "candidate")[:: 1 if kinds[0] == _EARNING else -1]
        rule = f"the {earning} earns numeric rewards, the {other} does not"
        candidate = role_qualities(scenario)[1]
        yield candidate.flaw(rule, "Describe both as numeric_reward, or neither.", on_key=True)


def metrics_fit_rewards(scenario: Raw) -> Iterator[Flaw]:
    """The metric `reward` is for numeric rewards, and they have no other."""
    kinds = _kinds(scenario)
    if kinds.count(_EARNING) == 1 or None in kinds:
        return  # another rule, or the error of a field, says so
    earning = _EARNING in kinds
    compared = [scenario.at("objective", "metric")]
    for _, policy in scenario.at("policies").named():
        if policy.at("kind").text() == "metric_majority":
            compared += policy.at("metrics").listed()
            if earning and not policy.at("metrics").given:
                rule = "required, as the usual ones need right and wrong answers"
                yield policy.at("metrics").flaw(rule, "Add `metrics: [reward]`.", on_key=True)
    for metric in compared:
        name = metric.text()
        if name not in get_args(LabelMetric) or (name == _METRIC) == earning:
            continue
        if earning:
            yield metric.flaw("needs right and wrong answers, not numeric rewards", "Write reward.")
        else:
            remedy = "Describe both qualities as numeric_reward, or choose another metric."
            yield metric.flaw("needs numeric rewards, but the variants earn none", remedy)


def effects_of_shares_are_shares(scenario: Raw) -> Iterator[Flaw]:
    """All metrics but the reward lie between 0 and 1, and so do their differences."""
    metric, effect = (scenario.at("objective", name) for name in ("metric", "smallest_effect"))
    name, size = metric.text(), effect.number()
    if name in get_args(LabelMetric) and name != _METRIC and size is not None and size >= 1:
        rule = f"{name} lies between 0 and 1, so two variants differ by less than 1"
        yield effect.flaw(rule, "Write for example 0.05 or 5%.")


def policies_can_judge_rewards(scenario: Raw) -> Iterator[Flaw]:
    """Rules that count correct answers find none among numeric rewards."""
    if _EARNING not in _kinds(scenario):
        return
    for _, policy in scenario.at("policies").named():
        kind = policy.at("kind").text()
        known = _POLICIES.get(kind or "")
        if known is not None and known.needs_right_or_wrong:
            rule = f"{kind} counts correct answers, and these variants earn numeric rewards"
            remedy = "Use a policy that takes rewards: gaussian_thompson, or metric_majority."
            yield policy.at("kind").flaw(rule, remedy)
        spread = policy.at("prior_standard_deviation")
        if kind == "gaussian_thompson" and not spread.given:
            rule = "required, as the usual prior is one of shares"
            remedy = "Add how far off prior_mean may be, in units of the reward; large says little."
            yield spread.flaw(rule, remedy, on_key=True)


def _kinds(scenario: Raw) -> list[str | None]:
    return [quality.at("kind").text() for quality in role_qualities(scenario)]


def _policies() -> dict[str, type[Policy]]:
    union, *_ = get_args(PolicyDescription)
    return {policy.model_fields["kind"].default: policy for policy in get_args(union)}


_POLICIES: Final = _policies()
