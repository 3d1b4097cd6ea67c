"""Replayed traces, sizes and sessions on both engines: by hand, in whole numbers."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from tests.world.building import record, scenario, variant

S = 10**9
ENGINES = ["compiled", "reference"]
ENDLESS = {"kind": "constant", "value": "366d"}


def traced(folder: Path, text: str, **trace) -> dict:
    """Traffic of one segment that replays a text."""
    path = folder / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return {"users": {"trace": {"file": str(path)} | trace}}


def arrived(traffic: dict, engine: str, *, horizon: str = "2min", **numbers) -> list[int]:
    """When its requests arrive, in ns."""
    made = scenario(traffic=traffic, horizon=horizon)
    return record(made, engine, **numbers).requests["arrived_ns"].tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_ties_a_loop_and_an_offset_by_hand(engine: str, tmp_path: Path) -> None:
    """A trace of 20 s from its 8th second on, over and over: every event of a minute.

    Two workers and a place to wait; `b` is named by some. A request that says 5 takes 1 s and 5 s.
    """
    text = "at,size,for\n3,5,\n9,5,a\n9,8,b\n9,1,\n9,1,a\n10,2,b\n"
    trace = {"time": "at", "zero": 0, "sizes": ["size"], "target": "for"}
    trace |= {"offset": "8s", "loop": True, "lasts": "20s"}
    latency = {"kind": "by_size", "base": "1s", "per_unit": {"size": "1s"}}
    variants = {
        "a": variant(latency=latency, workers=2, queue_limit=1),
        "b": variant(latency=latency, weight=0),
    }
    made = scenario(variants, traffic=traced(tmp_path, text, **trace), horizon="30s")
    found = record(made, engine).requests
    events = found[["arrived_ns", "variant", "started_ns", "finished_ns", "status"]]
    events = events.astype({"variant": str})
    assert [
        (at // S, name, since // S if since >= 0 else -1, end // S if end >= 0 else -1, status)
        for at, name, since, end, status in events.itertuples(index=False)
    ] == [
        # The 9th second of the trace is the first of the run.
        (1, "a", 1, 7, 200),
        (1, "b", 1, 10, 200),
        (1, "a", 1, 3, 200),
        (1, "a", 3, 5, 200),  # it waits for one of two workers
        (2, "b", 10, 13, 200),
        # The trace begins anew 12 s into the run: its 3rd second is the 15th.
        (15, "a", 15, 21, 200),
        (21, "a", 21, 27, 200),  # a worker becomes free on its arrival
        (21, "b", 21, -1, 0),  # until the 30th second, which is the horizon
        (21, "a", 21, 23, 200),
        (21, "a", 23, 25, 200),
        (22, "b", -1, -1, 0),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_requests_of_one_instant_beyond_the_queue_are_refused(engine: str, tmp_path: Path) -> None:
    """Five at once, two workers, one place: two start, one waits, two are refused, in order."""
    made = scenario(
        {"a": variant(latency={"kind": "constant", "value": "1s"}, workers=2, queue_limit=1)},
        traffic=traced(tmp_path, "t\n4\n4\n4\n4\n4\n", time="t", zero=0),
    )
    found = record(made, engine).requests
    assert found["arrived_ns"].tolist() == [4 * S] * 5
    assert found["status"].tolist() == [200, 200, 200, 503, 503]
    assert found["started_ns"].tolist() == [4 * S, 4 * S, 5 * S, -1, -1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("text", "trace", "expected"),
    [
        ("t\n5\n5.5\n8\n", {"time": "t"}, [0, S // 2, 3 * S]),
        ("t\n8\n5\n5.5\n\n", {"time": "t", "zero": 4}, [S, 3 * S // 2, 4 * S]),
        ("t\n0\n1\n3\n", {"time": "t", "speed": 2}, [0, S // 2, 3 * S // 2]),
        ("t\n0\n1\n3\n", {"time": "t", "unit": "ms", "speed": 0.5}, [0, 2_000_000, 6_000_000]),
        ("t\n1700000000.000000001\n1700000000.1\n", {"time": "t"}, [0, 99_999_999]),
        (
            "t\n2026-03-01T00:00:01Z\n2026-03-01T01:00:01.25+01:00\n",
            {"time": "t"},
            [0, S // 4],
        ),
        (
            "t\n2026-03-01 00:00:01\n",
            {"time": "t", "zero": "2026-03-01"},
            [S],
        ),
        ("n\n2\n0\n1\n", {"count": "n", "window": "4s"}, [S, 3 * S, 10 * S]),
        (
            "m,n\n5,1\n7,2\n",
            {"count": "n", "window": "8s", "time": "m", "unit": "s"},
            [4 * S, 4 * S, 8 * S],
        ),
        # Windows that begin before the offset have requests after it.
        ("n\n4\n1\n", {"count": "n", "window": "8s", "offset": "4s"}, [S, 3 * S, 8 * S]),
        ("t,who\n1,x\n2,y\n3,x\n", {"time": "t", "where": {"who": "x"}}, [0, 2 * S]),
        ("t,who\n1,3\n2,4\n4,4\n", {"time": "t", "where": {"who": 4}}, [S, 3 * S]),
    ],
)
def test_times_by_hand(
    text: str, trace: dict, expected: list[int], engine: str, tmp_path: Path
) -> None:
    """Seconds, dates, counts, and what is chosen of them."""
    assert arrived(traced(tmp_path, text, **trace), engine) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loop_goes_on_a_mean_gap_after_the_last(engine: str, tmp_path: Path) -> None:
    """Requests at 0, 1 and 4 s: the mean gap is 2 s, so the trace begins anew at 6 s."""
    traffic = traced(tmp_path, "t\n0\n1\n4\n", time="t", loop=True)
    assert arrived(traffic, engine, horizon="15s") == [
        each * S for each in (0, 1, 4, 6, 7, 10, 12, 13)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_kept_requests_are_drawn_by_their_number(engine: str, tmp_path: Path) -> None:
    """About the share is kept; others in another replication, and the same at another offset."""
    text = "t\n" + "".join(f"{each}\n" for each in range(2_000))
    full = traced(tmp_path, text, time="t", keep="10%")
    found = arrived(full, engine, horizon="2000s")
    assert 200 - 60 < len(found) < 200 + 60  # four and a half standard deviations
    assert found != arrived(full, engine, horizon="2000s", replication=1)
    later = traced(tmp_path, text, time="t", keep="10%", offset="500s")
    assert arrived(later, engine, horizon="1000s") == [
        each - 500 * S for each in found if 500 * S <= each < 1500 * S
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_requests_spread_at_random_stay_in_their_windows(engine: str, tmp_path: Path) -> None:
    """Uniform in each window, and drawn anew in each replication."""
    counts = [0, 400, 1, 300]
    text = "n\n" + "".join(f"{count}\n" for count in counts)
    traffic = traced(tmp_path, text, count="n", window="20s", spread="randomly")
    found = np.array(arrived(traffic, engine))
    assert np.bincount(found // (20 * S), minlength=4).tolist()[:4] == counts
    assert (np.diff(found) >= 0).all()
    inside = found[found // (20 * S) == 1] / (20 * S) % 1
    assert abs(inside.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 400)
    assert arrived(traffic, engine, replication=1) != found.tolist()


def test_a_file_may_be_compressed(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv.gz"
    path.write_bytes(gzip.compress(b"t\n1\n2\n"))
    traffic = {"users": {"trace": {"file": str(path), "time": "t"}}}
    assert arrived(traffic, "compiled") == [0, S]


def test_a_parquet_file_is_the_same(tmp_path: Path) -> None:
    """Numbers, and dates as such."""
    pytest.importorskip("pyarrow")
    import pandas as pd

    frame = pd.DataFrame({"t": [0.0, 1.5, 2.0], "n": [1, 2, 0]})
    frame["date"] = pd.to_datetime(frame["t"], unit="s", utc=True)
    path = tmp_path / "trace.parquet"
    frame.to_parquet(path)
    for trace in ({"time": "t"}, {"time": "date"}):
        traffic = {"users": {"trace": {"file": str(path)} | trace}}
        assert arrived(traffic, "compiled") == [0, 3 * S // 2, 2 * S]


def test_a_file_that_changes_is_refused_and_a_scenario_names_what_it_holds(tmp_path: Path) -> None:
    """Two files of one name give two scenarios: what was played of one is not taken for another."""
    one = scenario(traffic=traced(tmp_path, "t\n1\n2\n", time="t"))
    data = one.model_dump(mode="json")
    assert Scenario.model_validate(data) == one
    other = scenario(traffic=traced(tmp_path, "t\n1\n2\n3\n", time="t"))
    assert one != other
    with pytest.raises(ValueError, match="is not what"):
        Scenario.model_validate(data)


def test_requests_from_outside_say_no_size(tmp_path: Path) -> None:
    from simab.world import Blueprint

    latency = {"kind": "by_size", "per_unit": {"size": "1s"}}
    traffic = traced(tmp_path, "t,size\n1,2\n", time="t", sizes=["size"])
    made = scenario({"a": variant(latency=latency)}, traffic=traffic)
    with pytest.raises(InvalidInput, match="requests from outside say no size"):
        Blueprint.of(made, called=True)


def test_a_factor_of_size_has_its_mean_and_variation(tmp_path: Path) -> None:
    """Lognormal with mean 1 and the cv that is asked for, times three."""
    text = "t,size\n" + "".join(f"{each},7\n" for each in range(20_000))
    latency = {"kind": "by_size", "per_unit": {"size": "1ms"}, "cv": 0.5, "scale": 3}
    made = scenario(
        {"a": variant(latency=latency)},
        traffic=traced(tmp_path, text, time="t", sizes=["size"]),
        horizon="20000s",
    )
    found = record(made, "compiled").requests
    took_ms = (found["finished_ns"] - found["started_ns"]).to_numpy()[:-1] / 1e6
    assert abs(took_ms.mean() - 21.0) < 5 * 10.5 / np.sqrt(len(took_ms))
    assert abs(took_ms.std() / took_ms.mean() - 0.5) < 0.02
