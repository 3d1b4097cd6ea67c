"""Pages of several candidates speak of the one that a run is about, not of the first."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from simab import compare, convergence, load, sweep
from simab.cli.comparison_screen import print_comparison
from simab.cli.described_worlds import described_worlds
from simab.cli.main import main
from simab.report import (
    captions_over_worlds,
    render_page,
    tables_over_worlds,
    trade_figure,
    worlds_figure,
)
from simab.report.answer import answer
from simab.report.convergence_text import convergence_sentences
from simab.report.over_worlds import trades
from simab.report.requirement_text import unseen_text, where_text
from simab.report.sweep_figures import sweep_figures
from simab.report.sweep_text import sweep_sentences
from simab.report.verdict_columns import decided_and_ended
from simab.report.verdict_figure import ending_order
from simab.report.weights_figure import weights_finding, weights_table
from simab.report.worlds_table import columns_text, worlds_table
from simab.result import StudyResult, TruthSummary
from simab.result.example_run import WeightsInForce
from simab.scenario.loading import loads
from simab.text.typeset import plain_spaces

# The second candidate is so much better that any test of 100 labels each finds it.
SCENARIO = """title: Two candidates
endpoint:
  variants:
    old: &page
      instances: 1
      workers: 8
      latency: {kind: constant, value: 10ms}
      quality: {kind: success, probability: 20%}
    red: *page
    green:
      <<: *page
      weight: 2
      quality: {kind: success, probability: 70%}
traffic:
  visitors: {rate: 5/s}
objective: {control: old, candidates: [red, green], metric: success_rate, smallest_effect: 1%}
horizon: 10min
worlds: {exchanged: null, broken: null}
policies:
  test: {kind: fixed_horizon, labelled_requests: 100}
  stages: {kind: group_sequential, labelled_requests: 100, looks: 2}
