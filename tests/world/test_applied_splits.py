"""What a router makes of weights: whole percents, instances, and replicas that are out of step."""

from __future__ import annotations

from typing import Any

import pytest

from simab.policies import AddVariant, RemoveVariant, SetInstances, SetWeights
from simab.policies.holds import split_mismatch
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.stats.goodness_of_fit import chi_square_shares
from tests.world.building import SECOND, Script, record, scenario, variant

SIZE = 1e-6  # of each statistical test here
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}


def world(weights: dict[str, float], instances: dict[str, int] | None = None, **e: Any) -> Scenario:
    """100 requests a second for two minutes, updates after 5 s."""
    return scenario(
        {
            name: variant(weight=weight, instances=(instances or {}).get(name, 1), **QUICK)
            for name, weight in weights.items()
        },
        endpoint={"weight_update": "5s", "provisioning": "5s", **e},
        rate="100/s",
    )


def fits(run: Run, since_s: float, until_s: float, shares: dict[str, float]) -> bool:
    """Whether the requests of a span go to variants in these shares: chi-square, size 1e-6."""
    span = run.requests["arrived_ns"].between(since_s * SECOND, until_s * SECOND - 1)
    counts = run.requests[span]["variant"].value_counts()
    positive = {name: share for name, share in shares.items() if share}
    assert counts.sum() > 500
    assert set(counts.index) <= set(positive)
    found = [int(counts.get(name, 0)) for name in positive]
    return len(found) == 1 or chi_square_shares(found, list(positive.values())).p_value > SIZE


def applied(run: Run, name: str) -> list[tuple[float, float]]:
    """Since when, in seconds, a router has gone by which share of a variant."""
    splits = run.decision_log.applied
    return [(each.at_ns / SECOND, each.shares.get(name, 0)) for each in splits]


def test_half_a_percent_becomes_nothing(engine: str) -> None:
    """At 99.5 : 0.5 the canary gets exactly no request; what is shown is what was asked."""
    script = Script({6: [SetWeights({"a": 60.5, "b": 39.5})]})
    run = record(world({"a": 199, "b": 1}, split="truncated_percentages"), engine, policy=script)
    assert fits(run, 0, 65, {"a": 1.0, "b": 0.0})
    assert fits(run, 65, 120, {"a": 0.61, "b": 0.39})
    assert run.splits["share"].tolist() == [0.995, 0.005, 0.605, 0.395]
    assert applied(run, "b") == [(0, 0), (65, 0.39)]
    assert script.seen[4].metrics.assignments().counts["b"] == 0


def test_instances_make_the_split_whatever_the_weights(engine: str) -> None:
    """Two of three instances take two thirds at 1:1; after scaling to 6, six of seven."""
    script = Script({6: [SetInstances("b", 6)]})
    plain = world({"a": 1, "b": 1}, {"a": 1, "b": 2}, split="instance_ratio")
    run = record(plain, engine, policy=script)
    assert fits(run, 0, 65, {"a": 1 / 3, "b": 2 / 3})
    assert fits(run, 65, 120, {"a": 1 / 7, "b": 6 / 7})
    assert not fits(run, 65, 120, {"a": 1 / 3, "b": 2 / 3})


@pytest.mark.long
def test_a_policy_sees_the_weights_it_asked_for_and_may_test_the_split(engine: str) -> None:
    """The sample-ratio check finds 1:2 where 1:1 is asked; an honest router passes it."""
    for split, found in (("instance_ratio", True), ("weights", False)):
        script = Script()
        record(world({"a": 1, "b": 1}, {"b": 2}, split=split), engine, policy=script)
        assert script.seen[-1].weights == {"a": 1, "b": 1}
        assert bool(split_mismatch(script.seen[-1], 1e-6)) is found


def test_routers_take_a_change_one_after_the_other(engine: str) -> None:
    """Of four routers, at 65, 75 and 85 s one more goes from all to a to all to b; one never."""
    routers = {"count": 4, "lag": "10s", "stale": 1}
    script = Script({6: [SetWeights({"a": 0.0, "b": 1.0})]})
    run = record(world({"a": 1, "b": 0}, routers=routers), engine, policy=script)
    shares = [(0, 0), (65, 0.25), (75, 0.5), (85, 0.75)]
    assert applied(run, "b") == shares
    for (since_s, share), until_s in zip(shares, (65, 75, 85, 120), strict=True):
        assert fits(run, since_s, until_s, {"a": 1 - share, "b": share})
    assert [split.at_ns / SECOND for split in run.decision_log.splits] == [0, 65]
    assert script.seen[-1].metrics.assignments().split == 0  # one asked-for split has no choice


def test_changes_that_follow_each_other_reach_each_router_in_turn(engine: str) -> None:
    """With a lag of 30 s the second change, 20 s after the first, overtakes it nowhere."""
    script = Script({3: [SetWeights({"a": 1.0, "b": 1.0})], 5: [SetWeights({"a": 0.0, "b": 1.0})]})
    routers = {"count": 2, "lag": "30s"}
    run = record(world({"a": 1, "b": 0}, routers=routers), engine, policy=script)
    assert applied(run, "b") == [(0, 0), (35, 0.25), (55, 0.5), (65, 0.75), (85, 1)]


@pytest.mark.long
def test_a_router_sends_nobody_to_what_is_gone(engine: str) -> None:
    """One whose weights name nobody who is there takes the newest."""
    routers = {"count": 2, "stale": 1}
    script = Script({3: [RemoveVariant("a")], 6: [AddVariant("a", 1.0)]})
    run = record(world({"a": 1, "b": 0, "c": 1}, routers=routers), engine, policy=script)
    found = [(each.at_ns / SECOND, each.shares) for each in run.decision_log.applied]
    assert found == [
        (0, {"a": 0.5, "c": 0.5}),
        (35, {"c": 1}),
        (65, {"a": 0.5, "c": 0.5}),
    ]
    assert (run.requests["status"] == 200).all()
    alone = world({"a": 1, "b": 0}, routers=routers)
    steps = {3: [SetWeights({"b": 1.0})], 6: [RemoveVariant("a")]}
    run = record(alone, engine, policy=Script(steps))
    assert [each.shares for each in run.decision_log.applied][-1] == {"b": 1}


@pytest.mark.long
@pytest.mark.parametrize("routers", [{"count": 1}, {"count": 7}])
def test_routers_in_step_are_one_router(engine: str, routers: dict[str, int]) -> None:
    """Without lag and stale ones any number of routers gives the same requests as none."""
    script = Script({3: [SetWeights({"a": 1.0, "b": 3.0})]})
    one, several = (
        record(world({"a": 3, "b": 1}, **fields), engine, policy=script)
        for fields in ({}, {"routers": routers})
    )
    assert one.requests.equals(several.requests)
