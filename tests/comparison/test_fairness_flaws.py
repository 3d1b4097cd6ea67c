"""Flaws are planted where one run in ten misses them, beside sound rules: who is named?"""

from __future__ import annotations

import pytest
from scipy import stats

import simab
from simab.stats.sample_ratio import one_share_power
from tests.world.building import scenario, variant

RUNS = 200
SOUND = [
    "weighted_random",
    "smooth_weighted_round_robin",
    "sticky_hash",
    "consistent_hash",
    "session_cookie",
]


MOVE = [{"at": "40s", "weights": {"a": 1, "b": 3}}]


def split(variants=None, *, clients=1000, rate="40/s", **endpoint):
    """Two minutes; by default a tenth goes to the second variant."""
    variants = variants or {"a": variant(weight=9), "b": variant(weight=1)}
    return scenario(
        {
            name: {**each, "latency": {"kind": "constant", "value": "10ms"}}
            for name, each in variants.items()
        },
        endpoint={"weight_update": "1s", **endpoint},
        traffic={"users": {"rate": rate, "clients": clients}},
        policies={"moves": {"kind": "manual_schedule", "steps": MOVE}},
    )


def caught(made, rule, runs=RUNS, policy=None):
    rules = None if rule == "as described" else [rule]
    (found,) = simab.fairness(
        made, rules=rules, policy=policy, replications=runs, seed=4
    ).result.split.rules
    return found


@pytest.mark.long
@pytest.mark.parametrize("rule", SOUND)
@pytest.mark.parametrize("policy", [None, "moves"])
def test_a_sound_rule_is_called_off_no_more_often_than_said(rule, policy):
    """At .001 for all tests of a run: of 200 runs more than three would be one chance in 70,000."""
    found = caught(split(), rule, policy=policy)
    assert found.caught.count <= 3


@pytest.mark.long
def test_a_linear_rendezvous_hash_is_caught_as_often_as_said_and_named():
    found = caught(split(), "linear_rendezvous")
    flaw = next(each for each in found.flaws if each.name == "linear_rendezvous")
    assert 0.85 < flaw.power < 0.95  # 1,000 clients, of whom nearly all ask
    assert stats.binomtest(found.caught.count, RUNS, flaw.power).pvalue > 0.001
    assert flaw.consistent.count >= 0.97 * found.caught.count


@pytest.mark.long
def test_a_router_that_caches_by_connection_is_caught_after_a_change_and_named():
    """Nearly all clients keep their old half where three quarters are asked for."""
    found = caught(
        split({"a": variant(), "b": variant()}),
        "keep_alive",
        policy="moves",
    )
    flaw = next(each for each in found.flaws if each.name == "keeps_clients")
    assert found.caught.count >= 0.9 * RUNS
    assert flaw.consistent.count >= 0.97 * found.caught.count
    assert found.phases[1].users_settled_s != found.phases[1].users_settled_s  # never


@pytest.mark.long
def test_a_split_by_instances_is_caught_as_often_as_said_and_named():
    """Three quarters are asked for, and two of three instances are there: .667 for .75."""
    variants = {"a": variant(weight=3, instances=2), "b": variant()}
    found = caught(split(variants, rate="6/s"), "instance_ratio")
    flaw = next(each for each in found.flaws if each.name == "instance_ratio")
    assert 0.8 < flaw.power < 0.97
    assert stats.binomtest(found.caught.count, RUNS, flaw.power).pvalue > 0.001
    assert flaw.consistent.count >= 0.97 * found.caught.count


@pytest.mark.long
def test_whole_percents_are_caught_as_often_as_said_and_named():
    """A half percent becomes nothing: of n requests none where n / 200 are expected."""
    variants = {"a": variant(weight=199), "b": variant()}
    found = caught(split(variants, rate="25/s"), "truncated_percentages")
    flaw = next(each for each in found.flaws if each.name == "truncated_percentages")
    assert flaw.power > 0.9
    assert found.caught.count >= 0.9 * RUNS
    assert flaw.consistent.count == found.caught.count
    assert found.phases[0].realised["b"].mean == 0.0


@pytest.mark.long
def test_a_router_that_never_takes_new_weights_is_caught_as_often_as_said_and_named():
    """One of four keeps the half: .3125 of the requests where a quarter is asked for."""
    made = split({"a": variant(), "b": variant()}, rate="18/s")
    found = caught(made, "stale_router", policy="moves")
    flaw = next(each for each in found.flaws if each.name == "stale_routers")
    phase = found.phases[1]
    power = one_share_power(int(phase.units_each), 0.3125, 0.25, alpha=0.001 / 6)
    assert 0.8 < power < 0.98
    assert found.caught.count >= RUNS * power - 4 * (RUNS * power * (1 - power)) ** 0.5
    assert flaw.consistent.count >= 0.97 * found.caught.count
    assert flaw.least_part == pytest.approx(0.25, abs=0.04)


@pytest.mark.long
def test_routers_that_take_new_weights_late_are_caught_and_named():
    """Of four the last takes a change 30 seconds after the first, in a phase of 80."""
    made = split({"a": variant(), "b": variant()}, rate="30/s", routers={"count": 4, "lag": "10s"})
    found = caught(made, "as described", policy="moves")
    flaw = next(each for each in found.flaws if each.name == "lagging_routers")
    assert found.caught.count >= 0.9 * RUNS
    assert flaw.consistent.count >= 0.97 * found.caught.count
    stale = next(each for each in found.flaws if each.name == "stale_routers")
    assert stale.consistent.count <= 0.5 * found.caught.count


def test_a_large_flaw_is_named_in_few_runs():
    found = caught(split(clients=4000, rate="80/s"), "linear_rendezvous", runs=5)
    flaw = next(each for each in found.flaws if each.name == "linear_rendezvous")
    assert found.caught.count == flaw.consistent.count == 5
    assert found.phases[0].realised_users["b"].mean == pytest.approx(0.0556, abs=0.004)


def test_a_test_of_requests_calls_a_sound_hash_off():
    """Clients are split as asked, and each makes many requests: the chi-square counts them all."""
    found = caught(split(clients=50, rate="40/s"), "sticky_hash", runs=20)
    phase = found.phases[0]
    assert phase.off_requests.count > 5
    assert phase.off_users.count == 0
    assert found.caught.count == 0
