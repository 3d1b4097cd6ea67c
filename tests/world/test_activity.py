"""Clients of unequal activity: who asks, on both engines and under every routing."""

from __future__ import annotations

import numpy as np
import pytest

from simab.explain.hashed_shares import hashed_share_deviation
from simab.profiles.activity import LognormalActivity, ZipfActivity
from simab.scenario.client_groups import client_groups
from simab.stats.goodness_of_fit import chi_square_shares
from tests.world.building import WITHOUT_REFERENCE, record, scenario, variant

SIZE = 1e-6  # of each statistical test here
LAWS = pytest.mark.parametrize(
    "law", [ZipfActivity(exponent=1.2), LognormalActivity(sigma=1.5)], ids=lambda law: law.kind
)
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}


@LAWS
def test_clients_ask_as_often_as_they_weigh(
    engine: str, law: ZipfActivity | LognormalActivity
) -> None:
    """Twenty clients, 10,000 requests: chi-square, size 1e-6; equal shares are rejected."""
    users = {"rate": "100/s", "clients": 20, "activity": law.model_dump()}
    asked = record(scenario(traffic={"users": users}, horizon="100s"), engine).requests["client"]
    counts = np.bincount(asked, minlength=20)
    assert chi_square_shares(counts, law.shares(20)).p_value > SIZE
    assert chi_square_shares(counts, np.full(20, 0.05)).p_value < SIZE


@WITHOUT_REFERENCE
@LAWS
def test_groups_of_many_clients_send_their_shares(
    engine: str, law: ZipfActivity | LognormalActivity
) -> None:
    """A million clients, 120,000 requests: chi-square over the three groups, size 1e-6."""
    users = {"rate": "1000/s", "clients": 10**6, "activity": law.model_dump()}
    described = scenario({"a": variant(**QUICK)}, traffic={"users": users})
    asked = record(described, engine).requests["client"]
    groups = client_groups(described.traffic["users"])
    counts = [asked.between(group.first, group.last - 1).sum() for group in groups]
    assert sum(counts) == len(asked) > 100_000
    assert chi_square_shares(counts, [group.share for group in groups]).p_value > SIZE


@pytest.mark.long
def test_segments_of_several_laws_keep_their_clients_apart(engine: str) -> None:
    """Each segment draws by its own table: three segments, chi-square of each, size 1e-6."""
    laws = {"z": ZipfActivity(exponent=2), "e": None, "l": LognormalActivity(sigma=0.5)}
    traffic = {
        name: {"rate": "50/s", "clients": 9} | ({"activity": law.model_dump()} if law else {})
        for name, law in laws.items()
    }
    requests = record(scenario(traffic=traffic), engine).requests
    for name, law in laws.items():
        counts = np.bincount(requests[requests["segment"] == name]["client"], minlength=9)
        shares = law.shares(9) if law else np.full(9, 1 / 9)
        assert chi_square_shares(counts, shares).p_value > SIZE


@pytest.mark.long
@WITHOUT_REFERENCE
def test_heavy_clients_spread_a_hashed_share(engine: str) -> None:
    """The deviation of a share between runs is sqrt(w (1 - w) sum of squared shares): 150 runs.

    Of 200 clients by Zipf's law the heaviest sends 17 %: four times as far as equal ones. The
    ratio of sample to expected variance is within 0.65 and 1.5, as for 150 draws of a bell it is
    but for one case in a thousand.
    """
    users = {"rate": "100/s", "clients": 200, "activity": {"kind": "zipf", "exponent": 1}}
    described = scenario(
        {"a": variant(**QUICK), "b": variant(**QUICK)},
        traffic={"users": users},
        endpoint={"variant_routing": "consistent_hash"},
        horizon="40s",
    )
    shares = []
    for replication in range(150):
        requests = record(described, engine, replication=replication).requests
        shares.append((requests["variant"] == "b").mean())
    expected = hashed_share_deviation(described, 0.5)
    weights = 1 / np.arange(1, 201)
    assert expected == pytest.approx(0.5 * np.sqrt((weights**2).sum()) / weights.sum())
    sampling = 0.25 / 4_000
    assert 0.65 < np.var(shares, ddof=1) / (expected**2 + sampling) < 1.5
