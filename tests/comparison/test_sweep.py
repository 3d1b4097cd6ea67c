"""`simab.sweep`: each point is what `compare` finds there, and what varies is what is asked for."""

from __future__ import annotations

import csv
import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import simab
from simab.errors import InvalidInput, ReplicationsFailed
from simab.result import Ecdf
from simab.result.sweep_result import read_saved_sweep, sweep_json
from simab.scenario.changes import changed, with_effect
from simab.scenario.precision import Precision
from simab.stats.intervals import share_interval
from simab.study import Stop
from tests.comparison.failing import FailsAtOddCounts
from tests.study.building import small

NAMES = ["test", "schedule"]


@pytest.fixture(scope="module")
def found() -> simab.Sweep:
    """Three effects, two policies."""
    return simab.sweep(
        small(), vary={"effect": "-10%..10%/3"}, policies=NAMES, replications=12, seed=3
    )


def test_a_point_is_what_compare_finds_there(found: simab.Sweep) -> None:
    """Every number of every policy, and every row, bit for bit: a point is a world like others."""
    for point, effect in zip(found.result.points, (-0.1, 0.0, 0.1), strict=True):
        study = simab.compare(
            with_effect(small(), effect),
            policies=NAMES,
            worlds=["described"],
            replications=12,
            seed=3,
        )
        alone = [replace(each, decision_time_ecdf=Ecdf((), ())) for each in study.result.policies]
        assert list(point.policies) == alone
        assert point.truth == study.result.truth
        assert found.rows[point.name] == study.rows


def test_a_sweep_is_read_back_as_it_was_written(found: simab.Sweep) -> None:
    """sweep.json and its record are the same thing."""
    text = sweep_json(found.result)
    again = read_saved_sweep(text.encode(), "sweep.json")
    assert again == found.result
    assert sweep_json(again) == text


def test_points_and_policies_meet_the_same_clients(found: simab.Sweep) -> None:
    """As many requests in a replication at every point: only how they are answered varies."""
    totals = {
        tuple(row.requests_total for row in rows)
        for policies in found.rows.values()
        for rows in policies.values()
    }
    assert len(totals) == 1


def test_frames_have_a_row_for_each_point_and_policy(found: simab.Sweep) -> None:
    """With the settings, the true gain, and theory where it says anything."""
    assert len(found.outcomes) == 3 * 2 * 12
    summary = found.summary.set_index(["effect", "name"])
    assert len(summary) == 6
    assert summary.loc["-10%", "true_gain"].tolist() == pytest.approx([-0.1, -0.1])
    assert summary.loc[("10%", "schedule"), "theory"] == 1.0
    promoted = found.outcomes.query("verdict == 'promoted_candidate'").groupby("effect").size()
    assert promoted["10%"] == summary.loc["10%", "promoted_candidate_count"].sum()


def test_its_table_has_the_numbers_of_a_comparison(found: simab.Sweep) -> None:
    """The same columns beside those of the point, how a mean is spread among them."""
    study = simab.compare(
        small(), policies=NAMES, worlds=["described"], replications=12, seed=3
    ).summary
    own = {"point", "effect", "true_gain", "theory"}
    assert set(found.summary.columns) - own == set(study.columns) - {"world"}
    spread = [name for name in study.columns if name.startswith("requests_on_worse_p")]
    assert spread
    assert not [name for name in found.summary.columns if name.startswith("spread")]


@pytest.mark.long
def test_neither_executor_nor_store_nor_engine_changes_a_byte(found: simab.Sweep) -> None:
    """Threads, rows that are kept, and the reference plane, which is slow: two runs of each."""
    store: dict[str, Any] = {}
    asked: dict[str, Any] = {
        "vary": {"effect": "-10%..10%/3"},
        "policies": NAMES,
        "replications": 12,
        "seed": 3,
        "command": found.command,
    }
    with ThreadPoolExecutor(2) as executor:
        threads = simab.sweep(small(), executor=executor, store=store, **asked)
    rows = len(store)
    again = simab.sweep(small(), store=store, **asked)
    assert len(store) == rows == 3 * 2 * 12
    expected = sweep_json(found.result)
    assert [sweep_json(each.result) for each in (threads, again)] == [expected] * 2
    few = asked | {"replications": 2}
    engines = [simab.sweep(small(), engine=engine, **few) for engine in ("compiled", "reference")]
    assert len({sweep_json(each.result) for each in engines}) == 1


def test_rows_of_a_comparison_are_not_played_again() -> None:
    """A world that was compared is a point: both keep rows by what is played."""
    store: dict[str, Any] = {}
    simab.compare(small(), policies=["test"], worlds=["described"], replications=5, store=store)
    simab.sweep(small(), vary="effect=5%", policies=["test"], replications=5, store=store)
    assert len(store) == 5  # the file's candidate is better by 5 points


def test_parameters_of_policies_vary_as_fields_do() -> None:
    """Each point plays its own policy; one that stays the same is played once."""
    store: dict[str, Any] = {}
    swept = simab.sweep(
        small(),
        vary={"policies.test.labelled_requests": [50, 150]},
        policies=NAMES,
        replications=4,
        store=store,
    )
    needed = [point.policies[0].parameters["labelled_requests"] for point in swept.result.points]
    assert needed == [50, 150]
    assert len(store) == 3 * 4
    times = [point.policies[0].decision_time_s.p50 for point in swept.result.points]
    assert times[0] < times[1]
    scenario = changed(small(), "policies.test.labelled_requests", 50)
    alone = simab.compare(scenario, policies=["test"], worlds=["described"], replications=4)
    assert swept.rows[swept.points[0].name]["test"] == alone.rows["test"]


