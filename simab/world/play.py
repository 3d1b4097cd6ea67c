"""Play one replication: endpoint, traffic and controller, from the start to the horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import simpy
from numpy.typing import NDArray

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.world.blueprint import Blueprint
from simab.world.books import Books
from simab.world.compilation import require_numba
from simab.world.control import ControlPlane, DataPlane, Decider, DecisionEntry, SplitEntry
from simab.world.reference import ReferencePlane

__all__ = ["ENGINES", "Ledger", "Transcript", "play"]

ENGINES: Final = ("compiled", "reference")


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a replication leaves: the books, and the request records if they were asked for.

    `records` has shape (requests, 13), columns as `records.RECORD_COLUMNS` says.
    """

    books: Books
    records: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the controller did: every action asked for, and every split in force.

    `pending` is the split that an update under way at the horizon would have put in force later.
    """

    decisions: tuple[DecisionEntry, ...]
    splits: tuple[SplitEntry, ...]
    pending: SplitEntry | None = None

    @property
    def last_split(self) -> SplitEntry:
        """What the endpoint was last asked to come to, in force or being put in force."""
        return self.pending or self.splits[-1]

    @property
    def ending(self) -> tuple[str, int] | None:
        """The variant that has all traffic by the last split, and since when; None if several."""
        found: tuple[str, int] | None = None
        for split in (*self.splits, self.last_split):
            serving = [name for name, weight in split.weights.items() if weight > 0]
            if len(serving) > 1:
                found = None
            elif found is None or found[0] != serving[0]:
                found = serving[0], split.at_ns
        return found


def play(
    blueprint: Blueprint,
    policy: Decider | None,
    draws: Draws,
    *,
    engine: str,
    record_requests: bool = False,
) -> tuple[Ledger, Transcript]:
    """Play a scenario once.

    Raises:
        InvalidInput: no such engine.
    """
    environment = simpy.Environment(initial_time=0)
    books = Books.open(blueprint)
    plane = _plane(engine)(environment, books, draws, record_requests=record_requests)
    control = ControlPlane(environment, books, plane, policy)
    environment.run(until=blueprint.horizon_ns)
    plane.advance(blueprint.horizon_ns)
    control.close()
    transcript = Transcript(tuple(control.decisions), tuple(control.splits), control.pending)
    return Ledger(books, plane.records()), transcript


def _plane(engine: str) -> Callable[..., DataPlane]:
    """The class of an engine's data plane; Numba loads only where it is used."""
    if engine == "reference":
        return ReferencePlane
    if engine != "compiled":
        raise InvalidInput(f"engine = {engine!r}: must be one of {', '.join(ENGINES)}")
    require_numba()
    from simab.world.compiled import CompiledPlane

    return CompiledPlane
