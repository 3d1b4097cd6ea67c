"""Requests that are made from outside one by one, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from simab.draws import Draws, Purpose
from simab.errors import InvalidInput
from simab.profiles.outcomes import RequestOutcome
from simab.world.blueprint import NO_VARIANT, Blueprint
from simab.world.run_counts import Status

__all__ = ["CallEnd", "Caller", "Reply", "Waited"]


class CallEnd(NamedTuple):
    """How a request ended in a data plane; variant and instance by number.

    Without an instance the variant is not on the endpoint; a request that was never served has -1
    for its start.
    """

    variant: int
    instance: int | None
    status: Status
    started_ns: int
    finished_ns: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the endpoint answered to a request from outside, and what is true of the answer.

    Times are in ns from the start; `started_ns` is None where nothing was served, and `instance`
    where the variant that the request names is not on the endpoint. `outcome` is None unless the
    request was answered, and `reward` unless the variant earns numeric rewards as well.
    """

    variant: str
    instance: int | None
    status: Status
    arrived_ns: int
    started_ns: int | None
    finished_ns: int
    outcome: RequestOutcome | None
    reward: float | None = None

    @property
    def latency_ns(self) -> int:
        """From arrival to reply."""
        return self.finished_ns - self.arrived_ns


@dataclass(frozen=True, slots=True)
class Waited:
    """A caller that gave up: its request goes on, and its reply comes to nobody."""

    arrived_ns: int
    gave_up_ns: int


class Caller:
    """Whoever makes requests from outside: numbers them, and knows what is true of the answers."""

    def __init__(self, blueprint: Blueprint, draws: Draws) -> None:
        self._blueprint, self._draws = blueprint, draws
        self._made = 0

    def number(self, target: str | None) -> int:
        """The number of the variant that a request names, NO_VARIANT where it names none.

        Raises:
            InvalidInput: nobody may call, or the scenario has no such variant.
        """
        if not self._blueprint.segments[-1].called:
            raise InvalidInput("this session takes no requests from outside: make it with called")
        return NO_VARIANT if target is None else self._blueprint.number_of(target)

    def ended(self, end: CallEnd | None, arrived_ns: int) -> Reply | None:
        """What the endpoint answers to the next request; None where that is not known in time."""
        number, self._made = self._made, self._made + 1
        if end is None or end.status is Status.IN_FLIGHT:
            return None
        plan, outcome, reward = self._blueprint.variants[end.variant], None, None
        if end.status is Status.OK:
            stream = self._blueprint.segments[-1].stream
            row, score, *_ = self._draws.block(Purpose.OUTCOME, stream, number)
            assert end.instance is not None
            place = len(self._blueprint.segments) - 1, end.variant, end.instance
            outcome = self._blueprint.outcome(place, end.started_ns, (row, score))
            scale = self._blueprint.conditions.own(end.variant).reward_scale
            if scale is not None:
                reward = float(scale.value(outcome.score))
        served = end.started_ns >= 0
        started_ns = end.started_ns if served else None
        times_ns = (arrived_ns, started_ns, end.finished_ns)
        return Reply(plan.name, end.instance, end.status, *times_ns, outcome, reward)
