"""Variants that share instances: one queue for both, by the formula of Pollaczek and Khinchine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.errors import InvalidScenario
from simab.policies import (
    Action,
    AddVariant,
    Deploy,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.policies.actions import Mirror
from simab.scenario import Scenario
from simab.world.run_counts import Status
from tests.world.building import WITHOUT_REFERENCE, Script, record, scenario, variant

BAND = 3.9  # standard errors
SERVED, REFUSED = int(Status.OK), int(Status.REJECTED)
RATE, OLD_S, NEW_S = 8.0, 0.05, 0.1


def described(horizon: str = "2000s", **of_new: Any) -> Scenario:
    """One worker for both: 50 ms and 100 ms, exponential, half of 8 requests a second each."""
    return scenario(
        {
            "old": variant(latency={"kind": "exponential", "mean": "50ms"}),
            "new": variant(latency={"kind": "exponential", "mean": "100ms"}, **of_new),
        },
        rate=f"{RATE}/s",
        horizon=horizon,
    )


def latencies(played: Scenario, engine: str, replications: int = 20) -> pd.DataFrame:
    """The mean seconds from arrival to reply in each run, by variant."""
    rows = []
    for number in range(replications):
        requests = record(played, engine, policy=Script(), replication=number).requests
        done = requests[requests["status"].eq(SERVED) & (requests["arrived_ns"] > 200 * 10**9)]
        took = (done["finished_ns"] - done["arrived_ns"]) / 1e9
        rows.append(took.groupby(done["variant"]).mean())
    return pd.DataFrame(rows)


@WITHOUT_REFERENCE
def test_a_slow_variant_delays_the_other_as_one_queue_does(engine: str) -> None:
    """Both wait rate x E S^2 / (2 (1 - load)) = 125 ms; apart they would wait 12.5 and 67 ms."""
    load = RATE * (OLD_S + NEW_S) / 2
    squares = (2 * OLD_S**2 + 2 * NEW_S**2) / 2
    wait = RATE * squares / (2 * (1 - load))
    assert wait == pytest.approx(0.125)
    found = latencies(described(instances_of="old"), engine)
    for name, service in (("old", OLD_S), ("new", NEW_S)):
        error = found[name].std() / np.sqrt(len(found))
        assert abs(found[name].mean() - service - wait) < BAND * error
    apart = latencies(described(), engine)
    for name, service in (("old", OLD_S), ("new", NEW_S)):
        alone = service / (1 - RATE / 2 * service)
        error = apart[name].std() / np.sqrt(len(apart))
        assert abs(apart[name].mean() - alone) < BAND * error


@pytest.mark.parametrize("routing", ["random", "least_outstanding_requests"])
def test_both_planes_serve_both_variants_from_one_queue(routing: str) -> None:
    """With several instances and a limit that refuses requests of both."""
    same = {"instances": 2, "workers": 1, "queue_limit": 1, "instance_routing": routing}
    played = scenario(
        {
            "old": variant(**same, latency={"kind": "exponential", "mean": "50ms"}),
            "new": variant(
                **same, instances_of="old", latency={"kind": "exponential", "mean": "100ms"}
            ),
        },
        rate="25/s",
        horizon="60s",
    )
    runs = [
        record(played, engine, policy=Script(), seed=4).requests
        for engine in ("compiled", "reference")
    ]
    pd.testing.assert_frame_equal(*runs)
    served = runs[0][runs[0]["started_ns"] >= 0].sort_values("started_ns")
    refused = runs[0][runs[0]["status"] == REFUSED]
    assert set(refused["variant"]) == {"old", "new"}
    for _, own in served.groupby("instance"):
        assert (own["started_ns"].to_numpy()[1:] >= own["finished_ns"].to_numpy()[:-1]).all()


@WITHOUT_REFERENCE
def test_more_instances_of_the_host_serve_both(engine: str) -> None:
    """From the update on, that of the guest included; it comes and goes on those that are there."""
    script = Script(
        {
            1: [SetInstances("old", 3)],
            50: [RemoveVariant("new")],
            70: [AddVariant("new", 1.0)],
        }
    )
    run = record(described("1500s", instances_of="old"), engine, policy=script)
    assert list(run.decisions["accepted"]) == [True] * 3
    assert dict(script.seen[48].instances) == {"old": 3, "new": 3}
    assert dict(script.seen[-1].instances) == {"old": 3, "new": 3}
    late = run.requests[run.requests["arrived_ns"] > 1300 * 10**9]
    for _, own in late.groupby("variant"):
        assert set(own["instance"]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (SetInstances("new", 5), "new is served on the instances of old; change those"),
        (RemoveVariant("old"), "new is served on the instances of old, which would not be there"),
        (RollBack("old"), "which would not be there; remove new first, or keep old"),
        (Deploy({"new": 1.0}), "which would not be there"),
        (SetWeights({"old": 1.0}, mirror=Mirror("new", 0.5)), "gets no copies of requests"),
        (Deploy({"old": 1.0, "new": 1.0}, {"new": 2}), "give it as many"),
        (Deploy({"old": 1.0, "new": 1.0}, {"old": 2, "new": 1}), "give it as many"),
    ],
    ids=["resize", "remove", "roll back", "replace", "copies", "of one", "of both"],
)
def test_what_would_part_them_is_refused_at_run_time(
    engine: str, action: Action, text: str
) -> None:
    """With the reason, and nothing is changed."""
    script = Script({1: [action]})
    run = record(described("60s", instances_of="old"), engine, policy=script)
    assert list(run.decisions["accepted"]) == [False]
    assert text in run.decisions["refusal"][0]
    assert dict(script.seen[-1].instances) == {"old": 1, "new": 1}


def test_a_host_and_its_guest_are_deployed_together() -> None:
    """With as many instances as the host is given."""
    for instances in ({"old": 2}, {"old": 2, "new": 2}):
        script = Script({1: [Deploy({"old": 1.0, "new": 3.0}, instances)]})
        record(described("600s", instances_of="old"), "compiled", policy=script)
        assert dict(script.seen[-1].instances) == {"old": 2, "new": 2}


@pytest.mark.parametrize(
    ("of_new", "text"),
    [
        ({"instances_of": "elsewhere"}, "names no variant"),
        ({"instances_of": "new"}, "has no instances of its own"),
        ({"instances_of": "old", "workers": 2}, "is another than that of old"),
        ({"instances_of": "old", "cost_per_instance_hour": 1}, "which old pays for"),
    ],
    ids=["unknown", "itself", "other workers", "paid twice"],
)
def test_what_cannot_be_shared_is_refused(of_new: dict[str, Any], text: str) -> None:
    """The rule, and where it was broken."""
    with pytest.raises((InvalidScenario, ValueError), match=text):
        described(**of_new)
