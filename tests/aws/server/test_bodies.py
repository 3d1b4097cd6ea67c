"""Bodies of requests: nothing is kept of what is refused, and none is waited for without end."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from starlette.requests import Request
from starlette.types import Message

from simab.aws.errors import ServiceError
from simab.aws.server import app, bodies
from simab.aws.server.bodies import body_of, drain
from tests.aws.server.asking import Answer, Server
from tests.aws.server.error_shapes import json_error

MIB = 1 << 20
CHUNK = b"x" * MIB


def request(chunks: int) -> Request:
    """A request whose body has as many MiB."""
    left = iter(range(chunks, -1, -1))

    async def receive() -> Message:
        following = next(left)
        body = CHUNK if following else b""
        return {"type": "http.request", "body": body, "more_body": bool(following)}

    return Request({"type": "http", "headers": []}, receive)


def peak_bytes(reading: Callable[[Request], Awaitable[object]], chunks: int) -> int:
    """The most memory that is taken while a body is read, whatever comes of it."""

    async def read() -> None:
        with suppress(ServiceError):
            await reading(request(chunks))

    tracemalloc.start()
    try:
        asyncio.run(read())
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_a_body_is_whole_up_to_the_limit() -> None:
    assert asyncio.run(body_of(request(8))) == CHUNK * 8
    with pytest.raises(ServiceError, match="8388608 bytes"):
        asyncio.run(body_of(request(9)))


def test_a_body_that_is_too_long_is_not_kept() -> None:
    """60 MiB are read, and no more than the 8 MiB of an answerable one are ever held."""
    assert peak_bytes(body_of, 60) < 20 * MIB


def test_nothing_is_kept_of_a_body_whose_request_is_refused() -> None:
    assert peak_bytes(drain, 60) < MIB


def test_a_body_without_end_is_left() -> None:
    """In the middle of 100 MiB, as nobody who is served sends so much."""
    left = request(100)
    asyncio.run(drain(left))
    assert not left._stream_consumed


@pytest.mark.parametrize("headers", [{"Host": "elsewhere.example"}, {"Origin": "http://a.example"}])
def test_whoever_may_not_ask_has_no_body_read_to_be_answered(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    """Refused by its headers, with the whole body read so that the client sees the answer."""

    async def kept(_: Request) -> bytes:
        raise AssertionError("the body was kept")

    monkeypatch.setattr(app, "body_of", kept)
    answer = serve().ask("POST", "/", CHUNK * 9, headers)
    assert json_error(answer)[:2] == (403, "AccessDeniedException")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere.example"])
def test_a_body_that_does_not_come_is_not_waited_for(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(bodies, "_LONGEST_S", 0.05)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n{{"
        connection.sendall(head.encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    first, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    found = {name.lower(): value for name, _, value in pairs}
    answer = Answer(int(first.split()[1]), found, received.partition(b"\r\n\r\n")[2])
    assert json_error(answer)[:2] == (408, "RequestTimeout")


def test_connections_are_numbered(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those beyond what the server holds open get a bare 503."""
    monkeypatch.setattr("simab.aws.server.listening._MOST_CONNECTIONS", 3)
    server = serve()
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    try:
        assert server.raw(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 503 ")
    finally:
        for each in idle:
            each.close()
