"""Target tracking: which windows it goes by, how many instances, and when it keeps still."""

from __future__ import annotations

from typing import Any

import pytest

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import AddVariant, EndpointStatus, RemoveVariant, SetInstances, SetWeights
from simab.run.session import Session as RunSession
from simab.scenario.models import Scenario
from simab.scenario.serving import Autoscaling
from simab.world import Blueprint, Session
from simab.world.autoscaling import Autoscaler, Wish
from simab.world.run_counts import INSTANCE_SHARE_ONE, RequestColumn, RunCounts
from tests.world.building import Script, record, scenario, variant

MINUTE_NS = 60 * 10**9
DELAY_NS = 45 * 10**9


def scaled(*, period: str = "1min", delay: str = "45s", **fields: Any) -> Scenario:
    """Variant `b` is autoscaled: 100 invocations per instance and minute, 1 to 10 instances."""
    scaling = {"max_instances": 10, "invocations_per_instance": 100} | fields
    return scenario(
        {"a": variant(), "b": variant(instances=2, autoscaling=scaling)},
        horizon="6h",
        metrics={"period": period, "publication_delay": delay},
        controller={"interval": "1min"},
    )


class Played:
    """Autoscaling over windows that are written by hand, as if they had been played."""

    def __init__(self, described: Scenario) -> None:
        self.counts = RunCounts.open(Blueprint.of(described))
        self.scaler = Autoscaler(self.counts)
        self.scaler.deployed(["a", "b"], 0)
        self.now_ns = 0

    def window(self, per_instance: float, instances: int | None = 2) -> int | None:
        """The next window is published: how many instances are asked for, if any."""
        blueprint = self.counts.blueprint
        self.now_ns = self.scaler.next_ns(self.now_ns)
        number = (self.now_ns - blueprint.publication.delay_ns) // blueprint.period_ns - 1
        units = round(per_instance * INSTANCE_SHARE_ONE)
        self.counts.requests[number, 1, RequestColumn.INVOCATIONS_PER_INSTANCE] = units
        there = {"a": 1} if instances is None else {"a": 1, "b": instances}
        wishes = list(self.scaler.wishes(self.now_ns, there))
        assert [wish.variant for wish in wishes] in ([], ["b"])
        return wishes[0].instances if wishes else None


def test_three_windows_above_the_target_and_not_one_less() -> None:
    """At 2 instances 250 each in the newest window are 500 in all: 5 instances at 100 each."""
    played = Played(scaled())
    assert [played.window(each) for each in (150, 150, 100, 150, 150)] == [None] * 5
    assert played.window(250) == 5
    assert played.now_ns == 6 * MINUTE_NS + DELAY_NS


def test_the_target_itself_is_not_above_it() -> None:
    """And a millionth of a request more is."""
    played = Played(scaled())
    assert [played.window(100) for _ in range(9)] == [None] * 9
    assert [played.window(100.000001) for _ in range(3)] == [None, None, 3]


def test_fifteen_windows_below_nine_tenths_and_by_the_busiest() -> None:
    """8 instances at 62 each at most would have been 4.96 instances at the target: 5."""
    played = Played(scaled())
    assert [played.window(90, 8)] + [played.window(40, 8) for _ in range(14)] == [None] * 15
    assert played.window(62, 8) == 5


def test_it_never_shrinks_to_what_it_would_add_again() -> None:
    """At 85 % of the target two instances carry 1.7 targets: both stay."""
    played = Played(scaled())
    assert [played.window(85) for _ in range(40)] == [None] * 40


def test_idle_windows_count_and_the_least_is_kept() -> None:
    """Without any request it comes down to the least number, not to none."""
    played = Played(scaled(min_instances=2))
    assert [played.window(0, 8) for _ in range(15)] == [None] * 14 + [2]


def test_never_more_than_the_most_and_not_again_where_that_is_reached() -> None:
    """Ten at most; with ten, nothing is asked for."""
    played = Played(scaled())
    assert [played.window(9_999) for _ in range(3)] == [None, None, 10]
    assert [played.window(9_999, 10) for _ in range(9)] == [None] * 9


