"""A run moved by hand through a session is the run that a policy's loop plays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

import simab
from simab import world
from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import Promote, SetWeights
from simab.run.session import BY_HAND, Session
from simab.world.records import RECORD_COLUMNS
from tests.effort import examples
from tests.world.building import assert_same, scenario, variant
from tests.world.drawn_runs import Play, plays

MINUTE_NS = 60 * 10**9


def two(**changes: Any) -> simab.Scenario:
    """Two variants, one minute between looks, changes after two minutes."""
    quality = {"kind": "success", "probability": 0.9}
    return scenario(
        {name: variant(quality=quality) for name in ("a", "b")},
        rate="3/s",
        horizon="20min",
        endpoint={"weight_update": "2min"},
        **changes,
    )


@examples(1 / 6)
@given(plays())
def test_what_a_policy_does_can_be_done_by_hand(engine: str, play: Play) -> None:
    """Advance, observe, decide, act: the same bytes as simulate, whoever calls."""
    expected = play.on(engine)
    session = Session(
        play.scenario,
        seed=play.seed,
        replication=play.replication,
        engine=engine,
        record_requests=True,
    )
    state: int | None = None
    while session.now_ns + session.interval_ns < play.scenario.horizon:
        session.advance(session.now_ns + session.interval_ns)
        actions, state = play.decide(state, session.observe())
        session.act(actions)
    assert_same(session.close(), expected)


def test_where_one_stops_on_the_way_changes_nothing(engine: str) -> None:
    """Twenty looks that do nothing, or none: the same requests."""
    one, other = (Session(two(), engine=engine, record_requests=True) for _ in range(2))
    for minute in range(1, 20):
        one.advance(f"{minute}min")
        one.observe()
    assert_same(one.close(), other.close())


def test_a_change_takes_effect_when_its_update_ends(engine: str) -> None:
    """Asked for at 3 min, 2 min long: Updating until 5 min, then in force; a second is refused."""
    session = Session(two(), engine=engine)
    session.advance("3min")
    assert session.act([Promote("b", because="it looks good")]) == ()
    session.advance("4min")
    assert session.observe().status.name == "UPDATING"
    (refusal,) = session.act([SetWeights({"a": 1.0, "b": 1.0}, because="no, wait")])
    assert "Updating" in refusal.reason
    assert session.observe().refused == (refusal,)
    session.advance(5 * MINUTE_NS)
    assert dict(session.observe().weights) == {"a": 0.0, "b": 1.0}
    run = session.close()
    assert run.policy_name == BY_HAND
    assert run.decision_log.ending == ("b", 5 * MINUTE_NS)
    assert [entry.accepted for entry in run.decision_log.decisions] == [True, False]


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_what_weights_assign_is_counted_from_their_change_on(engine: str) -> None:
    """In force at 3:30 within a metric window: who arrives from then on, and nobody before."""
    session = world.Session(
        world.Blueprint.of(two()), Draws(1, 0), engine=engine, record_requests=True
    )
    session.advance(90 * 10**9)
    assert session.assigned_since_change()[0] == 0
    session.act([SetWeights({"a": 1, "b": 3})])
    session.advance(5 * MINUTE_NS)
    since_ns, assigned = session.assigned_since_change()
    run_data, _ = session.close()
    assert since_ns == 210 * 10**9
    assert run_data.records is not None
    records = dict(zip(RECORD_COLUMNS, run_data.records.T, strict=True))
    within = (records["arrived_ns"] >= since_ns) & (records["arrived_ns"] < 5 * MINUTE_NS)
    expected = {name: int((records["variant"][within] == at).sum()) for at, name in enumerate("ab")}
    assert assigned == expected
    assert sum(assigned.values()) > 200


def test_an_update_that_would_end_at_the_horizon_is_pending_there(engine: str) -> None:
    """The horizon comes first at its instant: asked for at 18 min, 2 min long, horizon 20 min."""
    session = Session(two(), engine=engine)
    session.advance("18min")
    session.act([Promote("b")])
    run = session.close()
    assert run.decision_log.pending is not None
    assert run.decision_log.pending.at_ns == 20 * MINUTE_NS
    assert len(run.decision_log.splits) == 1


def test_time_goes_forward_and_ends_at_the_horizon(engine: str) -> None:
    session = Session(two(), engine=engine)
    session.advance("7min")
    for back in ("7min", 0, -1):
        with pytest.raises(InvalidInput, match="must be later than now"):
            session.advance(back)
    session.advance("3h")
    assert session.ended
    assert session.now_ns == 20 * MINUTE_NS
    with pytest.raises(InvalidInput, match="horizon"):
        session.act([Promote("b")])
    assert session.close().totals == simab.simulate(two(), engine=engine).totals


def test_what_is_no_action_is_refused_by_its_type() -> None:
    session = Session(two())
    with pytest.raises(InvalidInput, match="as an action"):
        session.act([{"promote": "b"}])  # type: ignore[list-item]


def test_the_class_is_in_the_package() -> None:
    assert simab.Session is Session


def test_a_callback_sees_all_before_it_and_acts_before_the_requests_of_its_instant(
    engine: str,
) -> None:
    """Weights asked for at 3 min are in force at 5 min; those of one instant come in turn."""
    session = Session(two(), engine=engine, record_requests=True)
    seen: list[tuple[str, int]] = []

    def act() -> None:
        seen.append(("act", session.now_ns))
        session.act([SetWeights({"a": 0.0})])
        session.at(4 * MINUTE_NS, lambda: seen.append(("later", session.now_ns)))

    session.at(3 * MINUTE_NS, act)
    session.at(3 * MINUTE_NS, lambda: seen.append(("second", session.now_ns)))
    session.advance("10min")
    assert seen == [("act", 3 * MINUTE_NS), ("second", 3 * MINUTE_NS), ("later", 4 * MINUTE_NS)]
    with pytest.raises(InvalidInput, match="must not be before now"):
        session.at(MINUTE_NS, act)
    session.at(30 * MINUTE_NS, act)  # after the horizon
    run = session.close()
    assert run.splits["at_ns"].tolist() == [0, 0, 5 * MINUTE_NS, 5 * MINUTE_NS]
    assert len(seen) == 3
