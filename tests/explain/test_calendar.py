"""How long samples take where the rate changes: by hand, with the date at which they are there."""

from __future__ import annotations

from math import inf

import pytest

from simab.explain.calendar import calendar_of, steady
from simab.explain.explanation import explain
from tests.world.building import SECOND, scenario, variant

HOUR = 3600 * SECOND


def by_day(hours, **parts):
    arrivals = {"shape": {"kind": "daily", "hours": hours, "between": "constant"}}
    traffic = {"users": {"rate": "0.1/s", "arrivals": arrivals}}
    return scenario(traffic=traffic, starts_at="2026-03-02T18:00", **({"horizon": "2d"} | parts))


def test_a_steady_rate_has_a_plain_calendar():
    assert calendar_of(scenario()) is steady


def test_a_night_takes_longer_than_a_day():
    """12 h at twice the mean rate, 12 h at none: from 18:00 to 20:00 as much as in 4 h."""
    calendar = calendar_of(by_day([0] * 8 + [1] * 12 + [0] * 4))
    assert calendar(2 * HOUR) == pytest.approx(HOUR, abs=60 * SECOND)
    # Of 24 h of requests 4 have come by 20:00; the next after 8:00, at two hours an hour.
    assert calendar(5 * HOUR) == pytest.approx(14.5 * HOUR, abs=60 * SECOND)
    assert calendar(24 * HOUR) == pytest.approx(24 * HOUR, abs=60 * SECOND)
    assert calendar(60 * HOUR) == 60 * HOUR
    assert calendar(inf) == inf


def test_explain_says_at_which_date_a_sample_is_there():
    pair = {
        name: variant(quality={"kind": "success", "probability": each})
        for name, each in (("a", 0.9), ("b", 0.92))
    }
    made = by_day([0] * 8 + [1] * 12 + [0] * 4, variants=pair, horizon="9d")
    need = explain(made).true_difference
    # By day 180 an hour and arm: 2 h on Monday, 12 on Tuesday, the rest from 8:00 on.
    assert need.labelled_requests == 3213
    assert need.duration_s / 3600 == pytest.approx(38 + 3213 / 180 - 14, abs=0.02)
    sentence = next(each for each in explain(made).sentences if "true difference" in each)
    assert sentence.endswith("41 h 51 min at the starting split, on Wed 4 Mar at 11:51.")
