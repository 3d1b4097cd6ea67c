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
from simab.report.fairness_tables import phases_table
from simab.report.fairness_text import fairness_sentences, is_found_off
from simab.result.fairness_result import fairness_json, read_saved_fairness
from tests.study.building import small
from tests.world.building import scenario, variant

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
    assert "No deviation from the weights shows" in fairness_sentences(found.result.split)[0]
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


def test_a_hash_of_sessions_assigns_these():
    """Few clients ask in many sessions, of eight requests each, some of them through the change."""
    sessions = {"requests": 8, "gap": {"kind": "exponential", "mean": "10s"}}
    made = small(
        policies=MOVES,
        endpoint={"weight_update": "10s", "variant_routing": "session_hash"},
        traffic={"users": {"rate": "30/s", "clients": 40, "sessions": sessions}},
    )
    found = simab.fairness(made, policy="moves", replications=20)
    (rule,) = found.result.split.rules
    assert rule.assigned == "sessions"
    assert not is_found_off(rule)
    assert rule.phases[0].off_requests.count > rule.phases[0].off_users.count
    moved = rule.phases[1].clients_moved
    assert moved.low - 0.02 < 0.25 < moved.high + 0.02
    assert rule.people.met_several.mean > 0.9  # of the clients, who are drawn anew
    said = " ".join(fairness_sentences(found.result.split))
    assert "each session is assigned once, with all of its requests" in said
    assert "Of the sessions that come back" in said
    shown = [column.title for column in phases_table(found.result.split).columns]
    assert {"Sessions", "Off by sessions", "Sessions there"} < {*shown}
    text = fairness_json(found.result)
    assert '"by_session": true' in text
    assert fairness_json(read_saved_fairness(text.encode(), "fairness.json")) == text


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
    """The power said of the first phase, on both sides, by SciPy's binomial law."""
    phase = found.result.split.rules[0].phases[0]
    total, level = int(phase.units_each), 0.001 / (3 * 2)
    planned = stats.binom(total, 0.5)
    assert stats.binom(total, 0.5 - phase.seen_below).cdf(planned.ppf(level / 2) - 1) == (
        pytest.approx(0.9, abs=0.02)
    )
    assert stats.binom(total, 0.5 + phase.seen_above).sf(planned.isf(level / 2)) == (
        pytest.approx(0.9, abs=0.02)
    )


THREE = {
    name: variant(weight=weight, latency={"kind": "constant", "value": "10ms"})
    for name, weight in (("a", 8), ("b", 1), ("c", 1))
}
STEPS = [
    {"at": "30s", "weights": {"a": 2, "b": 1, "c": 1}},
    {"at": "70s", "weights": {"a": 1, "b": 2, "c": 2}},
]


def three(**parts):
    return scenario(
        THREE,
        endpoint={"weight_update": "1s"},
        policies={"moves": {"kind": "manual_schedule", "steps": STEPS}},
        **{"traffic": {"users": {"rate": "30/s", "clients": 800}}, **parts},
    )


def test_a_cookie_keeps_clients_of_all_phases_and_is_called_sound():
    """Three variants, and clients that were drawn in any of the phases before."""
    found = simab.fairness(three(), rules=["session_cookie"], policy="moves", replications=20)
    (rule,) = found.result.split.rules
    assert rule.caught.count == 0
    said = fairness_sentences(found.result.split)
    assert "only those new in a phase are tested" in said[0]
    assert rule.phases[2].units_each < 100  # of 800 clients most are known by then


def test_five_variants_and_few_requests_are_tested():
    variants = {name: variant() for name in "abcde"}
    made = scenario(variants, traffic={"users": {"rate": "1/s", "clients": 300}})
    (rule,) = simab.fairness(made, rules=["sticky_hash"], replications=20).result.split.rules
    assert rule.caught.count == 0


def test_rare_errors_do_not_set_groups_apart():
    """Alike but for their traffic: a hundredth of the requests, and hardly an error."""
    made = scenario(
        {name: variant(error_rate=0.002) for name in "ab"},
        traffic={"big": {"rate": "30/s"}, "small": {"rate": "0.3/s"}},
    )
    for seed in range(4):
        (rule,) = simab.fairness(made, replications=20, seed=seed).result.split.rules
        assert "error_share" not in rule.groups[0].differs


def test_two_groups_that_differ_are_named_once():
    made = scenario(
        {"a": variant(weight=3), "b": variant()},
        endpoint={"variant_routing": "sticky_hash"},
        traffic={"one": {"rate": "20/s", "clients": 1}, "many": {"rate": "20/s"}},
    )
    found = simab.fairness(made, replications=10, seed=1)
    (rule,) = found.result.split.rules
    assert rule.groups[0].differs == rule.groups[1].differs


def test_without_a_request_by_weight_there_is_no_split():
    made = scenario(traffic={"rows": {"rate": "5/s", "paired_targets": ["a", "b"]}})
    found = simab.fairness(made, replications=3)
    sentences = fairness_sentences(found.result.split)
    assert sentences[0].startswith("No request goes by the weights")
    assert "left out" in sentences[1]
    assert len(sentences) == 2
    fairness_page(found.result)


def test_the_phases_of_most_requests_are_tested():
    """Nine short ones and a long one: eight of ten, the long one among them."""
    steps = [{"at": f"{4 * (at + 1)}s", "weights": {"a": 11 + at, "b": 10}} for at in range(9)]
    made = scenario(
        endpoint={"weight_update": "1s"},
        controller={"interval": "1s"},
        policies={"moves": {"kind": "manual_schedule", "steps": steps}},
    )
    found = simab.fairness(made, policy="moves", replications=4)
    (rule,) = found.result.split.rules
    assert rule.phases_in_all == 10
    assert 10 in [each.number for each in rule.phases]
    assert (
        "The 8 phases of most requests are tested, of 10"
        in fairness_sentences(found.result.split)[0]
    )


def test_a_policy_that_keeps_clients_is_judged_by_new_ones():
    flagger = {
        "kind": "flagger",
        "interval": "10s",
        "threshold": 5,
        "max_weight": 50,
        "step_weight": 25,
        "session_affinity": True,
    }
    made = scenario(
        traffic={"users": {"rate": "30/s", "clients": 300}}, policies={"flagger": flagger}
    )
    (rule,) = simab.fairness(made, policy="flagger", replications=10).result.split.rules
    assert rule.keeps
    assert rule.by_client
    assert rule.caught.count == 0


def test_a_share_of_requests_is_of_all_runs():
    """An instance without a request in a run had none of it: shares add up to one."""
    made = scenario(
        {"a": variant(weight=9), "b": variant()},
        endpoint={"variant_routing": "sticky_hash"},
        traffic={"users": {"rate": "5/s", "clients": 3}},
    )
    (rule,) = simab.fairness(made, replications=30).result.split.rules
    shares = [each.request_share.mean for each in rule.places if each.instance is None]
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize("rules", ["sticky_hash", []])
def test_rules_are_a_list_of_names(rules):
    with pytest.raises(InvalidInput, match="list of names"):
        simab.fairness(small(), rules=rules)


def test_a_world_that_is_named_like_a_rule_has_the_title_of_its_own_rule():
    """Any word may name a world; it says nothing of how the world routes."""
    change = {"endpoint.variant_routing": "sticky_hash"}
    made = small(worlds={"instance_ratio": {"change": change}})
    study = simab.compare(made, policies=["schedule"], worlds=["instance_ratio"], replications=3)
    split = study.with_examples().split
    assert split is not None
    assert split.rules[0].title == "a hash of the client, in ranges"
