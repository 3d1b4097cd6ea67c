"""What happens during a run, in whole-number times written out by hand, on both engines."""

from __future__ import annotations

import pytest

from simab.draws import Draws
from simab.world import Blueprint, play
from simab.world.records import RECORD_COLUMNS
from tests.world.building import SECOND, Script, scenario, variant

ENGINES = pytest.mark.parametrize("engine", ["compiled", "reference"])
REGULAR = {"gaps": {"kind": "regular"}}


def constant(value):
    return {"kind": "constant", "value": value}


def sure(probability):
    return {"kind": "success", "probability": probability}


def played(timeline, engine, *, policy=None, rate="1/s", variants=None, segment=None, **parts):
    """Columns of the requests of one variant of 400 ms, a request a second, and the log."""
    own = variants or {"a": variant(latency=constant("400ms"), quality=sure(1))}
    traffic = {"users": {"rate": rate, "arrivals": REGULAR} | (segment or {})}
    made = scenario(own, traffic=traffic, timeline=timeline, **({"horizon": "30s"} | parts))
    run_data, log = play(
        Blueprint.of(made), policy, Draws(1, 0), engine=engine, record_requests=True
    )
    table = run_data.records
    return {name: table[:, place].tolist() for place, name in enumerate(RECORD_COLUMNS)}, log


def services(columns):
    """How long workers were busy, in ms."""
    return [
        (finish - start) // 1_000_000
        for start, finish in zip(columns["started_ns"], columns["finished_ns"], strict=True)
    ]


@ENGINES
def test_a_fault_begins_in_the_middle_of_a_service(engine):
    """From 5.2 to 8 s all takes three times as long: what is being served at 5.2 s does not."""
    columns, _ = played(
        [{"at": "5.2s", "lasts": "2.8s", "latency_times": 3, "kind": "conditions"}], engine
    )
    # The one of 5 s is under way; that of 7 s begins at 7.2 s, and that of 8 s when it is over.
    assert columns["started_ns"][4:9] == [
        5 * SECOND,
        6 * SECOND,
        7_200_000_000,
        8_400_000_000,
        9 * SECOND,
    ]
    assert services(columns)[3:9] == [400, 400, 1200, 1200, 400, 400]


@ENGINES
def test_a_ramp_and_a_fade(engine):
    """Latency rises by a third within 3 s from 4 s on, stays for 2 s, and is gone 2 s later."""
    entry = {
        "at": "4s",
        "ramp": "3s",
        "lasts": "2s",
        "fade": "2s",
        "latency_times": 1.75,
        "kind": "conditions",
    }
    columns, _ = played([entry], engine)
    assert services(columns)[2:12] == [400, 400, 500, 600, 700, 700, 700, 550, 400, 400]


@ENGINES
def test_an_outage_hits_both_and_a_waiting_request(engine):
    """From 3 to 5 s every request fails on which a worker begins; one that ends then does not."""
    slow = {name: variant(latency=constant("1500ms"), quality=sure(1)) for name in "ab"}
    slow["b"]["weight"] = 0
    columns, _ = played(
        [{"kind": "conditions", "at": "3s", "lasts": "2s", "error_rate": 1}], engine, variants=slow
    )
    # Starts: 1, 2.5, 4, 5.5 s, since one worker takes 1.5 s for each.
    assert columns["started_ns"][:4] == [SECOND, 2_500_000_000, 4 * SECOND, 5_500_000_000]
    assert columns["status"][:4] == [200, 200, 500, 200]


@ENGINES
def test_a_slow_instance(engine):
    """Of two instances the second takes ten times as long, for the requests of one segment."""
    two = {"a": variant(latency=constant("40ms"), instances=2)}
    columns, _ = played(
        [{"kind": "conditions", "instance": 1, "latency_times": 10}], engine, variants=two
    )
    assert {*zip(columns["instance"], services(columns), strict=True)} == {(0, 40), (1, 400)}


