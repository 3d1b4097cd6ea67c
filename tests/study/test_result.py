"""The result of a study: the same whatever played it, and complete."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from simab.analyse import truth_of_scenario
from simab.result import StudyResult
from simab.result.json_form import dumped
from simab.result.saved_study import canonical_json, read_result
from simab.scenario import Scenario, loads
from simab.scenario.world_names import DESCRIBED
from simab.scenario.worlds import worlds_of
from simab.study import StudyPlan, WorldRuns, run_study, study_examples, study_result
from tests.study.building import small


def result(engine: str = "compiled", **parts: Any) -> StudyResult:
    scenario = small(**parts)
    plan = StudyPlan.of_scenario(scenario, scenario.policies, 5, 3, engine)
    return found(plan, scenario, "as it was called")


def found(plan: StudyPlan, scenario: Scenario, command: str) -> StudyResult:
    """The result of the one world, with its examples."""
    rows = run_study(plan)[DESCRIBED]
    played = {DESCRIBED: WorldRuns(truth_of_scenario(scenario), rows)}
    without = study_result(plan, worlds_of(scenario), played, asked=scenario, command=command)
    return replace(without, examples=study_examples(plan, {DESCRIBED: rows}))


@pytest.fixture(scope="module")
def whole() -> StudyResult:
    return result()


@pytest.mark.long
def test_the_engines_give_the_same_bytes(whole: StudyResult) -> None:
    """Design, section 4: neither engine can be told from its study.json."""
    assert canonical_json(result("reference")) == canonical_json(whole)


def test_it_can_be_made_again_from_what_it_says(whole: StudyResult) -> None:
    """Scenario, seed and replications are in it: section 10 of the report rests on that."""
    scenario = loads(whole.scenario_yaml)
    assert scenario.model_dump(mode="json") == whole.scenario.data
    plan = StudyPlan.of_scenario(
        scenario, scenario.policies, whole.replications, whole.seed, "compiled"
    )
    assert plan.world_hashes[DESCRIBED] == whole.scenario_hash
    again = found(plan, scenario, whole.command)
    assert canonical_json(again) == canonical_json(whole)


def test_json_holds_it(whole: StudyResult) -> None:
    """No NaN, no NumPy scalar; and what comes back from there is the same to the byte."""
    text = canonical_json(whole)
    assert json.loads(text) == json.loads(json.dumps(dumped(whole), allow_nan=False))
    assert canonical_json(read_result(json.loads(text))) == text


def test_it_states_the_truth(whole: StudyResult) -> None:
    """The one that the rows were judged by."""
    truth = truth_of_scenario(small())
    assert whole.truth.best == truth.best == "b"
    assert whole.truth.gains["b"] == truth.gains["b"] == pytest.approx(0.05)
    assert whole.truth.judgements == {"a": "wrong", "b": "right"}
    assert math.isnan(whole.truth.values["a"]["f1"])


def test_each_policy_says_its_rule_and_when_it_misleads(whole: StudyResult) -> None:
    """From the documentation of its class: one sentence of each."""
    assert [policy.name for policy in whole.policies] == list(small().policies)
    for policy in whole.policies:
        assert policy.rule.endswith(".")
        assert policy.misleads.startswith("It misleads ")
    parameters = whole.policies[0].parameters
    assert (parameters["labelled_requests"], parameters["alpha"]) == (150, 0.3)


def test_the_example_is_the_run_of_median_time_to_decision(whole: StudyResult) -> None:
    """Of the runs that ended as most did, the one in the middle by time is told in full."""
    scenario = small()
    plan = StudyPlan.of_scenario(scenario, scenario.policies, 5, 3)
    rows = run_study(plan)[DESCRIBED]
    usual_runs = [each for each in whole.examples if not each.is_worst]
    for policy, example in zip(whole.policies, usual_runs, strict=True):
        assert example.policy == policy.name
        ended = [row.verdict for row in rows[policy.name]]
        usual = max(ended, key=ended.count)
        assert example.verdict == usual
        times = {
            row.replication: row.decided_s or 120.0
            for row in rows[policy.name]
            if row.verdict == usual
        }
        middle = (len(times) - 1) // 2
        assert times[example.replication] == sorted(times.values())[middle]


def test_the_worst_run_is_shown_of_each_policy_that_has_another(whole: StudyResult) -> None:
    """It has most requests on the worse variant of all runs of its policy, and no metric."""
    scenario = small()
    rows = run_study(StudyPlan.of_scenario(scenario, scenario.policies, 5, 3))[DESCRIBED]
    worst = [each for each in whole.examples if each.is_worst]
    assert worst
    for example in worst:
        harms = {row.replication: row.requests_on_worse for row in rows[example.policy]}
        assert harms[example.replication] == max(harms.values())
        assert example.world == DESCRIBED
        assert not example.metric_series


def test_an_excess_that_cannot_be_has_no_interval(whole: StudyResult) -> None:
    """Its variants differ in how right they are only: nobody waits longer for the one or other."""
    for policy in whole.policies:
        for name in ("error_share_excess", "guardrail_breach_excess_s"):
            excess = policy.means[name]
            assert (excess.mean, excess.low, excess.high) == (0.0, 0.0, 0.0)
            assert excess.reason
