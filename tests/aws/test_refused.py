"""What has no meaning in simulated time is refused, with a sentence that says what to do."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import os
import platform
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pkgutil import resolve_name

import pytest

from simab.aws.errors import NotRehearsable
from simab.aws.scripts.refused import REFUSED
from simab.aws.scripts.simulated_time import simulated_time
from simab.aws.timeline import Timeline


@pytest.fixture
def simulated() -> Iterator[Timeline]:
    timeline = Timeline(datetime(2026, 3, 28, tzinfo=UTC))
    with simulated_time(timeline):
        yield timeline


def test_a_wait_that_nobody_would_end_is_refused(simulated: Timeline) -> None:
    with pytest.raises(NotRehearsable, match="wait with a timeout"):
        threading.Event().wait()
    with pytest.raises(NotRehearsable, match="waiting for files"):
        select.select([0], [], [], 1)
    with pytest.raises(NotRehearsable, match="waiting for files"):
        select.select([], [], [])
    with pytest.raises(RuntimeError, match="un-acquired"):
        threading.Condition().wait(1)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_by_name(simulated: Timeline, name: str) -> None:
    path, _, attribute = name.rpartition(".")
    function = getattr(resolve_name(path), attribute, None)
    if function is None:
        pytest.skip("this system has none")
    with pytest.raises(NotRehearsable) as refusal:
        function()
    assert str(refusal.value) == REFUSED[name]


async def nothing() -> None:
    pass


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (lambda: threading.Thread(target=print).start(), "threads are not simulated"),
        (lambda: multiprocessing.Process(target=print).start(), "processes of its own"),
        (lambda: multiprocessing.get_context("spawn").Pool(1), "processes of its own"),
        (lambda: concurrent.futures.ThreadPoolExecutor(1).submit(print), "executors"),
        (lambda: concurrent.futures.ProcessPoolExecutor(1).submit(print), "executors"),
        (lambda: list(concurrent.futures.ThreadPoolExecutor(1).map(print, "a")), "executors"),
        (lambda: subprocess.run(["true"], check=True), "processes of its own"),
        (lambda: os.popen("true"), "processes of its own"),
        (lambda: socket.create_connection(("127.0.0.1", 9)), "network connections"),
    ],
)
def test_what_uses_them_is_refused_as_well(simulated: Timeline, use, why: str) -> None:
    with pytest.raises(NotRehearsable, match=why):
        use()


def test_what_does_without_a_program_goes_on(
    simulated: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python says by an `OSError` that a program cannot be started."""
    with pytest.raises(OSError, match="processes of its own"):
        subprocess.Popen(["true"])
    monkeypatch.setattr(platform, "_uname_cache", None, raising=False)
    assert isinstance(platform.processor(), str)  # it asks `uname` where it can


def test_a_timer_may_be_cancelled_but_not_be_due(simulated: Timeline) -> None:
    cancelled, due = threading.Timer(5, print), threading.Timer(10, print)
    cancelled.start()
    due.start()
    time.sleep(4)
    cancelled.cancel()
    time.sleep(5)
    with pytest.raises(NotRehearsable, match=r"threading\.Timer is due"):
        time.sleep(5)
    assert simulated.now_ns == 10 * 10**9


def test_a_timer_that_is_not_due_by_the_end_is_forgotten() -> None:
    timeline = Timeline(datetime(2026, 3, 28, tzinfo=UTC))
    with simulated_time(timeline):
        threading.Timer(5, print).start()
    timeline.advance(10 * 10**9)
    done = threading.Event()
    threading.Timer(0, done.set).start()
    assert done.wait(10)


def test_an_event_loop_does_not_run(simulated: Timeline) -> None:
    coroutine = nothing()
    with pytest.raises(NotRehearsable, match="event loops of asyncio"):
        asyncio.run(coroutine)
    loop = asyncio.new_event_loop()
    with pytest.raises(NotRehearsable, match="event loops of asyncio"):
        loop.run_until_complete(coroutine)
    loop.close()
    coroutine.close()


def test_a_connection_refuses(simulated: Timeline) -> None:
    with socket.socket() as unconnected, pytest.raises(NotRehearsable, match="boto3 clients"):
        unconnected.connect(("127.0.0.1", 9))
