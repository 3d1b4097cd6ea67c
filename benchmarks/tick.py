"""What a tick of the controller costs where the policy looks at it, and which part takes how long.

A policy may say what it waits for, and the ticks before are left out. So the rules here look at
every tick. What a tick costs is the difference between a run with a tick each minute and 120
requests in between and the same run without ticks, divided by the ticks. It is taken from user
time: for both runs the system clears the same pages, and what it charges for that varies by more
than a tick. The parts are medians of wall times within the ticks.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

import simpy

from benchmarks.figures import Effort, Figure, at_most
from benchmarks.playing import play_blueprint
from benchmarks.watchful_rules import REQUESTS_A_TICK, RULES, endpoint_under
from simab.draws import Draws
from simab.policies import Observation
from simab.policies.next_look import NextLook
from simab.policies.policy import Policy
from simab.world import Blueprint, Session
from simab.world.answers import checked_decision
from simab.world.compiled.plane import CompiledPlane
from simab.world.endpoint import Endpoint
from simab.world.run_counts import RunCounts
from simab.world.waiting import wait

__all__ = ["controller_tick", "tick_of_each_kind"]

_WEEK: Final = 7 * 1_440
_DAY: Final = 1_440
_NO_RATE_PER_S: Final = 1e-4
_MORE: Final = 3  # a difference of two times varies by more than either
_LOOKING: Final = "naive_peeking"


def controller_tick(effort: Effort) -> Iterator[Figure]:
    """The fixed test of F1 asked again at every tick, 120 requests apart: the tick, by part."""
    ticks = effort.count(_WEEK, least=4)
    blueprint = endpoint_under(_LOOKING, ticks, metric="f1")
    yield Figure("a tick", "us user", _ticks_us(blueprint, _MORE * effort.repeats), at_most(12))
    yield Figure(
        f"its {REQUESTS_A_TICK} requests, without ticks",
        "us user",
        tuple(_user_us(blueprint, ticks=False) / ticks for _ in range(effort.repeats)),
    )
    quiet = endpoint_under(_LOOKING, ticks, metric="f1", rate_per_s=_NO_RATE_PER_S)
    yield from _advancing(quiet)
    for part, spent_us in _parts_us(blueprint).items():
        yield Figure(f"part of a tick: {part}", "us wall", (spent_us,))


def tick_of_each_kind(effort: Effort) -> Iterator[Figure]:
    """A tick under a rule of each kind that may look at all of them, and what the rule takes."""
    for kind in RULES:
        blueprint = endpoint_under(kind, effort.count(_DAY, least=30))
        yield Figure(f"{kind}: a tick", "us user", _ticks_us(blueprint, effort.repeats))
        yield Figure(f"{kind}: its decision", "us wall", (_parts_us(blueprint)["decision"],))


def _ticks_us(blueprint: Blueprint, repeats: int) -> tuple[float, ...]:
    """Microseconds of user time a tick, the requests aside, for each pair of runs."""
    ticks = blueprint.horizon_ns // blueprint.interval_ns
    play_blueprint(blueprint, 0)
    costs_us = []
    for number in range(repeats):
        spent_us = {
            on: _user_us(blueprint, ticks=on)
            for on in ((True, False) if number % 2 == 0 else (False, True))
        }
        costs_us.append((spent_us[True] - spent_us[False]) / ticks)
    return tuple(costs_us)


def _user_us(blueprint: Blueprint, *, ticks: bool) -> float:
    gc.collect()
    before_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    play_blueprint(blueprint, 0, ticks=ticks)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before_s) * 1e6


def _advancing(quiet: Blueprint) -> Iterator[Figure]:
    """To the next tick where no request comes before it: all of it, and the kernel's call alone."""
    run_counts, environment = RunCounts.open(quiet), simpy.Environment(initial_time=0)
    plane = CompiledPlane(environment, run_counts, Draws(1, 0), record_requests=False)
    endpoint = Endpoint(quiet.scenario)
    plane.route(endpoint.routing([endpoint.weights]))
    session = Session(quiet, Draws(1, 0))
    advances: dict[str, Callable[[int], None]] = {
        "advancing, no requests": session.advance,
        "the kernel's call in it": plane.advance,
    }
    for what, advance in advances.items():
        spent_s = []
        for tick_ns in range(quiet.interval_ns, quiet.horizon_ns, quiet.interval_ns):
            began_s = time.perf_counter()
            advance(tick_ns)
            spent_s.append(time.perf_counter() - began_s)
        yield Figure(f"part of a tick: {what}", "us wall", (median(spent_s) * 1e6,))


def _parts_us(blueprint: Blueprint) -> dict[str, float]:
    """What `simab.world.play` does at a tick, with a clock between its steps."""
    session = Session(blueprint, Draws(1, 0))
    policy: Policy = next(iter(blueprint.scenario.policies.values()))
    state: Any = None
    observation: Observation | None = None
    wanted: NextLook | None = None
    clocks_s: list[tuple[float, ...]] = []
    began_s = time.perf_counter()
    while wait(session, observation, wanted):
        advanced_s = time.perf_counter()
        observation = session.observe()
        observed_s = time.perf_counter()
        actions, state = checked_decision(policy.decide(state, observation))
        decided_s = time.perf_counter()
        session.act(actions)
        wanted = policy.next_look(state, observation)
        acted_s = time.perf_counter()
        clocks_s.append((began_s, advanced_s, observed_s, decided_s, acted_s))
        began_s = acted_s
    began, advanced, observed, decided, acted = zip(*clocks_s, strict=True)
    spans = {
        "advancing, with requests": (began, advanced),
        "observation": (advanced, observed),
        "decision": (observed, decided),
        "actions, and the next look": (decided, acted),
    }
    return {
        part: median(end - start for start, end in zip(starts, ends, strict=True)) * 1e6
        for part, (starts, ends) in spans.items()
    }
