"""A served account on a socket: in a thread for tests and notebooks, or until a signal comes."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from simab.aws.account import Account
from simab.aws.server.app import application
from simab.aws.server.clock import ServedAccount
from simab.aws.server.welcome import LOOPBACK, Welcome, is_loopback
from simab.errors import InvalidInput

try:
    import uvicorn
except ImportError as missing:
    raise InvalidInput(
        f"serving needs uvicorn and starlette, which are not installed ({missing}); "
        "`pip install 'simab[serve]'` brings them"
    ) from None

__all__ = ["Listening", "served"]

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_TOKEN_BYTES: Final = 24
_BACKLOG: Final = 128
_IDLE_S: Final = 75  # a connection that SDKs keep is not closed under them
_MOST_CONNECTIONS: Final = 200  # at a time; further ones get a bare 503
_PATIENCE_S: Final = 5
_ANY_ADDRESS: Final = ("0.0.0.0", "::")


class _Server(uvicorn.Server):
    """Ends by itself when it is asked to, and leaves signals to whoever starts it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listening:
    """A socket at which an account is served.

    Elsewhere than on loopback a token that nobody can guess comes first in all paths.

    Args:
        account: what answers.
        host: where to listen; a name or an address of this machine.
        port: 0 for any that is free.
        speed: simulated seconds in a second of real time, see `ServedAccount`.

    Raises:
        InvalidInput: it is not possible to listen there, or there is no such speed.
    """

    def __init__(
        self, account: Account, *, host: str = "127.0.0.1", port: int = 0, speed: float = 0.0
    ) -> None:
        self.served = ServedAccount(account, speed=speed)
        self._socket = _bound(host, port)
        token = "" if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES)
        own_port = self._socket.getsockname()[1]
        named = socket.gethostname() if host in _ANY_ADDRESS else host
        shown = f"[{named}]" if ":" in named else named
        self.url = f"http://{shown}:{own_port}" + (f"/{token}" if token else "")
        hosts = None if host in _ANY_ADDRESS else LOOPBACK | {host.lower()}
        config = uvicorn.Config(
            application(self.served, Welcome(hosts, token)),
            loop="asyncio",
            http="h11",
            log_config=None,
            log_level="error",
            access_log=False,
            ws="none",
            lifespan="on",
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        self._server = _Server(config)

    @property
    def is_ready(self) -> bool:
        """Whether it answers by now."""
        return self._server.started

    def run(self) -> None:
        """Serve until `end`, in this thread."""
        with self._socket:
            self._server.run(sockets=[self._socket])

    def run_until_signal(self) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP, in the main thread; one that is ignored stays so.

        A second signal does not wait for those who are being answered.
        """

        def ends(_number: int, _frame: FrameType | None) -> None:
            self._server.force_exit = self._server.should_exit
            self.end()

        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        handlers = {number: signal.getsignal(number) for number in numbers}
        before = {each: found for each, found in handlers.items() if found is not signal.SIG_IGN}
        try:
            for number in before:
                signal.signal(number, ends)
            self.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def end(self) -> None:
        """Take no more requests, and let `run` return."""
        self.served.end()
        self._server.should_exit = True


@contextmanager
def served(account: Account, *, port: int = 0, speed: float = 0.0) -> Iterator[str]:
    """Within, an account is served on loopback by a thread; gives the address for `endpoint_url`.

    Meanwhile the account is touched by that thread alone; who serves it may do so before and after.

    Raises:
        InvalidInput: it is not possible to listen there, or there is no such speed.
        RuntimeError: the server ended before it answered.
    """
    listening = Listening(account, port=port, speed=speed)
    thread = threading.Thread(target=listening.run, name="served account", daemon=True)
    thread.start()
    try:
        while not listening.is_ready:
            if not thread.is_alive():
                raise RuntimeError("the server of the account ended before it answered")
            time.sleep(0.001)
        yield listening.url
    finally:
        listening.end()
        thread.join()


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens, so that nobody else can take its port."""
    if not host:
        raise InvalidInput("host: must be a name or an address; 0.0.0.0 for all of this machine")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # By its protocol's number asyncio knows that it is TCP, and sends answers without delay.
        made = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"host = {host}: cannot be listened at ({_why(error)})") from None
    try:
        if os.name == "posix":  # elsewhere it would let two programs take one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)  # who connects before it is served waits
    except OSError as error:
        made.close()
        raise InvalidInput(
            f"port = {port}: cannot be listened at on {host} ({_why(error)}); give another, or "
            "0 for any that is free"
        ) from None
    return made


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
