"""Interrupts while processes are started: Ctrl-C is for the command alone, and may wait for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Final

__all__ = ["interrupts_held_back"]

_INTERRUPTING: Final = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold interrupts back until the block ends; processes that it starts hold Ctrl-C for good.

    Two things keep it: this thread's signal mask, which a new process inherits, and a handler that
    makes a note, since the system may hand the signal to any other thread of this process.
    On Windows, which has no mask, new processes must ignore it themselves. Other signals that are
    handled here, as SIGTERM may be, are noted as well, and reach new processes.

    Raises:
        KeyboardInterrupt: at the end of the block, where there was one meanwhile.
    """
    heard: list[int] = []
    handlers = _handlers() if threading.current_thread() is threading.main_thread() else {}
    for number in handlers:
        signal.signal(number, lambda number, _: heard.append(number))
    try:
        with _masked():
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(heard):
            signal.raise_signal(number)


def _handlers() -> dict[int, Callable[..., Any]]:
    """What Python calls on the signals that interrupt, by their numbers."""
    numbers = [getattr(signal, name) for name in _INTERRUPTING if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    # The default of the system is an enumeration, which can be called as well.
    return {
        number: handler
        for number, handler in handlers.items()
        if callable(handler) and not isinstance(handler, signal.Handlers)
    }


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