def test_it_need_not_scale_in() -> None:
    """With scale_in: false the instances stay."""
    played = Played(scaled(scale_in=False))
    assert [played.window(1, 8) for _ in range(40)] == [None] * 40


def test_cooldowns_begin_when_the_change_is_in_force() -> None:
    """In force at minute 10: no more are added before 15, and none is removed before 25."""
    played = Played(scaled(scale_out_cooldown="5min", scale_in_cooldown="15min"))
    asked = [played.window(300) for _ in range(3)]
    assert asked == [None, None, 6]
    played.scaler.accepted(Wish("b", 6, 300.0), 2, 10 * MINUTE_NS)
    asked = [played.window(300) for _ in range(13)]  # the last at 16:45
    assert asked == [None] * 11 + [6, 6]
    played.scaler.accepted(Wish("b", 2, 1.0), 6, 10 * MINUTE_NS)  # removes: adds at once
    assert played.window(300) == 6


def test_scaling_in_waits_for_its_own_cooldown() -> None:
    """In force at minute 30 with 15 minutes to cool down: the next look is at 45:45."""
    played = Played(scaled(scale_in_cooldown="15min"))
    played.scaler.accepted(Wish("b", 8, 1.0), 9, 30 * MINUTE_NS)
    found = [played.window(10, 8) for _ in range(45)]
    assert found == [None] * 44 + [1]
    assert played.now_ns == 45 * MINUTE_NS + DELAY_NS


