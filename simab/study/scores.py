"""A run beside what each policy of its file does on the same clients."""

from __future__ import annotations

from collections.abc import Iterator

from simab.analyse import RunSummary, summary_of
from simab.draws import Draws
from simab.run.simulation import Run
from simab.study.failure import Failure
from simab.study.playing import play_one, truth_of_world
from simab.world import Blueprint

__all__ = ["scores"]


def scores(run: Run) -> Iterator[tuple[str, RunSummary]]:
    """The summary of a run under its name, then that of each policy with the same seed.

    All face the same clients and the same potential outcomes. A policy that fails is left out.
    """
    truth = truth_of_world(run.scenario)
    yield run.policy_name, summary_of(run, truth)
    blueprint, draws = Blueprint.of(run.scenario), Draws(run.seed, run.replication)
    for name, policy in run.scenario.policies.items():
        played = play_one(blueprint, (name, policy), draws, run.engine)
        if not isinstance(played, Failure):
            yield name, summary_of(played, truth)
