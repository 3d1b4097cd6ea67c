"""Play a replication to look at it closely: with what its policy measured at every look."""

from __future__ import annotations

from dataclasses import replace

from simab.draws import Draws
from simab.run.look_readings import watched
from simab.run.simulation import Run
from simab.study.failure import Failure
from simab.study.playing import play_one
from simab.world import Blueprint
from simab.world.control import Decider

__all__ = ["play_watched"]


def play_watched(
    blueprint: Blueprint,
    policy: tuple[str, Decider],
    draws: Draws,
    engine: str,
    *,
    record_requests: bool = False,
) -> Run | Failure:
    """`play_one`, the same run bit for bit, with its `readings`.

    Raises:
        InvalidInput: the policy cannot be copied, or answers with what is not an action.
    """
    name, decider = policy
    seen, readings = watched(decider)
    run = play_one(blueprint, (name, seen), draws, engine, record_requests=record_requests)
    return run if isinstance(run, Failure) else replace(run, readings=tuple(readings))
