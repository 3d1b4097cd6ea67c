"""The result of a study: plain data, the same whatever played it, and complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simab.analyse import truth_of_scenario
from simab.report.writing import canonical_json
from simab.scenario import loads
from simab.study import StudyPlan, run_study, study_examples, study_result
from tests.study.building import small


def result(engine: str = "compiled", **parts: Any) -> dict[str, Any]:
    scenario = small(**parts)
    plan = StudyPlan(scenario, scenario.policies, 5, 3, engine)
    rows = run_study(plan)
    examples = study_examples(plan, rows)
    return study_result(plan, rows, command="as it was called") | {"examples": examples}


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return result()


def test_the_engines_give_the_same_bytes(whole: dict[str, Any]) -> None:
    """Design, section 4: neither engine can be told from its study.json."""
    assert canonical_json(result("reference")) == canonical_json(whole)


def test_it_can_be_made_again_from_what_it_says(whole: dict[str, Any]) -> None:
    """Scenario, seed and replications are in it: section 10 of the report rests on that."""
    scenario = loads(whole["scenario_yaml"])
    assert scenario.model_dump(mode="json") == whole["scenario"]
    plan = StudyPlan(scenario, scenario.policies, whole["replications"], whole["seed"], "compiled")
    assert plan.scenario_hash == whole["scenario_hash"]
    rows = run_study(plan)
    again = study_result(plan, rows, command=whole["command"])
    assert again | {"examples": study_examples(plan, rows)} == whole


def test_json_holds_it(whole: dict[str, Any]) -> None:
    """No NaN, no NumPy scalar, no tuple that would come back as something else."""
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole


def test_it_states_the_truth(whole: dict[str, Any]) -> None:
    """The one that the rows were judged by."""
    truth = truth_of_scenario(small())
    assert whole["truth"]["best"] == truth.best == "b"
    assert whole["truth"]["gains"]["b"] == truth.gains["b"] == pytest.approx(0.05)
    assert whole["truth"]["judgements"] == {"a": "wrong", "b": "right"}
    assert whole["truth"]["values"]["a"]["f1"] is None


def test_each_policy_says_its_rule_and_when_it_misleads(whole: dict[str, Any]) -> None:
    """From the documentation of its class: one sentence of each."""
    assert [policy["name"] for policy in whole["policies"]] == list(small().policies)
    for policy in whole["policies"]:
        assert policy["rule"].endswith(".")
        assert policy["misleads"].startswith("It misleads ")
    parameters = whole["policies"][0]["parameters"]
    assert (parameters["labelled_requests"], parameters["alpha"]) == (150, 0.3)


def test_the_example_is_the_run_of_median_time_to_decision(whole: dict[str, Any]) -> None:
    """Of the runs that ended as most did, the one in the middle by time is told in full."""
    scenario = small()
    rows = run_study(StudyPlan(scenario, scenario.policies, 5, 3, "compiled"))
    for policy, example in zip(whole["policies"], whole["examples"], strict=True):
        assert example["policy"] == policy["name"]
        ended = [row.verdict for row in rows[policy["name"]]]
        usual = max(ended, key=ended.count)
        assert example["outcome"] == usual
        times = {
            row.replication: row.decided_s or 120.0
            for row in rows[policy["name"]]
            if row.verdict == usual
        }
        middle = (len(times) - 1) // 2
        assert times[example["replication"]] == sorted(times.values())[middle]


def test_an_excess_that_cannot_be_has_no_interval(whole: dict[str, Any]) -> None:
    """Its variants differ in how right they are only: nobody waits longer for the one or other."""
    for policy in whole["policies"]:
        for name in ("error_share_excess", "guardrail_breach_excess_s"):
            excess = policy[name]
            assert (excess["mean"], excess["low"], excess["high"]) == (0.0, 0.0, 0.0)
            assert excess["reason"]
