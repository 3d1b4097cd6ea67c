"""The rules across fields: for scenarios built in Python, and where a rule just holds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simab.scenario import Scenario, load, rules
from simab.scenario.partial import partial_scenario
from tests.strategies import CHARACTERS, scenario_data

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"


def minimal() -> dict[str, Any]:
    return load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)


def rules_broken(data: dict[str, Any]) -> list[str]:
    return [violation.rule for violation in rules.violations(partial_scenario(data))]


def test_no_invalid_scenario_exists_in_python() -> None:
    """A scenario built in Python is held to the same rules, with the same words."""
    data = minimal()
    data["objective"]["candidate"] = "newer"
    with pytest.raises(ValidationError, match=r"objective\.candidate = newer: names no variant"):
        Scenario.model_validate(data)


@given(scenario_data())
def test_valid_scenarios_break_no_rule(data: dict[str, Any]) -> None:
    """No rule complains about a valid scenario, whether its defaults are written out or not."""
    assert rules_broken(data) == []
    assert rules_broken(Scenario.model_validate(data).model_dump(mode="json")) == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(CHARACTERS, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(scenario_data(), st.data())
def test_rules_never_fail_on_nonsense(data: dict[str, Any], chooser: st.DataObject) -> None:
    """Whatever stands in a field, the rules are silent or find a violation; they never raise."""
    broken: Any = copy.deepcopy(data)
    here = broken
    while True:
        key = chooser.draw(
            st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here)))
        )
        if not isinstance(here[key], dict | list) or not here[key] or chooser.draw(st.booleans()):
            break
        here = here[key]
    here[key] = chooser.draw(json_values)
    for violation in rules.violations(partial_scenario(broken)):
        assert violation.rule
        assert violation.remedy


def changed(data: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    """A copy in which values are replaced, each named by its keys with dots between."""
    copied = copy.deepcopy(data)
    for place, value in changes.items():
        *path, last = place.split(".")
        here: Any = copied
        for part in path:
            here = here[part]
        here[last] = value
    return copied


LAST_WEIGHT = "endpoint.variants.new.weight"
FIRST_WEIGHT = "endpoint.variants.current.weight"
RATE = "traffic.users.rate"


@pytest.mark.parametrize(
    ("fine", "broken"),
    [
        ({FIRST_WEIGHT: 0, LAST_WEIGHT: 1e-9}, {FIRST_WEIGHT: 0, LAST_WEIGHT: -0.0}),
        ({"horizon": "60001ms"}, {"horizon": "60s"}),  # a look at 60 s is at the end, so too late
        ({"metrics.period": "8h"}, {"metrics.period": "28801s"}),
        (
            {"traffic.users.targets": {"new": 0.5, "current": 0.5}},
            {"traffic.users.targets": {"new": 0.6, "current": 0.5}},
        ),
        (
            # two variants in 4 GiB: 8 bytes a request, 404 a window, and 2,114 windows open
            {"horizon": "507069s", "metrics.period": "1s", RATE: "1000/s"},
            {"horizon": "507070s", "metrics.period": "1s", RATE: "1000/s"},
        ),
        # 2**31 requests in 8 hours are 74,565.4 a second
        ({RATE: "74565/s"}, {RATE: "74566/s"}),
        # with a period of 60 s resolved to 60 ms and to 1 ms
        ({"controller.interval": "60060ms"}, {"controller.interval": "60001ms"}),
        ({"objective.metric": "accuracy"}, {"objective.metric": "recall"}),
        ({"objective.candidate": "new"}, {"objective.candidate": "current"}),
    ],
)
def test_a_rule_begins_where_it_says(fine: dict[str, object], broken: dict[str, object]) -> None:
    """The last value that a rule allows passes, and the first that it forbids does not."""
    assert rules_broken(changed(minimal(), fine)) == []
    assert len(rules_broken(changed(minimal(), broken))) == 1


def test_a_schedule_is_followed_step_by_step() -> None:
    """Weights of 0 are fine as long as another deployed variant has some at that time."""
    data = minimal()
    schedule = {"kind": "manual_schedule", "steps": []}
    data["policies"] = {"plan": schedule}
    walk_through = [
        {"at": "1h", "weights": {"current": 1, "new": 3}},
        {"at": "2h", "weights": {"current": 0, "new": 1}},
        {"at": "3h", "remove": "current"},
    ]
    schedule["steps"] = walk_through
    assert rules_broken(data) == []
    schedule["steps"] = [*walk_through, {"at": "4h", "weights": {"new": 0}}]
    assert rules_broken(data) == ["leaves no deployed variant with a weight above 0"]
    schedule["steps"] = [{"at": "1h", "remove": "current"}, {"at": "2h", "remove": "new"}]
    assert rules_broken(data) == ["leaves no deployed variant with a weight above 0"]
    schedule["steps"] = [{"at": "1h", "promote": "new"}, {"at": "2h", "remove": "current"}]
    assert rules_broken(data) == []
