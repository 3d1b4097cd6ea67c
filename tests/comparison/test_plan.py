"""A plan on a small scenario: what it names meets what is required, and nothing depends on how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.planning import Plan, plan
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.report.plan_text import plan_sentences
from simab.result.plan_result import plan_json, read_saved_plan
from simab.scenario.models import Scenario
from simab.study import SqliteStore

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
    assert (fresh.policy, fresh.runs, fresh.compliance) == (chosen.name, 400, "passes")
    assert fresh.seed != result.seed


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


CANARY = {
    "kind": "staged_canary",
    "stages": [0.5],
    "bake": "10min",
    "alarms": [{"metric": "latency_p90", "at_most": "5ms"}],
}


def test_the_race_goes_on_in_all_worlds_when_who_needs_one_is_out() -> None:
    """Only the canary reads latency, so that a slow candidate is played, also after it is out.

    Its alarm goes off at any latency, so that it has no power and is out at the first look.
    """
    policies = {"test": {"kind": "fixed_horizon", "labelled_requests": 60}, "canary": CANARY}
    found = plan(
        scenario(policies=policies, requirements=[{"quantity": "power", "at_least": "70%"}]),
        vary=VARY | {"policies.canary.bake": ["5min", "10min"]}, most_runs=400, fresh_runs=200,
    )  # fmt: skip
    assert "slow" in found.result.worlds
    out = [each for each in found.result.candidates if each.of == "canary"]
    assert {(each.compliance, each.runs) for each in out} == {("fails", 100)}
    assert found.result.chosen == "test: labelled_requests 60"


def test_candidates_of_one_name_are_refused() -> None:
    """A policy may be called as a candidate of another is."""
    policies = {
        "test": {"kind": "fixed_horizon", "labelled_requests": 60},
        "test: labelled_requests 60": {"kind": "fixed_horizon", "labelled_requests": 5},
    }
    with pytest.raises(InvalidInput, match="two candidates would be called 'test: label"):
        plan(scenario(policies=policies), vary=VARY)


def test_what_was_varied_and_what_was_found_have_columns_of_their_own(found: Plan) -> None:
    """A policy may have a parameter called power, as the share is."""
    assert found.candidates["policies.test.labelled_requests"].tolist() == [10, 60, 120]
    assert found.candidates["chosen"].tolist() == [False, True, False]
    assert "power" in found.candidates


def test_what_no_world_asks_ends_the_race_at_its_first_look() -> None:
    """A gain of 20 points is less than the smallest that matters, so that nothing asks power."""
    objective = scenario().objective.model_copy(update={"smallest_effect": 0.3})
    asked = scenario().model_copy(update={"objective": objective})
    found = plan(asked, vary=VARY, most_runs=6400, fresh_runs=100)
    assert found.chosen is None
    assert {each.runs for each in found.result.candidates} == {100}
    assert not found.result.more_runs_may_tell


def test_a_candidate_of_which_runs_failed_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many of them, and the first error."""
    decide = FixedHorizonTest.decide

    def fails(self: FixedHorizonTest, state: Any, observation: Any) -> Any:
        if self.labelled_requests == 60:
            raise ValueError("sixty")
        return decide(self, state, observation)

    monkeypatch.setattr(FixedHorizonTest, "decide", fails)
    found = plan(scenario(), vary=VARY, most_runs=400, fresh_runs=200)
    failed = found.result.candidate("test: labelled_requests 60")
    assert (failed.failed_runs, failed.runs) == (200, 100)
    assert failed.first_error == "ValueError: sixty"
    assert found.result.chosen == "test: labelled_requests 120"


def test_a_requirement_of_one_policy_is_asked_of_its_candidates_under_its_own_place() -> None:
    """Two are required; the second of the test alone."""
    required = [
        {"quantity": "false_promotion", "at_most": "10%"},
        {"quantity": "power", "at_least": "99.9%", "policy": "test"},
    ]
    found = plan(
        scenario(requirements=required),
        vary="policies.test.labelled_requests=5,10",
        most_runs=200,
        fresh_runs=100,
    )
    result = found.result
    assert [each.policy for each in result.requirements] == [None, "test"]
    assert {one.requirement for each in result.candidates for one in each.judged} == {0, 1}
    assert "fails 2 of 2" in plan_sentences(result)[1]


def test_the_rows_of_a_plan_are_kept_and_no_study_of_it(tmp_path: Path) -> None:
    """What a store knows of `compare` stays as it is, as its policies have other names there."""
    store = SqliteStore(tmp_path / "rows.sqlite")
    plan(scenario(), vary=VARY, most_runs=100, fresh_runs=100, store=store)
    assert len(store) >= 3 * 2 * 100
    assert store.asked() == []
    store.close()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("chosen",), "nobody"),
        (("criterion",), "cheapest"),
        (("candidates",), []),
        (("fresh",), []),
        (("requirements",), []),
        (("candidates", 0, "compliance"), "maybe"),
        (("fresh", 0, "compliance"), "maybe"),
        (("requirements", 0, "quantity"), "beauty"),
        (("requirements", 0, "unit"), "metres"),
        (("candidates", 1, "name"), "test: labelled_requests 10"),
        (("candidates", 1, "power", "share"), 7),
        (("candidates", 1, "judged", 0, "requirement"), 9),
        (("candidates", 1, "runs"), -1),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    found: Plan, path: tuple[Any, ...], value: Any
) -> None:
    """With the place, and the command that makes it again."""
    saved = json.loads(plan_json(found.result))
    *steps, last = path
    part = saved
    for step in steps:
        part = part[step]
    part[last] = value
    with pytest.raises(InvalidInput, match=r"plan\.json.*again"):
        read_saved_plan(json.dumps(saved).encode(), "plan.json")


def test_a_notebook_shows_the_answer(found: Plan) -> None:
    """And a row for each candidate."""
    shown = found._repr_html_()
    assert "Use “test: labelled_requests 60”" in shown
    assert shown.count("<tr") == 4


@pytest.mark.parametrize("arguments", [{"policies": "test"}, {"policies": []}, {"vary": {}}])
def test_nothing_to_choose_among_is_refused(arguments: Any) -> None:
    """A name in place of a list, no policy, no value."""
    with pytest.raises(InvalidInput, match="policies"):
        plan(scenario(), **{"vary": VARY} | arguments)
