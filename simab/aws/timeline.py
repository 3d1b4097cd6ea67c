"""Simulated time of an account: what happens at which instant, and who moves with it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

from simab.errors import InvalidInput

__all__ = ["Moving", "Timeline"]


class Moving(Protocol):
    """Something that has a time of its own to be moved to."""

    def advance(self, until_ns: int) -> None:
        """Play all that happens before an instant of the timeline."""


class Timeline:
    """The time of an account, in whole nanoseconds from its start.

    Instants that belong to a running endpoint are kept by it, in its world; those here belong to
    the account alone, such as the end of a creation.

    Args:
        start: the date and time at the start; without a time zone it is taken as UTC.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
        self.now_ns = 0
        self._moving: list[Moving] = []
        self._told: list[Callable[[], None]] = []
        self._awaited: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    @property
    def now(self) -> datetime:
        """Date and time, in UTC; to the microsecond, as Python's dates are."""
        return self.date_of(self.now_ns)

    def date_of(self, at_ns: int) -> datetime:
        """The date and time of an instant."""
        return self._start + timedelta(microseconds=at_ns // 1_000)

    def ns_of(self, date: datetime) -> int:
        """The instant of a date and time; without a time zone it is taken as UTC."""
        aware = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        since = aware - self._start
        return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000

    def move_with(self, moving: Moving) -> None:
        """From now on, move this as well."""
        self._moving.append(moving)

    def leave_behind(self, moving: Moving) -> None:
        """From now on, do not."""
        self._moving.remove(moving)

    def on_move(self, callback: Callable[[], None]) -> None:
        """From now on, call back whenever `now_ns` has changed."""
        self._told.append(callback)

    def not_on_move(self, callback: Callable[[], None]) -> None:
        """From now on, do not."""
        self._told.remove(callback)

    def at(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Call back at an instant, in the order asked for where several are for one.

        Raises:
            InvalidInput: the instant is before now.
        """
        if at_ns < self.now_ns:
            raise InvalidInput(f"at_ns = {at_ns}: must not be before now, {self.now_ns}")
        heapq.heappush(self._awaited, (at_ns, next(self._order), callback))

    def advance(self, until_ns: int) -> None:
        """Let time pass up to an instant; one that is past changes nothing."""
        while self._awaited and self._awaited[0][0] <= until_ns:
            at_ns, _, callback = heapq.heappop(self._awaited)
            self._move(at_ns)
            callback()
        self._move(until_ns)

    def _move(self, until_ns: int) -> None:
        if until_ns > self.now_ns:
            for each in self._moving:
                each.advance(until_ns)
            self.now_ns = until_ns
            for callback in self._told:
                callback()
