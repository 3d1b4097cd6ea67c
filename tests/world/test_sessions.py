"""Sessions: requests of one client, one after the other, while other sessions go on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.world.building import record, scenario

S = 10**9
ENGINES = ["compiled", "reference"]


def requests(
    sessions: dict, *, engine: str = "compiled", rate: str = "1/s", horizon: str = "2min", **segment
) -> pd.DataFrame:
    """The records of a run of one segment."""
    users = {"rate": rate, "sessions": sessions} | segment
    return record(scenario(traffic={"users": users}, horizon=horizon), engine).requests


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_by_hand(engine: str) -> None:
    """One begins every 20 s and has three requests, 25 s apart: they overlap, each of a client."""
    sessions = {"requests": 3, "law": "fixed", "gap": {"kind": "constant", "value": "25s"}}
    found = requests(
        sessions,
        engine=engine,
        rate="0.15/s",
        arrivals={"gaps": {"kind": "regular"}},
        clients=10**6,
    )
    expected = sorted((20 * n + 25 * place, n) for n in range(1, 6) for place in range(3))
    expected = [(at, number) for at, number in expected if at < 120]
    assert found["arrived_ns"].tolist() == [at * S for at, _ in expected]
    clients: dict[int, int] = {}
    for (_, number), client in zip(expected, found["client"].tolist(), strict=True):
        assert clients.setdefault(number, client) == client
    assert len(set(clients.values())) == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_requests_of_a_session_may_come_at_once(engine: str) -> None:
    """Ties stay in the order of sessions."""
    sessions = {"shares": {"4": "100%"}, "gap": {"kind": "constant", "value": "0s"}}
    found = requests(sessions, engine=engine, rate="0.4/s", arrivals={"gaps": {"kind": "regular"}})
    assert found["arrived_ns"].tolist() == [10 * S * (1 + n // 4) for n in range(44)]
    assert (found["client"].to_numpy().reshape(-1, 4).std(axis=1) == 0).all()


@pytest.mark.parametrize(
    ("sessions", "mean", "variance"),
    [
        ({"requests": 4}, 4.0, 12.0),  # geometric: m (m - 1)
        ({"requests": 3, "law": "fixed"}, 3.0, 0.0),
        ({"shares": {"1": 0.5, "9": 0.5}}, 5.0, 16.0),
    ],
)
def test_the_rate_is_that_of_requests(sessions: dict, mean: float, variance: float) -> None:
    """Over 100,000 s: so many requests, and counts over long spans scatter as batches of them do.

    The index of dispersion of a sum of independent batches is E N^2 / E N.
    """
    sessions = sessions | {"gap": {"kind": "exponential", "mean": "2s"}}
    found = requests(sessions, rate="2/s", horizon="100000s")
    count, dispersion = len(found), mean + variance / mean
    assert abs(count - 200_000) < 4.5 * np.sqrt(200_000 * dispersion)
    counts = np.bincount(found["arrived_ns"] // (500 * S), minlength=200)
    assert abs(counts.var(ddof=1) / counts.mean() / dispersion - 1.0) < 0.5  # 5 x sqrt(2 / 199)


def test_sessions_follow_the_curve_of_their_rate() -> None:
    """Nothing begins before the rate does."""
    shape = {"kind": "points", "points": {"0s": 0, "60s": 1}, "between": "constant"}
    sessions = {"requests": 2, "gap": {"kind": "constant", "value": "1s"}}
    found = requests(sessions, rate="50/s", arrivals={"shape": shape})
    assert found["arrived_ns"].min() >= 60 * S
    assert len(found) > 2_000


def test_the_heaviest_clients_have_the_most_sessions() -> None:
    """Who asks is drawn for each session by the activity of clients: shares of a Zipf law."""
    sessions = {"requests": 3, "law": "fixed", "gap": {"kind": "constant", "value": "1s"}}
    activity = {"kind": "zipf", "exponent": 1}
    found = requests(sessions, rate="300/s", clients=3, activity=activity)
    shares = found["client"].value_counts(normalize=True).sort_index().to_numpy()
    expected = np.array([6, 3, 2]) / 11
    assert np.abs(shares - expected).max() < 5 * 0.5 / np.sqrt(len(found) / 3)


def test_a_session_keeps_its_variant_under_a_hash_of_the_client() -> None:
    """Nobody is sent to two variants."""
    made = scenario(
        traffic={
            "users": {
                "rate": "20/s",
                "clients": 2**31,
                "sessions": {"requests": 5, "gap": {"kind": "exponential", "mean": "3s"}},
            }
        },
        endpoint={"variant_routing": "sticky_hash"},
    )
    found = record(made, "compiled").requests
    assert found.groupby("client")["variant"].nunique().max() == 1
    assert found.groupby("client").size().max() > 3
