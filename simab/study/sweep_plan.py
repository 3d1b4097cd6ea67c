"""What a sweep is to play: its points, each a world of a plan, checked before it is played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.run.simulation import require_scenario
from simab.scenario.changes.paths import path_of
from simab.scenario.memory import MOST_STUDY_ROWS
from simab.scenario.models import Scenario
from simab.scenario.sweeps import Point, Variation, points_of
from simab.study.arguments import chosen_policies
from simab.study.plan import StudyPlan
from simab.world.control import Decider

__all__ = ["SweepPlan", "SweepSettings", "Vary", "planned", "variations_of"]

Vary: TypeAlias = Mapping[str, str | Sequence[Any]] | Sequence[str] | str
"""Fields by their path, with a range ("-4%..4%/9") or a list of values; or texts `path=values`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """What is asked for: as the arguments of `simab.sweep` of these names."""

    vary: Vary
    latin_hypercube: int | None = None
    policies: Sequence[str] | Mapping[str, Decider] | None = None
    replications: int | None = None
    seed: int | None = None
    engine: str = "compiled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """The points of a sweep, each a world of the plan; some with policies of their own."""

    scenario: Scenario
    variations: tuple[Variation, ...]
    sampled: bool
    points: tuple[Point, ...]
    plan: StudyPlan

    def policies_of(self, scenario: Scenario) -> Mapping[str, Decider]:
        """The policies that play in a scenario of the sweep: its own where they vary."""
        chosen = self.plan.policies
        if not self.plan.policies_by_world:
            return chosen
        return {name: scenario.policies[name] for name in chosen}


def planned(scenario: Scenario, asked: SweepSettings) -> SweepPlan:
    """The points and the plan of a sweep; plays nothing.

    Raises:
        InvalidInput: a field, a value or an argument that cannot be, or too many points or runs.
        InvalidScenario: a point at which the scenario breaks a rule; names the point.
    """
    require_scenario(scenario)
    variations, chosen = variations_of(asked.vary), chosen_policies(scenario, asked.policies)
    objects = isinstance(asked.policies, Mapping)
    _require_own_policies(variations, chosen, varies_objects=objects)
    study, samples = scenario.study, asked.latin_hypercube
    count = study.replications if asked.replications is None else asked.replications
    seed = study.seed if asked.seed is None else asked.seed
    Draws(seed, 0)  # refuses what cannot be a seed, before points are made
    if samples is None:
        points = prod(len(each.points()) for each in variations)
        _require_room(points, len(chosen), count)
    made = points_of(scenario, variations, samples=samples, seed=seed)
    _require_room(len(made), len(chosen), count)
    return SweepPlan(
        scenario=scenario,
        variations=variations,
        sampled=samples is not None,
        points=made,
        plan=_plan(made, variations, chosen, (count, seed, asked.engine)),
    )


def variations_of(vary: Vary) -> tuple[Variation, ...]:
    """What varies, however it is written.

    Raises:
        InvalidInput: a text or a list that is not a field and its values.
    """
    if isinstance(vary, str):
        return (Variation.parse(vary),)
    if isinstance(vary, Mapping):
        return tuple(Variation.of(path, values) for path, values in vary.items())
    if not callable(getattr(vary, "__iter__", None)) or not all(
        isinstance(each, str) for each in vary
    ):
        raise InvalidInput(
            f"vary = {vary!r}: must be a mapping from fields to values; write "
            '{"effect": "-4%..4%/9"}'
        )
    return tuple(map(Variation.parse, vary))


def _varied_policies(variations: Sequence[Variation]) -> list[str]:
    """The policies of which a parameter, or all, is varied; "" stands for all of them."""
    paths = [path_of(each.path) for each in variations]
    return [str(path[1]) if len(path) > 1 else "" for path in paths if path[0] == "policies"]


def _require_own_policies(
    variations: Sequence[Variation], chosen: Mapping[str, Decider], *, varies_objects: bool
) -> None:
    """A parameter is varied of policies that are in the scenario, and that play."""
    for name in _varied_policies(variations):
        if varies_objects:
            raise InvalidInput(
                f"vary policies.{name}: the policies are given as objects, which no path leads "
                "into; give those of the scenario by name"
            )
        if name not in chosen:
            raise InvalidInput(
                f"vary policies.{name}: is not a policy that plays; vary a parameter of one "
                "that does, such as policies.canary.bake"
            )


def _require_room(points: int, policies: int, replications: object) -> None:
    rows = points * policies * (replications if isinstance(replications, int) else 1)
    if rows > MOST_STUDY_ROWS:
        raise InvalidInput(
            f"vary: {points:,} points of {policies} policies are {rows:,} runs, at most "
            f"{MOST_STUDY_ROWS:,} are kept; vary less, or ask for fewer replications"
        )


def _plan(
    points: Sequence[Point],
    variations: Sequence[Variation],
    chosen: Mapping[str, Decider],
    settings: tuple[int, int, str],
) -> StudyPlan:
    """The plan of all points; where parameters of policies vary, each has its own."""
    worlds, own = {each.name: each.scenario for each in points}, {}
    if _varied_policies(variations):
        own = {
            point: {name: scenario.policies[name] for name in chosen}
            for point, scenario in worlds.items()
        }
    return StudyPlan(worlds, chosen, *settings, policies_by_world=own)
