"""A plan on a small scenario: what it names meets what is required, and nothing depends on how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.planning import Plan, plan
from simab.result.plan_result import plan_json, read_saved_plan
from simab.scenario.models import Scenario

VARIANT = {
    "latency": {"kind": "constant", "value": "10ms"},
    "quality": {"kind": "success", "probability": 0.7},
}
BETTER = VARIANT | {"quality": {"kind": "success", "probability": 0.9}}
VARY = {"policies.test.labelled_requests": [10, 60, 120]}


def scenario(**fields: Any) -> Scenario:
    """A request each six seconds: 120 labels of each variant take 24 minutes."""
    return Scenario.model_validate(
        {
            "title": "plan",
            "endpoint": {"variants": {"old": VARIANT, "new": BETTER}},
            "traffic": {"all": {"rate": "10/min"}},
            "labels": {"delay": {"kind": "constant", "value": "10s"}},
            "controller": {"interval": "2min"},
            "objective": {
                "control": "old",
                "candidate": "new",
                "metric": "success_rate",
                "smallest_effect": 0.1,
            },
            "horizon": "40min",
            "policies": {"test": {"kind": "fixed_horizon", "labelled_requests": 100}},
            "worlds": {"broken": None, "exchanged": None},
            "requirements": [
                {"quantity": "false_promotion", "at_most": "10%"},
                {"quantity": "power", "at_least": "70%"},
            ],
        }
        | fields
    )


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The rows of the plan below."""
    return {}


@pytest.fixture(scope="module")
def found(kept: dict[str, Any]) -> Plan:
    return plan(scenario(), vary=VARY, most_runs=800, fresh_runs=400, store=kept)


def test_the_named_one_has_the_smallest_sample_with_the_power(found: Plan) -> None:
    """A gain of 20 points takes about 60 labels a variant for 80 % of power; 10 have far less."""
    result = found.result
    assert result.chosen == "test: labelled_requests 60"
    assert found.chosen is not None
    assert found.chosen.settings == {"labelled_requests": 60}
    small, chosen, large = result.candidates
    assert small.compliance == "fails"
    assert {each.requirement for each in small.failed} == {1}
    assert (chosen.compliance, large.compliance) == ("passes", "passes")
    assert chosen.score.mean < large.score.mean
    assert chosen.power is not None
    assert chosen.power.share > 0.7
    (fresh,) = result.fresh
    assert (fresh.policy, fresh.seed, fresh.runs, fresh.compliance) == (
        chosen.name, result.seed + 1, 400, "passes"
    )  # fmt: skip


def test_who_failed_is_not_played_on(found: Plan, kept: Mapping[str, Any]) -> None:
    """Its runs in two worlds, and no more of them in the store; fresh ones are of the chosen."""
    assert found.result.candidates[0].runs < 800
    assert len(kept) == 2 * (sum(each.runs for each in found.result.candidates) + 400)


def test_the_record_comes_back_from_its_file(found: Plan, tmp_path: Path) -> None:
    assert found.report(tmp_path) == tmp_path / "report.html"
    content = (tmp_path / "plan.json").read_bytes()
    assert plan_json(read_saved_plan(content, "plan.json")).encode() == content
    assert (tmp_path / "candidates.csv").read_text().count("\n") == 4


def test_what_cannot_be_met_is_said_with_what_binds() -> None:
    """No test of at most 20 labels has a power of 99 % and promotes an equal one in 0.1 %."""
    hard = scenario(requirements=[{"quantity": "power", "at_least": "99%"}])
    found = plan(
        hard, vary="policies.test.labelled_requests=5,10,20", most_runs=200, fresh_runs=100
    )
    assert found.chosen is None
    assert {each.compliance for each in found.result.candidates} == {"fails"}
    assert found.result.fresh == ()


@pytest.mark.parametrize("runs", [0, 99, 2.5, True, "many"])
def test_a_number_of_runs_that_cannot_be_is_refused(runs: Any) -> None:
    with pytest.raises(InvalidInput, match="most_runs"):
        plan(scenario(), vary=VARY, most_runs=runs)
