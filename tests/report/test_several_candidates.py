"""Pages of several candidates speak of the one that a run is about, not of the first."""

from __future__ import annotations

import re

import pytest

from simab import compare, load
from simab.report import render_page
from simab.report.over_worlds import trades
from simab.report.weights_figure import weights_finding, weights_table
from simab.result import StudyResult, TruthSummary
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
