"""Whom the router sent where: counted on arrival, by request or user, as late as metrics are."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from simab.policies import Mirror, SessionAffinity, SetInstances, SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world.session import ENGINES
from tests.world.building import SECOND, Script, record, scenario, variant

BOTH_ENGINES = pytest.mark.parametrize("engine", ENGINES)
AT_ONCE = {"weight_update": "1s", "provisioning": "1s"}
QUICK = {"latency": {"kind": "constant", "value": "1ms"}}
DAY = 86_400 * SECOND


def world(routing: str = "weighted_random", *, clients: int = 50, **more: Any) -> Scenario:
    """Two variants at 1:1 for two minutes of 20 requests a second, updates after 1 s."""
    fields = {"workers": 50, **QUICK}
    endpoint = {**AT_ONCE, "variant_routing": routing}
    traffic = {"x": {"rate": "12/s", "clients": clients}, "y": {"rate": "8/s", "clients": clients}}
    variants = {"a": variant(**fields), "b": variant(**fields)}
    return scenario(variants, endpoint=endpoint, **({"traffic": traffic} | more))


def sent(run: Run, since_s: float, until_s: float) -> pd.DataFrame:
    """The records of the requests of users that arrived in a span."""
    requests = run.requests
    span = requests["arrived_ns"].between(since_s * SECOND, until_s * SECOND - 1)
    return requests[span & (requests["attempt"] == 0)]


def by_variant(requests: pd.DataFrame) -> dict[str, int]:
    return {name: int((requests["variant"] == name).sum()) for name in ("a", "b")}


def first_of_each(requests: pd.DataFrame) -> pd.DataFrame:
    return requests.drop_duplicates(["segment", "client"])


@BOTH_ENGINES
def test_slow_requests_count_when_they_arrive(engine: str) -> None:
    """At 100 s of latency nothing is complete within 100 s, and all assignments are known."""
    slow = {"latency": {"kind": "constant", "value": "100s"}, "workers": 1_000}
    script = Script()
    run = record(scenario({"a": variant(), "b": variant(**slow)}), engine, policy=script)
    seen = script.seen[8]  # the tick at 90 s
    assert seen.metrics.requests("b", 0, 90 * SECOND).invocations == 0
    assert seen.metrics.assignments().counts == by_variant(sent(run, 0, 90))
    window = run.windows[(run.windows["variant"] == "b") & (run.windows["start_ns"] == 0)]
    assert window[["invocations", "assigned"]].to_numpy().tolist() == [
        [0, by_variant(sent(run, 0, 10))["b"]]
    ]


@BOTH_ENGINES
def test_refused_requests_count_and_named_targets_do_not(engine: str) -> None:
    """The router has sent a request that meets a full queue; one that names a target it has not."""
    full = variant(workers=1, queue_limit=0)
    traffic = {"x": {"rate": "20/s"}, "y": {"rate": "20/s", "targets": {"b": 1.0}}}
    script = Script()
    run = record(scenario({"a": full, "b": full}, traffic=traffic), engine, policy=script)
    assert run.totals.rejected > 100
    requests = sent(run, 0, 110)
    expected = by_variant(requests[requests["segment"] == "x"])
    assigned = script.seen[10].metrics.assignments()
    assert (assigned.unit, assigned.split, assigned.counts) == ("requests", 1, expected)


@BOTH_ENGINES
def test_assignments_are_as_late_as_metrics(engine: str) -> None:
    """A window of 10 s that ends at 20 s is seen at 45 s where metrics take 25 s."""
    late = world(metrics={"period": "10s", "publication_delay": "25s"})
    script = Script()
    run = record(late, engine, policy=script)
    shown = [sum(seen.metrics.assignments().counts.values()) for seen in script.seen[:5]]
    assert shown == [len(sent(run, 0, until)) for until in (0, 0, 0, 10, 20)]


@BOTH_ENGINES
@pytest.mark.parametrize("routing", ["weighted_random", "smooth_weighted_round_robin"])
def test_a_split_counts_from_the_instant_it_takes_effect(engine: str, routing: str) -> None:
    """Asked for at 30 s, in force at 31 s: what the same window had before is left out."""
    script = Script({3: [SetWeights({"a": 1.0, "b": 3.0})]})
    run = record(world(routing), engine, policy=script)
    before, after = script.seen[2].metrics, script.seen[3].metrics
    assert before.assignments().counts == by_variant(sent(run, 0, 30))
    assert (after.assignments().split, after.assignments().counts) == (
        2,
        by_variant(sent(run, 31, 40)),
    )
    # What was shown at a tick stays what it was.
    assert before.assignments().counts == by_variant(sent(run, 0, 30))


@BOTH_ENGINES
def test_only_what_changes_where_requests_go_begins_a_split(engine: str) -> None:
    """New instances, copies and the same shares in other numbers go on; one is not a split."""
    script = Script(
        {
            1: [SetInstances("a", 2)],
            2: [SetWeights({}, mirror=Mirror("b", 1.0))],
            3: [SetWeights({"a": 5.0, "b": 5.0})],
            6: [SetWeights({"b": 0.0})],
            9: [SetWeights({"b": 1.0})],
        }
    )
    run = record(world(), engine, policy=script)
    shown = [seen.metrics.assignments() for seen in script.seen]
    assert [each.split for each in shown] == [1] * 9 + [2] * 2
    assert shown[5].counts == by_variant(sent(run, 0, 60))
    assert shown[7].counts == {"a": len(sent(run, 61, 80))}
    assert shown[10].counts == by_variant(sent(run, 91, 110))


@BOTH_ENGINES
def test_under_a_hash_users_count_once_in_a_split(engine: str) -> None:
    """The clients of two segments, by their first request since the split took effect."""
    script = Script({3: [SetWeights({"a": 1.0, "b": 3.0})]})
    run = record(world("sticky_hash"), engine, policy=script)
    first, second = (script.seen[tick].metrics.assignments() for tick in (2, 10))
    assert (first.unit, second.unit, first.split, second.split) == ("users", "users", 1, 2)
    assert first.counts == by_variant(first_of_each(sent(run, 0, 30)))
    assert second.counts == by_variant(first_of_each(sent(run, 31, 110)))
    assert sum(second.counts.values()) == 100  # all there are, after 80 s


@BOTH_ENGINES
def test_a_cookie_is_no_assignment(engine: str) -> None:
    """Users count when first drawn in a split; those who hold a cookie of b stay, undrawn."""
    cookie = SessionAffinity("b", DAY)
    script = Script(
        {
            3: [SetWeights({"a": 3.0, "b": 1.0}, cookie)],
            6: [SetWeights({"a": 1.0, "b": 1.0}, cookie)],
        }
    )
    run = record(world(clients=200), engine, policy=script)
    held = first_of_each(sent(run, 31, 61).query("variant == 'b'"))
    later = sent(run, 61, 110).merge(held[["segment", "client"]], indicator=True, how="left")
    drawn = later[later["_merge"] == "left_only"]
    assigned = script.seen[10].metrics.assignments()
    assert (assigned.unit, assigned.split) == ("users", 3)
    assert len(held) > 30
    assert assigned.counts == by_variant(first_of_each(drawn))


@BOTH_ENGINES
def test_once_cookies_kept_clients_of_a_hash_only_new_users_are_a_fair_sample(engine: str) -> None:
    """Whoever was not kept has a hash on the other side: counted again they would be one-sided."""
    cookie = SessionAffinity("b", DAY)
    script = Script(
        {
            1: [SetWeights({"a": 3.0, "b": 1.0}, cookie)],
            4: [SetWeights({"a": 1.0, "b": 1.0}, cookie)],
        }
    )
    run = record(world("sticky_hash", clients=2_000), engine, policy=script)
    users = first_of_each(sent(run, 11, 110))
    assigned = script.seen[10].metrics.assignments()
    assert assigned.counts == by_variant(users[users["arrived_ns"] >= 41 * SECOND])
