"""Rules on policies that name variants: the steps of a manual schedule, the arms of a bandit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Path, Violation
from simab.policies import Policy
from simab.policies.bandits.bandit import Bandit
from simab.policies.rollouts.manual_schedule import ManualSchedule, Step
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.staged_release import StagedRelease
from simab.scenario.partial import until_unread
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.variants import deployed_weights, unknown_variant

__all__ = [
    "arms_are_deployed",
    "arms_name_variants",
    "baselines_are_other_variants",
    "roles_that_share_are_deployed",
    "steps_leave_traffic_somewhere_to_go",
    "steps_name_variants",
]

_WITH_BASELINE: Final = (RampByPower, RiskBudgetedRamp, SafeRollout, StagedRelease)
_NAMING: Final = ("promote", "add", "remove")


def steps_name_variants(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A step acts on variants that the scenario describes."""
    if isinstance(policy, ManualSchedule):
        for index, step in enumerate(policy.steps):
            for field in ("weights", *_NAMING):
                here = (*path, "steps", index, field)
                yield from until_unread(_names_of_step(scenario, step, field, here))


def _names_of_step(
    scenario: UncheckedScenario, step: Step, field: str, path: Path
) -> Iterator[Violation]:
    named = getattr(step, field)
    if field == "weights":
        for name in named or ():
            yield from unknown_variant(name, (*path, name), scenario, on_key=True)
    elif named is not None:
        yield from unknown_variant(named, path, scenario)


def arms_name_variants(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A bandit divides the traffic between variants that the scenario describes."""
    if isinstance(policy, Bandit):
        for index, arm in enumerate(policy.arms):
            yield from until_unread(unknown_variant(arm, (*path, "arms", index), scenario))


def arms_are_deployed(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A bandit deploys nothing: the variants that it divides traffic between must be there."""
    if isinstance(policy, Bandit):
        absent = _absent(scenario)
        for index, name in enumerate(policy.arms):
            if name in absent:
                rule = "an arm that is not deployed at the start, and that no policy adds"
                remedy = f"Remove `deployed: false` from {name}, or take it out of the arms."
                yield Violation((*path, "arms", index), rule, remedy)


def roles_that_share_are_deployed(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """The same of the roles, where a bandit names no arms and divides between them."""
    if isinstance(policy, Bandit) and not policy.arms:
        absent = _absent(scenario)
        for name in (scenario.objective.control, *scenario.objective.every_candidate):
            if name in absent:
                rule = f"divides traffic between the roles, and {name} is not deployed at the start"
                remedy = f"Remove `deployed: false` from {name}, or name deployed `arms`."
                yield Violation((*path, "kind"), rule, remedy)


def baselines_are_other_variants(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """A baseline is a variant of its own, deployed from the start."""
    if not isinstance(policy, _WITH_BASELINE) or policy.baseline is None:
        return
    name, here = policy.baseline, (*path, "baseline")
    yield from unknown_variant(name, here, scenario)
    if name in (scenario.objective.control, *scenario.objective.every_candidate):
        rule = "a variant beside the control and the candidate"
        remedy = "Describe one more with the control's latency and quality, and name it here."
        yield Violation(here, rule, remedy)
    elif name in _absent(scenario):
        rule = "a baseline that is not deployed at the start, and that no policy adds"
        yield Violation(here, rule, f"Remove `deployed: false` from {name}.")


def _absent(scenario: UncheckedScenario) -> set[str]:
    """The variants that are described and not deployed at the start."""
    return set(scenario.endpoint.variants) - set(deployed_weights(scenario))


def steps_leave_traffic_somewhere_to_go(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """After every step some deployed variant has a weight above 0."""
    weights = deployed_weights(scenario)
    if not isinstance(policy, ManualSchedule) or not any(weights.values()):
        return
    for index, step in enumerate(policy.steps):
        _carry_out(step, weights)
        if not scenario.endpoint.variants.keys() >= weights.keys():
            return  # another rule says so
        if not any(weight > 0 for weight in weights.values()):
            field = next(name for name in ("weights", *_NAMING) if getattr(step, name) is not None)
            rule = "leaves no deployed variant with a weight above 0"
            remedy = "Give one a weight above 0 in this step or before."
            yield Violation((*path, "steps", index, field), rule, remedy)
            return


def _carry_out(step: Step, weights: dict[str, float]) -> None:
    """Change the weights as the step does."""
    weights.update(step.weights or {})
    if step.add is not None:
        weights[step.add] = 0.0
    if step.remove is not None:
        weights.pop(step.remove, None)
    if step.promote is not None:
        weights.update(dict.fromkeys(weights, 0.0), **{step.promote: 1.0})
