"""Dates in a trace that have no offset: by a clock where the clients live, through its changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simab.explain.explanation import explain
from simab.scenario.models import Scenario
from simab.scenario.replay import rows_of
from tests.world.building import scenario

MINUTE = 60 * 10**9


def of(folder: Path, rows: list[str], *, zone: str = "Europe/Berlin", **trace: Any) -> Scenario:
    path = folder / "trace.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    traffic = {"users": {"trace": {"file": str(path), "time": "at"} | trace}}
    return scenario(traffic=traffic, horizon="4h", time_zone=zone)


def minutes(made: Scenario) -> list[float]:
    """When its rows come, from the first on."""
    trace = made.traffic["users"].trace
    assert trace is not None
    return (rows_of(trace).times_ns / MINUTE).tolist()


NIGHT = ["02:00", "02:30", "02:59", "02:00", "02:30", "02:59", "03:00"]


def autumn(clocks: list[str], offset: str = "") -> list[str]:
    return ["at", *(f"2026-10-25T{each}:00{offset}" for each in clocks)]


def test_an_hour_that_comes_twice_takes_two(tmp_path: Path) -> None:
    assert minutes(of(tmp_path, autumn(NIGHT))) == [0, 30, 59, 60, 90, 119, 120]
    assert minutes(of(tmp_path, autumn(NIGHT), zone="UTC")) == [0, 0, 30, 30, 59, 59, 60]


def test_rows_of_the_hour_before_and_of_one_second(tmp_path: Path) -> None:
    """Both requests of 2:10 are of the first time, as nothing went back between them."""
    clocks = ["01:30", "02:10", "02:10", "02:50", "02:05", "03:30"]
    assert minutes(of(tmp_path, autumn(clocks))) == [0, 40, 40, 80, 95, 180]


def test_an_hour_that_is_skipped_is_none(tmp_path: Path) -> None:
    spring = ["at", "2026-03-29T01:30:00", "2026-03-29T03:30:00"]
    assert minutes(of(tmp_path, spring)) == [0, 60]
    with pytest.raises(ValueError, match="line 3, at = '2026-03-29T02:30:00': does not come in"):
        of(tmp_path, ["at", "2026-03-29T01:30:00", "2026-03-29T02:30:00"])


def test_where_rows_are_in_no_order_it_is_not_known_which(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an hour comes twice in Europe/Berlin, and the rows"):
        of(tmp_path, autumn(["02:30", "02:10", "02:40", "02:20"]))
    ordered = autumn(["01:40", "01:20", "04:10", "04:00"])
    assert minutes(of(tmp_path, ordered)) == [0, 20, 220, 230]


def test_dates_with_an_offset_are_what_they_say(tmp_path: Path) -> None:
    assert minutes(of(tmp_path, autumn(["02:00", "02:30"], "+02:00"))) == [0, 30]
    rows = ["at", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00"]
    assert minutes(of(tmp_path, rows)) == [0, 30]
    with pytest.raises(ValueError, match=r"line 3, at = .*: has no offset\. Write all"):
        of(tmp_path, ["at", "2026-10-25T02:30:00Z", "2026-10-25T02:00:00"])
    with pytest.raises(ValueError, match="has an offset, and the first has none"):
        of(tmp_path, ["at", "2026-10-25", "2026-10-25T02:00:00+01"])


def test_zero_is_by_the_same_clock(tmp_path: Path) -> None:
    made = of(tmp_path, autumn(["02:00", "02:00", "04:00"]), zero="2026-10-25T01:00:00")
    assert minutes(made) == [60, 60, 240]
    with pytest.raises(ValueError, match="is not a time as column 'at' has them"):
        of(tmp_path, autumn(["05:00"]), zero="2026-03-29T02:30")


def test_the_zone_is_kept_through_a_dump(tmp_path: Path) -> None:
    made = of(tmp_path, autumn(NIGHT))
    again = Scenario.model_validate(made.model_dump(mode="json"))
    assert again == made
    assert minutes(again)[-1] == 120


def test_a_unit_is_for_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unit = ms is for numbers"):
        of(tmp_path, autumn(["05:00"]), unit="ms")


def overlaps(made: Scenario) -> list[str]:
    return [each for each in explain(made).warnings if "overlap" in each]


@pytest.mark.parametrize(("window", "fits"), [("1min", True), ("61s", False), ("5min", False)])
def test_windows_that_overlap_are_warned_of(tmp_path: Path, window: str, fits: bool) -> None:
    rows = ["at,n", "0,2", "60,3", "60,4", "120,1"]
    made = of(tmp_path, rows, count="n", window=window)
    trace = made.traffic["users"].trace
    assert trace is not None
    assert rows_of(trace).requests == 10  # two rows of one window are summed
    said = overlaps(made)
    assert len(said) == (not fits)
    assert fits or said[0].startswith("Windows of the trace of “users” begin 1min apart and last ")


def test_overlapping_windows_of_others_are_none_of_a_selection(tmp_path: Path) -> None:
    rows = ["at,who,n", "0,a,2", "30,b,3", "60,a,4"]
    parts: dict[str, Any] = {"count": "n", "window": "60s"}
    assert not overlaps(of(tmp_path, rows, where={"who": "a"}, **parts))
    assert overlaps(of(tmp_path, rows, **parts))
