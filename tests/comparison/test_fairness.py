"""`simab.fairness`: the record of a study of the split, and what its sentences say of it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from scipy import stats

import simab
from simab.errors import InvalidInput
from simab.report import write_fairness
from simab.report.fairness_page import fairness_page
from simab.report.fairness_text import fairness_sentences, is_found_off
from simab.result.fairness_result import fairness_json, read_saved_fairness
from tests.study.building import small

MOVES = {
    "moves": {
        "kind": "manual_schedule",
        "steps": [{"at": "50s", "weights": {"a": 1, "b": 3}}],
    }
}


def moving(**endpoint):
    return small(
        policies=MOVES,
        endpoint={"weight_update": "10s", **endpoint},
        traffic={"users": {"rate": "30/s", "clients": 400}},
    )


@pytest.fixture(scope="module")
def found():
    return simab.fairness(moving(), policy="moves", replications=30, seed=2)


def test_the_record_survives_its_file(found):
    text = fairness_json(found.result)
    assert fairness_json(read_saved_fairness(text.encode(), "fairness.json")) == text


def test_engines_and_executors_give_the_same_bytes(found):
    arguments = {"policy": "moves", "replications": 3, "seed": 2}
    expected = fairness_json(simab.fairness(moving(), **arguments).result)
    slow = simab.fairness(moving(), engine="reference", **arguments)
    assert fairness_json(slow.result) == expected
    with ThreadPoolExecutor(2) as threads:
        assert (
            fairness_json(simab.fairness(moving(), executor=threads, **arguments).result)
            == expected
        )


def test_phases_have_the_shares_asked_for(found):
    (rule,) = found.result.split.rules
    assert [each.shares for each in rule.phases] == [{"a": 0.5, "b": 0.5}, {"a": 0.25, "b": 0.75}]
    assert [each.since_s for each in rule.phases] == [0.0, 60.0]
    assert not rule.phases[0].changed
    for phase in rule.phases:
        for name, share in phase.shares.items():
            # 30 runs of 1,800 requests: a standard error of 0.2 points at most
            assert phase.realised[name].mean == pytest.approx(share, abs=0.01)
            assert phase.realised[name].low < share + 0.004
    assert rule.phases[1].requests_settled_s == 0.0


def test_a_sound_split_is_not_called_off(found):
    (rule,) = found.result.split.rules
    assert rule.caught.count <= 1
    assert not is_found_off(rule)
    assert "as asked for" in fairness_sentences(found.result.split)[0]
    # 95 % of windows, and the half request that whole counts are given
    assert 0.93 < rule.within.mean < 1.0


def test_what_clients_meet_is_what_independent_draws_give():
    """With n requests at shares p and 1 - p: 1 - p**n - (1 - p)**n meet both."""
    made = small(traffic={"users": {"rate": "10/s", "clients": 300}}, policies=MOVES)
    found = simab.fairness(made, replications=40, seed=5)
    mean = 1200 / 300
    # Poisson numbers of requests of each client, of those with one at least
    exactly = 1 - (2 * math.exp(-mean / 2) - math.exp(-mean) - math.exp(-mean)) / (
        1 - math.exp(-mean)
    )
    people = found.result.split.rules[0].people
    assert people.met_several.low < exactly < people.met_several.high


def test_the_longest_run_is_seldom_above_what_is_said(found):
    """At most one run in 1,000; so of 30 hardly one."""
    (rule,) = found.result.split.rules
    for longest in rule.longest:
        assert longest.mean < longest.seldom_above


def test_in_turn_the_split_is_exact_and_no_law_of_chance_is_said():
    made = moving(variant_routing="smooth_weighted_round_robin")
    (rule,) = simab.fairness(made, policy="moves", replications=5).result.split.rules
    assert rule.within.mean == 1.0
    assert all(math.isnan(each.seldom_above) for each in rule.longest)
    assert math.isnan(rule.fan[0].window_promised)
    assert abs(rule.fan[-1].until_then[2]) < 0.002


def test_a_hash_assigns_clients_and_a_change_moves_a_quarter():
    (rule,) = simab.fairness(
        moving(variant_routing="sticky_hash"), policy="moves", replications=20
    ).result.split.rules
    assert rule.by_client
    assert rule.people.met_several.mean < 0.35
    moved = rule.phases[1].clients_moved
    assert rule.phases[1].clients_to_move == 0.25
    assert moved.low - 0.02 < 0.25 < moved.high + 0.02
    assert not is_found_off(rule)
    # Requests of a client go together: a test of requests is off more often than it says.
    assert rule.phases[1].units_each < 401


def test_rules_are_played_on_the_same_clients():
    found = simab.fairness(moving(), rules=["weighted_random", "sticky_hash"], replications=4)
    one, other = found.result.split.rules
    assert [one.name, other.name] == ["weighted_random", "sticky_hash"]
    assert one.people.clients == other.people.clients
    assert found.summary["rule"].unique().tolist() == ["weighted_random", "sticky_hash"]


def test_sentences_follow_the_record(found):
    """Off where more runs are than chance makes so, with the flaw that most of them fit."""
    (rule,) = found.result.split.rules
    (flaw, *others) = rule.flaws
    share = replace(rule.caught, count=28, share=28 / 30, low=0.78, high=0.99)
    off = replace(
        rule,
        caught=share,
        flaws=(replace(flaw, consistent=replace(share, count=27, share=27 / 28)), *others),
    )
    sentence = fairness_sentences(replace(found.result.split, rules=(off,)))[0]
    assert "not what the weights ask for: 28 of 30 runs" in sentence
    assert f"{flaw.words} (27 of 28)" in sentence


def test_the_page_and_its_files(found, tmp_path):
    write_fairness(found.result, tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {
        "report.html",
        "fairness.json",
        "fairness.csv",
    }
    page = fairness_page(found.result)
    assert (tmp_path / "report.html").read_text("utf-8") == page
    for heading in ("Is the split fair?", "What one run can tell", "What clients meet"):
        assert heading in page
    assert "<script" not in page.replace('<script type="application/json"', "")
    rows = (tmp_path / "fairness.csv").read_text("utf-8").splitlines()
    assert len(rows) == 1 + 4
    assert found._repr_html_().startswith("<div")


def test_what_cannot_be_is_refused():
    with pytest.raises(InvalidInput, match="tolerance"):
        simab.fairness(small(), tolerance=0.0)
    with pytest.raises(InvalidInput, match="no such routing rule"):
        simab.fairness(small(), rules=["round_robbin"])
    with pytest.raises(InvalidInput, match="no such policy"):
        simab.fairness(small(), policy="nobody")


def test_a_shift_that_is_said_to_be_seen_is_seen(found):
    """The power said of the first phase, by SciPy's binomial law."""
    phase = found.result.split.rules[0].phases[0]
    total = int(phase.units_each)
    level = 0.001 / (3 * 2)
    limit = math.sqrt(stats.chi2.isf(level, 1) * total / 4)
    law = stats.binom(total, 0.5 - phase.seen_shift)
    assert law.cdf(total / 2 - limit) == pytest.approx(0.9, abs=0.02)
