"""Clients who leave for good after a bad answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.run.simulation import Run
from simab.scenario.models import Scenario
from tests.world.building import WITHOUT_REFERENCE, record, scenario, variant

QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}


def leaving(opt_out: float, share: float = 0.6, **parts: Any) -> Scenario:
    """Fifty clients who leave after that share of bad answers; answers are right with `share`."""
    right = variant(quality={"kind": "success", "probability": share}, **QUICK)
    users = {"rate": "50/s", "clients": 50, "opt_out": opt_out} | parts.pop("users", {})
    variants = parts.pop("variants", {"a": right, "b": right})
    return scenario(variants, **({"horizon": "1min", "traffic": {"users": users}} | parts))


def of_clients(run: Run) -> dict[int, pd.DataFrame]:
    """The requests of each client of the segment, in order."""
    users = run.requests[run.requests["segment"] == "users"]
    return dict(list(users.groupby("client")))


def bad(requests: pd.DataFrame) -> pd.Series:
    """Which answers give reason to leave."""
    earned = requests["reward"] if "reward" in requests else requests["correct"]
    return requests["status"].isin((500, 503)) | ((requests["status"] == 200) & (earned <= 0))


@pytest.mark.parametrize(
    "routing", ["weighted_random", "sticky_hash", "smooth_weighted_round_robin", "keep_alive"]
)
def test_nobody_asks_again_after_a_first_bad_answer(engine: str, routing: str) -> None:
    """At 100 % the first bad reply is the end: what arrived before it is answered still.

    Errors and requests that are turned away count as bad, and a latency of seconds leaves others on
    their way.
    """
    slow = {"latency": {"kind": "exponential", "mean": "1s"}, "workers": 2, "queue_limit": 5}
    crowded = variant(quality={"kind": "success", "probability": 0.9}, error_rate=0.1, **slow)
    kept = {"affinity": "1h"} if routing == "keep_alive" else {}
    run = record(
        leaving(
            1.0,
            variants={"a": crowded, "b": crowded},
            endpoint={"variant_routing": routing} | kept,
            users={"rate": "10/s"},
        ),
        engine,
    )
    ends = 0
    for own in of_clients(run).values():
        left = own.loc[bad(own), "finished_ns"].min()
        if not np.isnan(left):
            others = own[own["finished_ns"] != left]  # one turned away ends as it comes
            assert (others["arrived_ns"] < left).all()
            ends += 1
    assert ends > 40
    assert {500, 503} <= set(run.requests["status"])
    on_their_way = run.totals.arrived - len(run.requests.drop_duplicates("client"))
    assert on_their_way > 0


def test_who_stays_gets_what_it_would_have_got(engine: str) -> None:
    """The requests that come are those of a run in which nobody leaves, but for the missing ones.

    A hash sends each client to its variant, and no queue lets others feel that somebody left.
    """
    endpoint = {"variant_routing": "sticky_hash"}
    whole, fewer = (record(leaving(share, endpoint=endpoint), engine) for share in (0.0, 0.3))
    columns = ["arrived_ns", "client", "variant", "finished_ns", "status", "correct", "label_ns"]
    everyone = whole.requests[columns].set_index("arrived_ns")
    came = fewer.requests[columns].set_index("arrived_ns")
    assert 200 < len(came) < len(everyone) / 2
    pd.testing.assert_frame_equal(everyone.loc[came.index], came)
    assert fewer.totals.arrived == len(came)
    assert fewer.windows["invocations"].sum() == (came["status"] != 0).sum()


@pytest.mark.parametrize("engine", ["compiled"])
@pytest.mark.parametrize("opt_out", [0.1, 0.5])
def test_so_many_requests_are_sent_before_a_client_leaves(engine: str, opt_out: float) -> None:
    """Geometric: a client asks 1 / ((1 - p) q) times on average, 4 standard errors.

    By the end nearly all of 4,000 clients have left, of whom each would have asked 200 times.
    """
    share = 0.6
    users = {"rate": "8000/s", "clients": 4_000}
    run = record(leaving(opt_out, share, users=users, horizon="100s"), engine)
    sizes = run.requests["client"].value_counts()
    leaves = (1 - share) * opt_out
    spread = np.sqrt(1 - leaves) / leaves
    late = 2 * 0.001 * 8000 / 4000  # asked while the reply was on its way
    assert len(sizes) == 4_000
    assert abs(sizes.mean() - 1 / leaves) < 4 * spread / np.sqrt(4_000) + late
    assert abs((sizes == 1).mean() - leaves) < 4 * np.sqrt(leaves * (1 - leaves) / 4_000) + late


def test_who_earns_nothing_has_reason_to_leave(engine: str) -> None:
    """Rewards of 0 are bad answers, and so are losses; smallest rewards are not."""
    for values, leaves in (([0, 0], True), ([-5, -1], True), ([0.01, 5], False)):
        quality = {
            "kind": "numeric_reward",
            "distribution": {"kind": "quantiles", "values": values},
        }
        earns = variant(quality=quality, **QUICK)
        objective = {"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 1}
        variants = {"a": earns, "b": earns}
        run = record(leaving(1.0, variants=variants, objective=objective), engine)
        assert (run.totals.arrived < 100) == leaves


def test_nobody_leaves_for_what_is_not_there(engine: str) -> None:
    """A 400 is no answer of the endpoint's; clients of other segments stay."""
    right = variant(quality={"kind": "success", "probability": 1}, **QUICK)
    wrong = variant(quality={"kind": "success", "probability": 0}, deployed=False, **QUICK)
    users = {"rate": "20/s", "clients": 5, "opt_out": 1, "targets": {"b": 0.5}}
    others = {"rate": "20/s", "clients": 5}
    run = record(
        scenario({"a": right, "b": wrong}, traffic={"users": users, "others": others}), engine
    )
    counts = run.requests["segment"].value_counts()
    assert run.totals.invalid > 1_000
    assert counts["users"] > 2_000
    assert counts["others"] > 2_000


@WITHOUT_REFERENCE
def test_answers_that_are_carried_over_decide_who_leaves(engine: str) -> None:
    """Between one that is right and one that is wrong: after a wrong one met, nobody stays."""
    variants = {
        name: variant(quality={"kind": "success", "probability": right}, **QUICK)
        for name, right in {"a": 1, "b": 0}.items()
    }
    run = record(leaving(1.0, variants=variants, users={"carry_over": 1.0}), engine)
    for own in of_clients(run).values():
        answers = own.loc[own["status"] == 200]
        if len(answers) > 1:
            assert (answers["variant"].iloc[:-1] == "a").sum() >= len(answers) - 2
    assert (run.requests.groupby("client")["correct"].sum() > 0).any()


def test_without_it_nothing_is_written_of_it() -> None:
    """A file that does not say it is written out as before there was any."""
    assert "opt_out" not in leaving(0.0).model_dump(mode="json")["traffic"]["users"]
