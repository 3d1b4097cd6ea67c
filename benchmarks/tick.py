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
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.playing import play_blueprint
from benchmarks.scenarios import Shape
from simab.draws import Draws
from simab.world import Blueprint, Session

__all__ = ["controller_tick"]

WEEK_S = 7 * 86_400
RATE_PER_S = 2.0
IDLE_RATE_PER_S = 1e-4
LOAD = 0.01
_MORE = 3  # a difference of two times varies by more than either


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
    session = Session(blueprint, Draws(1, 0))
    policy = next(iter(blueprint.scenario.policies.values()))
    state: Any = None
    spent_s: dict[str, list[float]] = {
        "SimPy and the kernel": [],
        "observation": [],
        "decision": [],
    }
    for tick_ns in range(blueprint.interval_ns, blueprint.horizon_ns, blueprint.interval_ns):
        began_s = time.perf_counter()
        session.advance(tick_ns)
        advanced_s = time.perf_counter()
        observation = session.observe()
        observed_s = time.perf_counter()
        actions, state = policy.decide(state, observation)
        decided_s = time.perf_counter()
        session.act(actions)
        spent_s["SimPy and the kernel"].append(advanced_s - began_s)
        spent_s["observation"].append(observed_s - advanced_s)
        spent_s["decision"].append(decided_s - observed_s)
    for part, seconds in spent_s.items():
        yield Figure(f"{heading}: {part}", "us wall", (median(seconds) * 1e6,))