def test_a_grid_and_a_sample_have_their_points() -> None:
    """Places lead to the values of each field; a sample is drawn from the seed."""
    vary = {"effect": [0.0, 0.05], "traffic.users.rate": ["5/s", "10/s", "15/s"]}
    grid = simab.sweep(small(), vary=vary, policies=["schedule"], replications=1).result
    assert [point.places for point in grid.points] == [(a, b) for a in (0, 1) for b in (0, 1, 2)]
    assert grid.fields[1].numbers == (5.0, 10.0, 15.0)
    assert grid.fields[0].unit == "share"
    sample = simab.sweep(
        small(),
        vary={"effect": "0%..5%", "traffic.users.rate": "5/s..15/s"},
        latin_hypercube=4,
        policies=["schedule"],
        replications=1,
    ).result
    assert sample.sampled
    assert sorted(point.places[0] for point in sample.points) == [0, 1, 2, 3]
    assert all(5 <= number <= 15 for number in sample.numbers(1))


def test_progress_counts_all_points() -> None:
    """Also where policies vary."""
    seen: list[tuple[int, int]] = []
    simab.sweep(
        small(),
        vary="policies.test.alpha=0.1,0.2",
        policies=["test"],
        replications=3,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_budget_ends_with_as_many_replications_at_every_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock runs out in the midst; the result is that of the count that is complete."""
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr("simab.study.sending.time", clock)
    monkeypatch.setattr("simab.study.stopping.time", clock)
    asked: dict[str, Any] = {"vary": "policies.test.alpha=0.1,0.2", "policies": NAMES}
    swept = simab.sweep(small(), stop=Stop(budget_s=14.0), **asked)
    count = swept.result.replications
    assert 1 <= count < 100
    assert {len(rows) for point in swept.rows.values() for rows in point.values()} == {count}
    monkeypatch.undo()
    assert swept.result == simab.sweep(small(), replications=count, **asked).result


def test_precision_is_asked_for_at_every_point_that_the_quantity_is_about() -> None:
    """Where promoting is right at 2 of 3 points, both are as narrow; recomputed from the rows."""
    asked = Precision("power", 0.097, policy="test")
    swept = simab.sweep(
        small(), vary="effect=-10%,5%,10%", policies=["test"], stop=Stop((asked,), at_most=400)
    )
    assert swept.precise
    widths = {}
    for point in swept.points:
        ends = [row.promotes("b") for row in swept.rows[point.name]["test"]]
        interval = share_interval(sum(ends), len(ends))
        widths[point.settings["effect"]] = interval.high - interval.low
    assert max(widths["5%"], widths["10%"]) <= 2 * asked.half_width
    alone = simab.sweep(small(), vary="effect=-10%", policies=["test"], stop=Stop((asked,)))
    assert alone.result.replications == 105  # nothing is asked for


def test_a_policy_of_ones_own_may_fail_at_some_points() -> None:
    """Its failures are named with the point; where all fail there is no result."""
    own = {"own": FailsAtOddCounts(), "test": "test"}
    swept = simab.sweep(small(), vary="effect=0%,5%", policies=own, replications=8)
    assert swept.failures
    assert {each.world for each in swept.failures} <= {point.name for point in swept.points}
    failed = swept.result.failures[0]
    assert failed.policy == "own"
    place = [point.name for point in swept.points].index(failed.world)
    assert failed.replay.startswith(f"simab.simulate(sweep.points[{place}].scenario, policy=...")

    class Fails:
        def decide(self, state: Any, observation: Any) -> Any:
            raise ValueError("no")

    with pytest.raises(ReplicationsFailed):
        _ = simab.sweep(small(), vary="effect=0%", policies={"f": Fails()}, replications=2).result


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"vary": {}}, "vary"),
        ({"vary": 3}, "vary"),
        ({"vary": [3]}, "vary"),
        ({"vary": {"effect": 3}}, "effect"),
        ({"vary": {"effect": {}}}, "effect"),
        ({"vary": {3: "1..2/3"}}, "3"),
        ({"vary": "policies.other.alpha=0.1"}, "policies.other"),
        ({"vary": "policies.majority.labelled_requests=10", "policies": ["test"]}, "majority"),
        ({"vary": "policies.own.alpha=1", "policies": {"own": "test"}}, "objects"),
        ({"vary": "effect=0%", "policies": ["nobody"]}, "nobody"),
        ({"vary": "effect=0%", "replications": 0}, "replications"),
        ({"vary": "effect=0%..1%/500", "replications": 5000}, "7,500,000 runs"),
        ({"vary": "effect=0%", "seed": -1}, "seed"),
        ({"vary": "effect=0%", "store": 3}, "store"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_played(
    arguments: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of it: the message names it."""

    def play(*_: Any, **__: Any) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr("simab.sweeping.play_asked", play)
    with pytest.raises(InvalidInput, match=named):
        simab.sweep(small(), **arguments)


def test_a_horizon_that_varies_has_no_one_length() -> None:
    """NaN, not the file's."""
    swept = simab.sweep(small(), vary="horizon=90s,120s", policies=["schedule"], replications=1)
    assert math.isnan(swept.result.horizon_s)


def test_the_report_is_written_and_shown(found: simab.Sweep, tmp_path: Path) -> None:
    """The page, its data and tables; the same again from what was saved."""
    page = found.report(tmp_path / "out")
    files = {path.name for path in page.parent.iterdir()}
    assert files == {"report.html", "sweep.json", "sweep.csv", "outcomes.csv"}
    with (page.parent / "outcomes.csv").open(encoding="utf-8", newline="") as table:
        requests = [row["requests_to_decision"] for row in csv.DictReader(table)]
    assert {each.isdigit() for each in requests if each} == {True}
    assert "<table>" in found._repr_html_()
    assert "3 points" in repr(found)
