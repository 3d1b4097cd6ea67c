"""What a message says may be written is accepted, and what it excludes is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simab.errors import InvalidScenario
from simab.scenario import loads
from simab.scenario.models import Scenario
from tests.world.building import scenario


def told(place: tuple[str, ...], value: Any) -> str:
    """The message about a value at a place of a scenario; empty where it is accepted."""
    data = scenario(
        objective={
            "control": "a", "candidate": "b", "metric": "success_rate", "smallest_effect": 0.01,
            "guardrails": [{"metric": "latency_p99", "at_most": "1s"}],
        }
    ).model_dump(mode="json")  # fmt: skip
    assert isinstance(data, dict)
    assert Scenario.model_validate(data)
    here = data
    for key in place[:-1]:
        here = here[int(key)] if isinstance(here, list) else here[key]
    here[place[-1]] = value
    try:
        loads(json.dumps(data))
    except InvalidScenario as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("place", "negative", "zero", "above"),
    [
        (("traffic", "users", "rate"), "-10/s", "0/s", "1/s"),
        (("objective", "guardrails", "0", "at_most"), "-5s", "0s", "1ms"),
        (("horizon",), "-1h", "0s", "1h"),
        (("endpoint", "weight_update"), "-1s", "0s", "1s"),
        (("endpoint", "variants", "a", "error_rate"), "-5%", "0%", "1%"),
    ],
    ids=lambda each: ".".join(each) if isinstance(each, tuple) else "",
)
def test_zero_is_offered_only_where_it_is_accepted(
    place: tuple[str, ...], negative: str, zero: str, above: str
) -> None:
    """A negative amount is refused with the bound that holds: from 0, above 0, at least so much."""
    message = told(place, negative)
    offers_zero = "not be negative" in message
    assert message
    assert offers_zero == (told(place, zero) == ""), message
    assert told(place, above) == ""
    if not offers_zero:
        assert "must be above " in message or "must be at least " in message