"""
# The same in all worlds of every study; the guardrail brings in that of a slow candidate.
GUARDED = SCENARIO.replace("worlds: {exchanged: null, broken: null}\n", "").replace(
    "smallest_effect: 1%}",
    "smallest_effect: 1%, guardrails: [{metric: latency_p90, at_most: 400ms}]}",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """Four runs of each policy in both worlds."""
    path = tmp_path_factory.mktemp("several") / "several.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return compare(load(path), replications=4, seed=1).with_examples()


def test_a_run_is_about_the_candidate_that_it_ends_with(study: StudyResult) -> None:
    """Else about the best of them; of one candidate there is no choice."""
    truth: TruthSummary = study.truth
    assert truth.candidate == "red"
    assert truth.spoken_of("red").candidate == "red"
    assert truth.spoken_of("old", "red").candidate == "red"
    assert truth.spoken_of("old", None).candidate == "green"
    assert truth.spoken_of("green").judgements == truth.judgements


def test_right_endings_are_those_with_the_best(study: StudyResult) -> None:
    """Also where the best is not the first candidate."""
    assert [(each.policy, each.rightly.share) for each in trades(study)] == [
        ("test", 1.0),
        ("stages", 1.0),
    ]


def test_weights_and_series_are_those_of_the_one_promoted(study: StudyResult) -> None:
    shares = {plain_spaces(row[2].text) for row in weights_table(study).rows}
    assert shares == {"50.0 %"}  # of green; those of red are 25 %
    assert "the candidate that a run ends with" in weights_finding(study)
    described = [each for each in study.examples if each.world == "described"]
    assert {each.ends_with for each in described} == {"green"}
    for each in described:
        assert {point.variant for point in each.metric_series} == {"old", "red", "green"}


def test_sentences_name_no_single_candidate(study: StudyResult) -> None:
    """Neither the answer nor captions say "the candidate" where there are two."""
    page = plain_spaces(render_page(study))
    said = re.sub(r"<(script|style|details)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert "with the candidates as described" in said
    assert "a candidate" in said
    assert "promotes the candidate" not in said


def test_shares_over_worlds_are_called_what_they_count(study: StudyResult) -> None:
    """Right endings where promoting is right; promotions of whichever candidate elsewhere."""
    table = worlds_table(study)
    titles = [each.title for each in table.columns]
    assert "Ends right, as described" in titles
    assert "Promotes, equally good" in titles
    said = columns_text(table)
    assert "“ends right” only runs at whose end a right one has all traffic" in said
    drawn = trade_figure.draw_trade(study, 700)
    assert "ends right where promoting is" in drawn
    assert "share of runs that promote" not in drawn
    assert "or end with a right one" in captions_over_worlds.trade(study)
    titles = [each.title for each in tables_over_worlds.trade(study).columns]
    assert "Ends right where promoting is" in titles
    assert "Promotes where right" not in titles


def test_promotions_are_of_whichever_candidate(study: StudyResult) -> None:
    assert "a candidate promoted" in worlds_figure.draw_worlds(study, 700)
    titles = [each.title for each in tables_over_worlds.worlds(study).columns]
    assert "A candidate promoted, right" in titles
    assert all(
        each.startswith("A candidate") or each == "Another promoted"
        for each in titles
        if "promoted" in each
    )
    said = captions_over_worlds.worlds(study)
    assert "one, right or wrong, is promoted least often" in said


def test_the_screen_says_where_right_endings_are_counted(
    study: StudyResult, capsys: pytest.CaptureFixture[str]
) -> None:
    print_comparison(study)
    said = " ".join(capsys.readouterr().out.split())
    assert "by world; in described, in how many it ends with a right one:" in said


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """The worlds in which candidates differ: one is exchanged, one broken, one slow."""
    path = tmp_path_factory.mktemp("broken") / "broken.yaml"
    path.write_text(GUARDED, encoding="utf-8")
    return compare(load(path), replications=1, seed=1).with_examples()


def test_worlds_say_which_candidate_they_change(broken: StudyResult) -> None:
    """One is broken or slow, not all of them, and one is exchanged with the control."""
    assert [where_text(broken, each.name) for each in broken.worlds] == [
        "with the candidates as described",
        "with the candidates equally good",
        "with “old” and the best candidate exchanged",
        "with “red” broken",
        "with “red” three times as slow",
    ]


def test_what_a_rule_is_not_shown_explains_false_promotions_alone(broken: StudyResult) -> None:
    """Where another candidate is right, a rule may miss it for any other reason."""
    worlds = {each.name: each for each in broken.worlds}
    assert worlds["broken"].asks == "promote"
    found = [each for each in broken.judged if each.world == "broken"]
    assert found
    assert {unseen_text(broken, each) for each in found} == {""}


def test_explain_says_whom_it_is_right_to_promote() -> None:
    """By name where there are several: the broken one is not it."""
    said = {each.name: each.judged for each in described_worlds(loads(GUARDED))}
    assert said == {
        "described": "it is right to promote “green”",
        "equal": "it is wrong to promote any of them",
        "exchanged": "it is wrong to promote any of them",
        "broken": "it is right to promote “green”",
        "slow": "it is right to promote “green”",
    }


def test_no_two_endings_look_alike(study: StudyResult) -> None:
    """Also where seven candidates and the control are wrong to end with."""
    names = tuple(f"page{number}" for number in range(7))
    judgements = {"old": "wrong", "best": "right"} | dict.fromkeys(names, "wrong")
    truth = replace(study.truth, candidates=(*names, "best"), judgements=judgements, contenders=())
    order = ending_order(replace(study, truth=truth, policies=()))
    assert len(order) == 9
    assert len({segment.look for segment in order}) == 9


def test_convergence_says_which_two_it_compares() -> None:
    """It is of the first candidate alone."""
    found = convergence(loads(SCENARIO), replications=3).result.found
    assert (found.candidate, found.left_out) == ("red", ("green",))
    assert convergence_sentences(found)[0] == (
        "The two compared here are “old” and “red”; the other candidate is left out: “green”."
    )


def test_a_run_that_keeps_the_control_is_about_what_its_rule_compared(study: StudyResult) -> None:
    """The only one it rolls out; else the one with most weight, of equal weights the best."""
    kept = replace(study.examples[0], ends_with="old", decided_for="old")
    for red, green, found in ((0.2, 0.2, "green"), (0.3, 0.2, "red"), (0.1, 0.2, "green")):
        weights = (
            WeightsInForce(at_s=0.0, weights={"old": 1 - red - green, "red": red, "green": green}),
            WeightsInForce(at_s=60.0, weights={"old": 1.0}),
        )
        run = replace(kept, weights=weights)
        assert run.about(study.truth, chooses_among_all=True).candidate == found
        assert run.about(study.truth, chooses_among_all=False).candidate == "red"
    promoted = replace(kept, ends_with="green", decided_for="green")
    assert promoted.about(study.truth, chooses_among_all=False).candidate == "green"


def test_results_say_which_rules_choose_among_all() -> None:
    """Where there is a choice; of one candidate nothing is said."""
    ramp = "  ramp: {kind: ramp_by_power, degradation: 0.01, spread: 0.5, risk: 0.01}\n"
    found = compare(loads(SCENARIO + ramp), replications=1, seed=1).with_examples()
    chooses = {each.name: each.chooses_among_all for each in found.policies}
    assert chooses == {"test": True, "stages": True, "ramp": False}
    alone = loads(SCENARIO.replace("candidates: [red, green]", "candidate: green"))
    found = compare(alone, replications=1, seed=1).with_examples()
    assert {each.chooses_among_all for each in found.policies} == {None}


def test_a_plotted_run_is_of_the_candidate_that_it_promotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not of the first one."""
    path = tmp_path / "several.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["run", str(path), "--policy", "test", "--plot"])
    said = capsys.readouterr().out
    assert "Share of the traffic of “green”" in said
    assert "x “green”" in " ".join(said.split())


