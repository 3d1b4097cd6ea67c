"""The order of events at one instant: control, completions, arrivals, then calls from outside.

SimPy runs events of equal time by priority, then in the order in which they were scheduled.
"""

from __future__ import annotations

from enum import IntEnum

import simpy

__all__ = ["Rank", "at", "now_ns", "play_until"]


class Rank(IntEnum):
    """Priority of an event among others at the same instant; lower runs first.

    COMPLETION is SimPy's own NORMAL, at which a freed worker is handed on.
    """

    CONTROL = 0
    COMPLETION = 1
    ARRIVAL = 2
    CALL = 3


def at(environment: simpy.Environment, time_ns: int, rank: Rank) -> simpy.Event:
    """An event that happens at `time_ns`, in its place among the events of that instant."""
    event = simpy.Event(environment)
    event._ok, event._value = True, None  # what simpy.Timeout does, which has no priority
    environment.schedule(event, rank, time_ns - environment.now)  # type: ignore[arg-type]
    return event


def now_ns(environment: simpy.Environment) -> int:
    """The simulated time, which is a whole number because every event was set at one."""
    return int(environment.now)


def play_to(environment: simpy.Environment, reached: simpy.Event) -> None:
    """Play all events up to one of them, as `run(until=reached)` does, for a third of the cost."""
    while not reached.processed:
        environment.step()


def play_until(environment: simpy.Environment, time_ns: int) -> None:
    """Play all events before an instant, and the control events at it, also those set on the way.

    Where there are none, as before most ticks, time passes at once.
    """
    if environment.peek() > time_ns:
        environment._now = time_ns
        return
    play_to(environment, at(environment, time_ns, Rank.CONTROL))
    queue = environment._queue
    while queue and queue[0][0] == time_ns and int(queue[0][1]) == Rank.CONTROL:
        environment.step()
