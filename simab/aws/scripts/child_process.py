"""A job in a process of its own, whose death by any cause is an answer like any other."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Final

from simab.aws.scripts.printed import Printed
from simab.aws.scripts.script import Kind, ScriptEnd, out_of_time

__all__ = ["PRINT_LIMIT_BYTES", "play_in_child"]

PRINT_LIMIT_BYTES: Final = 64 * 2**20
_LOOK_S: Final = 0.1  # how often to look whether the process is there, where nothing else tells
_READ_BYTES: Final = 2**16
_LAST_READS: Final = 16  # a pipe holds 1 MiB at most


def play_in_child(
    job: str,
    options: dict[str, Any],
    *,
    seed: int,
    wall_limit_s: float,
    print_limit_bytes: int = PRINT_LIMIT_BYTES,
) -> dict[str, Any] | ScriptEnd:
    """What a function answers in a process of its own, or how that process ended without one.

    Nothing that it has started is left at the end, but what has left its process group.

    Args:
        job: the import path of the function, `package.module:name`; it takes the options as they
            are after JSON, and returns what JSON can write.
        options: its one argument.
        seed: of the hashes of strings, and so of the order of sets.
        wall_limit_s: real seconds after which it is killed.
        print_limit_bytes: how much it may print before it is killed.
    """
    with ExitStack() as closing:
        try:
            child = _Child(closing, {"job": job, "options": options}, seed)
        except OSError as error:  # no memory or no processes are left
            return ScriptEnd("died", f"its process could not be started: {error}")
        return child.answer(wall_limit_s, print_limit_bytes)


class _Child:
    """A started process, and what has been heard of it so far.

    Args:
        closing: ends the process and closes its pipes.
        task: the job and its options.
        seed: of its hashes.
    """

    def __init__(self, closing: ExitStack, task: dict[str, Any], seed: int) -> None:
        self._output, self._errors, self._answer = Printed(), Printed(), bytearray()
        results, results_there = _pipe(closing)
        parent_there, _ = _pipe(closing)  # the other end is held open until all is over
        with tempfile.TemporaryFile() as file:  # unlike a pipe, it need not be read to be written
            file.write(json.dumps(task).encode())
            file.seek(0)
            there = (results_there.fileno(), parent_there.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-P", "-m", "simab.aws.scripts.child", *map(str, there)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=there,
                env=_environment(seed),
                start_new_session=True,
            )
        closing.enter_context(self._process)
        closing.callback(self._kill)
        results_there.close()  # so that its end is noticed
        self._waiting = closing.enter_context(selectors.DefaultSelector())
        self._hear(results, self._answer.extend)
        self._hear(self._process.stdout, self._output.write)
        self._hear(self._process.stderr, self._errors.write)

    def _hear(self, pipe: IO[bytes] | None, heard: Callable[[bytes], object]) -> None:
        if pipe is not None:
            self._waiting.register(pipe.fileno(), selectors.EVENT_READ, heard)

    def answer(self, wall_limit_s: float, print_limit_bytes: int) -> dict[str, Any] | ScriptEnd:
        """Listen until it has answered, has ended, or must not go on."""
        deadline = time.monotonic() + wall_limit_s
        while not self._answered:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return self._end("out of time", out_of_time(wall_limit_s))
            self._listen(min(left_s, _LOOK_S))
            if self._output.total + self._errors.total > print_limit_bytes:
                return self._end("died", f"killed: it printed more than {print_limit_bytes} bytes")
            if self._process.poll() is not None:
                end = self._end("died", _cause(self._process.returncode))
                if not self._answered:  # nor with its last words
                    return end
        return self._result()

    @property
    def _answered(self) -> bool:
        return self._answer.endswith(b"\n")

    def _result(self) -> dict[str, Any] | ScriptEnd:
        try:
            answer = json.loads(self._answer)
            if "result" in answer:
                result: dict[str, Any] = answer["result"]
                return result
            return self._end("died", f"the job failed:\n{answer['failure']}")
        except ValueError:  # what it plays has written into a pipe that is not its own
            return self._end("died", "its answer cannot be read")

    def _listen(self, longest_s: float) -> None:
        for key, _ in self._waiting.select(longest_s):
            if data := os.read(key.fd, _READ_BYTES):
                key.data(data)
            else:
                self._waiting.unregister(key.fd)

    def _end(self, kind: Kind, message: str) -> ScriptEnd:
        """With what it has printed until it was killed."""
        self._kill()
        for _ in range(_LAST_READS):
            self._listen(0)
        return ScriptEnd(kind, message, self._output.text(), self._errors.text())

    def _kill(self) -> None:
        """End it with all that it has started."""
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of the dead
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _pipe(closing: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Its two ends, to read from and to write to."""
    reading, writing = os.pipe()
    return (
        closing.enter_context(os.fdopen(reading, "rb", buffering=0)),
        closing.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )


def _environment(seed: int) -> dict[str, str]:
    """Modules are found where this process finds them, and hashes are those of the seed."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(place or str(Path.cwd()) for place in sys.path),
        "PYTHONHASHSEED": str(seed % 2**32),
    }


def _cause(code: int) -> str:
    """Why a process has ended, by its exit code."""
    if code >= 0:
        return f"its process ended by itself, with code {code}"
    name = next((each.name for each in signal.Signals if each == -code), f"signal {-code}")
    memory = ", as a system does that runs out of memory" if name == "SIGKILL" else ""
    return f"its process was killed by {name}{memory}"
