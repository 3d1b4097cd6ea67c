"""Signals that ask the program to end: they interrupt as Ctrl-C does, and it says what is kept."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from simab.cli.exits import ExitCode

__all__ = ["ended_by_signal", "leave_threads_behind"]

_NAMES: Final = ("SIGTERM", "SIGHUP")
_PATIENCE_S: Final = 10.0
"""For cleaning up; a supervisor sends SIGKILL after 10 s or more."""
_ONCE_MORE_S: Final = 0.05
"""By then whatever could not pass an interrupt on has returned."""


@contextmanager
def ended_by_signal() -> Iterator[list[int]]:
    """Within the block a signal to end raises KeyboardInterrupt; the list holds its exit code.

    Where a signal is ignored (`nohup`) or handled already, it stays so. A second one ends at once,
    and so does a clock if the interrupt got lost in a library. One that arrives where Python cannot
    raise (a callback from C, as compilers use, or `__del__`) comes again, without a traceback.
    """
    codes: list[int] = []
    taken: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        codes.append(128 + number)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # or a lost one could not come again
            signal.signal(signal.SIGINT, signal.default_int_handler)
        clock = threading.Timer(_PATIENCE_S, os._exit, (128 + number,))
        clock.daemon = True
        clock.start()
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for name in _NAMES:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, interrupt)
                taken.append(number)
    unraisable = sys.unraisablehook
    sys.unraisablehook = _interrupts_again(unraisable)
    try:
        yield codes
    finally:
        sys.unraisablehook = unraisable
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _interrupts_again(
    report: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], object]:
    """A hook that raises a lost interrupt once more; all else is reported as before."""

    def hook(lost: sys.UnraisableHookArgs) -> object:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            return report(lost)
        # Not from here: it would be lost in this hook.
        again = threading.Timer(_ONCE_MORE_S, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
        return None

    return hook


def leave_threads_behind(code: int) -> None:
    """End now if an interrupted command has threads at work: Python would wait for them.

    What they play is kept nowhere, and a long replication may take minutes.
    """
    names = (thread.name for thread in threading.enumerate())
    if code >= ExitCode.INTERRUPTED and any(name.startswith("simab_") for name in names):
        os._exit(code)