def test_windows_before_a_variant_was_there_are_not_counted() -> None:
    """Back at 5:30, windows count from the one that begins at 6:00; the third is seen at 9:45."""
    played = Played(scaled())
    played.scaler.deployed(["a"], MINUTE_NS)
    assert [played.window(900, None) for _ in range(5)] == [None] * 5
    played.scaler.deployed(["a", "b"], 5 * MINUTE_NS + MINUTE_NS // 2)
    assert [played.window(900) for _ in range(4)] == [None, None, None, 10]
    assert played.now_ns == 9 * MINUTE_NS + DELAY_NS


@pytest.mark.parametrize(("period", "factor"), [("10s", 1 / 6), ("5min", 5)])
def test_the_target_is_a_minutes_whatever_the_window(period: str, factor: float) -> None:
    """100 a minute are 16.7 in a window of 10 s and 500 in one of 5 min."""
    played = Played(scaled(period=period, delay="0s"))
    assert [played.window(99 * factor) for _ in range(9)] == [None] * 9
    assert [played.window(201 * factor) for _ in range(3)] == [None, None, 5]


def test_a_datapoint_is_the_sum_of_its_windows() -> None:
    """Six windows of 20 s with 60 each are two of 180; it looks at full minutes alone."""
    played = Played(scaled(period="20s", delay="0s", datapoint="1min", scale_out_datapoints=2))
    assert [played.window(60) for _ in range(6)] == [None] * 5 + [4]
    assert [played.window(0), played.window(0), played.window(201)] == [None, None, 5]
    assert [played.window(99) for _ in range(2)] == [None, None]


@pytest.mark.long
def test_a_run_scales_at_the_second_a_window_is_published(engine: str) -> None:
    """Overload from the start: asked for at 3:45, in force 2 min later, Updating meanwhile."""
    fields = {"instances": 1, "workers": 4, "latency": {"kind": "constant", "value": "50ms"}}
    scaling = {"max_instances": 9, "invocations_per_instance": 600}
    described = scenario(
        {"a": variant(weight=0), "b": variant(**fields, autoscaling=scaling)},
        rate="40/s",
        horizon="10min",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
        endpoint={"provisioning": "2min"},
    )
    script = Script({4: [SetWeights({"a": 1.0})], 6: [SetWeights({"a": 1.0})]})
    run = record(described, engine, policy=script)
    first = run.decision_log.scalings[0]
    asked = run.requests["finished_ns"].between(2 * MINUTE_NS, 3 * MINUTE_NS - 1).sum()
    assert first.invocations_per_instance == asked
    assert first.after == -(-int(asked) // 600)
    asked_ns, in_force_ns = 3 * MINUTE_NS + DELAY_NS, 5 * MINUTE_NS + DELAY_NS
    assert (first.at_ns, first.before, first.in_force_ns) == (asked_ns, 1, in_force_ns)
    assert run.splits.query("variant == 'b'")[["at_ns", "instances"]].to_numpy().tolist()[:2] == [
        [0, 1],
        [in_force_ns, first.after],
    ]
    assert [entry.accepted for entry in run.decision_log.decisions] == [False, True]
    assert [seen.status for seen in script.seen][3] is EndpointStatus.UPDATING
    assert [seen.instances["b"] for seen in script.seen][4:6] == [1, first.after]


def test_while_the_endpoint_is_updating_it_asks_again_with_each_window(engine: str) -> None:
    """A change of weights under way from 3:00 to 6:00 refuses 3:45, 4:45 and 5:45, not 6:45."""
    scaling = {"max_instances": 9, "invocations_per_instance": 10}
    described = scenario(
        {"a": variant(), "b": variant(autoscaling=scaling)},
        horizon="8min",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
        endpoint={"weight_update": "3min", "provisioning": "10min"},
    )
    run = record(described, engine, policy=Script({3: [SetWeights({"a": 2.0})]}))
    minutes = [(entry.at_ns - DELAY_NS) / MINUTE_NS for entry in run.decision_log.scalings]
    assert minutes == [3, 4, 5, 6]
    refusals = [entry.refusal for entry in run.decision_log.scalings]
    assert [bool(each) for each in refusals] == [True, True, True, False]
    assert "Updating" in refusals[0]
    assert run.decision_log.pending is not None  # the horizon comes before the instances


@pytest.mark.long
def test_what_policies_do_to_a_scaled_variant_stands(engine: str) -> None:
    """A variant that is removed and added again starts anew, with the scenario's instances."""
    scaling = {"max_instances": 3, "invocations_per_instance": 10, "scale_in": False}
    described = scenario(
        {"a": variant(), "b": variant(autoscaling=scaling)},
        horizon="20min",
        metrics={"period": "1min", "publication_delay": "0s"},
        controller={"interval": "1min"},
        endpoint={"weight_update": "30s", "provisioning": "30s"},
    )
    script = Script({1: [SetInstances("b", 2)], 6: [RemoveVariant("b")], 9: [AddVariant("b", 1.0)]})
    run = record(described, engine, policy=script)
    found = [
        (entry.at_ns // MINUTE_NS, entry.before, entry.after) for entry in run.decision_log.scalings
    ]
    assert found == [(3, 2, 3), (13, 1, 3)]  # back in minute 9, so by the windows 10, 11 and 12


def test_a_session_without_autoscaling_has_no_clock_for_it() -> None:
    """Nothing is scheduled, so that nothing is paid."""
    plain = Session(Blueprint.of(scenario()), Draws(1, 0))
    assert plain.scales_ns is None
    assert not plain.changes_ahead
    assert Session(Blueprint.of(scaled()), Draws(1, 0)).scales_ns == MINUTE_NS + DELAY_NS


@pytest.mark.long
def test_autoscaling_may_begin_and_end_in_a_run(engine: str) -> None:
    """Begun at 5:00 by hand it looks with the next window, at three whole minutes; ended, never."""
    described = scenario(
        {"a": variant(), "b": variant()},
        horizon="30min",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
        endpoint={"provisioning": "30s"},
    )
    session = RunSession(described, engine=engine)
    session.advance("5min")
    settings = Autoscaling(max_instances=3, invocations_per_instance=10)
    session.autoscale("b", settings)
    session.advance("10min")
    session.autoscale("b", None)
    session.autoscale("a", settings)
    session.autoscale("a", None)
    with pytest.raises(InvalidInput, match="name one of a, b"):
        session.autoscale("z", settings)
    scalings = session.close().decision_log.scalings
    assert [(entry.at_ns, entry.after) for entry in scalings] == [(5 * MINUTE_NS + DELAY_NS, 3)]
