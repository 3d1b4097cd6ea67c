"""Rules on policies that name variants: the steps of a manual schedule, the arms of a bandit."""

from __future__ import annotations

from collections.abc import Iterator

from simab.scenario.raw import RawValue
from simab.scenario.rules.variants import deployed_weights, unknown_variant, variant_names
from simab.scenario.violations import Violation

__all__ = [
    "arms_are_deployed",
    "arms_name_variants",
    "steps_leave_traffic_somewhere_to_go",
    "steps_name_variants",
]

_NAMING = ("promote", "add", "remove")
_BANDITS = frozenset({"epsilon_greedy", "gaussian_thompson", "thompson", "ucb1"})


def steps_name_variants(scenario: RawValue) -> Iterator[Violation]:
    """A step acts on variants that the scenario describes."""
    for steps in _schedules(scenario):
        for step in steps:
            for _, weight in step.at("weights").named():
                yield from unknown_variant(weight, scenario, on_key=True)
            for field in _NAMING:
                yield from unknown_variant(step.at(field), scenario)


def arms_name_variants(scenario: RawValue) -> Iterator[Violation]:
    """A bandit divides the traffic between variants that the scenario describes."""
    for _, policy in scenario.at("policies").named():
        for arm in policy.at("arms").listed():
            yield from unknown_variant(arm, scenario)


def arms_are_deployed(scenario: RawValue) -> Iterator[Violation]:
    """A bandit deploys nothing: what it is to divide traffic between must be there."""
    weights, names = deployed_weights(scenario), variant_names(scenario)
    if weights is None:
        return
    objective = scenario.at("objective")
    roles = [objective.at("control").text(), objective.at("candidate").text()]
    for _, policy in scenario.at("policies").named():
        if policy.at("kind").text() not in _BANDITS:
            continue
        arms = policy.at("arms").listed()
        for arm in arms:
            name = arm.text()
            if name in names and name not in weights:
                remedy = f"Remove `deployed: false` from {name}, or take it out of the arms."
                yield arm.violation(
                    "an arm that is not deployed at the start, and nobody adds", remedy
                )
        for name in () if arms else roles:
            if name in names and name not in weights:
                rule = f"shares out between the roles, and {name} is not deployed at the start"
                remedy = f"Remove `deployed: false` from {name}, or name deployed `arms`."
                yield policy.at("kind").violation(rule, remedy)


def steps_leave_traffic_somewhere_to_go(scenario: RawValue) -> Iterator[Violation]:
    """After every step some deployed variant has a weight above 0."""
    start = deployed_weights(scenario)
    if not start or not any(start.values()):
        return
    for steps in _schedules(scenario):
        weights = dict(start)
        for step in steps:
            if not _carry_out(step, weights, variant_names(scenario)):
                break
            if not any(weight > 0 for weight in weights.values()):
                field = next(name for name in ("weights", *_NAMING) if step.at(name).given)
                rule = "leaves no deployed variant with a weight above 0"
                remedy = "Give one a weight above 0 in this step or before."
                yield step.at(field).violation(rule, remedy)
                break


def _carry_out(step: RawValue, weights: dict[str, float], names: list[str]) -> bool:
    """Change the weights as the step does; False if the step cannot be read."""
    for name, weight in step.at("weights").named():
        value = weight.number()
        if value is None or name not in names:
            return False
        weights[name] = value
    added, removed, promoted = (step.at(name).text() for name in ("add", "remove", "promote"))
    if added is not None:
        weights[added] = 0.0
    if removed is not None:
        weights.pop(removed, None)
    if promoted is not None:
        weights.update(dict.fromkeys(weights, 0.0), **{promoted: 1.0})
    return all(name in names for name in weights)


def _schedules(scenario: RawValue) -> Iterator[list[RawValue]]:
    for _, policy in scenario.at("policies").named():
        if policy.at("kind").text() == "manual_schedule":
            yield policy.at("steps").listed()
