"""Executors on this machine: processes, or threads where the compiled kernel does the work.

The kernel lets go of Python's lock, so threads play at once as long as Python has little to do
between two control events; they start at once, where a process first loads all modules.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

from simab.orphans import begin_worker
from simab.scenario.memory import expected_requests
from simab.scenario.models import Scenario
from simab.study.interrupts import interrupts_held_back

__all__ = ["local_processes", "local_workers", "workers_worth_starting"]

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")

_REQUESTS_A_TICK: Final = 2000
"""Per worker: they keep the kernel busy for some 130 us, and a tick Python for 30 to 150."""
_WORTH_PROCESSES: Final = 200  # fewer rows are mostly done before a second process has started


def local_workers(workers: int, scenario: Scenario, *, engine: str = "compiled") -> Executor:
    """Threads where requests are many between two ticks, processes where Python has much to do.

    A rule of thumb for the policies that simab ships; what it chooses changes no result. Give
    policies of your own to `local_processes`: how long they keep Python busy is not known.
    """
    if _kernel_works(workers, scenario, engine):
        return _LocalThreads(workers, thread_name_prefix="simab")
    return local_processes(workers)


def workers_worth_starting(
    workers: int, scenario: Scenario, rows: int, *, engine: str = "compiled"
) -> Executor | None:
    """`local_workers`, or None where one worker or few rows are played as quickly right here."""
    if workers == 1 or not (rows >= _WORTH_PROCESSES or _kernel_works(workers, scenario, engine)):
        return None
    return local_workers(workers, scenario, engine=engine)


def local_processes(workers: int) -> Executor:
    """A pool of fresh processes; they share no lock with this one and leave Ctrl-C to it."""
    # Spawned, not forked: a fork copies whatever locks other threads hold at that moment.
    context = multiprocessing.get_context("spawn")
    return _LocalProcesses(workers, mp_context=context, initializer=begin_worker)


def _kernel_works(workers: int, scenario: Scenario, engine: str) -> bool:
    """Whether the kernel has so much to do between two ticks that threads seldom wait."""
    ticks = scenario.horizon / scenario.controller.interval
    requests = expected_requests(scenario) / ticks
    return engine == "compiled" and requests >= _REQUESTS_A_TICK * workers


class _LocalThreads(ThreadPoolExecutor):
    """Threads that an interrupt does not wait for: a replication cannot be stopped half-way."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        interrupted = isinstance(error, KeyboardInterrupt)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)


class _LocalProcesses(ProcessPoolExecutor):
    """Processes that no Ctrl-C reaches, not even while they load Python and this module.

    `submit` starts them; were it interrupted half-way, they would wait for their work for ever.
    """

    def submit(
        self, call: Callable[_Given, _Answer], /, *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Answer]:
        # What is submitted when an interrupt ends the block is lost, and not called off: who plays
        # abandons the pool, which marks all its futures as failed, and a cancelled one refuses.
        with interrupts_held_back():
            return super().submit(call, *given, **named)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.abandon()
        self.shutdown(wait=True)

    def abandon(self) -> None:
        """End the processes in the midst of what they play: their rows are not kept."""
        for process in list((self._processes or {}).values()):
            process.kill()
