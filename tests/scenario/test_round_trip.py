"""What is written comes back: scenarios through YAML and JSON, and the text of single values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.scenario import Scenario, dumps, load, loads
from tests.effort import examples
from tests.strategies import CHARACTERS, scenario_data, scenarios

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"


@examples(1 / 3)
@given(scenarios())
def test_yaml_gives_the_scenario_back(scenario: Scenario) -> None:
    """Writing a scenario as YAML and reading it again changes nothing."""
    assert loads(dumps(scenario)) == scenario


@examples(1 / 3)
@given(scenario_data())
def test_json_is_read_by_the_same_parser(data: dict[str, object]) -> None:
    """A JSON text is a scenario file, too, and says the same as the data it was made from."""
    assert loads(json.dumps(data)) == Scenario.model_validate(data)


@examples(1 / 3)
@given(scenarios())
def test_writing_is_stable(scenario: Scenario) -> None:
    """The text of a scenario that was read from its own text is the same text."""
    text = dumps(scenario)
    assert dumps(loads(text)) == text


@examples(1 / 3)
@given(title=st.text(CHARACTERS, min_size=1), name=st.text(CHARACTERS, min_size=1, max_size=63))
def test_any_text_comes_back(title: str, name: str) -> None:
    """Titles and names keep quotes, colons, line breaks and every other character."""
    scenario = load(SHIPPED / "minimal.yaml")
    data = scenario.model_dump(mode="json", exclude_none=True)
    data["title"] = title
    data["policies"] = {name: data["policies"]["test"]}
    changed = Scenario.model_validate(data)
    assert loads(dumps(changed)) == changed
    assert loads(json.dumps(data)) == changed


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scenarios_come_back(path: Path) -> None:
    """Every scenario in scenarios/ is valid and survives being written."""
    scenario = load(path)
    assert loads(dumps(scenario)) == scenario


def test_a_null_against_a_default_is_written() -> None:
    """No probability asked for is not the default of 95 %; left out, it would come back as that."""
    data = load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)
    data["policies"] = {
        "loss": {
            "kind": "bayesian",
            "labelled_requests": 10,
            "probability_better": None,
            "expected_loss": 0.001,
        },
        "ship": {"kind": "safe_rollout", "bake": "1h", "sample_ratio_alpha": None},
        "bandit": {"kind": "thompson", "update_every": "1h", "champion_at": None},
    }
    scenario = Scenario.model_validate(data)
    text = dumps(scenario)
    assert loads(text) == scenario
    assert "maximum_duration" not in text  # absent by default, and not written


def test_what_few_scenarios_have_is_written_by_those_alone() -> None:
    """Without autoscaling or a shadow a scenario is written as before there were any."""
    plain = load(SHIPPED / "minimal.yaml")
    data = plain.model_dump(mode="json")
    assert "shadow" not in data["endpoint"]
    assert all("autoscaling" not in each for each in data["endpoint"]["variants"].values())
    scaled = load(SHIPPED / "autoscaled_candidate.yaml")
    data = scaled.model_dump(mode="json")
    assert data["endpoint"]["shadow"] == {"variant": "new", "share": 0.1}
    assert data["endpoint"]["variants"]["new"]["autoscaling"]["max_instances"] == 8
