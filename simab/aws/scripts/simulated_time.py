"""Simulated time for an unchanged script: its clocks and sleeps follow a timeline.

Python's clocks of the day (`time.time`, `datetime.now`, `date.today` and what builds on them) are
moved by time-machine; the others are replaced here, where a module looks them up. The local time
zone is UTC, so that a script does the same on every machine. Computing takes no simulated time.
The clocks of processor time and the dates of files are real.
"""

from __future__ import annotations

import math
import operator
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Final

from simab.aws.errors import NoProcess, NotRehearsable
from simab.aws.scripts.refused import (
    PROCESSES,
    REFUSED,
    TIMER_DUE,
    WAITING_FOR_FILES,
    WITHOUT_TIMEOUT,
)
from simab.aws.timeline import Timeline

if TYPE_CHECKING:
    from time_machine import Traveller

__all__ = ["simulated_time"]

Function = Callable[..., Any]
# From the original, what takes its place. It does what the original does for a thread that is not
# in simulated time: there may be others, and a module that imports it meanwhile keeps it.
Replacing = Callable[[Function], Function]

_SECOND_NS: Final = 10**9
_LONGEST_NS: Final = 2**63 - 1
# What `time.monotonic` shows at the start: as if the machine had been started a day before.
_SINCE_BOOT_NS: Final = 86_400 * _SECOND_NS


@dataclass(frozen=True, slots=True)
class _Simulated:
    """The timeline, and the one thread that lives by it."""

    timeline: Timeline
    thread: int


_ACTIVE: Final[list[_Simulated]] = []  # at most one


@contextmanager
def simulated_time(timeline: Timeline) -> Iterator[None]:
    """Let the calling thread live in the time of a timeline; nothing else may be started in it.

    `time.sleep` and waits with a timeout advance the timeline. What waits or runs in another way
    raises `NotRehearsable`. All is as before at the end, however it comes.

    Raises:
        RuntimeError: this process is in simulated time already.
    """
    import time_machine

    if _ACTIVE:
        raise RuntimeError("simulated time does not nest: leave the first before a second begins")
    replaced = {**_SIMULATED, **{name: _refusal(why) for name, why in REFUSED.items()}}
    found = [(*place, replacing) for name, replacing in replaced.items() if (place := _place(name))]
    with ExitStack() as undoing:
        travel = undoing.enter_context(time_machine.travel(timeline.date_of(0), tick=False))
        undoing.callback(os.environ.setdefault, "TZ", "UTC")  # time-machine takes it away
        clock = _Clock(timeline, travel)
        timeline.on_move(clock.follow)
        undoing.callback(timeline.not_on_move, clock.follow)
        for owner, name, replacing in found:
            _replace(undoing, owner, name, replacing)
        _ACTIVE.append(_Simulated(timeline, threading.get_ident()))
        undoing.callback(_ACTIVE.clear)
        yield


class _Clock:
    """Keeps the clock of the day at the timeline's now, to the nanosecond."""

    def __init__(self, timeline: Timeline, travel: Traveller) -> None:
        self._timeline, self._travel = timeline, travel
        self._shown_ns = 0
        self.follow()

    def follow(self) -> None:
        """Move on to now; in two steps, each of which is exact as time-machine takes it."""
        seconds, rest_ns = divmod(self._timeline.now_ns - self._shown_ns, _SECOND_NS)
        self._travel.shift(seconds)
        self._travel.shift(rest_ns / _SECOND_NS)
        self._shown_ns = self._timeline.now_ns


def _place(name: str) -> tuple[Any, str] | None:
    """The module or class that owns a function, and its name there; None if it has no such one."""
    path, _, attribute = name.rpartition(".")
    owner = resolve_name(path)
    return (owner, attribute) if hasattr(owner, attribute) else None


def _replace(undoing: ExitStack, owner: Any, name: str, replacing: Replacing) -> None:
    own = vars(owner).get(name)
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(replacing(original)))
    if own is None:  # a class that inherits it
        undoing.callback(delattr, owner, name)
    else:
        undoing.callback(setattr, owner, name, own)


def _active() -> Timeline | None:
    """The timeline if the thread that asks lives by it."""
    if _ACTIVE and _ACTIVE[0].thread == threading.get_ident():
        return _ACTIVE[0].timeline
    return None


def _nanoseconds(seconds: object) -> int:
    """A length of time as `time.sleep` takes it: at least a nanosecond unless it is zero."""
    if not isinstance(seconds, float):
        length_ns = operator.index(seconds) * _SECOND_NS  # type: ignore[arg-type] # or TypeError
    elif math.isnan(seconds):
        raise ValueError("Invalid value NaN (not a number)")
    elif math.isinf(seconds):
        length_ns = int(math.copysign(_LONGEST_NS + 1, seconds))
    else:
        length_ns = round(seconds * _SECOND_NS) or (seconds > 0) - (seconds < 0)
    if length_ns > _LONGEST_NS:
        raise OverflowError("timestamp too large to convert to C PyTime_t")
    return length_ns


