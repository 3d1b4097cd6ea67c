"""What explain and check say of traces, sizes and sessions, against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.explain import explain, warnings
from simab.explain.capacity import load_at_all_traffic
from simab.scenario.loading import dumps, loads
from simab.scenario.memory import expected_requests, given_bytes
from simab.scenario.played import played_text
from simab.scenario.rates import at_busiest_hour, at_mean_rate, hours
from tests.world.building import scenario, variant

HOUR = 3_600


def traffic(folder: Path, counts: list[int], **trace) -> dict:
    """Counts of windows of ten minutes, each request of size 2 but the last window's of 8."""
    path = folder / "counts.csv"
    sizes = [2] * (len(counts) - 1) + [8]
    rows = (f"{count},{size}" for count, size in zip(counts, sizes, strict=True))
    path.write_text("n,size\n" + "\n".join(rows) + "\n", encoding="utf-8")
    described = {"file": str(path), "count": "n", "window": "10min", "sizes": ["size"]}
    return {"users": {"trace": described | trace}}


def test_rates_are_those_of_the_trace(tmp_path: Path) -> None:
    """Two hours of 6 x 60 and 6 x 180 requests: .2 a second on average, .3 in the busier hour."""
    made = scenario(traffic=traffic(tmp_path, [60] * 6 + [180] * 6), horizon="2h")
    assert expected_requests(made) == pytest.approx(6 * 60 + 6 * 180)
    assert at_mean_rate(made).traffic["users"].rate == pytest.approx(0.2)
    assert at_busiest_hour(made).traffic["users"].rate == pytest.approx(0.3)
    found = dict(hours(made))
    assert found[0] == pytest.approx(0.1)
    assert found[HOUR * 10**9] == pytest.approx(0.3)
    assert given_bytes(made) >= 1_440 * 16


def test_a_share_that_is_kept_is_a_share_of_the_rate(tmp_path: Path) -> None:
    made = scenario(traffic=traffic(tmp_path, [60] * 12, keep="25%"), horizon="2h")
    assert expected_requests(made) == pytest.approx(180)


def test_loads_go_by_the_sizes_that_come(tmp_path: Path) -> None:
    """Of 12 windows one has requests of 8: the mean is 2.5 units of 2 s, at .1 a second load .5."""
    latency = {"kind": "by_size", "per_unit": {"size": "2s"}}
    made = scenario(
        {"a": variant(latency=latency)}, traffic=traffic(tmp_path, [60] * 12), horizon="2h"
    )
    assert load_at_all_traffic(made, "a") == pytest.approx(0.5, rel=5e-3)


def test_shares_of_a_column_of_targets_are_targets(tmp_path: Path) -> None:
    path = tmp_path / "named.csv"
    path.write_text("t,to\n0,a\n1,\n2,b\n3,a\n", encoding="utf-8")
    trace = {"file": str(path), "time": "t", "target": "to"}
    made = scenario(traffic={"users": {"trace": trace}})
    assert at_mean_rate(made).traffic["users"].targets == {"a": 0.5, "b": 0.25}


def test_a_trace_that_ends_before_the_run_is_a_warning(tmp_path: Path) -> None:
    short = traffic(tmp_path, [60] * 12)
    made = scenario(traffic=short, horizon="3h")
    expected = "The trace of “users” ends after 2 h, and the run goes on to 3 h"
    assert any(each.startswith(expected) for each in warnings(made))
    for whole in (
        scenario(traffic=short, horizon="2h"),
        scenario(traffic=traffic(tmp_path, [60] * 12, loop=True), horizon="3h"),
    ):
        assert not any("The trace of" in each for each in warnings(whole))


def test_explain_says_how_busy_a_trace_is(tmp_path: Path) -> None:
    """All requests of ten minutes lie in one: the busiest minute has a tenth of them."""
    made = scenario(traffic=traffic(tmp_path, [60] * 11 + [600]), horizon="2h")
    said = " ".join(explain(made).sentences)
    assert "“users” replays 1,260 requests of" in said
    assert "the busiest minute begins after 1 h 50 min, with 1 request a second" in said


def test_explain_says_how_sessions_come() -> None:
    sessions = {"requests": 5, "gap": {"kind": "constant", "value": "20s"}}
    made = scenario(traffic={"users": {"rate": "2/s", "sessions": sessions}})
    said = " ".join(explain(made).sentences)
    assert (
        "come in sessions of 5 requests on average, each of one client, with 20 s between" in said
    )


def test_it_is_written_and_read_back(tmp_path: Path) -> None:
    sessions = {"shares": {"1": 0.5, "4": 0.5}, "gap": {"kind": "constant", "value": "20s"}}
    both = traffic(tmp_path, [60] * 12) | {"people": {"rate": "1/s", "sessions": sessions}}
    latency = {"kind": "by_size", "per_unit": {"size": "2ms"}, "cv": 0.5}
    sized = {"weight": 0, "latency": latency, "deployed": False}
    made = scenario({"a": variant(), "b": variant()}, traffic=both, horizon="2h")
    assert loads(dumps(made)) == made
    alone = {"users": both["users"]}
    made = scenario({"a": variant(), "b": variant(**sized)}, traffic=alone, horizon="2h")
    assert loads(dumps(made)) == made


def test_rows_of_another_content_are_other_rows(tmp_path: Path) -> None:
    """The path is the same, and what is kept of one is never shown for the other."""
    one = scenario(traffic=traffic(tmp_path, [60] * 12), horizon="2h")
    other = scenario(traffic=traffic(tmp_path, [60] * 11 + [61]), horizon="2h")
    assert played_text(one) != played_text(other)
