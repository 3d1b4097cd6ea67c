"""A script played in simulated time, as `python script.py` would play it, and how it ended."""

from __future__ import annotations

import io
import random  # noqa: TID251  # the script's own random numbers
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final, Literal

from simab.aws.errors import RehearsalOver
from simab.aws.scripts.exit_functions import exit_functions
from simab.aws.scripts.printed import Printed
from simab.aws.scripts.simulated_time import simulated_time
from simab.aws.timeline import Timeline

__all__ = ["Kind", "ScriptEnd", "out_of_time", "run_script"]

Kind = Literal["ended", "exited", "raised", "over", "out of time", "died"]

_AGAIN_S: Final = 1.0  # a script that catches the end of its real time is told again so much later
# As it is outside simulated time; some systems have none.
_SET_TIMER: Final[Callable[..., object] | None] = getattr(signal, "setitimer", None)


@dataclass(frozen=True, slots=True)
class ScriptEnd:
    """How a script ended, and the beginning and the end of what it printed.

    `kind` is "ended" (its last line was reached), "exited" (it asked for that: `code`), "raised"
    (the traceback is in `message`), "over" (simulated time was), "out of time" (real time was), or
    "died" (with its process).
    """

    kind: Kind
    message: str = ""
    output: str = ""
    errors: str = ""
    code: int | None = None


class _OutOfTime(BaseException):
    """The script has used up its real time. No `Exception`, as with `RehearsalOver`."""


def run_script(
    path: Path,
    arguments: Sequence[str],
    *,
    timeline: Timeline,
    wall_limit_s: float,
    seed: int,
    echo: bool = False,
) -> ScriptEnd:
    """Execute a script in this process, in simulated time; modules that it imports stay loaded.

    Args:
        path: the file.
        arguments: what follows the file's name on the command line.
        timeline: the time that it lives in.
        wall_limit_s: real seconds after which it is ended. It holds in a process's main thread,
            where the system has timers, and where the script does not catch `BaseException`.
        seed: of `random` and `numpy.random`.
        echo: pass on what it prints to the process's own output, so that it is not lost with it.
    """
    path = path.absolute()  # as Python has it in `__file__`
    printed, complained = Printed(1 if echo else None), Printed(2 if echo else None)
    with redirect_stdout(_text_file(printed)), redirect_stderr(_text_file(complained)):
        try:
            _seed(seed)
            with (
                _command_line(path, arguments),
                simulated_time(timeline),
                _wall_limit(wall_limit_s),
                exit_functions(path.resolve().parent),
            ):
                runpy.run_path(str(path), run_name="__main__")
            end = ScriptEnd("ended")
        except KeyboardInterrupt:
            raise  # whoever rehearses it wants it to stop
        except _OutOfTime as error:
            message = f"{out_of_time(wall_limit_s)}. It was at line {_line(error, path)}"
            end = ScriptEnd("out of time", message)
        except BaseException as error:  # noqa: BLE001  # a script may raise anything
            end = _end_by(error, path)
    if end.kind == "exited" and end.message:  # Python prints it
        complained.write(f"{end.message}\n".encode())
    return replace(end, output=printed.text(), errors=complained.text())


def out_of_time(wall_limit_s: float) -> str:
    """What to say of a script that took longer."""
    return (
        f"it had not ended after {wall_limit_s:g} s of real time. Simulated time passes in "
        "time.sleep, in waits with a timeout and in calls of the services; a loop that waits for "
        "a time and does none of these never ends"
    )


def _text_file(printed: Printed) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        printed,  # type: ignore[arg-type]  # it writes all it is given, as a buffer does
        encoding="utf-8",
        errors="backslashreplace",
        write_through=True,
    )


def _seed(seed: int) -> None:
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  # scripts may use it


@contextmanager
def _command_line(path: Path, arguments: Sequence[str]) -> Iterator[None]:
    """What a script finds in `sys.argv` and first in `sys.path`."""
    argv, places = sys.argv[:], sys.path[:]
    sys.argv[:] = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield
    finally:
        sys.argv[:], sys.path[:] = argv, places


@contextmanager
def _wall_limit(wall_limit_s: float) -> Iterator[None]:
    """Raise `_OutOfTime` after so many real seconds, again and again."""
    set_timer = _SET_TIMER
    if set_timer is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    with ExitStack() as undoing:
        undoing.callback(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, end))
        undoing.callback(set_timer, signal.ITIMER_REAL, 0)
        set_timer(signal.ITIMER_REAL, wall_limit_s, _AGAIN_S)
        yield


def _end_by(error: BaseException, path: Path) -> ScriptEnd:
    if over := _first_over(error):
        return ScriptEnd("over", str(over))
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return ScriptEnd("exited", code=int(error.code or 0))
        return ScriptEnd("exited", str(error.code), code=1)
    return ScriptEnd("raised", _traceback(error, path))


def _first_over(error: BaseException | None) -> RehearsalOver | None:
    """The end of simulated time, if it is what led to an error, as in a `finally` or an exit."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # a script may chain them in a circle
        if isinstance(error, RehearsalOver):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _traceback(error: BaseException, path: Path) -> str:
    """As Python prints it, from the script's own frames on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != str(path):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def _line(error: BaseException, path: Path) -> int:
    """The line of the script from which an error came, itself or through what it called."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == str(path)]
    return lines[-1] if lines else 1
