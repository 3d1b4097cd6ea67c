"""How simulated time passes while an account is served: as calls ask for it, or with real time."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.errors import RehearsalOver
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.server.call_log import CallLog
from simab.aws.server.truth import state_of
from simab.aws.timeline import Timeline
from simab.errors import InvalidInput

__all__ = ["Interrupted", "ServedAccount"]

_SLOWEST: Final = 0.01
_FASTEST: Final = 1e6
_BEAT_S: Final = 0.05
_LONGEST_S: Final = 0.1  # real time for which others may have to wait
_STEP_NS: Final = 60 * 10**9
_SHORTEST_WAIT_S: Final = 0.001
_NEVER_NS: Final = 2**63 - 1
_HORIZON: Final = "the simulated horizon has been reached"


class Interrupted(Exception):
    """The server ends while simulated time was asked to pass."""


async def _rest() -> None:
    """Nothing is to be done."""


class ServedAccount:
    """An account whose time passes with calls, by `advance`, and with real time if it has a speed.

    All of it happens in one thread, that of the server's event loop. Whoever calls or advances
    holds `alone` meanwhile.

    Args:
        account: what answers.
        speed: simulated seconds in a second of real time, from 0.01 to a million; 0 where time
            passes only in invocations and by `advance`. Where the machine cannot play so fast, it
            passes as fast as it can.

    Raises:
        InvalidInput: it is another speed.
    """

    def __init__(self, account: Account, *, speed: float = 0.0) -> None:
        if speed != 0 and not _SLOWEST <= speed <= _FASTEST:
            rule = f"must be 0, or from {_SLOWEST:g} to {_FASTEST:.0f}"
            raise InvalidInput(f"speed = {speed:g}: {rule}")
        self.account, self.speed = account, speed
        self.alone = asyncio.Lock()
        self.over, self.calls = "", CallLog()
        self._ending = False
        self._real_s, self._simulated_ns = time.monotonic(), self._timeline.now_ns

    @property
    def _timeline(self) -> Timeline:
        return self.account.timeline

    def state(self) -> dict[str, Any]:
        """What is so now, in plain data."""
        return {
            **state_of(self.account, over=bool(self.over), speed=self.speed),
            "calls": self.calls.newest(),
        }

    def state_json(self) -> str:
        """The same as text, for a file."""
        return json.dumps(self.state(), indent=2, allow_nan=False) + "\n"

    def end(self) -> None:
        """Break off whatever lets time pass."""
        self._ending = True

    def catch_up(self) -> None:
        """Let simulated time pass as far as real time has, at most for a moment of real time."""
        if not self.speed or self.over:
            return
        began_s = time.monotonic()
        until_ns = self._simulated_ns + round((began_s - self._real_s) * self.speed * 1e9)
        while self._timeline.now_ns < until_ns and not self.over:
            self._move(min(until_ns, self._next_step_ns))
            if time.monotonic() - began_s > _LONGEST_S:  # what was not played is not made up for
                self._restart()
                return

    async def advance(
        self, seconds: float, rest: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Let simulated time pass, whatever the speed; the server goes on meanwhile.

        Before it, and every while within it, `rest` is waited for; whatever that raises ends it,
        with the time that has passed by then.

        Raises:
            Interrupted: the server ends before.
        """
        try:
            await self._advance(seconds, rest or _rest)
        finally:
            self._restart()

    async def _advance(self, seconds: float, rest: Callable[[], Awaitable[None]]) -> None:
        until_ns = self._timeline.now_ns + round(seconds * 1e9)
        await rest()
        rested_s = time.monotonic()
        while self._timeline.now_ns < until_ns and not self.over:
            if self._ending:
                raise Interrupted
            self._move(min(until_ns, self._next_step_ns))
            if time.monotonic() - rested_s > _LONGEST_S:
                await asyncio.sleep(0)
                await rest()
                rested_s = time.monotonic()

    async def until_real_time_catches_up(self) -> None:
        """Wait until real time is as far as what calls have taken in simulated time.

        Or until the server ends.
        """
        if not self.speed or self.over:
            return
        ahead_ns = self._timeline.now_ns - self._simulated_ns
        until_s = self._real_s + ahead_ns / 1e9 / self.speed
        while (ahead_s := until_s - time.monotonic()) > _SHORTEST_WAIT_S and not self._ending:
            await asyncio.sleep(min(ahead_s, _LONGEST_S))

    async def keep_time(self) -> None:
        """Let time pass by itself, if it has a speed, until this is cancelled."""
        while self.speed:
            await asyncio.sleep(_BEAT_S)
            async with self.alone:
                try:
                    self.catch_up()
                except Exception:  # time goes on all the same
                    logging.getLogger(__name__).exception("Something went wrong as time passed.")

    def _restart(self) -> None:
        """From now on real and simulated time go on side by side from where they are."""
        self._real_s, self._simulated_ns = time.monotonic(), self._timeline.now_ns

    @property
    def _next_step_ns(self) -> int:
        """The next full minute: endpoints begin to serve at no other instant after now."""
        return (self._timeline.now_ns // _STEP_NS + 1) * _STEP_NS

    def _move(self, until_ns: int) -> None:
        """Play up to an instant, or to the first horizon if that comes before."""
        try:
            self._timeline.advance(self._timeline.now_ns)  # who is to serve from now on does
            if until_ns < self._horizon_ns:
                self._timeline.advance(until_ns)
            else:
                self.stop(_HORIZON)
        except RehearsalOver as over:
            self.stop(str(over))

    def stop(self, why: str) -> None:
        """Let no time pass any more, and all that serve come to the same instant before."""
        if self.over:
            return
        self.over = why
        serving, timeline = self._serving, self._timeline
        reached_ns = [each.began_ns + each.serving.now_ns for each in serving]
        end_ns = max(self._horizon_ns if serving else 0, timeline.now_ns, *reached_ns)
        for endpoint in serving:
            with suppress(RehearsalOver):
                endpoint.advance(end_ns)
            timeline.leave_behind(endpoint)  # as its horizon would stop the others
        timeline.advance(end_ns)
        for endpoint in serving:
            timeline.move_with(endpoint)

    @property
    def _serving(self) -> list[LiveEndpoint]:
        endpoints = self.account.endpoints.values()
        return [each for each in endpoints if each.session is not None and not each.deleting]

    @property
    def _horizon_ns(self) -> int:
        """The first instant at which a world has been played to its end."""
        ends = (each.began_ns + each.serving.blueprint.horizon_ns for each in self._serving)
        return min(ends, default=_NEVER_NS)
