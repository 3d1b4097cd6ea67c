"""Executors on this machine: processes, or threads where the compiled kernel does the work.

The kernel lets go of Python's lock, so threads play at once as long as Python has little to do
between two control events; they start at once, where a process first loads all modules.
"""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Final

from simab.scenario.models import Scenario
from simab.units import seconds

__all__ = ["local_processes", "local_workers"]

_REQUESTS_A_TICK: Final = 1000
"""Per worker: so many take the kernel twice as long as a tick takes Python (60 us to 30)."""


def local_workers(workers: int, scenario: Scenario, *, engine: str = "compiled") -> Executor:
    """The quicker of threads and processes for a study of policies that simab ships.

    What is chosen changes no result. Give policies of your own to `local_processes`: how long they
    keep Python busy is not known.
    """
    if engine == "compiled" and _requests_a_tick(scenario) >= _REQUESTS_A_TICK * workers:
        return ThreadPoolExecutor(workers, thread_name_prefix="simab")
    return local_processes(workers)


def local_processes(workers: int) -> Executor:
    """A pool of fresh processes; they share no lock with this one and leave Ctrl-C to it."""
    # Spawned, not forked: a fork copies whatever locks other threads hold at that moment.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_ignore_interrupts)


def _requests_a_tick(scenario: Scenario) -> float:
    """Mean arrivals between two control events."""
    per_s = sum(segment.rate for segment in scenario.traffic.values())
    return per_s * seconds(scenario.controller.interval)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
