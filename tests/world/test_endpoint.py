"""Changes of the endpoint: when they take effect, what is refused, where requests go meanwhile."""

from __future__ import annotations

import pytest

from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Deploy,
    EndpointStatus,
    Hold,
    HoldReason,
    Promote,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.run.simulation import Run
from tests.world import laws
from tests.world.building import SECOND, Script, record, scenario, variant

HELD = Hold(HoldReason.SAMPLE_RATIO, because="9 : 1")


def play(
    engine: str,
    actions: dict[int, list[Action]],
    variants: dict[str, dict] | None = None,
    **parts: object,
) -> tuple[Run, Script]:
    """A run of five minutes at 4/s with looks every 10 s (tick k is at 10 k s), and its policy."""
    roomy = variants or {"a": variant(workers=10), "b": variant(workers=10)}
    script = Script(actions)
    plain = scenario(roomy, **({"rate": "4/s", "horizon": "5min"} | parts))
    run = record(plain, engine, policy=script)
    for law in (laws.conservation, laws.order_of_time, laws.first_come_first_served):
        law(run)
    return run, script


def share_of_b(run: Run, since_s: float, until_s: float) -> float:
    arrived = run.requests["arrived_ns"]
    part = run.requests[(arrived >= since_s * SECOND) & (arrived < until_s * SECOND)]
    return float((part["variant"] == "b").mean())


