"""Calls a second of a simulated account: by boto3 in process, and over HTTP on kept connections."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.figures import Effort, Figure
from benchmarks.measuring import cpu_us_each

if TYPE_CHECKING:
    from simab.aws import Account

__all__ = ["calls_of_an_account"]

_SCENARIO: Final = str(Path(__file__).parents[1] / "scenarios" / "churn.yaml")
_BODY: Final = b'{"EndpointName": "prod"}'
_REQUESTS: Final = {
    "DescribeEndpoint": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
    b"application/x-amz-json-1.1\r\nX-Amz-Target: SageMaker.DescribeEndpoint\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY),
    "InvokeEndpoint": b"POST /endpoints/prod/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Length: 3\r\n\r\n1,2",
}
_CLIENTS: Final = (1, 2)


def calls_of_an_account(effort: Effort) -> Iterator[Figure]:
    """Calls a second of scenarios/churn.yaml: boto3 in process, and bare sockets over HTTP."""
    count = effort.count(1_000, least=10)
    for operation, call in _in_process().items():
        call()
        repeated = partial(_times, call, count)
        values = tuple(1e6 / cpu_us_each(repeated) for _ in range(effort.repeats))
        yield Figure(f"boto3 in process, {operation}", "calls/s CPU", values)
    with _server_in_a_thread() as port:
        for operation, request in _REQUESTS.items():
            _ask(port, request, 10)
            repeated = partial(_times_over_http, port, request, count)
            values = tuple(1e6 / cpu_us_each(repeated) for _ in range(effort.repeats))
            yield Figure(f"over HTTP, both sides, {operation}", "calls/s CPU", values)
    with _server() as port:
        for operation, request in _REQUESTS.items():
            _ask(port, request, 10)
            for clients in _CLIENTS:
                shared = [_per_second(port, request, count, clients) for _ in range(effort.repeats)]
                named = f"{clients} client{'s' * (clients > 1)} over HTTP, {operation}"
                yield Figure(named, "calls/s wall", tuple(shared))


def _account() -> Account:
    from simab.aws import Account
    from simab.scenario import load

    account = Account(load(_SCENARIO))
    account.put_in_service("prod")
    return account


def _in_process() -> dict[str, Callable[[], object]]:
    from simab.aws import session_of

    session = session_of(_account())
    sagemaker, runtime = session.client("sagemaker"), session.client("sagemaker-runtime")
    return {
        "DescribeEndpoint": lambda: sagemaker.describe_endpoint(EndpointName="prod"),
        "InvokeEndpoint": lambda: runtime.invoke_endpoint(EndpointName="prod", Body=b"1,2"),
    }


def _times(call: Callable[[], object], count: int) -> int:
    for _ in range(count):
        call()
    return count


def _times_over_http(port: int, request: bytes, count: int) -> int:
    _ask(port, request, count)
    return count


@contextmanager
def _server_in_a_thread() -> Iterator[int]:
    """The port of a server whose processor time is that of this process."""
    from simab.aws.server.listening import served

    with served(_account()) as url:
        yield int(url.rpartition(":")[2])


@contextmanager
def _server() -> Iterator[int]:
    """`simab serve` in a process of its own; the port."""
    words = ("serve", _SCENARIO, "--endpoint", "prod", "--port", "0", "--quiet")
    command = (sys.executable, "-m", "simab", *words)
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def _per_second(port: int, request: bytes, count: int, clients: int) -> float:
    """Of clients that each ask again as soon as they are answered."""
    began_s = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _: _ask(port, request, count // clients), range(clients)))
    return count // clients * clients / (time.perf_counter() - began_s)


def _ask(port: int, request: bytes, count: int) -> None:
    """Ask so often on one connection; a client that costs next to nothing."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            connection.sendall(request)
            received = b""
            while (head := received.find(b"\r\n\r\n")) < 0 or len(received) < head + 4 + _length(
                received[:head]
            ):
                received += connection.recv(65_536)
            assert received.startswith(b"HTTP/1.1 200"), received


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    assert found is not None
    return int(found[1])
