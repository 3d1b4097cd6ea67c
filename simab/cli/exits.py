"""How a command ends: the exit codes, and the exceptions that stand for some of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["EXPLANATION", "ExitCode", "Interrupted", "OutputClosed"]


class ExitCode(IntEnum):
    """What a script may rely on."""

    DONE = 0
    ASSERTION_FAILED = 1
    BAD_INPUT = 2
    CANNOT_BE_TOLD_YET = 3
    REPLICATIONS_FAILED = 4
    # EX_SOFTWARE of sysexits.h: a crash must not look like a failed assertion, as Python's 1 would
    BUG = 70
    INTERRUPTED = 130
    # what a shell reports for a program that the closing of a pipe ended (128 + SIGPIPE)
    OUTPUT_CLOSED = 141


EXPLANATION: Final = (
    "Exit codes: 0 done, 1 a stated assertion failed, 2 bad input, 3 it cannot be told yet, "
    "4 some replications failed, 130 interrupted."
)


class Interrupted(Exception):
    """Stopped by the user; the text says how to resume."""


class OutputClosed(Exception):
    """Whoever read the output has gone (`simab ... | head`)."""
