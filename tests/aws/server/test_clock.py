"""How time passes on a server: by what clients ask, with real time, and no more at the horizon."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from simab.aws import Account
from simab.aws.errors import RehearsalOver
from simab.aws.server import clock
from simab.aws.server.clock import Interrupted, ServedAccount
from simab.errors import InvalidInput
from tests.aws.server.asking import Server
from tests.aws.server.error_shapes import json_error, query_error, rest_error
from tests.aws.test_endpoints import served

DESCRIBE = "SageMaker.DescribeEndpoint"
DAY_S = 86_400


class RealTime:
    """Real time that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    return RealTime(monkeypatch)


def seconds(account: Account) -> float:
    return account.timeline.now_ns / 1e9


def test_without_a_speed_time_passes_by_invocations_and_advances_alone(
    serve: Callable[..., Server],
) -> None:
    """14 ms of network and 20 ms of the model."""
    server = serve()
    time.sleep(0.12)
    server.call(DESCRIBE, {"EndpointName": "e"})
    assert server.state()["seconds"] == 0
    server.invoke()
    assert server.state()["seconds"] == 0.034
    server.advance(0.5)
    assert server.state()["seconds"] == 0.534


def test_with_a_speed_it_passes_as_real_time_does(real: RealTime) -> None:
    account = Account(served())
    shown = ServedAccount(account, speed=60)
    real.now_s += 2.5
    shown.catch_up()
    assert seconds(account) == 150
    shown.catch_up()
    assert seconds(account) == 150
    asyncio.run(shown.advance(30))  # whatever the speed, and it goes on from there
    assert seconds(account) == 180
    real.now_s += 1
    shown.catch_up()
    assert seconds(account) == 240


