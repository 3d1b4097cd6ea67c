"""How arrivals are described: shapes, spikes and hours of the day, written out by hand."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from simab.errors import InvalidInput
from simab.profiles.rate_curve import Knot
from simab.profiles.strength import values_at
from simab.scenario.arrivals import Arrivals, DailyShape, PointsShape, Spike, WeeklyShape
from simab.scenario.played import played_data
from simab.scenario.rates import at_busiest_hour, at_mean_rate, hours, mean_rate_per_s
from simab.scenario.sweeps import Variation, points_of
from simab.scenario.worlds import worlds_of
from tests.world.building import scenario

S, H = 10**9, 3_600 * 10**9
BERLIN = ZoneInfo("Europe/Berlin")
BY_HOUR = tuple(float(hour) for hour in range(24))


def pieces(knots, unit=H):
    """Where each piece begins, in hours, and its two ends; the last only ends."""
    return [(knot.at_ns / unit, knot.start, knot.end) for knot in knots[:-1]]


def test_points_are_joined_by_lines_or_last():
    points = {"1s": 1, "3s": 5, "4s": 2}
    linear = PointsShape(points=points).curve(None, 6 * S)
    assert linear == (
        Knot(0, 1.0, 1.0),
        Knot(1 * S, 1.0, 5.0),
        Knot(3 * S, 5.0, 2.0),
        Knot(4 * S, 2.0, 2.0),
        Knot(6 * S, 0.0, 0.0),
    )
    steps = PointsShape(points=points, between="constant").curve(None, 6 * S)
    assert [(knot.start, knot.end) for knot in steps[:-1]] == [(1, 1), (1, 1), (5, 5), (2, 2)]


def test_points_begin_anew_and_join_what_was_before():
    """At 0 the shape is halfway from its last point to its first."""
    shape = PointsShape(points={"1s": 1, "3s": 3}, repeats_every="4s")
    assert pieces(shape.curve(None, 6 * S), S) == [
        (0, 2.0, 1.0),
        (1, 1.0, 3.0),
        (3, 3.0, 1.0),
        (5, 1.0, 2.0),
    ]


def test_a_horizon_may_end_within_a_piece():
    shape = PointsShape(points={"0s": 0, "4s": 4})
    assert shape.curve(None, 3 * S) == (Knot(0, 0.0, 3.0), Knot(3 * S, 0.0, 0.0))


def test_hours_where_the_clients_live():
    at_ten = datetime(2026, 6, 1, 10, 30, tzinfo=BERLIN)
    steps = DailyShape(hours=BY_HOUR, between="constant")
    assert pieces(steps.curve(at_ten, 2 * H)) == [(0, 10, 10), (0.5, 11, 11), (1.5, 12, 12)]
    linear = DailyShape(hours=BY_HOUR)
    assert pieces(linear.curve(at_ten, 2 * H)) == [(0, 10, 11), (1, 11, 12)]


def test_in_spring_an_hour_is_skipped():
    """Sunday, 29 March 2026: after 1:59 comes 3:00, and the day has 23 hours."""
    midnight = datetime(2026, 3, 29, tzinfo=BERLIN)
    steps = DailyShape(hours=BY_HOUR, between="constant").curve(midnight, 24 * H)
    assert [start for _, start, _ in pieces(steps)] == [0, 1, *range(3, 24), 0]
    assert pieces(steps)[2] == (2, 3, 3)
    assert pieces(steps)[-1] == (23, 0, 0)


def test_in_autumn_an_hour_comes_twice():
    """Sunday, 25 October 2026: after 2:59 comes 2:00 again, and the day has 25 hours."""
    midnight = datetime(2026, 10, 25, tzinfo=BERLIN)
    steps = DailyShape(hours=BY_HOUR, between="constant").curve(midnight, 26 * H)
    assert pieces(steps)[1:4] == [(1, 1, 1), (2, 2, 2), (4, 3, 3)]
    assert pieces(steps)[-1] == (25, 0, 0)


def test_weeks_begin_on_monday():
    by_hour = tuple(float(hour) for hour in range(168))
    shape = WeeklyShape(hours=by_hour, between="constant")
    sunday = datetime(2026, 11, 29, 22, tzinfo=BERLIN)
    assert pieces(shape.curve(sunday, 4 * H)) == [
        (0, 166, 166),
        (1, 167, 167),
        (2, 0, 0),
        (3, 1, 1),
    ]


def test_a_spike_rises_stays_and_falls():
    spike = Spike(at="10s", lasts="5s", times=3, ramp="2s")
    assert pieces(spike.curve(30 * S), S) == [
        (0, 1, 1),
        (10, 1, 3),
        (12, 3, 3),
        (17, 3, 1),
        (19, 1, 1),
    ]
    stop = Spike(at="0s", lasts="5s", times=0)
    assert pieces(stop.curve(30 * S), S) == [(0, 0, 0), (5, 1, 1)]


def test_shape_and_spikes_multiply():
    arrivals = Arrivals(
        shape=PointsShape(points={"0s": 2, "10s": 4}, between="constant"),
        spikes=(Spike(at="5s", lasts="10s", times=3), Spike(at="8s", lasts="1s", times=0)),
    )
    curve = arrivals.curve(None, 20 * S)
    assert pieces(curve.knots, S) == [
        (0, 2, 2),
        (5, 6, 6),
        (8, 0, 0),
        (9, 6, 6),
        (10, 12, 12),
        (15, 4, 4),
    ]
    assert curve.mean == pytest.approx((10 + 18 + 6 + 60 + 20) / 20)


def with_arrivals(arrivals, **parts):
    return scenario(traffic={"users": {"rate": "2/s", "arrivals": arrivals}}, **parts)


def test_mean_and_busiest_hour():
    """2 a second for two hours of three, 10 for the last."""
    shape = {"kind": "points", "points": {"0s": 1, "2h": 5}, "between": "constant"}
    made = with_arrivals({"shape": shape, "gaps": {"kind": "gamma", "cv": 3}}, horizon="3h")
    assert mean_rate_per_s(made, made.traffic["users"]) == pytest.approx(14 / 3)
    assert dict(hours(made))[90 * 60 * S] == pytest.approx(6)
    busiest = at_busiest_hour(made).traffic["users"]
    assert busiest.rate == 10
    assert busiest.arrivals.shape is None
    assert busiest.arrivals.gaps.cv == 3
    assert at_mean_rate(made).traffic["users"].rate == pytest.approx(14 / 3)
    steady = scenario()
    assert at_mean_rate(steady) is steady
    assert at_busiest_hour(steady) is steady


def test_what_chance_multiplies_counts_by_its_mean():
    states = [{"times": 0, "lasts": "3min"}, {"times": 8, "lasts": "1min"}]
    made = with_arrivals({"modulation": {"states": states}})
    assert mean_rate_per_s(made, made.traffic["users"]) == 4


def test_the_date_is_played_where_hours_decide_and_nowhere_else():
    daily = {"shape": {"kind": "daily", "hours": BY_HOUR}}
    dates = {"starts_at": "2026-03-29T01:00", "time_zone": "Europe/Berlin"}
    assert played_data(with_arrivals(daily, **dates)).keys() >= {"starts_at", "time_zone"}
    assert not {"starts_at", "time_zone"} & played_data(scenario(**dates)).keys()


def test_a_world_and_a_sweep_may_begin_at_another_hour_where_hours_decide():
    """The same day begun at 1:00 and at 13:00; where nothing goes by hours, a date is fixed."""
    daily = {"shape": {"kind": "daily", "hours": BY_HOUR, "between": "constant"}}
    later = {"late": {"change": {"starts_at": "2026-03-28T13:00"}}}
    made = with_arrivals(daily, starts_at="2026-03-28T01:00", horizon="1h", worlds=later)
    described, *_, late = worlds_of(made)
    assert late.name == "late"
    assert late.same_as is None
    assert [
        round(mean_rate_per_s(each.scenario, each.scenario.traffic["users"]), 6)
        for each in (described, late)
    ] == [2.0, 26.0]
    points = points_of(made, [Variation.parse("starts_at=2026-03-28T01:00,2026-03-28T13:00")])
    assert [point.scenario.start.hour for point in points] == [1, 13]
    with pytest.raises(ValidationError, match="starts_at is the same in all worlds"):
        scenario(starts_at="2026-03-28T01:00", worlds=later)
    steady = scenario(starts_at="2026-03-28T01:00")
    with pytest.raises(InvalidInput, match="starts_at is the same at all points"):
        points_of(steady, [Variation.parse("starts_at=2026-03-28T01:00,2026-03-28T13:00")])


def test_a_date_may_have_its_own_offset():
    made = scenario(starts_at="2026-03-01T09:00+05:30")
    assert made.start.utcoffset().total_seconds() == 5.5 * 3_600
    moved = scenario(starts_at="2026-03-01T09:00+05:30", time_zone="Europe/Berlin")
    assert moved.start.tzinfo == BERLIN
    assert (moved.start.hour, moved.start.minute) == (4, 30)


def test_a_scenario_without_arrivals_is_written_as_before():
    written = scenario().model_dump(mode="json")
    assert "time_zone" not in written
    assert all("arrivals" not in segment for segment in written["traffic"].values())


@pytest.mark.parametrize(
    ("arrivals", "parts", "why"),
    [
        ({"shape": {"kind": "daily", "hours": BY_HOUR}}, {}, "does not say when it starts"),
        ({"shape": {"kind": "points", "points": {"0s": 0}}}, {}, "leave no request"),
        ({"modulation": {"states": [{"times": 0, "lasts": "1s"}] * 2}}, {}, "leave no request"),
        ({"spikes": [{"at": "0s", "lasts": "366d", "times": 0}]}, {}, "leave no request"),
        (
            {"shape": {"kind": "points", "points": {"0s": 1}, "repeats_every": "1us"}},
            {},
            "at most 100,000 are kept",
        ),
        (
            {"modulation": {"states": [{"times": 1, "lasts": "1us"}] * 2}},
            {},
            "at most 100,000 times are played",
        ),
        (
            {"shape": {"kind": "points", "points": {"0s": 1e4}}},
            {"horizon": "366d", "metrics": {"period": "1d"}, "controller": {"interval": "1d"}},
            "too high for so long",
        ),
        (
            {"shape": {"kind": "points", "points": {"1h": 1}, "repeats_every": "1h"}},
            {},
            "after the shape repeats",
        ),
        ({"shape": {"kind": "points", "points": {"1h": 1, "60min": 2}}}, {}, "at the same time"),
        ({"shape": {"kind": "points", "points": {"noon": 1}}}, {}, "a duration is a number"),
        ({"shape": {"kind": "daily", "hours": [1, 2]}}, {"starts_at": "2026-01-01"}, "hours"),
        ({}, {"time_zone": "Europe/Atlantis"}, "no time zone that is known"),
        ({}, {"time_zone": "/etc/passwd"}, "no time zone that is known"),
        ({}, {"time_zone": "../zoneinfo/UTC"}, "no time zone that is known"),
    ],
)
def test_what_cannot_be_played_is_refused(arrivals, parts, why):
    with pytest.raises(ValidationError, match=why):
        with_arrivals(arrivals, **parts)


CHANGES_OF_THE_CLOCK = [
    ("America/New_York", "2026-03-07T12:00"),
    ("America/New_York", "2026-10-31T12:00"),
    ("Europe/Berlin", "2026-03-28T12:30:30"),
    ("Europe/Berlin", "2026-10-25T01:10"),
    ("Australia/Lord_Howe", "2026-04-04T12:00"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-03T12:00"),
    ("Africa/Cairo", "2026-04-23T12:00"),  # at midnight
    ("Africa/Cairo", "2026-10-29T12:00"),
    ("America/Santiago", "2026-04-04T12:00"),
    ("America/Santiago", "2026-09-05T12:00"),
    ("Antarctica/Troll", "2026-03-28T12:00"),  # two hours
    ("Antarctica/Troll", "2026-10-24T12:00"),
    ("Pacific/Apia", "2011-12-29T12:00"),  # a day is left out
    ("Asia/Kathmandu", "1985-12-31T12:00"),  # a quarter of an hour, for good
    ("Asia/Pyongyang", "2015-08-14T12:00"),
]


@pytest.mark.parametrize(("zone", "starts_at"), CHANGES_OF_THE_CLOCK)
@pytest.mark.parametrize("shape", [DailyShape, WeeklyShape])
def test_every_minute_has_the_factor_of_its_hour(shape, zone, starts_at):
    """By the clock there, whatever is done to it: 36 hours, minute by minute."""
    start = datetime.fromisoformat(starts_at).replace(tzinfo=ZoneInfo(zone))
    factors = tuple(float(1 + hour) for hour in range(24 if shape is DailyShape else 168))
    curve = shape(hours=factors, between="constant").curve(start, 36 * H)
    seconds = np.arange(30, 36 * 3_600, 60)
    shown = [datetime.fromtimestamp(start.timestamp() + each, start.tzinfo) for each in seconds]
    hours = [each.hour + 24 * each.weekday() * (shape is WeeklyShape) for each in shown]
    assert values_at(curve, seconds * float(S)).tolist() == [factors[hour] for hour in hours]


def test_an_hour_that_comes_again_is_gone_through_again():
    """Troll, 25 October 2026: after 2:59 comes 1:00, so that the middles are of 1, 2, 1, 2, 3."""
    midnight = datetime(2026, 10, 25, tzinfo=ZoneInfo("Antarctica/Troll"))
    linear = DailyShape(hours=BY_HOUR).curve(midnight, 6 * H)
    assert pieces(linear)[:6] == [
        (0, 11.5, 0),
        (0.5, 0, 1),
        (1.5, 1, 2),
        (2.5, 2, 1),
        (3.5, 1, 2),
        (4.5, 2, 3),
    ]


@pytest.mark.parametrize("starts_at", ["0001-01-01", "9999-12-31T23:59", "1899-12-31"])
def test_a_date_beyond_all_experiments_is_refused(starts_at):
    with pytest.raises(ValidationError, match="lies outside the years 1900 to 2200"):
        scenario(starts_at=starts_at)


@pytest.mark.parametrize("zone", ["localtime", "posixrules"])
def test_a_zone_that_depends_on_the_machine_is_refused(zone):
    with pytest.raises(ValidationError, match="is another time zone on each machine"):
        scenario(starts_at="2026-01-01", time_zone=zone)
