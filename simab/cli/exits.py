"""How a command ends: the exit codes, and the exceptions that stand for some of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["EXPLANATION", "ExitCode", "Interrupted", "OutputClosed"]


class ExitCode(IntEnum):
    """What a script may rely on."""

    DONE = 0
    REQUIREMENTS_FAILED = 1
    BAD_INPUT = 2
    CANNOT_TELL = 3
    REPLICATIONS_FAILED = 4
    # EX_SOFTWARE of sysexits.h; 1, which Python would give, says that a requirement failed
    BUG = 70
    NO_RESOURCES = 71  # EX_OSERR of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT; 129 and 143 after SIGHUP and SIGTERM
    # what a shell reports for a program that the closing of a pipe ended (128 + SIGPIPE)
    OUTPUT_CLOSED = 141


EXPLANATION: Final = (
    "Exit codes: 0 done, 1 a requirement failed and 3 cannot tell yet (compare --gate), or 1 a "
    "check or a comparison of runs failed (verify), 2 bad "
    "input, 4 some replications failed, 71 memory, files or a worker "
    "process gone, 130 interrupted (129 by SIGHUP, 143 by SIGTERM)."
)


class Interrupted(Exception):
    """Stopped by the user; the text says how to resume."""


class OutputClosed(Exception):
    """The reader of the output has gone (`simab ... | head`)."""