def test_decisions_that_endings_repeat_are_left_out(study: StudyResult) -> None:
    """Those that differ under some policy stay."""
    assert [each.short for each in decided_and_ended(study)] == ["ends with green"]
    first, *others = study.policies
    none = replace(first.ends_with["green"], count=0)
    overturned = replace(first, overturned=4, ends_with={**first.ends_with, "green": none})
    changed = replace(study, policies=(overturned, *others))
    assert [each.short for each in decided_and_ended(changed)] == [
        "promotes green",
        "ends with green",
    ]


@pytest.mark.parametrize("columns", [80, 140])
def test_the_screen_keeps_to_its_width(
    study: StudyResult,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
) -> None:
    """Where the columns do not fit, each policy has lines of its own."""
    monkeypatch.setenv("COLUMNS", str(columns))
    names = ("a page with a long name", "another page with a long name")
    ended = study.policies[0].ends_with["green"]
    policies = [
        replace(each, ends_with={**each.ends_with, **dict.fromkeys(names, ended)})
        for each in study.policies
    ]
    print_comparison(replace(study, policies=tuple(policies)))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= columns


def test_a_blind_rule_is_right_with_one_candidate_only(study: StudyResult) -> None:
    """One that promotes whatever it is shown has to promote the right one of them."""
    said = plain_spaces(answer(study).verdict)
    assert "one that promotes “green” whatever it is shown is right in 100 %" in said


def test_sweeps_say_that_any_candidate_counts() -> None:
    """Whichever is promoted, right or wrong."""
    plan = {"endpoint.variants.green.quality.probability": [0.2, 0.7]}
    result = sweep(loads(SCENARIO), vary=plan, replications=1, seed=1).result
    said = " ".join(sweep_sentences(result))
    assert "right to promote a candidate, at the point where each promotes one, right or" in said
    titles = [each.title for each in sweep_figures(result, count(1))]
    assert any("How often a candidate is promoted, right or wrong" in each for each in titles)
