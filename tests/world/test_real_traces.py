"""Real traces of two clusters and a web server, replayed in full; skipped where they are absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.scenario.traced import counts_in, dispersion
from tests.world.building import record, scenario, variant

S = 10**9
AZURE = "azure_llm_2023_code.csv"
TOKENS = {"kind": "by_size", "per_unit": {"input_tokens": "200us", "output_tokens": "20ms"}}


def constant(value: str) -> dict[str, str]:
    return {"kind": "constant", "value": value}


def azure(traces: Path, **trace: Any) -> dict[str, Any]:
    sizes = ["input_tokens", "output_tokens"]
    return {
        "users": {"trace": {"file": str(traces / AZURE), "time": "t_s", "sizes": sizes} | trace}
    }


@pytest.fixture
def traces(shared: Path) -> Path:
    return shared / "data" / "traces"


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize(
    ("named", "workers", "latency"),
    [
        ("constant service 0.3 s, 1 ", 1, constant("300ms")),
        ("constant service 0.6 s, 2 ", 2, constant("600ms")),
        ("constant service 1.2 s, 4 ", 4, constant("1.2s")),
        ("service = 0.0002 s*input_tokens + 0.02 s*output_tokens", 4, TOKENS),
    ],
)
def test_waits_are_those_of_a_direct_recursion(
    named: str, workers: int, latency: dict, engine: str, traces: Path
) -> None:
    """To the last digit given, where Poisson arrivals would wait a two hundredth of it."""
    published = json.loads((traces / "reference_waits.json").read_text())["results"]
    (expected,) = (each for name, each in published.items() if name.startswith(named))
    made = scenario(
        {"a": variant(latency=latency, workers=workers)}, traffic=azure(traces), horizon="2h"
    )
    found = record(made, engine).requests
    waits = (found["started_ns"] - found["arrived_ns"]).to_numpy()
    assert len(waits) == 8_819
    percentiles = dict(zip(("p50", "p90", "p99"), np.percentile(waits, [50, 90, 99]), strict=True))
    got = {name: value / S for name, value in percentiles.items()}
    got |= {"mean": waits.mean() / S, "max": waits.max() / S}
    got["share_waiting"] = float((waits > 0).mean())
    given = {name: expected[name] for name in got}
    assert {name: round(value, 6) for name, value in got.items()} == given


def arrived(traffic: dict[str, Any], horizon: str) -> np.ndarray:
    made = scenario(
        {"a": variant(latency=constant("1ms"), workers=100)}, traffic=traffic, horizon=horizon
    )
    return record(made, "compiled").requests["arrived_ns"].to_numpy()


def test_bursts_of_a_replay_are_those_of_the_trace(traces: Path) -> None:
    """Azure: the counts of every second, minute and ten minutes are equal, and so is their index
    of dispersion, which the data's description gives as 13.2 at 1 s and 167 at 60 s.
    """
    found = arrived(azure(traces), "57min")
    times_s = pd.read_csv(traces / AZURE)["t_s"].to_numpy()
    for span_s in (1, 60, 600):
        spans = 57 * 60 // span_s
        expected = np.bincount((times_s // span_s).astype(int), minlength=spans)[:spans]
        assert counts_in(found, span_s * S, 57 * 60 * S).tolist() == expected.tolist()
    assert dispersion(counts_in(found, S, 57 * 60 * S)) == pytest.approx(13.2, rel=0.01)
    assert dispersion(counts_in(found, 60 * S, 57 * 60 * S)) == pytest.approx(167, rel=0.01)


@pytest.mark.long
def test_two_weeks_of_a_web_server_by_the_minute(traces: Path) -> None:
    """NASA 1995: 1,106,031 requests, each minute's count as recorded."""
    file = traces / "nasa_1995_jul01_14_per_minute.csv"
    counted = {"file": str(file), "count": "requests", "window": "60s"}
    found = arrived({"users": {"trace": counted}}, "14d")
    counts = counts_in(found, 60 * S, 14 * 86_400 * S)
    assert counts.tolist() == pd.read_csv(file)["requests"].tolist()
    assert len(found) == 1_106_031
    assert dispersion(counts) == pytest.approx(24, abs=0.5)
    ten_minutes = dispersion(counts_in(found, 600 * S, 14 * 86_400 * S))
    assert ten_minutes == pytest.approx(194, abs=0.5)


def test_a_day_of_a_web_server_by_the_second(traces: Path) -> None:
    """NASA, 5 July: those of a second spread over it at random, each count as it was."""
    file = traces / "nasa_1995_jul05_per_second.csv.gz"
    counted = {"file": str(file), "count": "requests", "window": "1s", "spread": "randomly"}
    found = arrived({"users": {"trace": counted}}, "1d")
    counts = counts_in(found, S, 86_400 * S)
    assert counts.tolist() == pd.read_csv(file)["requests"].tolist()
    for span_s, published in ((1, 1.6), (60, 20), (600, 161)):
        index = dispersion(counts_in(found, span_s * S, 86_400 * S))
        assert index == pytest.approx(published, rel=0.03)


@pytest.mark.long
def test_clients_of_a_cluster_keep_their_windows_and_their_shares(
    traces: Path, tmp_path: Path
) -> None:
    """ServeGen: 34 clients over three days in windows of ten minutes, each a segment of one file.

    Every window of every client, at a hundredth of its 264 million requests; the heaviest client
    has 34 % of them, as the data's description says.
    """
    table = pd.read_csv(traces / "servegen_m_small_clients.csv.gz")
    table["count"] = np.rint(table["rate_per_s"] * 6.0).astype(int)
    file = tmp_path / "clients.csv"
    table[["client", "t_s", "count"]].to_csv(file, index=False)
    clients = [number for number, some in table.groupby("client")["count"].sum().items() if some]
    traffic = {
        f"client {number}": {
            "clients": 1,
            "trace": {
                "file": str(file),
                "time": "t_s",
                "zero": 0,
                "count": "count",
                "window": "600s",
                "spread": "randomly",
                "where": {"client": int(number)},
            },
        }
        for number in clients
    }
    fast = {"a": variant(latency=constant("1us"), workers=100)}
    made = scenario(fast, traffic=traffic, horizon="3d")
    found = record(made, "compiled").requests
    windows = found["arrived_ns"] // (600 * S) * 600
    seen = found.groupby([found["segment"].astype(str), windows]).size()
    within = table[(table["count"] > 0) & (table["t_s"] < 3 * 86_400)]
    names = "client " + within["client"].astype(str)
    expected = within["count"].groupby([names, within["t_s"].rename("arrived_ns")]).sum()
    assert seen.to_dict() == expected.to_dict()
    shares = found["segment"].value_counts(normalize=True)
    assert shares.iloc[0] == pytest.approx(0.34, abs=0.01)
