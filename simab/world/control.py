"""The control plane: a SimPy process that looks, asks the policy and carries out its actions."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any, Protocol

import numpy as np
import simpy
from numpy.typing import NDArray

from simab.policies import Action, Observation, Refusal
from simab.world.answers import checked_decision
from simab.world.books import Books, Total
from simab.world.endpoint import Deployment, Endpoint, Refused
from simab.world.event_order import Rank, at, now_ns
from simab.world.phases import Phases
from simab.world.published import ArrivedLabels, PublishedMetrics, read_only
from simab.world.routing import Routing

__all__ = [
    "ControlPlane",
    "DataPlane",
    "Decider",
    "DecisionEntry",
    "PolicyRaised",
    "SplitEntry",
]

Steps = Generator[simpy.Event, Any, None]


class Decider(Protocol):
    """Anything with a policy's `decide`."""

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """Actions and the next state."""


class PolicyRaised(Exception):
    """What a policy raised, carried in `args` through SimPy, which makes exceptions anew."""


class DataPlane(Protocol):
    """What carries the requests between two control events."""

    def route(self, routing: Routing) -> None:
        """Put a split in force for the requests that arrive from now on."""

    def advance(self, until_ns: int) -> None:
        """Play all that happens to requests before `until_ns`."""

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


class ControlPlane:
    """Ticks every interval until the horizon; keeps the log of decisions and splits."""

    def __init__(
        self, environment: simpy.Environment, books: Books, plane: DataPlane, policy: Decider | None
    ) -> None:
        self._environment = environment
        self._books = books
        self._plane = plane
        self._policy = policy
        self._scenario = books.blueprint.scenario
        self._endpoint = Endpoint(self._scenario)
        self._shown = read_only(books)
        self._arrived = ArrivedLabels(self._shown)
        self._phases = Phases(self._shown)
        self._refused: tuple[Refusal, ...] = ()
        self.decisions: list[DecisionEntry] = []
        self.splits: list[SplitEntry] = []
        self._steps: list[Steps] = []
        self.pending: SplitEntry | None = None
        self._take_effect()
        if policy is not None:
            self._begin(self._look(policy))

    def close(self) -> None:
        """End what would go on after the horizon.

        A suspended process and the queue that it waits in refer to each other, and it refers to the
        books: without this they would stay in memory until the collector of garbage comes.
        """
        for steps in self._steps:
            steps.close()

    def _begin(self, steps: Steps) -> None:
        self._steps = [each for each in self._steps if getgeneratorstate(each) != GEN_CLOSED]
        self._steps.append(steps)
        self._environment.process(steps)

    def _look(self, policy: Decider) -> Steps:
        state: Any = None
        interval_ns = self._books.blueprint.interval_ns
        while True:
            tick_ns = now_ns(self._environment) + interval_ns
            yield at(self._environment, tick_ns, Rank.CONTROL)
            self._plane.advance(tick_ns)
            observation = self._observe()
            try:
                actions, state = checked_decision(policy.decide(state, observation))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # SystemExit and the like as well
                raise PolicyRaised(error) from None
            refusals = [self._carry_out(action) for action in actions]
            self._refused = tuple(refusal for refusal in refusals if refusal is not None)

    def _observe(self) -> Observation:
        objective, tick_ns = self._scenario.objective, now_ns(self._environment)
        self._arrived.advance(tick_ns)
        return Observation(
            now_ns=tick_ns,
            status=self._endpoint.status,
            weights=self._endpoint.weights,
            instances=self._endpoint.instances,
            control=objective.control,
            candidate=objective.candidate,
            metrics=PublishedMetrics(self._shown, self._arrived, self._phases, tick_ns),
            refused=self._refused,
            metric=objective.metric,
        )

    def _carry_out(self, action: Action) -> Refusal | None:
        refusal, updating_ns = "", 0
        try:
            updating_ns = self._endpoint.accept(action)
        except Refused as refused:
            refusal = str(refused)
        arrived = int(self._books.totals[Total.ARRIVED])
        entry = DecisionEntry(now_ns(self._environment), action, refusal, arrived)
        self.decisions.append(entry)
        if updating_ns:
            # The end is scheduled now, before the next look is: at one instant the update is over
            # first, whatever the interval.
            end = at(self._environment, entry.at_ns + updating_ns, Rank.CONTROL)
            self.pending = self._split(self._endpoint.pending, entry.at_ns + updating_ns)
            self._begin(self._update(end))
        return Refusal(action, refusal) if refusal else None

    def _update(self, end: simpy.Event) -> Steps:
        yield end
        self._plane.advance(now_ns(self._environment))
        self._endpoint.complete()
        self.pending = None
        self._take_effect()

    def _take_effect(self) -> None:
        routing = self._phases.enter(self._endpoint.routing(), now_ns(self._environment))
        self._plane.route(routing)
        self.splits.append(self._split(self._endpoint.deployment, now_ns(self._environment)))

    @staticmethod
    def _split(deployment: Deployment, at_ns: int) -> SplitEntry:
        return SplitEntry(at_ns, dict(deployment.weights), dict(deployment.instances))