@ENGINES
def test_answers_turn_wrong_and_right_again(engine):
    """A quality that is there from 4 to 6 s, over one that a segment has of its own."""
    wrong = {"kind": "conditions", "at": "4s", "lasts": "2s", "quality": sure(0)}
    columns, _ = played([wrong], engine)
    assert columns["correct"][:8] == [1, 1, 1, 0, 0, 1, 1, 1]
    columns, _ = played([wrong | {"quality": sure(1)}], engine, segment={"quality": {"a": sure(0)}})
    assert columns["correct"][:8] == [0, 0, 0, 1, 1, 0, 0, 0]


@ENGINES
def test_the_later_of_two_qualities_goes_first_and_times_multiply(engine):
    """Two entries at once."""
    first = {"kind": "conditions", "quality": sure(0), "latency_times": 0.5}
    second = {"kind": "conditions", "at": "3s", "quality": sure(1), "latency_times": 3}
    columns, _ = played([first, second], engine)
    assert columns["correct"][:5] == [0, 0, 1, 1, 1]
    assert services(columns)[:5] == [200, 200, 600, 600, 600]


@ENGINES
def test_a_season_by_the_hour_where_the_clients_live(engine):
    """Berlin skips 2:00 to 3:00: what is slow from 3:00 on is so 60 minutes after 1:00."""
    hours = [1.0 if hour >= 3 else 0.0 for hour in range(24)]
    entry = {
        "kind": "conditions",
        "latency_times": 2,
        "strength": {"kind": "daily", "hours": hours, "between": "constant"},
    }
    columns, _ = played(
        [entry],
        engine,
        rate="0.1/min",
        horizon="2h",
        starts_at="2026-03-29T01:00",
        time_zone="Europe/Berlin",
    )
    minutes = [start // (60 * SECOND) for start in columns["started_ns"]]
    assert minutes[:11] == [10 * number for number in range(1, 12)]
    assert services(columns)[:11] == [400] * 5 + [800] * 6


@ENGINES
def test_somebody_else_sets_weights(engine):
    """At 5 s all traffic to b, in force at 7 s; a second hand at 6 s is refused."""
    pair = {name: variant(latency=constant("1ms")) for name in "ab"}
    pair["b"]["weight"] = 0
    to_b = {"kind": "weights", "at": "5s", "weights": {"a": 0, "b": 1}, "name": "on call"}
    columns, log = played(
        [to_b, to_b | {"at": "6s"}], engine, variants=pair, endpoint={"weight_update": "2s"}
    )
    assert columns["variant"][:9] == [0] * 6 + [1] * 3
    assert [(entry.at_ns, entry.in_force_ns, bool(entry.refusal)) for entry in log.others] == [
        (5 * SECOND, 7 * SECOND, False),
        (6 * SECOND, 6 * SECOND, True),
    ]
    assert [split.at_ns for split in log.splits] == [0, 7 * SECOND]
    assert log.decisions == ()


@ENGINES
@pytest.mark.parametrize(
    ("windows", "seen"),
    [("late", [(0, 0), (10, 9), (10, 9), (10, 9), (40, 39), (50, 49)]),
     ("lost", [(0, 0), (10, 9), (10, 9), (10, 9), (40, 19), (50, 29)])],
)  # fmt: skip
def test_metrics_come_late_or_never(engine, windows, seen):
    """Windows of 10 s, published after 5 s; from 20 s on for 21 s none is.

    At the looks at 10, 20, ..., 60 s: until which second metrics are published, and how many
    requests they count, of which one comes each second and takes 400 ms.
    """
    looks = Script()
    outage = {"kind": "metrics_outage", "at": "20s", "lasts": "21s", "windows": windows}
    played(
        [outage],
        engine,
        policy=looks,
        horizon="61s",
        metrics={"period": "10s", "publication_delay": "5s"},
    )
    found = []
    for look in looks.seen:
        until_ns = look.metrics.published_until_ns
        totals = look.metrics.requests("a", 0, until_ns)
        assert totals.latency_sum_ns == totals.answered * 400_000_000
        found.append((until_ns // SECOND, totals.answered))
    assert found == seen
    assert looks.seen[-1].metrics.assignments().counts["a"] == seen[-1][1]
