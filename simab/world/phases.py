"""The phases of a run: spans in which the router is asked for one split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simab.scenario.serving import HASHING
from simab.stats.fixed_arrays import fixed
from simab.world.blueprint import NO_VARIANT
from simab.world.routing import Routing
from simab.world.run_counts import RequestColumn, RunCounts

__all__ = ["Phase", "Phases"]


@dataclass(frozen=True, slots=True, eq=False)
class Phase:
    """From `since_ns` on, requests were asked to go to `choices` by constant `shares`.

    What the router makes of these shares may differ, and change within a phase, as it may in
    production without anybody noticing. `number` counts the phases with two choices or more, from
    1. `column` of RunCounts.requests holds the assignments, and `before` (shape (variants,)) those
    of the phase's first window that were made before it began.
    """

    number: int
    since_ns: int
    choices: tuple[int, ...]
    shares: tuple[Fraction, ...]
    column: RequestColumn
    before: NDArray[np.int64]


class Phases:
    """All phases so far, in order of time.

    Where routing keeps users with a variant, by a hash or by cookies, a user counts once in a
    phase; one who is kept with what was drawn before is not drawn and does not count. A hash of the
    client is the same in every phase. So once cookies have kept some clients with what it gave
    them, the others are not a fair sample of it any more: from then on a user counts once in the
    run. The same holds of sessions where these are what is drawn.
    """

    def __init__(self, run_counts: RunCounts) -> None:
        self._run_counts = run_counts
        endpoint = run_counts.blueprint.scenario.endpoint
        self._by_user = endpoint.assigns_clients or endpoint.assigns_sessions
        self._hashed = endpoint.variant_routing in HASHING or endpoint.assigns_sessions
        self._cookies = False
        self._routing: Routing | None = None
        self._phases: list[Phase] = []

    def enter(self, routing: Routing, now_ns: int) -> Routing:
        """Take note of a routing that is in force from now on; returns it with what it counts.

        All requests before now must have been played.
        """
        before = self._routing
        epoch = 0 if before is None else before.counting_epoch
        if before is None or not routing.assigns_like(before):
            kept = self._hashed and self._cookies and before is not None
            epoch += not kept
            self._phases.append(self._phase(routing, now_ns))
        self._cookies = self._cookies or routing.pinned != NO_VARIANT
        self._routing = replace(
            routing, counts_users=self._counts_users(routing), counting_epoch=epoch
        )
        return self._routing

    def at(self, now_ns: int) -> Phase:
        """The phase in force at a moment; of those that begin at it, the last."""
        return next(phase for phase in reversed(self._phases) if phase.since_ns <= now_ns)

    def assigned(self, phase: Phase, until_ns: int) -> Sequence[int]:
        """Assignments of a phase's choices in the windows that end by `until_ns`."""
        period_ns = self._run_counts.blueprint.period_ns
        first, last = phase.since_ns // period_ns, until_ns // period_ns
        if last <= first:
            return [0] * len(phase.choices)
        kept = self._run_counts.blueprint.publication.kept(first, last)
        counted = self._run_counts.requests[:, :, phase.column]
        sums = -phase.before if kept and kept[0][0] == first else np.zeros_like(phase.before)
        for each in kept:
            sums = sums + counted[slice(*each)].sum(axis=0)
        counts: list[int] = sums[list(phase.choices)].tolist()
        return counts

    def _phase(self, routing: Routing, now_ns: int) -> Phase:
        users = self._counts_users(routing)
        column = RequestColumn.USERS_ASSIGNED if users else RequestColumn.ASSIGNED
        window = now_ns // self._run_counts.blueprint.period_ns
        before = fixed(self._run_counts.requests[window, :, column])
        number = self._phases[-1].number if self._phases else 0
        number += len(routing.asked) > 1
        choices, shares = tuple(routing.asked), tuple(routing.asked.values())
        return Phase(number, now_ns, choices, shares, column, before)

    def _counts_users(self, routing: Routing) -> bool:
        return self._by_user or routing.pinned != NO_VARIANT