def test_what_the_machine_cannot_play_is_not_made_up_for(
    real: RealTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulated minute that takes a second is played; the other minutes never were."""
    account = Account(served())
    shown = ServedAccount(account, speed=3_600)
    advance = account.timeline.advance

    def slow(until_ns: int) -> None:
        real.now_s += 1
        advance(until_ns)

    monkeypatch.setattr(account.timeline, "advance", slow)
    real.now_s += 10
    shown.catch_up()
    assert seconds(account) == 60
    shown.catch_up()
    assert seconds(account) == 60


def test_replies_wait_until_real_time_is_there(real: RealTime) -> None:
    """At a speed of 0.5 an invocation of 34 ms takes 68 ms."""
    account, waited = Account(served()), list[float]()
    account.put_in_service("e")
    shown = ServedAccount(account, speed=0.5)

    async def sleep(length_s: float) -> None:
        waited.append(length_s)
        real.now_s += length_s

    account.timeline.advance(34_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock.asyncio, "sleep", sleep)
        asyncio.run(shown.until_real_time_catches_up())
        asyncio.run(shown.until_real_time_catches_up())
    assert sum(waited) == pytest.approx(0.068)


def test_a_reply_that_waits_is_let_go_where_the_server_ends() -> None:
    """At 0.01 s in a second 34 ms are 3.4 s, and a minute that a model takes would be 100."""
    account = Account(served())
    account.put_in_service("e")
    shown = ServedAccount(account, speed=0.01)
    account.timeline.advance(60 * 10**9)

    async def waits() -> None:
        waiting = asyncio.create_task(shown.until_real_time_catches_up())
        await asyncio.sleep(0)
        shown.end()
        await asyncio.wait_for(waiting, 20)

    asyncio.run(waits())


@pytest.mark.parametrize("speed", [-1, 1e-300, 0.0099, 1.1e6, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    """One so slow that replies never come would lock all others out."""
    with pytest.raises(InvalidInput, match=r"must be 0, or from 0\.01 to 1000000"):
        ServedAccount(Account(served()), speed=speed)


def test_an_advance_ends_where_its_client_goes(serve: Callable[..., Server]) -> None:
    """All other calls wait behind it; one that comes up when its client has gone does nothing."""
    account = Account(served(rate="2000/s", horizon="12h"))
    account.put_in_service("e")
    server = serve(account)
    body = b'{"seconds": 43000}'
    head = "POST /_simab/advance HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 18\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
    for each in clients:
        each.sendall(head.encode() + body)
    while not account.timeline.now_ns:
        time.sleep(0.01)
    for each in clients:
        each.close()
    assert server.invoke().status == 200
    assert account.timeline.now_ns < 40_000 * 10**9
    stopped_ns = account.timeline.now_ns
    assert server.advance(1).status == 200
    assert account.timeline.now_ns == stopped_ns + 10**9


def test_a_server_with_a_speed_keeps_time(serve: Callable[..., Server]) -> None:
    """At least what has passed since; how much more depends on the machine."""
    server = serve(None, speed=100)
    first, began_s = server.state()["seconds"], time.monotonic()
    time.sleep(0.3)
    passed = server.state()["seconds"] - first
    assert 0 < passed <= 100 * (time.monotonic() - began_s + 0.1)


def test_time_goes_on_where_something_in_it_goes_wrong(
    serve: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    """What was to happen at an instant raises once; the log says so, and the clock goes on."""
    account = Account(served())

    def broken() -> None:
        raise KeyError("as asked for")

    account.timeline.at(10**9, broken)
    server = serve(account, speed=100)
    while server.state().get("seconds", 0) < 30:  # it may be this that meets it
        time.sleep(0.01)
    assert "as asked for" in caplog.text


def test_an_advance_ends_where_the_server_does() -> None:
    """And within one, the server goes on: others run between its steps."""

    async def both() -> list[str]:
        shown, seen = ServedAccount(Account(served(horizon="30d"))), list[str]()

        async def advancing() -> None:
            try:
                await shown.advance(20 * DAY_S)
            except Interrupted:
                seen.append("interrupted")

        task = asyncio.create_task(advancing())
        await asyncio.sleep(0)
        shown.end()
        seen.append("others run")
        await task
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_LONGEST_S", -1)
        assert asyncio.run(both()) == ["others run", "interrupted"]


def test_at_the_horizon_all_that_changes_is_refused_and_the_server_stays(
    serve: Callable[..., Server],
) -> None:
    """503 in each protocol; what reads is answered, and the truth of the end can be had."""
    account = Account(served(horizon="10min"))
    account.put_in_service("e")
    server = serve(account)
    assert server.advance(599).status == 200
    status, code, message = json_error(server.advance(3_600))
    assert (status, code) == (503, "ServiceUnavailable")
    assert "The simulated horizon has been reached" in message
    weigh = {
        "EndpointName": "e",
        "DesiredWeightsAndCapacities": [{"VariantName": "a", "DesiredWeight": 2}],
    }
    for _ in range(2):
        change = server.call("SageMaker.UpdateEndpointWeightsAndCapacities", weigh)
        assert json_error(change) == (503, "ServiceUnavailable", message)
        assert rest_error(server.invoke()) == (503, "ServiceUnavailable", message)
        put = b"Action=SetAlarmState&AlarmName=a&StateValue=OK&StateReason=b"
        assert query_error(server.form(put)) == (503, "ServiceUnavailable", message)
        assert json_error(server.advance(1))[0] == 503
    assert server.call(DESCRIBE, {"EndpointName": "e"}).data["EndpointStatus"] == "InService"
    assert server.form(b"Action=ListMetrics").status == 200
    state = server.state()
    assert (state["over"], state["seconds"]) == (True, 600)
    assert server.ask("GET", "/").status == 200


def test_time_ends_at_the_horizon_itself(serve: Callable[..., Server]) -> None:
    """The last step is played whole: the clock, the counts and the alarms are at one instant."""
    account = Account(served(horizon="1h"))
    account.put_in_service("e")
    told = list[float]()
    account.timeline.on_move(lambda: told.append(seconds(account)))
    account.timeline.advance(30 * 10**9)
    server = serve(account)
    assert server.advance(7_000).status == 503
    state = server.state()
    assert (state["over"], state["seconds"], told[-1]) == (True, 3_600, 3_600)
    assert account.endpoints["e"].serving.now_ns == 3_600 * 10**9
    assert server.call(DESCRIBE, {"EndpointName": "e"}).status == 200


@pytest.mark.parametrize("by_invocation", [False, True])
def test_the_first_horizon_of_several_ends_all_of_them_at_once(
    serve: Callable[..., Server], by_invocation: bool
) -> None:
    """One serves half an hour longer than the other; both are played up to the same instant."""
    account = Account(served(horizon="1h"))
    account.put_in_service("early")
    account.timeline.advance(1_800 * 10**9)
    account.put_in_service("late")
    server = serve(account)
    if by_invocation:
        server.advance(1_799.99)
        assert server.invoke(path="early").status == 503
    else:
        server.advance(7_000)
    reached = [each.serving.now_ns // 10**9 for each in account.endpoints.values()]
    assert reached == [3_600, 1_800]
    assert server.state()["seconds"] == 3_600
    assert server.state()["over"]
    assert server.advance(1).status == 503
    with pytest.raises(RehearsalOver):  # whoever moves the account by hand learns it too
        account.timeline.advance(7_200 * 10**9)
    assert account.timeline.now_ns == 3_600 * 10**9
