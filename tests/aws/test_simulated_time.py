"""In simulated time, all of Python's clocks show the timeline's now, and waiting moves it."""

from __future__ import annotations

import os
import queue
import select
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pkgutil import resolve_name
from typing import Any

import pytest
import time_machine

from simab.aws.errors import RehearsalOver
from simab.aws.scripts.refused import REFUSED
from simab.aws.scripts.simulated_time import simulated_time
from simab.aws.timeline import Timeline

START = datetime(2026, 3, 28, 23, 59, 30, tzinfo=UTC)
START_S = START.timestamp()


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(START)


@pytest.fixture
def simulated(timeline: Timeline) -> Iterator[Timeline]:
    with simulated_time(timeline):
        yield timeline


def readings() -> list[object]:
    return [
        time.time(),
        time.time_ns(),
        datetime.now(UTC),
        datetime.now(),
        datetime.utcnow(),
        datetime.today(),
        date.today(),
        time.gmtime()[:6],
        time.localtime()[:6],
        time.strftime("%Y-%m-%dT%H:%M:%S"),
        time.ctime(),
        time.asctime(),
    ]


def expected(now: datetime) -> list[object]:
    naive, broken_down = now.replace(tzinfo=None), now.timetuple()[:6]
    return [
        now.timestamp(),
        round(now.timestamp()) * 10**9,
        now,
        naive,
        naive,
        naive,
        now.date(),
        broken_down,
        broken_down,
        naive.isoformat(),
        naive.ctime(),
        naive.ctime(),
    ]


# Deprecated, and in many a script.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_each_clock_of_the_day_shows_the_now_of_the_timeline(simulated: Timeline) -> None:
    assert readings() == expected(START)
    time.sleep(60)  # past midnight
    assert readings() == expected(START + timedelta(seconds=60))
    simulated.advance(100 * 86_400 * 10**9)  # moved by something else, such as a call
    assert readings() == expected(START + timedelta(days=100))


def test_time_goes_on_from_the_now_of_a_timeline_that_has_moved_before(timeline: Timeline) -> None:
    timeline.advance(90 * 10**9 + 7)
    with simulated_time(timeline):
        assert time.time_ns() == (int(START_S) + 90) * 10**9 + 7


def test_what_is_slept_is_what_has_passed_on_every_clock(simulated: Timeline) -> None:
    clocks = [time.monotonic_ns, time.perf_counter_ns, time.time_ns, lambda: simulated.now_ns]
    before, at = [clock() for clock in clocks], datetime.now()
    for seconds in (0.1, 1.1, 0.3, 3600, 1e-3):
        time.sleep(seconds)
    passed_ns = 3_601_501_000_000
    assert [clock() - first for clock, first in zip(clocks, before, strict=True)] == [passed_ns] * 4
    assert datetime.now() - at == timedelta(microseconds=passed_ns // 1000)


def test_clocks_in_seconds_are_those_in_nanoseconds(simulated: Timeline) -> None:
    time.sleep(12.25)
    assert time.monotonic() == time.monotonic_ns() / 10**9
    assert time.perf_counter() == time.perf_counter_ns() / 10**9
    assert time.clock_gettime(time.CLOCK_MONOTONIC) == time.monotonic()
    assert time.clock_gettime_ns(time.CLOCK_MONOTONIC) == time.monotonic_ns()
    assert time.clock_gettime(time.CLOCK_REALTIME) == time.time() == START_S + 12.25


def test_computing_takes_no_simulated_time(simulated: Timeline) -> None:
    before = time.monotonic_ns(), time.time_ns()
    sum(range(100_000))
    assert (time.monotonic_ns(), time.time_ns()) == before


def test_a_loop_towards_a_deadline_ends_on_it(simulated: Timeline) -> None:
    """Rounding of floating-point seconds must not make the last sleep one of no length."""
    for clock in (time.time, time.monotonic):
        deadline = clock() + 10 / 3
        turns = 0
        while clock() < deadline:
            time.sleep(max(0.0, (deadline - clock()) / 2 if turns < 3 else deadline - clock()))
            turns += 1
        assert turns < 8
        assert clock() == pytest.approx(deadline, abs=1e-6)


def test_sleep_takes_what_the_real_one_takes(simulated: Timeline) -> None:
    time.sleep(0)
    time.sleep(True)
    time.sleep(5e-324)  # the real one sleeps as well
    assert simulated.now_ns == 10**9 + 1
    with pytest.raises(ValueError, match="must be non-negative"):
        time.sleep(-1e-12)
    with pytest.raises(ValueError, match="NaN"):
        time.sleep(float("nan"))
    for endless in (float("inf"), 2**63):
        with pytest.raises(OverflowError, match="too large"):
            time.sleep(endless)
    for wrong in ("1", None):
        with pytest.raises(TypeError):
            time.sleep(wrong)
    assert simulated.now_ns == 10**9 + 1


def test_waits_with_a_timeout_are_sleeps(simulated: Timeline) -> None:
    event, condition = threading.Event(), threading.Condition()
    assert not event.wait(60)
    with condition:
        assert not condition.wait(timeout=5)
        assert not condition.wait_for(lambda: False, timeout=5)
        assert condition.wait_for(lambda: simulated.now_ns, timeout=5)
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=30)
    assert select.select([], [], [], 0.5) == ([], [], [])
    assert simulated.now_ns == 100_500_000_000
    event.set()
    assert event.wait(60)
    assert event.wait()
    assert simulated.now_ns == 100_500_000_000


