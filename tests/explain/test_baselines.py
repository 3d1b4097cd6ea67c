"""A variant that stands for the control in a release should be like it."""

from __future__ import annotations

from typing import Any

import pytest

from simab.explain.scenario_warnings import warnings
from simab.profiles.quality import Success
from simab.scenario.changes.variants import with_variants
from simab.scenario.models import Scenario
from simab.scenario.worlds.derived import with_exchanged
from tests.world.building import scenario, variant

RELEASE = {
    "kind": "guarded_release",
    "baseline": "twin",
    "stages": [{"share": "10%", "lasts": "10min"}],
    "metrics": [{"metric": "error_rate"}],
}


def world(users: dict[str, Any], **twin: Any) -> Scenario:
    """Three variants that differ in what is given of the third alone."""
    variants = {"current": variant(), "new": variant(), "twin": variant(**twin)}
    objective = {
        "control": "current",
        "candidate": "new",
        "metric": "success_rate",
        "smallest_effect": 0.01,
    }
    traffic = {"users": {"rate": "2/s"} | users}
    return scenario(
        variants, policies={"guarded": RELEASE}, objective=objective, traffic=traffic, horizon="2h"
    )


def said_of(described: Scenario) -> list[str]:
    return [each for each in warnings(described) if "compares the candidate with" in each]


def test_a_baseline_like_the_control_is_not_warned_of() -> None:
    assert said_of(world({})) == []


@pytest.mark.parametrize(
    ("users", "twin", "unlike"),
    [
        ({}, {"quality": {"kind": "success", "probability": 0.31}}, "another quality than"),
        ({}, {"error_rate": 0.02}, "another error_rate than"),
        (
            {},
            {"error_rate": 0.02, "latency": {"kind": "constant", "value": "9ms"}},
            "other values of latency and error_rate than",
        ),
        (
            {"quality": {"twin": {"kind": "success", "probability": 0.31}}},
            {},
            "another quality than",
        ),
    ],
    ids=["quality", "errors", "two", "segment"],
)
def test_a_baseline_that_answers_otherwise_is(
    users: dict[str, Any], twin: dict[str, Any], unlike: str
) -> None:
    """By its own fields, or by those of a segment."""
    (said,) = said_of(world(users, **twin))
    assert f"“guarded” compares the candidate with “twin”, which has {unlike} “current”" in said


BETTER = Success(probability=0.95)


def test_a_baseline_goes_with_the_control_where_that_is_exchanged() -> None:
    """Else a release would compare two copies of one variant, and could not see which is worse."""
    described = with_variants(world({}), {"new": {"quality": BETTER}})
    made = with_exchanged(described, "new")
    better = {name for name, each in made.endpoint.variants.items() if each.quality == BETTER}
    assert better == {"current", "twin"}
    assert said_of(made) == []


def test_a_baseline_that_is_not_like_the_control_stays_as_described() -> None:
    described = with_variants(world({}, error_rate=0.05), {"new": {"quality": BETTER}})
    variants = with_exchanged(described, "new").endpoint.variants
    assert variants["twin"] == described.endpoint.variants["twin"]
    assert variants["current"].quality == BETTER
