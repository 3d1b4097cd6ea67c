"""How the benchmark has simab play: the whole call, or a blueprint made beforehand."""

from __future__ import annotations

from simab import simulate
from simab.draws import Draws
from simab.scenario.models import Scenario
from simab.world import Blueprint, play
from simab.world.run_counts import Total

__all__ = ["play_blueprint", "play_scenario"]


def play_scenario(scenario: Scenario) -> int:
    """`simab.simulate`, from the scenario to the closed counts; returns how many arrived."""
    return simulate(scenario, seed=1).totals.arrived


def play_blueprint(
    blueprint: Blueprint, replication: int, *, ticks: bool = True, record_requests: bool = False
) -> int:
    """One replication as a study plays it; without ticks the controller never wakes."""
    run_data, _ = play(
        blueprint,
        next(iter(blueprint.scenario.policies.values())) if ticks else None,
        Draws(1, replication),
        engine="compiled",
        record_requests=record_requests,
    )
    return int(run_data.run_counts.totals[Total.ARRIVED])
