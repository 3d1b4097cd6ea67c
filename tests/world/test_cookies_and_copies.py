"""Session cookies keep clients at a variant; mirrored copies load one and reach nobody."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from simab.policies import Mirror, Promote, SessionAffinity, SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world.session import ENGINES
from tests.world.building import SECOND, Script, record, scenario, variant

DAY = 86_400 * SECOND
AT_ONCE = {"weight_update": "1ns", "provisioning": "1ns"}
QUICK = {"latency": {"kind": "constant", "value": "1ms"}}
BOTH_ENGINES = pytest.mark.parametrize("engine", ENGINES)


def quick(rate: str, horizon: str, **more: object) -> Scenario:
    """Two variants that answer after 1 ms, all traffic at a, updates at once."""
    variants = {"a": variant(workers=50, **QUICK), "b": variant(weight=0, workers=50, **QUICK)}
    return scenario(variants, rate=rate, horizon=horizon, endpoint=AT_ONCE, **more)


def weighted(run: Run) -> pd.DataFrame:
    """The requests that went by weight after the first split, in order of arrival."""
    requests = run.requests
    since = run.splits["at_ns"].unique()[1]
    return requests[(requests["arrived_ns"] >= since) & (requests["attempt"] == 0)]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_after_r_requests_a_share_1_minus_1_minus_w_to_the_r_is_pinned(share: float) -> None:
    """What makes a sticky canary grow: at 10 %, 41 % of the clients are at it after 5 requests.

    1 - (1 - w)**r of independent draws; each count within 4 standard errors. Then all stay.
    """
    traffic = {"users": {"rate": "200/s", "clients": 4_000}}
    cookie = SessionAffinity("b", DAY)
    script = Script({1: [SetWeights({"a": 1 - share, "b": share}, cookie)]})
    run = record(quick("1/s", "250s", traffic=traffic), "compiled", policy=script)
    reached = {1: [0, 0], 2: [0, 0], 5: [0, 0]}
    for _, own in weighted(run).groupby("client"):
        at_b = (own["variant"] == "b").to_numpy()
        assert (np.diff(at_b.astype(int)) >= 0).all(), "a client left the variant of its cookie"
        for count, tally in reached.items():
            if len(at_b) >= count:
                tally[0] += int(at_b[:count].any())
                tally[1] += 1
    for count, (pinned, clients) in reached.items():
        expected = 1 - (1 - share) ** count
        error = (expected * (1 - expected) / clients) ** 0.5
        assert clients > 1_000
        assert abs(pinned / clients - expected) < 4 * error


@BOTH_ENGINES
def test_a_cookie_runs_out_and_does_not_hold_without_a_weight(engine: str) -> None:
    """After its age a client goes by weight again; at weight 0 and after a promotion at once."""
    cookie = SessionAffinity("b", 15 * SECOND)
    script = Script(
        {
            1: [SetWeights({"a": 1.0, "b": 1.0}, cookie)],
            7: [SetWeights({"a": 1.0, "b": 0.0}, cookie)],
            9: [SetWeights({"a": 1.0, "b": 1.0}, cookie)],
            10: [Promote("a")],
        }
    )
    traffic = {"users": {"rate": "20/s", "clients": 10}}
    run = record(quick("1/s", "2min", traffic=traffic), engine, policy=script)
    requests = run.requests
    at_weight_0 = requests[requests["arrived_ns"].between(70 * SECOND + 1, 90 * SECOND)]
    promoted = requests[requests["arrived_ns"] > 100 * SECOND + 1]
    assert set(at_weight_0["variant"]) == set(promoted["variant"]) == {"a"}
    left_early, left_later = 0, 0
    sticky = requests[requests["arrived_ns"].between(10 * SECOND + 1, 70 * SECOND)]
    for _, own in sticky.groupby("client"):
        since = None
        for before, after in pairwise(own.itertuples()):
            if before.variant == "b" and (
                since is None or before.arrived_ns >= since + 15 * SECOND
            ):
                since = before.finished_ns
            if since is not None and since <= after.arrived_ns and after.variant == "a":
                left_early += after.arrived_ns < since + 15 * SECOND
                left_later += 1
    assert left_early == 0
    assert left_later > 10


@BOTH_ENGINES
def test_named_targets_neither_get_a_cookie_nor_follow_one(engine: str) -> None:
    """All of one segment names b; its clients' other requests still go by weight."""
    cookie = SessionAffinity("b", DAY)
    traffic = {"users": {"rate": "50/s", "clients": 3, "targets": {"b": 0.5}}}
    script = Script({1: [SetWeights({"a": 1.0, "b": 1e-9}, cookie)]})
    run = record(quick("1/s", "30s", traffic=traffic), engine, policy=script)
    share = (weighted(run)["variant"] == "b").mean()
    assert share == pytest.approx(0.5, abs=0.06)  # 1,000 requests: 4 standard errors


