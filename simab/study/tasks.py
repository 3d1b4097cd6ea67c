"""What a worker is sent and sends back: a batch of replications, the world by its digest alone.

A scenario with a joint table has some hundred kilobytes, and a study thousands of batches. So a
task names its world; a worker that does not know it says so, and is sent it with the next try.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias

from simab.study.environment import environment
from simab.study.playing import Measure, measure_batch, play_batch
from simab.study.row_code import playing_digest
from simab.world.control import Decider

__all__ = ["Answer", "OtherCode", "Played", "Task", "UnknownWorld", "play_task", "remember_world"]

_WORLDS_KNOWN: Final = 64  # by one process; their texts take some megabytes
_known: OrderedDict[str, str] = OrderedDict()
_lock: Final = Lock()


class Task(NamedTuple):
    """Replications of one policy in one world; `scenario` is absent where the worker may know it.

    `code` is the digest of the code that the rows are to be made by, where workers are not of this
    installation. With `measure` what it makes of each run comes back in place of rows.
    """

    world: str
    scenario: str | None
    policy: tuple[str, Decider]
    replications: Sequence[int]
    seed: int
    engine: str
    code: str | None = None
    measure: Measure | None = None


class Played(NamedTuple):
    """What came of a task, and what it took: of the processor, and by the clock.

    `rows` holds a RunSummary of each replication, or what the task's measure made of it; a Failure
    where the policy raised.
    """

    rows: Sequence[Any]
    cpu_s: float
    wall_s: float


class UnknownWorld(NamedTuple):
    """The worker was never sent this world, or has forgotten it."""

    world: str


class OtherCode(NamedTuple):
    """The worker has other code than is asked for, by its versions."""

    versions: str


Answer: TypeAlias = Played | UnknownWorld | OtherCode


def play_task(task: Task) -> Answer:
    """Play a batch; raises what `play_batch` raises."""
    if task.code is not None and task.code != playing_digest():
        return OtherCode(", ".join(f"{name} {own}" for name, own in environment().items()))
    if task.scenario is not None:
        remember_world(task.world, task.scenario)
    scenario = _remembered(task.world)
    if scenario is None:
        return UnknownWorld(task.world)
    if task.engine == "compiled":
        _have_kernel()
    cpu_s, wall_s = time.thread_time(), time.perf_counter()
    rows = _rows(scenario, task)
    return Played(rows, time.thread_time() - cpu_s, time.perf_counter() - wall_s)


def _rows(scenario: str, task: Task) -> Sequence[Any]:
    if task.measure is None:
        return play_batch(scenario, task.policy, task.replications, task.seed, task.engine)
    return measure_batch(
        scenario, task.policy, task.replications, task.seed, task.engine, task.measure
    )


def remember_world(world: str, scenario: str) -> None:
    """Know a world by its digest, and forget the one that was not asked for the longest."""
    with _lock:
        _known[world] = scenario
        _known.move_to_end(world)
        while len(_known) > _WORLDS_KNOWN:
            _known.popitem(last=False)


def _remembered(world: str) -> str | None:
    with _lock:
        if world in _known:
            _known.move_to_end(world)
        return _known.get(world)


@cache
def _have_kernel() -> None:
    """Load the compiled kernel, or compile it while other workers of this host wait."""
    from simab.world.warm_up import compile_once_a_host

    compile_once_a_host()
