"""Play one replication: endpoint, traffic and controller, from the start to the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import simpy

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.world.blueprint import Blueprint
from simab.world.books import Books
from simab.world.control import ControlPlane, Decider, DecisionEntry, SplitEntry
from simab.world.records import RequestLog
from simab.world.reference import ReferencePlane

__all__ = ["ENGINES", "Ledger", "Transcript", "play"]

ENGINES: Final = ("reference",)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a replication leaves: the books, and the request log if one was asked for."""

    books: Books
    log: RequestLog | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the controller did: every action asked for, and every split in force."""

    decisions: tuple[DecisionEntry, ...]
    splits: tuple[SplitEntry, ...]


def play(
    blueprint: Blueprint,
    policy: Decider | None,
    draws: Draws,
    *,
    engine: str = "reference",
    record_requests: bool = False,
) -> tuple[Ledger, Transcript]:
    """Play a scenario once.

    Raises:
        InvalidInput: no such engine.
    """
    if engine not in ENGINES:
        raise InvalidInput(f"engine = {engine!r}: must be one of {', '.join(ENGINES)}")
    environment = simpy.Environment(initial_time=0)
    books = Books.open(blueprint)
    log = RequestLog() if record_requests else None
    plane = ReferencePlane(environment, books, draws, log)
    control = ControlPlane(environment, books, plane, policy)
    environment.run(until=blueprint.horizon_ns)
    plane.advance(blueprint.horizon_ns)
    return Ledger(books, log), Transcript(tuple(control.decisions), tuple(control.splits))
