"""Requests that are made from outside: both engines answer alike, among everybody else's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import RemoveVariant, SetWeights
from simab.profiles.by_size import BySize
from simab.run.session import Session
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.calls import Reply, Waited
from simab.world.run_counts import Status
from tests.effort import examples
from tests.world.building import SECOND, assert_same, record, scenario, variant
from tests.world.drawn_runs import Play, plays
from tests.world.engines_comparison import blocks_of_arrivals

PATIENCE_NS = (None, 1, None, 3)
TARGETS = st.sampled_from([None, None, None, "v0", "v1"])
CALLS = st.dictionaries(st.integers(1, 12), st.lists(TARGETS, min_size=1, max_size=4), max_size=6)


def played(play: Play, calls: dict[int, list[str | None]], engine: str) -> tuple[list[Any], Run]:
    """A drawn run with calls after some of its ticks: replies, and the run that it closes to."""
    session = Session(
        play.scenario,
        seed=play.seed,
        replication=play.replication,
        engine=engine,
        record_requests=True,
        called=True,
    )
    replies: list[Any] = []
    tick = 0
    while not session.ended:
        session.advance((session.now_ns // session.interval_ns + 1) * session.interval_ns)
        tick += 1
        if session.ended:
            break
        session.act(play.actions(tick))
        for target in calls.get(tick % 13, ()):
            if not session.ended:
                patience_ns = PATIENCE_NS[len(replies) // 2 % len(PATIENCE_NS)]
                patience_ns = patience_ns and patience_ns * session.interval_ns // 2
                replies += [session.call(target, patience_ns=patience_ns), session.now_ns]
    return replies, session.close()


@pytest.mark.long
@given(play=plays(most_requests=150), calls=CALLS)
@examples(1 / 2)
def test_both_engines_answer_alike(play: Play, calls: dict[int, list[str | None]]) -> None:
    """Replies, their instants and the whole run, bit for bit; requests from outside say no size."""
    variants = play.scenario.endpoint.variants.values()
    assume(not any(isinstance(each.latency, BySize) for each in variants))
    with blocks_of_arrivals(64):
        (ours, compiled), (theirs, reference) = (
            played(play, calls, engine) for engine in ("compiled", "reference")
        )
    assert ours == theirs
    assert_same(compiled, reference)


def called(described: Scenario, engine: str, **arguments: Any) -> Session:
    """A session that takes calls."""
    return Session(described, engine=engine, record_requests=True, called=True, **arguments)


def alone(**fields: Any) -> Scenario:
    """Two variants of constant services of 1 s and 2 s, with next to no other traffic."""
    service = {"kind": "constant", "value": "1s"}
    return scenario(
        {
            "a": variant(**({"latency": service} | fields)),
            "b": variant(latency=service | {"value": "2s"}, weight=0),
        },
        rate="0.00001/s",
        horizon="1h",
        endpoint={"weight_update": "5s"},
    )


def test_every_event_of_a_few_calls(engine: str) -> None:
    """Each call begins when the one before has its reply, and takes its variant's service."""
    session = called(alone(), engine)
    session.advance("10s")
    first, second = session.call(), session.call("b")
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert (first.variant, first.instance, first.status) == ("a", 0, Status.OK)
    assert (first.arrived_ns, first.started_ns, first.finished_ns) == (
        10 * SECOND,
        10 * SECOND,
        11 * SECOND,
    )
    assert (second.variant, second.arrived_ns, second.latency_ns) == ("b", 11 * SECOND, 2 * SECOND)
    assert session.now_ns == 13 * SECOND
    session.act([SetWeights({"a": 0.0, "b": 1.0})])
    during = [session.call() for _ in range(6)]  # in force after 5 s: a 5 times, then b
    assert [reply.variant for reply in during if isinstance(reply, Reply)] == ["a"] * 5 + ["b"]
    run = session.close()
    assert run.totals.arrived == 8
    assert run.requests["segment"].eq("").all()


def test_a_variant_that_is_not_there_refuses_at_once(engine: str) -> None:
    """400 at the instant of the call, with no instance and nothing to learn."""
    session = called(alone(), engine)
    session.act([RemoveVariant("b")])
    session.advance("10s")
    reply = session.call("b")
    assert reply == Reply("b", None, Status.INVALID_TARGET, 10 * SECOND, None, 10 * SECOND, None)
    assert session.now_ns == 10 * SECOND
    assert session.close().totals.invalid == 1