def _refusal(why: str) -> Replacing:
    def replacing(original: Function) -> Function:
        def refuse(*arguments: Any, **named: Any) -> Any:
            if _active() is not None:
                raise (NoProcess if why == PROCESSES else NotRehearsable)(why)
            return original(*arguments, **named)

        return refuse

    return replacing


def _sleep(original: Function) -> Function:
    def sleep(seconds: float, /) -> None:
        if (timeline := _active()) is None:
            original(seconds)
            return
        if (length_ns := _nanoseconds(seconds)) < 0:
            raise ValueError("sleep length must be non-negative")
        timeline.advance(timeline.now_ns + length_ns)

    return sleep


def _since_boot(original: Function) -> Function:
    def reading() -> Any:
        timeline = _active()
        return original() if timeline is None else (_SINCE_BOOT_NS + timeline.now_ns) / _SECOND_NS

    return reading


def _since_boot_ns(original: Function) -> Function:
    def reading() -> Any:
        timeline = _active()
        return original() if timeline is None else _SINCE_BOOT_NS + timeline.now_ns

    return reading


def _system_clock(since_boot: Replacing) -> Replacing:
    """Clocks by number: those that count from the machine's start; others are as they were."""

    def replacing(original: Function) -> Function:
        def reading(clock: int, /) -> Any:
            of_clock = partial(original, clock)
            return since_boot(of_clock)() if clock in _SINCE_BOOT_CLOCKS else of_clock()

        return reading

    return replacing


_SINCE_BOOT_CLOCKS: Final = frozenset(
    getattr(time, name)
    for name in ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_UPTIME_RAW")
    if hasattr(time, name)
)


def _text_of_now(original: Function) -> Function:
    """`time.ctime`, which reads the real clock where it is asked for now."""

    def text(seconds: float | None = None, /) -> Any:
        return original(time.time() if seconds is None else seconds)

    return text


def _text_of_local_now(original: Function) -> Function:
    """`time.asctime`, likewise."""

    def text(*broken_down: Any) -> Any:
        return original(*broken_down) if broken_down else original(time.localtime())

    return text


def _condition_wait(original: Function) -> Function:
    def wait(condition: threading.Condition, timeout: float | None = None) -> Any:
        if (timeline := _active()) is None:
            return original(condition, timeout)
        if timeout is None:
            raise NotRehearsable(WITHOUT_TIMEOUT)
        timeline.advance(timeline.now_ns + _nanoseconds(timeout))
        return original(condition, 0)

    return wait


def _timer_start(original: Function) -> Function:
    """Timers are for what takes too long, such as a warning; in no time, they are cancelled."""

    def start(timer: threading.Timer) -> None:
        if (timeline := _active()) is None:
            original(timer)
            return

        def due() -> None:
            if _active() is timeline and not timer.finished.is_set():
                raise NotRehearsable(TIMER_DUE)

        timeline.at(timeline.now_ns + max(0, _nanoseconds(timer.interval)), due)

    return start


def _select(original: Function) -> Function:
    def select(
        reading: Any, writing: Any, failing: Any, timeout: float | None = None, /
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Only as a sleep: the time at which a file becomes ready is not simulated."""
        if (timeline := _active()) is None:
            return original(reading, writing, failing, timeout)  # type: ignore[no-any-return]
        if timeout is None or any(map(list, (reading, writing, failing))):
            raise NotRehearsable(WAITING_FOR_FILES)
        if (length_ns := _nanoseconds(timeout)) < 0:
            raise ValueError("timeout must be non-negative")
        timeline.advance(timeline.now_ns + length_ns)
        return [], [], []

    return select


# threading and queue count their timeouts by clocks of their own names.
_SIMULATED: Final[dict[str, Replacing]] = {
    "time.sleep": _sleep,
    "time.monotonic": _since_boot,
    "threading._time": _since_boot,
    "queue.time": _since_boot,
    "time.perf_counter": _since_boot,
    "time.monotonic_ns": _since_boot_ns,
    "time.perf_counter_ns": _since_boot_ns,
    "time.clock_gettime": _system_clock(_since_boot),
    "time.clock_gettime_ns": _system_clock(_since_boot_ns),
    "time.ctime": _text_of_now,
    "time.asctime": _text_of_local_now,
    "threading.Condition.wait": _condition_wait,
    "threading.Timer.start": _timer_start,
    "select.select": _select,
}
