"""An executor of a Dask cluster: batches go through its scheduler, this process writes the rows.

Tasks there cost some milliseconds each, and pass the scheduler: so one lasts some seconds, and few
wait for each worker. A worker that is killed costs what it was playing; Dask gives it to another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from typing import Any, Final, ParamSpec, TypeVar

from simab.errors import InvalidInput, NoResources
from simab.study.row_code import playing_digest

__all__ = ["DaskWorkers"]

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")

_TIMEOUT_S: Final = 10
_SECONDS_BETWEEN_COUNTS: Final = 5.0
_LOGGERS: Final = (
    "distributed",
    "distributed.client",
    "distributed.comm",
    "tornado.application",
    "asyncio",
)
_BATCHES_A_THREAD: Final = 2  # one that is played, and one that waits beside it


class DaskWorkers(Executor):
    """The workers of a Dask cluster, as many as it has at each moment.

    From here on `distributed`, and Tornado and asyncio below it, log no errors in this process:
    they would log a scheduler's end, which is raised here.

    Args:
        address: of the scheduler, as `tcp://10.0.0.7:8786`.

    Raises:
        InvalidInput: distributed is not installed, or no scheduler answers there.
    """

    batch_s: Final = 4.0
    finishes_what_it_has: Final = True
    """A task that runs cannot be told from one that waits: what was sent is waited for."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            raise InvalidInput(
                "--dask needs distributed, which is not installed; `pip install 'simab[dask]'` "
                "brings it"
            ) from None
        _say_nothing_of_lost_connections()
        self._address = address
        try:
            self._client = Client(address, timeout=_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InvalidInput(
                f"--dask {address}: no scheduler answers there ({error}). Start one with "
                "`dask scheduler`, and give the address that it prints, as tcp://127.0.0.1:8786"
            ) from None
        # Not pure: Dask would take two tasks that look alike for one.
        self._executor = self._client.get_executor(pure=False)
        self.lost = (KilledWorker, CancelledError)
        self.code = playing_digest()
        self._threads, self._counted_s = 1, -_SECONDS_BETWEEN_COUNTS

    @property
    def places(self) -> int:
        """How many batches to have under way; workers come and go, so they are counted again."""
        if time.monotonic() - self._counted_s >= _SECONDS_BETWEEN_COUNTS:
            self._counted_s = time.monotonic()
            # Whatever is raised where the scheduler has gone: to submit says so.
            with suppress(Exception):
                self._threads = max(sum(self._client.nthreads().values()), 1)
        return _BATCHES_A_THREAD * self._threads

    def submit(
        self, call: Callable[_Given, _Answer], /, *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Answer]:
        try:
            future: Future[_Answer] = self._executor.submit(call, *given, **named)
        except Exception as error:  # whatever a client raises whose scheduler has gone
            if self._is_connected:
                raise
            raise NoResources(f"The Dask scheduler at {self._address} is gone ({error}).") from None
        return future

    def abandon(self) -> None:
        """Call off whatever was sent, also what is played."""
        if self._is_connected:
            self._executor.shutdown(wait=False)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster; its scheduler and workers stay."""
        if self._is_connected:
            self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close(timeout=_TIMEOUT_S)

    @property
    def is_gone(self) -> bool:
        """Whether the client has given up its scheduler; before that it tries for a while."""
        return self._client.status in ("closing", "closed")

    @property
    def _is_connected(self) -> bool:
        """A client without a scheduler would wait for its answer for ever."""
        return bool(self._client.status == "running")

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.shutdown(wait=error is None)


def _say_nothing_of_lost_connections() -> None:
    """A client logs a scheduler's end with tracebacks; what it means is said when it is raised."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