def test_the_split_moves_exactly_at_the_end_of_the_update(engine: str) -> None:
    """Asked at 100 s, `Updating` for the recorded 62 s, in force for arrivals from 162 s on.

    With weight 0 before and all the weight after, the first request of b is the first to arrive
    then, and a gets none from that nanosecond on.
    """
    variants = {"a": variant(workers=10), "b": variant(workers=10, weight=0)}
    run, script = play(engine, {10: [SetWeights({"a": 0, "b": 1})]}, variants)
    arrived, is_b = run.requests["arrived_ns"], run.requests["variant"] == "b"
    assert arrived[is_b].min() == arrived[arrived >= 162 * SECOND].min()
    assert arrived[~is_b].max() == arrived[arrived < 162 * SECOND].max()
    assert list(run.splits["at_ns"].unique()) == [0, 162 * SECOND]
    statuses = {seen.now_ns // SECOND: seen.status for seen in script.seen}
    for tick_s, status in statuses.items():
        updating = 100 < tick_s < 162
        assert status == (EndpointStatus.UPDATING if updating else EndpointStatus.IN_SERVICE)
    weights = {seen.now_ns // SECOND: dict(seen.weights) for seen in script.seen}
    assert weights[160] == {"a": 1.0, "b": 0.0}
    assert weights[170] == {"a": 0.0, "b": 1.0}


@pytest.mark.parametrize("update_s", [5, 10, 20, 30])
def test_an_update_that_ends_at_a_look_is_over_at_that_look(engine: str, update_s: int) -> None:
    """Whatever the interval: the update of 100 s shows at its end, and the next one is accepted."""
    at_end = 10 + -(-update_s // 10)
    run, script = play(
        engine,
        {10: [SetWeights({"a": 1, "b": 3})], at_end: [SetWeights({"a": 1, "b": 7})]},
        endpoint={"weight_update": f"{update_s}s"},
    )
    seen = script.seen[at_end - 1]
    assert seen.now_ns == at_end * 10 * SECOND
    assert seen.status == EndpointStatus.IN_SERVICE
    assert dict(seen.weights) == {"a": 1.0, "b": 3.0}
    assert list(run.decisions["accepted"]) == [True, True]


def test_a_second_update_meanwhile_is_refused_and_the_policy_is_told(engine: str) -> None:
    """At the next look, and at that one only; the first update is not disturbed."""
    second = SetWeights({"a": 9, "b": 1})
    run, script = play(engine, {3: [SetWeights({"a": 0, "b": 1})], 4: [second]})
    assert list(run.decisions["accepted"]) == [True, False]
    assert "Updating" in run.decisions["refusal"][1]
    assert [refusal.action for refusal in script.seen[4].refused] == [second]
    assert "Updating" in script.seen[4].refused[0].reason
    assert all(not seen.refused for number, seen in enumerate(script.seen) if number != 4)
    assert list(run.splits["at_ns"].unique()) == [0, 92 * SECOND]
    assert share_of_b(run, 92, 600) == 1.0


def test_of_two_changes_at_one_look_the_first_is_accepted(engine: str) -> None:
    """The first makes the endpoint `Updating`."""
    run, script = play(engine, {3: [SetWeights({"a": 0, "b": 1}), SetInstances("a", 2)]})
    assert list(run.decisions["accepted"]) == [True, False]
    assert dict(script.seen[20].instances) == {"a": 1, "b": 1}


@pytest.mark.parametrize("action", [Promote("a"), RollBack()])
def test_going_back_during_an_update_is_refused(engine: str, action: Action) -> None:
    """All traffic is on a still, but b is about to get it: going back is no change only by looks.

    Taken for one, it would be accepted, and the endpoint would yet move to b.
    """
    variants = {"a": variant(workers=10), "b": variant(workers=10, weight=0)}
    run, script = play(engine, {3: [SetWeights({"a": 0, "b": 1})], 4: [action]}, variants)
    assert list(run.decisions["accepted"]) == [True, False]
    assert [refusal.action for refusal in script.seen[4].refused] == [action]
    assert share_of_b(run, 92, 600) == 1.0


def test_a_rollback_that_removes_a_variant_leaves_the_others_their_weights(engine: str) -> None:
    """Without b, c keeps 3 beside the control's 1; if only b served, the control gets all."""
    variants = {name: variant(workers=10) for name in "abc"}
    variants["c"] = variant(workers=10, weight=3)
    run, _ = play(engine, {3: [RollBack("b")]}, variants)
    assert run.decision_log.splits[-1].weights == {"a": 1.0, "c": 3.0}
    alone = {"a": variant(workers=10, weight=0), "b": variant(workers=10)}
    run, _ = play(engine, {3: [RollBack("b")]}, alone)
    assert run.decision_log.splits[-1].weights == {"a": 1.0}


@pytest.mark.parametrize("action", [Promote("a"), RollBack(), Conclude(), HELD])
def test_what_changes_nothing_is_accepted_and_no_update(engine: str, action: Action) -> None:
    """Keeping the control that has all traffic, or giving up: no `Updating`, no new split."""
    variants = {"a": variant(workers=10), "b": variant(workers=10, weight=0)}
    run, script = play(engine, {3: [action], 4: [SetWeights({"b": 1})]}, variants)
    assert list(run.decisions["accepted"]) == [True, True]
    assert script.seen[3].status == EndpointStatus.IN_SERVICE
    assert list(run.splits["at_ns"].unique()) == [0, 102 * SECOND]


@pytest.mark.parametrize("action", [Conclude(), HELD])
def test_what_asks_nothing_of_the_endpoint_is_accepted_during_an_update(
    engine: str, action: Action
) -> None:
    """A conclusion and a hold are what the policy has to say, and not for the endpoint."""
    run, _ = play(engine, {3: [SetWeights({"b": 3})], 4: [action]})
    assert list(run.decisions["accepted"]) == [True, True]


def test_a_hold_shows_its_reason_in_the_log(engine: str) -> None:
    """As an action like any other: what it is, why it is held, and the numbers."""
    run, _ = play(engine, {3: [HELD]})
    (row,) = run.decisions.to_dict("records")
    assert (row["action"], row["detail"], row["because"]) == ("Hold", "sample ratio", "9 : 1")


def test_a_rollback_gives_the_control_all_traffic(engine: str) -> None:
    """The objective's control, whatever the weights were."""
    run, script = play(engine, {3: [RollBack()]})
    assert share_of_b(run, 92, 600) == 0.0
    assert dict(script.seen[-1].weights) == {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (SetWeights({"a": 0, "b": 0}), "all weights would be 0"),
        (SetWeights({"a": -1}), "is not a number of at least 0"),
        (SetWeights({"a": float("nan")}), "is not a number of at least 0"),
        (SetWeights({"a": float("inf")}), "is not a number of at least 0"),
        (SetWeights({"d": 1}), "'d' is not on the endpoint"),
        (SetWeights({"c": 1}), "'c' is not on the endpoint"),
        (SetInstances("a", 0), "ask for 1 to 1000"),
        (SetInstances("a", 2.5), "ask for 1 to 1000"),  # type: ignore[arg-type]
        (SetInstances("c", 2), "'c' is not on the endpoint"),
        (Deploy({"a": 1, "z": 1}), "describes no variant 'z'"),
        (Deploy({"a": 0, "b": 0}), "all weights would be 0"),
        (Deploy({"a": 1}, {"b": 2}), "instances of 'b' are given, and no weight"),
        (Deploy({"a": 1}, {"a": 0}), "ask for 1 to 1000"),
        (Deploy({"a": -1}), "is not a number of at least 0"),
        (AddVariant("a"), "a is deployed already"),
        (AddVariant("d"), "the scenario describes no variant 'd'"),
        (AddVariant("c", weight=-1), "is not a number of at least 0"),
        (RemoveVariant("c"), "'c' is not on the endpoint"),
        (Promote("c"), "'c' is not on the endpoint"),
    ],
)
def test_what_is_impossible_is_refused_with_a_reason(
    engine: str, action: Action, reason: str
) -> None:
    """Nothing changes, the status stays, and the policy is told at its next look."""
    variants = {"a": variant(), "b": variant(), "c": variant(deployed=False)}
    run, script = play(engine, {3: [action]}, variants, horizon="1min", rate="5/s")
    assert list(run.decisions["accepted"]) == [False]
    assert reason in run.decisions["refusal"][0]
    assert reason in script.seen[3].refused[0].reason
    assert script.seen[3].status == EndpointStatus.IN_SERVICE
    assert list(run.splits["at_ns"].unique()) == [0]


def test_removing_the_last_variant_with_a_weight_is_refused(engine: str) -> None:
    """All weights 0 is a validation error on the platform, by removal too."""
    variants = {"a": variant(workers=10), "b": variant(weight=0)}
    run, _ = play(engine, {3: [RemoveVariant("a")]}, variants)
    assert "all weights would be 0" in run.decisions["refusal"][0]


def test_an_eleventh_variant_is_refused(engine: str) -> None:
    """The platform deploys ten at most; after one is removed there is room."""
    variants = {f"v{number}": variant(deployed=number < 10) for number in range(11)}
    run, script = play(
        engine,
        {3: [AddVariant("v10")], 4: [RemoveVariant("v9")], 20: [AddVariant("v10", weight=1)]},
        variants,
        endpoint={"provisioning": "30s"},
    )
    assert list(run.decisions["accepted"]) == [False, True, True]
    assert "at most 10 variants" in run.decisions["refusal"][0]
    assert set(script.seen[-1].weights) == {f"v{number}" for number in (*range(9), 10)}


def test_a_removed_variant_gets_nothing_more_and_drains(engine: str) -> None:
    """B saturates, then goes: nothing arrives there from the change on, all its queue is served."""
    variants = {"a": variant(workers=10), "b": variant(workers=1)}
    actions: dict[int, list[Action]] = {3: [RemoveVariant("b")]}
    run, script = play(engine, actions, variants, rate="60/s", horizon="2min")
    at_b = run.requests[run.requests["variant"] == "b"]
    assert at_b["arrived_ns"].max() < 92 * SECOND
    assert (at_b["finished_ns"] > 92 * SECOND).sum() > 100
    assert set(at_b["status"]) == {200}
    laws.lindley_kiefer_wolfowitz(run)
    assert set(script.seen[-1].weights) == {"a"}
    assert dict(script.seen[-1].instances) == {"a": 1}


def test_an_added_variant_serves_after_its_provisioning(engine: str) -> None:
    """390 s as recorded at creation, not the 62 s of a change of weights."""
    variants = {"a": variant(workers=10), "b": variant(workers=10, deployed=False)}
    run, script = play(engine, {10: [AddVariant("b", weight=1)]}, variants, horizon="10min")
    arrived, is_b = run.requests["arrived_ns"], run.requests["variant"] == "b"
    assert arrived[is_b].min() >= 490 * SECOND
    assert arrived[is_b].min() < 492 * SECOND
    assert script.seen[40].status == EndpointStatus.UPDATING
    assert "b" not in script.seen[40].weights
    assert dict(script.seen[49].weights) == {"a": 1.0, "b": 1.0}


def test_added_instances_take_later_arrivals_only(engine: str) -> None:
    """Who waits at an old instance stays there; the new ones are empty when they start to serve."""
    run, script = play(
        engine,
        {10: [SetInstances("a", 3)]},
        {"a": variant()},
        rate="40/s",
        endpoint={"provisioning": "100s"},
        horizon="5min",
    )
    requests = run.requests
    old, new = requests[requests["instance"] == 0], requests[requests["instance"] > 0]
    assert set(new["instance"]) == {1, 2}
    assert new["arrived_ns"].min() >= 200 * SECOND
    waiting = old[(old["arrived_ns"] < 200 * SECOND) & (old["started_ns"] >= 200 * SECOND)]
    assert len(waiting) > 100
    first = new.groupby("instance").head(1)
    assert (first["started_ns"] == first["arrived_ns"]).all()
    laws.lindley_kiefer_wolfowitz(run)
    assert dict(script.seen[18].instances)["a"] == 1
    assert dict(script.seen[19].instances)["a"] == 3


def test_removed_instances_drain(engine: str) -> None:
    """After 3 to 1 the first instance takes all; the others finish what they hold, no more."""
    actions: dict[int, list[Action]] = {3: [SetInstances("a", 1)]}
    run, _ = play(engine, actions, {"a": variant(instances=3)}, rate="90/s", horizon="2min")
    requests = run.requests
    removed = requests[requests["instance"] > 0]
    assert removed["arrived_ns"].max() < 92 * SECOND
    assert (removed["finished_ns"] > 92 * SECOND).sum() > 100
    assert (removed["status"] == 200).all()
    laws.lindley_kiefer_wolfowitz(run)


def test_instances_that_come_back_are_new_ones(engine: str) -> None:
    """3 to 1 to 3 while the removed ones drain: new numbers, empty queues, no one jumps a queue."""
    run, _ = play(
        engine,
        {5: [SetInstances("a", 1)], 10: [SetInstances("a", 3)]},
        {"a": variant(instances=3)},
        rate="90/s",
        endpoint={"weight_update": "5s", "provisioning": "15s"},
        horizon="130s",
    )
    requests = run.requests
    spans = requests.groupby("instance")["arrived_ns"].agg(["min", "max"]) / SECOND
    assert list(spans.index) == [0, 1, 2, 3, 4]
    assert (spans.loc[[1, 2], "max"] < 55).all()
    assert (spans.loc[[3, 4], "min"] >= 115).all()
    fresh = requests[requests["instance"] >= 3].groupby("instance").head(1)
    assert (fresh["started_ns"] == fresh["arrived_ns"]).all()
    laws.lindley_kiefer_wolfowitz(run)


def test_a_variant_can_come_and_go_several_times(engine: str) -> None:
    """The workflow repeats: three candidacies of b in one run, each on new instances."""
    actions: dict[int, list[Action]] = {}
    for round_ in range(3):
        first = 5 + 18 * round_
        actions[first] = [AddVariant("b", weight=1)]
        actions[first + 9] = [RemoveVariant("b")]
    run, _ = play(
        engine,
        actions,
        {"a": variant(workers=10), "b": variant(workers=10, deployed=False)},
        rate="10/s",
        endpoint={"weight_update": "20s", "provisioning": "30s"},
        horizon="10min",
    )
    assert run.decisions["accepted"].all()
    at_b = run.requests[run.requests["variant"] == "b"]
    spans = at_b.groupby("instance")["arrived_ns"].agg(["min", "max"]) / SECOND
    assert list(spans.index) == [0, 1, 2]
    for round_ in range(3):
        came, went = 50 + 180 * round_ + 30, 50 + 180 * round_ + 90 + 20
        assert came <= spans.loc[round_, "min"] < came + 1
        assert went - 1 < spans.loc[round_, "max"] < went
        assert share_of_b(run, came, went) == pytest.approx(0.5, abs=0.05)
        assert share_of_b(run, went, went + 60) == 0.0
    for law in laws.LAWS:
        law(run)


def test_one_update_deploys_some_variants_and_no_others(engine: str) -> None:
    """A and c in place of a and b: after 390 s, as c is added; after 62 s where nothing is."""
    variants = {
        "a": variant(workers=10, instances=3),
        "b": variant(workers=10),
        "c": variant(workers=10, deployed=False, instances=2),
    }
    actions: dict[int, list[Action]] = {
        1: [Deploy({"c": 3.0, "a": 1.0}, {"a": 1})],
        50: [Deploy({"a": 2.0})],
    }
    run, _ = play(engine, actions, variants, horizon="15min")
    splits: dict[int, dict[str, tuple[float, int]]] = {}
    for row in run.splits.itertuples():
        splits.setdefault(row.at_ns, {})[row.variant] = row.weight, row.instances
    assert splits == {
        0: {"a": (1.0, 3), "b": (1.0, 1)},
        400 * SECOND: {"a": (1.0, 1), "c": (3.0, 2)},
        562 * SECOND: {"a": (2.0, 1)},
    }