def test_a_full_queue_refuses_and_an_error_says_nothing(engine: str) -> None:
    """503 where others hold the only worker; 500 from a variant that always fails."""
    busy = scenario(
        {
            "a": variant(latency={"kind": "constant", "value": "30s"}, queue_limit=0),
            "b": variant(weight=0, error_rate=1.0),
        },
        rate="10/s",
        horizon="5min",
    )
    session = called(busy, engine)
    session.advance("20s")
    refused, failed = session.call("a"), session.call("b")
    assert isinstance(refused, Reply)
    assert isinstance(failed, Reply)
    assert (refused.status, refused.started_ns, refused.outcome) == (Status.REJECTED, None, None)
    assert (failed.status, failed.outcome) == (Status.FAILED, None)


def test_a_run_may_end_before_the_reply(engine: str) -> None:
    """The call is in flight at the horizon, and there is nothing more to ask."""
    session = called(alone(), engine)
    session.advance(3_600 * SECOND - 1)
    assert session.call() is None
    assert session.ended
    with pytest.raises(InvalidInput, match="horizon"):
        session.call()
    assert session.close().totals.in_flight == 1


def test_a_caller_may_give_up(engine: str) -> None:
    """At 10.5 s of 12; its request goes on, and the next caller waits for it."""
    session = called(alone(latency={"kind": "constant", "value": "2s"}), engine)
    session.advance("10s")
    assert session.call(patience_ns=SECOND // 2) == Waited(10 * SECOND, 21 * SECOND // 2)
    assert session.now_ns == 21 * SECOND // 2
    next_one = session.call(patience_ns=4 * SECOND)
    assert isinstance(next_one, Reply)
    assert (next_one.started_ns, next_one.finished_ns) == (12 * SECOND, 14 * SECOND)
    assert session.call(patience_ns=2 * SECOND) == Waited(14 * SECOND, 16 * SECOND)  # at its reply
    assert session.close().totals.answered == 3


def test_answers_are_right_as_often_as_the_variant_is(engine: str) -> None:
    """The label of a reply is that of the run's record, and so counted where it arrives."""
    session = called(alone(), engine)
    replies = [session.call("b") for _ in range(300)]  # more than two blocks of draws
    outcomes = [reply.outcome for reply in replies if isinstance(reply, Reply) and reply.outcome]
    assert len(outcomes) == 300
    right = sum(outcome.correct for outcome in outcomes)
    assert abs(right / 300 - 0.9) < 4 * (0.09 / 300) ** 0.5
    run = session.close()
    assert run.requests["correct"].tolist() == [outcome.correct for outcome in outcomes]


def test_a_session_that_is_not_called_is_the_same_run(engine: str) -> None:
    """The segment of calls changes nothing for anybody as long as nobody calls."""
    described = scenario(rate="20/s")
    assert_same(called(described, engine).close(), record(described, engine))
    with pytest.raises(InvalidInput, match="called"):
        Session(described, engine=engine).call()
    with pytest.raises(InvalidInput, match=r"name one of a, b"):
        called(described, engine).call("c")


def test_calls_split_by_weight_as_requests_do(engine: str) -> None:
    """At 3:1, of 400 calls among others about a quarter goes to b."""
    fields = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 9}
    described = scenario({"a": variant(weight=3, **fields), "b": variant(**fields)})
    session = called(described, engine)
    replies = [session.call() for _ in range(400)]
    names = [reply.variant for reply in replies if isinstance(reply, Reply)]
    assert abs(names.count("b") / 400 - 0.25) < 4 * (0.1875 / 400) ** 0.5


def test_the_words_of_a_call_are_its_own() -> None:
    """Streams of named segments are others than that of calls."""
    blueprint = Blueprint.of(scenario(), called=True)
    streams = [segment.stream for segment in blueprint.segments]
    assert len(set(streams)) == 2
    assert Draws(1, 0).block(3, streams[0], 0) != Draws(1, 0).block(3, streams[1], 0)
