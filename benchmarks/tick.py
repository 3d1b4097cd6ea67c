"""What a look of the controller costs, and which part of it takes how long.

The cost is the difference between a week of two requests a second with a tick each minute and the
same week without, divided by the ticks. It is taken from user time: for both weeks the system
clears the same pages, and what it charges for that varies by more than a tick. The parts are the
medians of wall times within the ticks.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.playing import play_blueprint
from benchmarks.scenarios import Shape
from simab.draws import Draws
from simab.policies import Action, Observation
from simab.world import Blueprint
from simab.world.books import Books
from simab.world.compiled import CompiledPlane
from simab.world.control import ControlPlane, DataPlane, Decider
from simab.world.routing import Routing

__all__ = ["controller_tick"]

WEEK_S = 7 * 86_400
RATE_PER_S = 2.0
IDLE_RATE_PER_S = 1e-4
LOAD = 0.01
_MORE = 3  # a difference of two times varies by more than either


class Stopwatch:
    """Stands between the controller and its plane and policy, and notes when each is called."""

    def __init__(self, plane: DataPlane, policy: Decider) -> None:
        self._plane = plane
        self._policy = policy
        self.advanced: list[tuple[float, float]] = []
        self.decided: list[tuple[float, float]] = []

    def route(self, routing: Routing) -> None:
        """The plane's, as it is."""
        self._plane.route(routing)

    def records(self) -> NDArray[np.int64] | None:
        """The plane's, as it is."""
        return self._plane.records()

    def advance(self, until_ns: int) -> None:
        """The plane's, timed."""
        before_s = time.perf_counter()
        self._plane.advance(until_ns)
        self.advanced.append((before_s, time.perf_counter()))

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """The policy's, timed."""
        before_s = time.perf_counter()
        decision = self._policy.decide(state, observation)
        self.decided.append((before_s, time.perf_counter()))
        return decision


def controller_tick(effort: Effort) -> Iterator[Figure]:
    """Two variants, a policy that looks at the labels: the tick, and its parts."""
    blueprint = _week(effort, RATE_PER_S)
    ticks = blueprint.horizon_ns // blueprint.interval_ns
    play_blueprint(blueprint, 0)
    costs_us, requests_us = [], []
    for number in range(_MORE * effort.repeats):
        spent_us = {
            on: _user_us(blueprint, ticks=on)
            for on in ((True, False) if number % 2 == 0 else (False, True))
        }
        costs_us.append((spent_us[True] - spent_us[False]) / ticks)
        requests_us.append(spent_us[False] / ticks)
    yield Figure("a tick", "us user", tuple(costs_us), at_most(25))
    yield Figure("the requests of a minute, without ticks", "us user", tuple(requests_us))
    yield from _parts(blueprint, "part of a tick, 120 requests a minute")
    yield from _parts(_week(effort, IDLE_RATE_PER_S), "part of a tick, no requests")


def _week(effort: Effort, rate_per_s: float) -> Blueprint:
    horizon_s = effort.count(WEEK_S, least=600)
    shape = Shape(max(round(horizon_s * RATE_PER_S), 1), rate_per_s=RATE_PER_S, load=LOAD)
    scenario = shape.scenario()
    segment = scenario.traffic["segment0"].model_copy(update={"rate": rate_per_s})
    return Blueprint.of(scenario.model_copy(update={"traffic": {"segment0": segment}}))


def _user_us(blueprint: Blueprint, *, ticks: bool) -> float:
    gc.collect()
    before_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    play_blueprint(blueprint, 0, ticks=ticks)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before_s) * 1e6


def _parts(blueprint: Blueprint, heading: str) -> Iterator[Figure]:
    environment = simpy.Environment(initial_time=0)
    books = Books.open(blueprint)
    plane = CompiledPlane(environment, books, Draws(1, 0), record_requests=False)
    policy = next(iter(blueprint.scenario.policies.values()))
    watch = Stopwatch(plane, policy)
    ControlPlane(environment, books, watch, watch)
    environment.run(until=blueprint.horizon_ns)
    advanced, decided = watch.advanced, watch.decided
    parts = {
        "kernel call": [end - start for start, end in advanced],
        "observation": [
            decide[0] - advance[1] for advance, decide in zip(advanced, decided, strict=True)
        ],
        "decision": [end - start for start, end in decided],
        "SimPy and the rest": [
            later[0] - decide[1]
            for decide, (_, later) in zip(decided, pairwise(advanced), strict=False)
        ],
    }
    for part, seconds in parts.items():
        yield Figure(f"{heading}: {part}", "us wall", (median(seconds) * 1e6,))
