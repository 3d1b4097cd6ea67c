"""What a rule looks at stands in the table of worlds, and with the world in which it fails."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given

import simab
from simab.report.answer import answer
from simab.report.answer_over_worlds import recommendation_text, requirement_remarks
from simab.report.figure_block import study_figures
from simab.report.page import render_page
from simab.report.worlds_table import worlds_table
from simab.result import StudyResult
from simab.result.requirement_result import Compliance
from tests.effort import examples
from tests.report.worlds_study import DrawnStudy, drawn_studies
from tests.study.building import small

TWELVE = {
    "schedule": (),
    "fixed horizon": ("quality",),
    "naive peeking": ("quality",),
    "group sequential, guarded": ("quality", "errors"),
    "always valid": ("quality",),
    "Bayesian": ("quality",),
    "Thompson": ("quality",),
    "blue/green": ("errors",),
    "Argo Rollouts": ("errors",),
    "Flagger": ("errors",),
    "Kayenta": ("errors", "latency"),
    "safe rollout": ("quality", "errors"),
}


@cache
def played() -> StudyResult:
    """Rules that look at quality alone, or at nothing, in worlds with a broken candidate."""
    study = simab.compare(
        small(worlds={}),
        policies=["test", "schedule"],
        worlds=["described", "equal", "broken"],
        replications=60,
    )
    return study.result


def test_each_of_the_twelve_looks_at_what_the_file_gives_it() -> None:
    """Guardrails, alarms and analyses name errors and latency; tests and bandits read labels."""
    scenario = simab.load(Path(__file__).parents[2] / "scenarios" / "twelve_policies.yaml")
    assert {name: rule.looks_at() for name, rule in scenario.policies.items()} == TWELVE


def test_the_table_says_what_each_rule_looks_at() -> None:
    """Of a schedule, that it looks at nothing."""
    table = worlds_table(played())
    assert table.columns[1].title == "Looks at"
    assert {row[0].text: row[1].text for row in table.rows} == {
        "test": "quality",
        "schedule": "nothing",
    }


def test_a_rule_that_is_not_shown_what_is_wrong_is_said_to_be() -> None:
    """Only in the world that is wrong by it, and only of a rule that does not look at it."""
    said = [recommendation_text(played()), *requirement_remarks(played())]
    failing = [each for each in said if "fails" in each and "with the candidate broken" in each]
    assert all("it does not look at errors" in each for each in failing)
    assert not any("does not look" in each for each in said if each not in failing)
    guarded = replace(
        played(),
        policies=tuple(replace(each, looks_at=("quality", "errors")) for each in played().policies),
    )
    assert "does not look" not in " ".join(
        [recommendation_text(guarded), *requirement_remarks(guarded)]
    )


@examples(1)
@given(drawn_studies())
def test_the_nearest_rule_fails_the_fewest_checks(drawn: DrawnStudy) -> None:
    """So many of so many, as were judged; and none fails fewer."""
    result = drawn.result
    said = recommendation_text(result)
    found = re.search(r"Nearest is “([^”]+)”, which fails (\d+) of (\d+) checks", said)
    if found is None:
        return
    failed = {
        policy.name: sum(
            each.policy == policy.name and each.compliance == Compliance.FAILS
            for each in result.judged
        )
        for policy in result.policies
    }
    assert failed[found[1]] == int(found[2]) == min(failed.values())
    assert sum(each.policy == found[1] for each in result.judged) == int(found[3])
    promotes = any(
        policy.promotes.count
        for world in result.worlds
        for policy in world.policies
        if policy.name == found[1]
    )
    assert ("promotes the candidate in no run" in said) != promotes


@examples(1)
@given(drawn_studies())
def test_no_rule_that_fails_is_praised_for_being_soon(drawn: DrawnStudy) -> None:
    """To promote a worse candidate after 15 minutes is no merit."""
    for remark in answer(drawn.result).remarks:
        named = re.search(r"“([^”]+)” decides soonest", remark)
        if named is not None:
            assert drawn.result.compliance(named[1]) != Compliance.FAILS


@examples(1)
@given(drawn_studies())
def test_a_ranking_of_one_world_says_which_rule_would_be_right_there(drawn: DrawnStudy) -> None:
    """One that promotes whatever it sees, or never does, by what is right."""
    truth, said = drawn.result.truth, answer(drawn.result).verdict
    if "That ranks rules in this world alone" in said:
        (right,) = truth.judged("right")
        does = "never promotes" if right == truth.control else "promotes whatever it is shown"
        assert does in said


def test_figures_of_one_world_of_several_name_it() -> None:
    """And those of a study of one world need not."""
    numbers = iter(range(1, 99))
    assert all(each.title.endswith(", as described") or each.key == "harm"
               for each in study_figures(played(), numbers))  # fmt: skip


def test_the_page_says_whose_rule_it_is_and_what_success_rate_counts() -> None:
    """That failed requests get no label, and that intervals of verdicts are wider."""
    page = render_page(played())
    assert "A request that fails gets no label" in page
    assert "uses a wider interval" in page
    assert "All of this is of one world, as described" in page
