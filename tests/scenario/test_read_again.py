"""A scenario is the same after it is written and read again, as workers and caches have it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from simab.scenario import Scenario
from simab.scenario.rates import mean_rate_per_s
from simab.scenario.timeline import Conditions
from tests.world.building import scenario, variant
from tests.world.drawn_runs import Play, plays


@given(play=plays())
@settings(max_examples=50)
def test_a_drawn_scenario_is_the_same(play: Play) -> None:
    text = play.scenario.model_dump_json()
    again = Scenario.model_validate_json(text)
    assert again == play.scenario
    assert again.model_dump_json() == text


def test_a_strength_of_its_own_is_read_again() -> None:
    entry = {
        "kind": "conditions",
        "latency_times": 2,
        "strength": {"kind": "points", "points": {"0s": 0, "10s": 1}},
    }
    described = scenario({"a": variant(), "b": variant()}, horizon="60s", timeline=[entry])
    assert Scenario.model_validate_json(described.model_dump_json()) == described


@pytest.mark.parametrize("zones", [("UTC", "Asia/Tokyo"), ("Asia/Tokyo", "UTC")])
def test_what_held_in_another_zone_is_not_taken(zones: tuple[str, str]) -> None:
    """One instant in two zones: 00:00 in the one is 09:00 in the other."""
    hours = [1.0 if hour in (8, 9, 10) else 0.25 for hour in range(24)]
    entry = {
        "kind": "conditions",
        "latency_times": 2,
        "strength": {"kind": "daily", "hours": hours},
    }
    arrivals = {"shape": {"kind": "daily", "hours": hours}}
    for zone in zones:
        described = scenario(
            {"a": variant(), "b": variant()},
            horizon="1h",
            timeline=[entry],
            starts_at="2026-06-01T00:00+00:00",
            time_zone=zone,
            traffic={"users": {"rate": "1/s", "arrivals": arrivals}},
        )
        (conditions,) = described.timeline
        assert isinstance(conditions, Conditions)
        held = conditions.strength_over(described.start, described.horizon).at(60 * 10**9)
        assert held == (1.0 if zone == "Asia/Tokyo" else 0.25)
        rate = mean_rate_per_s(described, described.traffic["users"])
        assert (rate > 0.5) == (zone == "Asia/Tokyo")
