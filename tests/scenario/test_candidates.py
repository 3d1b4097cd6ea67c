"""The candidates of a plan: combinations of what varies of each policy, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from simab.errors import InvalidInput, InvalidScenario
from simab.scenario.models import Scenario
from simab.scenario.sweeps import Variation
from simab.scenario.sweeps.candidates import candidates_of

VARIANT = {
    "latency": {"kind": "constant", "value": "10ms"},
    "quality": {"kind": "success", "probability": 0.9},
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    policies: dict[str, Any] = {
        "test": {"kind": "fixed_horizon", "labelled_requests": 100},
        "my canary": {
            "kind": "staged_canary",
            "bake": "10min",
            "alarms": [{"metric": "error_rate", "at_most": 0.1}],
        },
    }
    return Scenario.model_validate(
        {
            "title": "candidates",
            "endpoint": {"variants": {"old": VARIANT, "new": VARIANT}},
            "traffic": {"all": {"rate": "1/s"}},
            "objective": {
                "control": "old",
                "candidate": "new",
                "metric": "success_rate",
                "smallest_effect": 0.02,
            },
            "horizon": "2h",
            "policies": policies,
        }
    )


def vary(*texts: str) -> list[Variation]:
    return [Variation.parse(text) for text in texts]


def test_each_policy_has_the_combinations_of_its_own_parameters(scenario: Scenario) -> None:
    """Two sizes and two levels of the test; the canary stays as it is."""
    found = candidates_of(
        scenario,
        ["test", "my canary"],
        vary("policies.test.labelled_requests=200,400", "policies.test.alpha=0.01,0.05"),
    )
    assert [each.of for each in found] == ["test"] * 4 + ["my canary"]
    assert len({each.name for each in found}) == 5
    sizes = [(each.policy.labelled_requests, each.policy.alpha) for each in found[:4]]  # type: ignore[attr-defined]
    assert sizes == [(200, 0.01), (200, 0.05), (400, 0.01), (400, 0.05)]
    assert found[4].policy == scenario.policies["my canary"]
    assert (found[4].name, found[4].settings) == ("my canary", {})


def test_the_parts_of_a_policy_vary_too(scenario: Scenario) -> None:
    """A name with a blank, and a field of an item of a list."""
    found = candidates_of(
        scenario, ["my canary"], vary('policies."my canary".alarms[0].at_most=5%,20%')
    )
    limits = [each.policy.alarms[0].at_most for each in found]  # type: ignore[attr-defined]
    assert limits == [0.05, 0.2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("effect=1%,2%", "no parameter of one"),
        ("traffic.all.rate=1/s,2/s", "no parameter of one"),
        ("policies.test={}", "no parameter of one"),
        ("policies.other.bake=1min,2min", "not a policy of the plan"),
    ],
)
def test_what_is_no_parameter_of_a_policy_of_the_plan_is_refused(
    scenario: Scenario, text: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        candidates_of(scenario, ["test", "my canary"], vary(text))


def test_a_combination_that_breaks_a_rule_is_named(scenario: Scenario) -> None:
    with pytest.raises(InvalidScenario, match="labelled_requests"):
        candidates_of(scenario, ["test"], vary("policies.test.labelled_requests=0,100"))
