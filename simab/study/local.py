"""An executor of processes on this machine, which ends quietly when the user interrupts."""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import Executor, ProcessPoolExecutor

__all__ = ["local_processes"]


def local_processes(workers: int) -> Executor:
    """A pool of fresh processes; they share no lock with this one and leave Ctrl-C to it."""
    # Spawned, not forked: a fork copies whatever locks other threads hold at that moment.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