def functions() -> dict[tuple[str, str, str], object]:
    names = ["time.sleep", "time.monotonic", "time.perf_counter_ns", "time.clock_gettime"]
    names += ["threading.Condition.wait", "threading._time", "queue.time", "select.select"]
    places = [name.rpartition(".") for name in [*names, *REFUSED]]
    return {place: getattr(resolve_name(place[0]), place[2], None) for place in places}


@pytest.mark.parametrize("error", [None, ValueError, RehearsalOver])
def test_all_is_as_before_at_the_end(timeline: Timeline, error: type[BaseException] | None) -> None:
    before, zone = functions(), (time.tzname, os.environ.get("TZ"))
    try:
        with simulated_time(timeline):
            assert functions() != before
            if error:
                raise error
    except (ValueError, RehearsalOver):
        assert error
    assert functions() == before
    assert "connect" not in vars(socket.socket)  # it is inherited, as before
    assert "start" not in vars(threading.Timer)
    assert (time.tzname, os.environ.get("TZ")) == zone
    assert not time_machine.escape_hatch.is_travelling()
    assert abs(time.time() - START_S) > 1
    assert timeline._told == []


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_a_script_may_remove_its_time_zone(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch, zone: str | None
) -> None:
    if zone:
        monkeypatch.setenv("TZ", zone)
    else:
        monkeypatch.delenv("TZ", raising=False)
    time.tzset()
    before = time.tzname
    with simulated_time(timeline):
        assert time.tzname[0] == "UTC"
        del os.environ["TZ"]
    assert not time_machine.escape_hatch.is_travelling()
    assert (os.environ.get("TZ"), time.tzname) == (zone, before)
    monkeypatch.undo()
    time.tzset()


def test_it_does_not_nest(simulated: Timeline) -> None:
    with pytest.raises(RuntimeError, match="does not nest"), simulated_time(Timeline(START)):
        pass
    time.sleep(1)
    assert time.time() == START_S + 1


def test_what_was_imported_from_time_meanwhile_works_before_and_after(timeline: Timeline) -> None:
    """A module that a script imports stays loaded, and may be used in another simulated time."""
    with simulated_time(timeline):
        sleep, monotonic, start = time.sleep, time.monotonic, threading.Thread.start
        simulated = monotonic()
    assert monotonic() != simulated
    sleep(0.001)
    thread = threading.Thread(target=int)
    start(thread)
    thread.join()
    assert timeline.now_ns == 0
    with simulated_time(another := Timeline(START)):
        sleep(5)
        assert monotonic() == simulated + 5
    assert (timeline.now_ns, another.now_ns) == (0, 5 * 10**9)


def test_other_threads_wait_in_real_time(timeline: Timeline) -> None:
    begin, slept = threading.Event(), []

    def other() -> None:
        begin.wait(10)
        before = time.monotonic()
        time.sleep(0.01)
        slept.append(time.monotonic() - before)

    thread = threading.Thread(target=other)
    thread.start()
    with simulated_time(timeline):
        begin.set()
        thread.join()
        assert timeline.now_ns == 0
    assert slept[0] >= 0.01


class Horizon:
    """A world that ends."""

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def advance(self, until_ns: int) -> None:
        if until_ns > self.at_ns:
            raise RehearsalOver("the horizon")


def test_the_end_of_simulated_time_passes(timeline: Timeline) -> None:
    timeline.move_with(Horizon(3600 * 10**9))
    with simulated_time(timeline):
        for _ in range(60):
            time.sleep(60)
        with pytest.raises(RehearsalOver, match="the horizon"):
            time.sleep(60)
    assert timeline.now_ns == 3600 * 10**9


@pytest.fixture
def client(simulated: Timeline) -> Any:
    """Made in simulated time, with keys of nobody."""
    import boto3

    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return boto3.client("sagemaker", region_name="us-east-1", **keys)


def test_clients_are_made_and_reach_nothing(client: Any) -> None:
    from botocore.exceptions import BotoCoreError

    with pytest.raises(BotoCoreError, match="network connections are not simulated"):
        client.list_endpoints()


def test_a_waiter_of_botocore_sleeps_in_simulated_time(simulated: Timeline, client: Any) -> None:
    statuses = iter(["Creating"] * 9 + ["InService"])

    class Answer:
        status_code = 200

    client.meta.events.register(
        "before-call.sagemaker.DescribeEndpoint",
        lambda **_: (Answer(), {"EndpointStatus": next(statuses)}),
    )
    client.get_waiter("endpoint_in_service").wait(EndpointName="a")
    assert simulated.now_ns == 9 * 30 * 10**9
