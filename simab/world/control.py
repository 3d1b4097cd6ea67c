"""What lies between a policy and the world: who decides, who carries, and the log of both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.policies import Action, Observation
from simab.world.answer_log import LabelledRecords
from simab.world.blueprint import Blueprint
from simab.world.calls import CallEnd
from simab.world.routing import Routing
from simab.world.run_counts import RunCounts

__all__ = [
    "AppliedSplit",
    "DataPlane",
    "Decider",
    "DecisionEntry",
    "DecisionLog",
    "OthersEntry",
    "PolicyRaised",
    "RunData",
    "ScalingEntry",
    "SelfPlayed",
    "SplitEntry",
    "is_shipped",
]


class Decider(Protocol):
    """Anything with a policy's `decide`."""

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """Actions and the next state."""


class SelfPlayed(ABC):
    """A decider that plays a run by itself, such as a program in a process of its own.

    It is asked for a run and not for decisions.
    """

    @abstractmethod
    def played(
        self, blueprint: Blueprint, draws: Draws, *, engine: str, record_requests: bool
    ) -> tuple[RunData, DecisionLog]:
        """A run from its start to the horizon, and what was decided in it."""

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """Nobody asks."""
        raise NotImplementedError("it plays whole runs by itself")


def is_shipped(policy: Decider) -> bool:
    """Whether a policy is simab's own: it keeps nothing between looks, and says what it waits for.

    An object of the user's may mean something else by the same names.
    """
    return type(policy).__module__.partition(".")[0] == __name__.partition(".")[0]


class PolicyRaised(Exception):
    """What a policy raised, carried in `args`: nothing else that is raised is the policy's."""


class DataPlane(Protocol):
    """What carries the requests between two control events."""

    def route(self, routing: Routing) -> None:
        """Put a split in force for the requests that arrive from now on."""

    def advance(self, until_ns: int) -> None:
        """Play all that happens to requests before `until_ns`."""

    def call(self, target: int, now_ns: int) -> Callable[[], CallEnd | None]:
        """Let a request from outside arrive now, after all others of this instant.

        `target` is the variant that it names, or NO_VARIANT. Returns what says how it ended, None
        as long as that is not known.
        """

    def first_labelled(self, ticks: range, wanted: Sequence[tuple[Sequence[int], int]]) -> int:
        """The first tick at which all that is wanted holds, else the last; one too early will do.

        `wanted` are numbers of labelled requests that some variants, by number, have together.
        Where there are any, no control event lies before the last tick.
        """

    def newly_labelled(self) -> LabelledRecords:
        """Of the records kept, those whose label's arrival became known since this was last asked.

        By the number of the record, and the records themselves; the label may arrive later.
        """

    def records(self) -> NDArray[np.int64] | None:
        """The request records, if they were kept: shape (requests, 13), as RECORD_COLUMNS says."""


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """One action that a policy asked for, what the endpoint answered, and requests until then.

    `refusal` is empty where the action was accepted.
    """

    at_ns: int
    action: Action
    refusal: str
    arrived: int

    @property
    def accepted(self) -> bool:
        """Whether the endpoint began to carry it out."""
        return not self.refusal


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """The weights and instances in force from `at_ns` on."""

    at_ns: int
    weights: dict[str, float]
    instances: dict[str, int]


@dataclass(frozen=True, slots=True)
class ScalingEntry:
    """A number of instances that autoscaling asked for, and what the endpoint answered.

    `invocations_per_instance` is that of the newest published window. `in_force_ns` is when the
    change takes effect; `refusal` is empty where it was accepted.
    """

    at_ns: int
    variant: str
    before: int
    after: int
    invocations_per_instance: float
    in_force_ns: int
    refusal: str

    @property
    def accepted(self) -> bool:
        """Whether the endpoint began to carry it out."""
        return not self.refusal


@dataclass(frozen=True, slots=True)
class OthersEntry:
    """Weights that somebody else asked for, past the policy, and what the endpoint answered.

    `in_force_ns` is when they take effect; `refusal` is empty where they were accepted. `name` is
    what the timeline calls it, if anything.
    """

    at_ns: int
    weights: dict[str, float]
    in_force_ns: int
    refusal: str
    name: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the endpoint began to carry it out."""
        return not self.refusal


@dataclass(frozen=True, slots=True)
class AppliedSplit:
    """The shares by which the routing rule goes from `at_ns` on, by variant of positive share.

    They are those of the weights in force, or what `endpoint.split` and `endpoint.routers` make of
    them. What share of requests or clients a rule then gives to each variant is
    `simab.theory.routing_shares.expected_shares`.
    """

    at_ns: int
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class RunData:
    """What a replication leaves: the counts, and the request records if they were asked for.

    `records` has shape (requests, 13), columns as `records.RECORD_COLUMNS` says.
    """

    run_counts: RunCounts
    records: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """What the controller, autoscaling and others asked for, and every split in force.

    `pending` is the split that an update under way at the horizon would have put in force later.
    `applied` is what the router makes of the splits, each from the instant at which it changes.
    """

    decisions: tuple[DecisionEntry, ...]
    splits: tuple[SplitEntry, ...]
    pending: SplitEntry | None = None
    applied: tuple[AppliedSplit, ...] = ()
    scalings: tuple[ScalingEntry, ...] = ()
    others: tuple[OthersEntry, ...] = ()

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
