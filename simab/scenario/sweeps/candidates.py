"""Candidates of a plan: policies with other parameters, each a policy under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simab.errors import InvalidInput
from simab.policies import Policy
from simab.scenario.changes.paths import path_of
from simab.scenario.models import Scenario
from simab.scenario.sweeps.points import MOST_POINTS, points_of
from simab.scenario.sweeps.variation import Variation

__all__ = ["Candidate", "candidates_of"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy under a name, of which policy of the file it is, and what was varied of it.

    `settings` has the values by their path within the policy, as a file has them.
    """

    name: str
    of: str
    policy: Policy
    settings: Mapping[str, Any] = field(default_factory=dict)


def candidates_of(
    scenario: Scenario, policies: Sequence[str], variations: Sequence[Variation]
) -> tuple[Candidate, ...]:
    """Each policy as it is, or at all combinations of the values of what varies of it.

    Raises:
        InvalidInput: what varies is not of one of the policies, or there are too many.
        InvalidScenario: a combination at which the policy breaks a rule.
    """
    owners = {variation.path: _owner(variation, policies) for variation in variations}
    found: list[Candidate] = []
    for name in policies:
        own = [each for each in variations if owners[each.path] == name]
        found += _varied(scenario, name, own) if own else [_as_it_is(scenario, name)]
        if len(found) > MOST_POINTS:
            raise InvalidInput(
                f"vary: more than {MOST_POINTS:,} candidates; give fewer values, or vary less"
            )
    return tuple(found)


def _owner(variation: Variation, policies: Sequence[str]) -> str:
    steps = path_of(variation.path)
    if steps[0] != "policies" or len(steps) < 3:
        raise InvalidInput(
            f"vary {variation.path}: a plan chooses among policies, and this is no parameter of "
            "one; vary one such as policies.canary.bake, and everything else by `simab sweep`"
        )
    if steps[1] not in policies:
        raise InvalidInput(
            f"vary {variation.path}: {steps[1]} is not a policy of the plan; vary a parameter of "
            f"one of {', '.join(policies)}"
        )
    return str(steps[1])


def _as_it_is(scenario: Scenario, name: str) -> Candidate:
    return Candidate(name, name, scenario.policies[name])


def _varied(scenario: Scenario, name: str, variations: Sequence[Variation]) -> list[Candidate]:
    """Named by what varies, so that a table says what each one is."""
    found = []
    for point in points_of(scenario, variations):
        settings = {_within(path): value for path, value in point.settings.items()}
        words = ", ".join(f"{path} {value}" for path, value in settings.items())
        found.append(Candidate(f"{name}: {words}", name, point.scenario.policies[name], settings))
    return found


def _within(path: str) -> str:
    """The path of a parameter within its policy."""
    return ".".join(str(step) for step in path_of(path)[2:])