@BOTH_ENGINES
def test_copies_load_the_mirror_and_touch_nobody(engine: str) -> None:
    """Every second request is copied to b, which answers at weight 0; a's replies are unchanged."""
    base = quick("100/s", "60s", labels={"delay": {"kind": "constant", "value": "1s"}})
    script = Script({1: [SetWeights({}, mirror=Mirror("b", 0.5))]})
    run, plain = (record(base, engine, policy=policy) for policy in (script, Script()))
    requests = run.requests
    copies, originals = requests[requests["attempt"] == -1], requests[requests["attempt"] == 0]
    assert run.totals.copies == len(copies)
    assert len(copies) / len(weighted(run)) == pytest.approx(0.5, abs=0.03)
    assert set(copies["variant"]) == {"b"}
    assert (copies["label_ns"] == -1).all()
    columns = [name for name in originals if name != "index"]
    pd.testing.assert_frame_equal(
        originals[columns].reset_index(drop=True), plain.requests[columns], check_dtype=False
    )
    paired = originals.set_index("request").loc[copies["request"]]
    assert (paired["arrived_ns"].to_numpy() == copies["arrived_ns"].to_numpy()).all()
    windows = run.windows.set_index("variant").groupby("variant")[["answered", "copies_answered"]]
    counted = windows.sum()
    assert counted.loc["b", "answered"] == counted.loc["b", "copies_answered"] > 1_000
    assert counted.loc["a", "copies_answered"] == 0
    assert run.totals.arrived == plain.totals.arrived == len(originals)


@BOTH_ENGINES
def test_a_full_mirror_refuses_copies_and_the_users_never_know(engine: str) -> None:
    """A mirror without a queue and with one slow worker turns most copies away."""
    slow = variant(weight=0, queue_limit=0, latency={"kind": "constant", "value": "1s"})
    base = scenario({"a": variant(**QUICK), "b": slow}, rate="20/s", endpoint=AT_ONCE)
    run = record(base, engine, policy=Script({1: [SetWeights({}, mirror=Mirror("b"))]}))
    copies = run.requests[run.requests["attempt"] == -1]
    assert (copies["status"] == 503).sum() > 1_000
    assert run.totals.rejected == 0
    rejected = run.windows.groupby("variant")["rejected"].sum()
    assert rejected["b"] == (copies["status"] == 503).sum()


def test_impossible_rules_are_refused() -> None:
    """A cookie of no age, too many clients, copies to nobody or beyond all: each says why."""
    crowd = quick("1/s", "2min", traffic={"users": {"rate": "1/s", "clients": 2**31}})
    asked = {
        1: [SetWeights({}, SessionAffinity("b", 2**63))],
        2: [SetWeights({}, SessionAffinity("b", DAY))],
        3: [SetWeights({}, mirror=Mirror("c"))],
        4: [SetWeights({}, mirror=Mirror("b", 1.5))],
    }
    refused = record(crowd, "compiled", policy=Script(asked)).decisions["refusal"]
    for text, said in zip(
        refused, ("366 days", "10,000,000", "not on the endpoint", "0 to 1"), strict=True
    ):
        assert said in text
