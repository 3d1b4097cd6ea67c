"""Routing by a hash of the session: what its requests have in common, and what its client has not.

Sessions come at regular instants, their requests at once, so that which request belongs to which
session is known from its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from simab.draws import Draws
from simab.policies import SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.stats.goodness_of_fit import binomial_exact
from simab.world.records import RECORD_COLUMNS
from simab.world.request_sessions import sessions_of_run
from simab.world.session import ENGINES
from tests.world.building import SECOND, WITHOUT_REFERENCE, Script, record, scenario, variant

SIZE = 1e-6  # of each statistical test here
BOTH_ENGINES = pytest.mark.parametrize("engine", ENGINES)
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}
EACH = 4
REGULAR = {
    "sessions": {"shares": {str(EACH): "100%"}, "gap": {"kind": "constant", "value": "0s"}},
    "arrivals": {"gaps": {"kind": "regular"}},
}


def world(
    rate: str = "40/s", *, weights: Mapping[str, float] | None = None, **parts: Any
) -> Scenario:
    """Sessions of four requests each, ten a second, of one client; updates after 5 s."""
    weights = weights or {"a": 3, "b": 1}
    users = {"rate": rate, "clients": 1, **REGULAR}
    usual = {
        "endpoint": {"variant_routing": "session_hash", "weight_update": "5s"},
        "traffic": {"users": users},
    }
    variants = {name: variant(weight=weight, **QUICK) for name, weight in weights.items()}
    return scenario(variants, **(usual | parts))


def by_session(run: Run) -> NDArray[np.int64]:
    """Whether each request went to b, shape (sessions, 4)."""
    return (run.requests["variant"] == "b").to_numpy().astype(np.int64).reshape(-1, EACH)


@BOTH_ENGINES
def test_all_requests_of_a_session_go_where_its_hash_says(engine: str) -> None:
    """119.9 s of ten sessions a second; other sessions of the one client go elsewhere."""
    sent = by_session(record(world(), engine))
    assert len(sent) == 1199
    assert (sent == sent[:, :1]).all()
    assert 0 < sent[:, 0].sum() < len(sent)


@WITHOUT_REFERENCE
def test_sessions_of_one_client_are_independent_draws(engine: str) -> None:
    """A binomial count of 20,000 sessions, and of equal neighbours, each at a size of 1e-6."""
    sent = by_session(record(world(horizon="2000100ms"), engine))[:, 0]
    assert binomial_exact(int(sent.sum()), len(sent), 0.25).p_value > SIZE
    alike = sent[0::2] == sent[1::2]  # pairs that share no session
    assert binomial_exact(int(alike.sum()), len(alike), 0.75**2 + 0.25**2).p_value > SIZE


@BOTH_ENGINES
def test_requests_without_a_session_are_drawn_one_by_one(engine: str) -> None:
    """By their own words, as `weighted_random` draws them."""
    users = {"rate": "40/s", "clients": 1, **REGULAR}
    plain = {"rate": "20/s", "clients": 1}

    def others(routing: str) -> list[str]:
        endpoint = {"variant_routing": routing}
        run = record(world(endpoint=endpoint, traffic={"plain": plain, "users": users}), engine)
        found: list[str] = run.requests.query("segment == 'plain'")["variant"].tolist()
        return found

    found = others("session_hash")
    assert len(set(found)) == 2
    assert found == others("weighted_random")


@BOTH_ENGINES
def test_a_change_of_weights_moves_sessions_that_are_under_way(engine: str) -> None:
    """From 1:1 to 3:1 half of b's sessions move and none of a's, as clients under a hash."""
    slow = {
        "sessions": {"shares": {"2": "100%"}, "gap": {"kind": "constant", "value": "60s"}},
        "arrivals": {"gaps": {"kind": "regular"}},
    }
    users = {"rate": "20/s", "clients": 1, **slow}
    script = Script({5: [SetWeights({"a": 3.0, "b": 1.0})]})  # in force at 55 s
    described = world(weights={"a": 1, "b": 1}, traffic={"users": users})
    requests = record(described, engine, policy=script).requests
    first = requests[requests["arrived_ns"] < 55 * SECOND]["variant"].to_numpy()
    at_60_s = requests[requests["arrived_ns"] > 60 * SECOND]
    second = at_60_s["variant"].to_numpy()[0::2][: len(first)]  # before who begins then
    moved = first != second
    assert (first[moved] == "b").all()
    half = int((first == "b").sum())
    assert binomial_exact(int(moved.sum()), half, 0.5).p_value > SIZE


@BOTH_ENGINES
def test_assignments_are_counted_by_session(engine: str) -> None:
    """Each once while the weights stay; requests without a session each by themselves."""
    plain = {"rate": "20/s", "clients": 1, "arrivals": {"gaps": {"kind": "regular"}}}
    users = {"rate": "40/s", "clients": 1, **REGULAR}
    script = Script()
    run = record(world(traffic={"users": users, "plain": plain}), engine, policy=script)
    assigned = script.seen[10].metrics.assignments()
    until = run.requests[run.requests["arrived_ns"] < 110 * SECOND]
    in_sessions = (until["segment"] == "users").to_numpy()
    at_b = (until["variant"] == "b").to_numpy()
    expected = at_b[in_sessions].sum() / EACH + at_b[~in_sessions].sum()
    whole = in_sessions.sum() / EACH + (~in_sessions).sum()
    assert (assigned.unit, assigned.split) == ("sessions", 1)
    assert assigned.counts == {"a": whole - expected, "b": expected}


def test_without_sessions_it_is_refused() -> None:
    """It would draw each request, which has a name of its own."""
    with pytest.raises(ValidationError, match=r"no segment has sessions\. Add sessions to"):
        world(traffic={"users": {"rate": "20/s"}})


@BOTH_ENGINES
def test_requests_of_clients_who_leave_keep_their_sessions(engine: str) -> None:
    """Each session of a run goes to one variant, though some of its requests never came."""
    sessions = {"shares": {"1": "50%", "5": "50%"}, "gap": {"kind": "exponential", "mean": "3s"}}
    users = {"rate": "20/s", "clients": 60, "opt_out": 0.2, "sessions": sessions}
    described = world(traffic={"users": users, "others": {"rate": "5/s"}}, horizon="4min")
    run = record(described, engine)
    records = run.data.records
    assert records is not None
    found = sessions_of_run(records, run.data.run_counts.blueprint, Draws(run.seed, 0))
    of_users = records[:, RECORD_COLUMNS.index("segment")] == 0
    names = [RECORD_COLUMNS.index(name) for name in ("variant", "client")]
    table = pd.DataFrame(records[of_users][:, names], columns=["variant", "client"])
    by_number = table.groupby(found[of_users])
    assert by_number["client"].nunique().max() == 1
    assert by_number["variant"].nunique().max() == 1
    assert by_number.size().max() == 5
    assert 100 < len(table) < 0.8 * 20 * 240
    # One session after the other: a client's are not taken for each other's.
    assert (by_number.size() > 1).sum() > 20
