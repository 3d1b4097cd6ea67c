"""Scenarios with fields changed by their path."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from simab.errors import InvalidScenario
from simab.scenario import Scenario, changed, load, with_changes
from simab.scenario.changes.paths import path_of
from tests.effort import examples
from tests.strategies import scenarios

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture
def minimal() -> Scenario:
    return load(SHIPPED / "minimal.yaml")


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("endpoint.variants.new.latency.scale", 3, 3.0),
        ("endpoint.variants.new.latency.median", "10ms", 10_000_000),
        ("endpoint.variants.new.error_rate", "5%", 0.05),
        ("endpoint.variants.new.queue_limit", 4, 4),  # which is not given in the file
        ("traffic.users.rate", "120/min", 2.0),
        ("policies.canary.stages[1]", 0.4, 0.4),
        ("policies.canary.alarms[0].at_most", "300ms", 300_000_000),
        ("objective.smallest_effect", "1%", 0.01),
    ],
)
def test_one_field_is_another_and_no_other(
    minimal: Scenario, path: str, value: Any, read: Any
) -> None:
    """The value reads as it would in the file; setting it back gives the scenario back."""
    parts = path_of(path)
    made = changed(minimal, path, value)
    here: Any = made
    for part in parts:
        here = here[part] if isinstance(here, dict | tuple) else getattr(here, part)
    assert here == read
    before: Any = minimal.model_dump(mode="json")
    for part in parts:
        before = before[part]
    assert made != minimal
    assert changed(made, path, before) == minimal


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("horizon", ("horizon",)),
        ("traffic.night shift.rate", ("traffic", "night shift", "rate")),
        ('traffic."eu.west".rate', ("traffic", "eu.west", "rate")),
        ("policies.canary.stages[0]", ("policies", "canary", "stages", 0)),
        ("a[0][1].b", ("a", 0, 1, "b")),
    ],
)
def test_paths_are_written_as_messages_write_them(text: str, path: tuple[str | int, ...]) -> None:
    """Dots join names, brackets hold indices, quotes hold names with dots."""
    assert path_of(text) == path


@pytest.mark.parametrize(
    "text", ["", ".", "a.", "a..b", ".a", "a[x]", "a[0", 'a."b', "a.[0]", "[0"]
)
def test_what_is_no_path_is_refused(minimal: Scenario, text: str) -> None:
    """With one problem and a remedy."""
    with pytest.raises(InvalidScenario) as refused:
        changed(minimal, text, 1)
    (problem,) = refused.value.problems
    assert "not a path" in problem.rule
    assert problem.remedy


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("endpoint.variants.nw.weight", "Did you mean new?"),
        ("endpoint.variants.new.wait", "Did you mean weight?"),
        ("trafic.users.rate", "Did you mean traffic?"),
        ("policies.canary.stages[2]", "[0] to [1]"),
        ("policies.canary.stages.first", "[0] to [1]"),
        ("labels.positive_share.more", "as a whole"),
        ("title.words", "as a whole"),
    ],
)
def test_a_path_that_leads_nowhere_names_what_is_there(
    minimal: Scenario, path: str, remedy: str
) -> None:
    """The nearest name, or the entries of the list."""
    with pytest.raises(InvalidScenario) as refused:
        changed(minimal, path, 1)
    (problem,) = refused.value.problems
    assert "leads nowhere" in problem.rule
    assert remedy in problem.remedy


def test_several_changes_have_to_be_valid_only_together(minimal: Scenario) -> None:
    """A p99 below the old median is fine with a new median."""
    faster = {
        "endpoint.variants.new.latency.median": "1ms",
        "endpoint.variants.new.latency.p99": "20ms",
    }
    assert with_changes(minimal, faster).endpoint.variants["new"].latency.p99 == 20_000_000
    with pytest.raises(InvalidScenario, match="p99 is below the median"):
        changed(minimal, "endpoint.variants.new.latency.p99", "20ms")


def test_a_change_within_another_is_refused(minimal: Scenario) -> None:
    """Which of the two would hold depends on their order."""
    changes = {"traffic.users.rate": "1/s", "traffic.users": {"rate": "2/s"}}
    with pytest.raises(InvalidScenario, match="overlaps"):
        with_changes(minimal, changes)


@pytest.mark.parametrize("value", [np.int64(3), np.float64(3), np.float32(3), 3])
def test_numbers_of_a_range_are_numbers(minimal: Scenario, value: Any) -> None:
    """As `numpy.arange` and `numpy.linspace` give them."""
    made = changed(minimal, "endpoint.variants.new.latency.scale", value)
    assert made.endpoint.variants["new"].latency.scale == 3


def test_an_object_that_no_file_holds_is_refused(minimal: Scenario) -> None:
    """A profile is given as its mapping."""
    latency = minimal.endpoint.variants["current"].latency
    with pytest.raises(InvalidScenario, match="Lognormal, which no file can hold"):
        changed(minimal, "endpoint.variants.new.latency", latency)
    given = latency.model_dump(mode="json")
    made = changed(minimal, "endpoint.variants.new.latency", given)
    assert made.endpoint.variants["new"].latency == latency


def test_a_change_that_breaks_a_world_of_the_file_is_refused(minimal: Scenario) -> None:
    """A control at 1 % cannot have a candidate that is 2 points worse."""
    asked = minimal.model_dump(mode="json") | {"worlds": {"worse": {"effect": "-2%"}}}
    scenario = Scenario.model_validate(asked)
    with pytest.raises(InvalidScenario) as refused:
        changed(scenario, "endpoint.variants.current.quality.probability", "1%")
    assert [problem.field for problem in refused.value.problems] == ["worlds.worse.effect"]


def test_a_refusal_comes_back_from_a_worker(minimal: Scenario) -> None:
    """Exceptions are pickled by their arguments."""
    with pytest.raises(InvalidScenario) as refused:
        changed(minimal, "horizon", "never")
    again = pickle.loads(pickle.dumps(refused.value))
    assert str(again) == str(refused.value)


@examples(1 / 3)
@given(scenarios(max_requests=30))
def test_any_scenario_can_be_changed_and_changed_back(scenario: Scenario) -> None:
    """Titles, the scale of a latency and the horizon, whatever else the file says."""
    name = scenario.objective.candidate
    scale = f"endpoint.variants.{name}.latency.scale"
    made = with_changes(scenario, {scale: 0.5, "title": "other"})
    assert made.endpoint.variants[name].latency.scale == 0.5
    assert with_changes(made, {scale: 1, "title": scenario.title}) == scenario
