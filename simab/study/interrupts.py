"""Ctrl-C while processes are started: what the terminal sends to all is for the command alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

__all__ = ["interrupts_held_back"]


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends; processes that it starts hold it back for good.

    Two things keep it: this thread's signal mask, which a new process inherits, and a handler that
    makes a note, since the system may hand the signal to any other thread of this process.
    On Windows, which has no mask, new processes must ignore it themselves.

    Raises:
        KeyboardInterrupt: at the end of the block, where there was one meanwhile.
    """
    heard: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    takes_over = threading.current_thread() is threading.main_thread() and callable(handler)
    if takes_over:
        signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with _masked():
            yield
    finally:
        if takes_over:
            signal.signal(signal.SIGINT, handler)
        if heard:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _masked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The first process would start the tracker, which lets interrupts through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
