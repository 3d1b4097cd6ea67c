"""The plan of a study that a store took note of, made again of what it says; plays nothing."""

from __future__ import annotations

from collections.abc import Mapping

from simab.policies import Policy
from simab.scenario.models import Scenario
from simab.scenario.worlds import World, worlds_of
from simab.study.asked import AskedStudy
from simab.study.plan import StudyPlan
from simab.study.sensitivity import SensitivityPlan
from simab.study.sweep_plan import SweepPlan, SweepSettings, planned

__all__ = ["compared_worlds", "plan_again", "sensitivity_again", "sweep_again"]

_ENGINE = "compiled"  # rows are the same bits, whichever made them


def plan_again(asked: AskedStudy) -> StudyPlan:
    """All that a study was to play.

    Raises:
        InvalidInput: this version of simab has other scenarios.
    """
    if asked.kind == "sweep":
        return sweep_again(asked).plan
    if asked.kind == "sensitivity":
        return sensitivity_again(asked).plan
    return StudyPlan(
        worlds={world.name: world.scenario for world in compared_worlds(asked)},
        policies=_policies(asked, asked.described()),
        replications=asked.replications,
        seed=asked.seed,
        engine=_ENGINE,
    )


def compared_worlds(asked: AskedStudy) -> tuple[World, ...]:
    """The worlds of a comparison, in its order."""
    scenario = asked.described()
    found = worlds_of(scenario, _policies(asked, scenario), names=asked.worlds)
    by_name = {world.name: world for world in found}
    return tuple(by_name[name] for name in asked.worlds)


def sweep_again(asked: AskedStudy) -> SweepPlan:
    """The points of a sweep."""
    settings = SweepSettings(
        vary=asked.settings["vary"],
        latin_hypercube=asked.settings["latin_hypercube"],
        policies=asked.policies,
        replications=asked.replications,
        seed=asked.seed,
        engine=_ENGINE,
    )
    return planned(asked.described(), settings)


def sensitivity_again(asked: AskedStudy) -> SensitivityPlan:
    """The cases of a sensitivity."""
    scenario = asked.described()
    settings = asked.replications, asked.seed, _ENGINE
    named = asked.settings["worlds"]
    return SensitivityPlan.of(scenario, _policies(asked, scenario), settings, named)


def _policies(asked: AskedStudy, scenario: Scenario) -> Mapping[str, Policy]:
    return {name: scenario.policies[name] for name in asked.policies}
