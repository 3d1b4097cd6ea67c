"""What a study of the split says and tables, against its record, over drawn results."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from scipy import stats

import simab
from simab.report.fairness_conclusion import conclusion
from simab.report.fairness_figures import split_figures
from simab.report.fairness_page import fairness_page
from simab.report.fairness_scan import scan_text
from simab.report.fairness_tables import clients_table, flaws_table, phases_table
from simab.report.fairness_text import fairness_sentences
from simab.report.fairness_verdict import is_found_off, pooled_text, power_text
from simab.report.methods_of_studies import fairness_methods
from simab.report.sections.split import SECTION
from simab.result import StudyResult
from simab.result.estimates import Mean, Proportion
from simab.result.fairness_result import FairnessResult
from simab.result.measured_policy import HELD
from simab.result.studied_split import RuleFairness, ShiftPower, StudiedSplit
from simab.stats.sample_ratio import one_share_power
from simab.text.typeset import plain_spaces as plain
from tests.study.building import small

SEEDS = range(30)
MOVES = {
    "moves": {
        "kind": "manual_schedule",
        "steps": [
            {"at": "20s", "weights": {"a": 1, "b": 3}},
            {"at": "60s", "promote": "b"},
        ],
    }
}


@cache
def result() -> FairnessResult:
    scenario = small(
        policies=MOVES,
        endpoint={"weight_update": "10s"},
        traffic={"users": {"rate": "10/s", "clients": 400}},
    )
    return simab.fairness(scenario, policy="moves", replications=50, seed=2).result


def drawn(seed: int) -> StudiedSplit:
    """The split with other shares of runs that are off, powers, pooled shares, and delays."""
    numbers = np.random.default_rng(seed)
    split = result().split
    (rule,) = split.rules
    phases = []
    for phase in rule.phases:
        half = float(10 ** numbers.uniform(-4, -1))
        middle = phase.shares["b"] + float(numbers.normal()) * half
        found = Mean(middle, max(middle - half, 0.0), min(middle + half, 1.0))
        phases.append(
            replace(
                phase,
                realised=phase.realised | {"b": found},
                powers=tuple(ShiftPower(shift, float(numbers.random())) for shift in (0.01, 0.05)),
                seen_below=float(numbers.choice([math.nan, numbers.uniform(0.02, 0.4)])),
                seen_above=float(numbers.choice([math.nan, numbers.uniform(0.02, 0.4)])),
                asked_s=float(numbers.choice([math.nan, max(phase.since_s - 10.0, 0.0)])),
            )
        )
    off = int(numbers.choice([0, 1, 40]))
    low, high = stats.binomtest(off, 50).proportion_ci()
    changed = replace(
        rule,
        phases=tuple(phases),
        caught=Proportion(off, off / 50, float(low), float(high)),
        by_client=bool(numbers.random() < 0.5),
        keeps=bool(numbers.random() < 0.2),
        within_expected=float(numbers.choice([math.nan, 0.97])),
    )
    worse_by = {"a": float(numbers.choice([0.0, 0.05]))}
    return replace(split, rules=(changed,), worse=("a",), worse_by=worse_by)


def only(split: StudiedSplit) -> RuleFairness:
    (rule,) = split.rules
    return rule


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verdict_names_its_level_and_never_says_that_the_split_is_right(seed: int) -> None:
    """A test that does not reject shows no deviation; it does not show that there is none."""
    split = drawn(seed)
    said = fairness_sentences(split)[0]
    assert "0.1\u202f%" in said
    assert "as asked for" not in said
    assert said.startswith("The split is not what") == is_found_off(only(split))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_conclusion_is_yes_or_no_by_the_verdict_and_says_what_next(seed: int) -> None:
    """No where more runs are off than the level makes so; clients are no fault of such a rule."""
    split = drawn(seed)
    rule = only(split)
    said = plain(conclusion(split))
    off = is_found_off(rule)
    assert said.startswith("No: " if off else "Yes, as far as 50 runs show: ")
    assert said.count("Next: ") == 1
    unit = "new clients" if rule.keeps else "clients" if rule.by_client else "requests"
    assert (f"count {unit} by variant" in said) is not off
    phase = max(rule.phases, key=lambda each: each.units_each)
    sides = [each for each in (phase.seen_below, phase.seen_above) if math.isfinite(each)]
    told = re.search(r"a deviation of ([\d.]+) points", said)
    assert (told is not None) == (bool(sides) and not off)
    if told is not None:
        assert float(told[1]) == pytest.approx(100 * max(sides), abs=0.051)
    assert ("a rule for requests does" in said) == (
        not off and not rule.by_client and not rule.keeps and rule.people.met_several.mean > 0
    )


def test_a_known_flaw_that_does_not_show_is_not_called_sound() -> None:
    """Stale routers split as asked while weights stay: nobody is told to use them."""
    rule = only(result().split)
    stale = replace(rule, name="stale_router", title="a stale router")
    said = conclusion(replace(result().split, rules=(rule, stale)))
    assert said.startswith(f"Yes, as far as 50 runs of each show: {rule.title}. Flawed")
    assert said.count("a stale router") == 1


def test_where_all_requests_name_their_variant_the_conclusion_asks_for_others() -> None:
    """The weights are there, and nobody goes by them."""
    named = replace(only(result().split), requests=0.0)
    assert "no request goes by the weights" in conclusion(replace(result().split, rules=(named,)))


def test_of_several_rules_the_conclusion_names_those_that_are_off_and_those_that_are_not() -> None:
    """And of a file with no split that there is none."""
    rule = only(result().split)
    off = replace(rule, title="a broken rule", caught=Proportion(40, 0.8, 0.6, 0.9))
    said = conclusion(replace(result().split, rules=(rule, off)))
    assert said.startswith(f"Yes, as far as 50 runs of each show: {rule.title}. No: a broken rule.")
    nothing = replace(rule, phases=(), phases_in_all=0.0)
    assert "nothing was split" in conclusion(replace(result().split, rules=(nothing,)))


def test_the_page_says_how_it_was_made() -> None:
    """Runs, the level of the tests, the seed and versions, from the record."""
    said = {row[0].text: row[1].text for row in fairness_methods(result()).rows}
    assert said["Runs"].startswith("50 independent replications of")
    assert "under “moves”" in said["Runs"]
    assert "0.1 % for all of a run" in plain(said["Tests"])
    assert "seed 2" in said["Random numbers"]
    assert 'id="study_methods"' in fairness_page(result())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_powers_that_are_said_are_those_of_the_phase_of_most_units(seed: int) -> None:
    """Of deviations that one run shows in fewer than 90 %; missed means in fewer than half."""
    split = drawn(seed)
    rule = only(split)
    said = power_text(rule, "b")
    if is_found_off(rule):
        assert said == ""
        return
    phase = max(rule.phases, key=lambda each: each.units_each)
    for each in phase.powers:
        told = re.search(rf"off by {100 * each.shift:.0f} points? with ([\d.]+)", said)
        assert (told is not None) == (each.power < 0.9)
        if told is not None:
            assert float(told[1]) / 100 == pytest.approx(each.power, abs=0.0051)
    assert ("go unseen in one run" in said) == any(each.power < 0.5 for each in phase.powers)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_runs_together_are_said_to_be_within_only_where_the_interval_is(seed: int) -> None:
    """Both ends, not the mean alone."""
    split = drawn(seed)
    rule = only(split)
    said = pooled_text(rule, "b", split.tolerance)
    if rule.keeps:
        assert said == ""
        return
    phase = max(rule.phases, key=lambda each: each.units_each)
    found = (phase.realised_users if rule.by_client else phase.realised)["b"]
    asked = phase.shares["b"]
    within = asked - 0.01 <= found.low and found.high <= asked + 0.01
    assert said.endswith("within 1 point.") == within
    assert ("of the clients" in said) == rule.by_client


@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_names_when_it_was_asked_for_and_the_delay(seed: int) -> None:
    """“At once” counts from the weights being in force, which is later than they are asked for."""
    split = drawn(seed)
    (phase,) = [each for each in only(split).phases if each.changed]
    (said,) = [each for each in fairness_sentences(split) if "becomes 75.0" in each]
    if math.isfinite(phase.asked_s):
        assert "asked for at 20\u202fs and in force 10\u202fs later" in said
    else:
        assert "in force at 30\u202fs" in said


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_worse_says_by_how_much_and_that_it_is_assumed(seed: int) -> None:
    """Or that it breaks a guardrail only."""
    split = drawn(seed)
    (said,) = [each for each in fairness_sentences(split) if "meet several" in each]
    assert ("worse by 0.050 in" in said) == (split.worse_by["a"] > 0)
    assert ("breaks a guardrail" in said) == (split.worse_by["a"] == 0)


def test_when_the_weights_were_asked_for_is_known() -> None:
    """The policy asks at 20 s; the update takes 10 s. Those of the start nobody asked for."""
    first, second = only(result().split).phases
    assert math.isnan(first.asked_s)
    assert (second.asked_s, second.since_s) == (20.0, 30.0)


def test_powers_are_those_of_the_exact_test() -> None:
    """Of one share at the level of a test of the run, and 1 and 5 points."""
    phase = only(result().split).phases[0]
    level = 0.001 / (3 * 2)
    for each in phase.powers:
        expected = one_share_power(int(phase.units_each), 0.5 + each.shift, 0.5, alpha=level)
        assert each.power == pytest.approx(expected, abs=0.01)


def test_the_scan_counts_the_runs_that_it_looked_at() -> None:
    """All of them: they are of the phase that lasts longest, which all have alike."""
    rule = only(result().split)
    assert rule.scan_runs == rule.runs == 50
    few = replace(rule, scan_runs=47)
    said = " ".join(fairness_sentences(replace(result().split, rules=(few,))))
    assert f"In {rule.scan.count} of 47 runs some interval" in said
    assert "0.5 are expected" in said


@pytest.mark.parametrize("runs", [20, 100, 200])
@pytest.mark.parametrize("off", range(9))
def test_the_scan_is_judged_by_the_chance_of_so_many_runs(off: int, runs: int) -> None:
    """Of runs of which 1 % are as far off: by another implementation of the exact test."""
    rule = only(result().split)
    scan = Proportion(off, off / runs, 0.0, 1.0)
    said = scan_text(replace(rule, keeps=False, scan=scan, scan_runs=runs))
    chance = stats.binomtest(off, runs, 0.01).pvalue
    many = off > runs / 100
    assert ("more than chance explains" in said) == (many and chance < rule.alpha)
    assert ("unusual by chance" in said) == (many and rule.alpha <= chance < 0.05)
    assert ("may well come by chance" in said) == (many and chance >= 0.05)
    assert ("no more than by chance" in said) == (off <= runs / 100)
    assert scan_text(replace(rule, keeps=True, scan=scan, scan_runs=runs)) == ""


def test_windows_lie_in_the_envelope_as_often_as_their_exact_law_says() -> None:
    """Counts are whole: half a request more holds more than 95 % of few requests."""
    rule = only(result().split)
    assert 0.95 < rule.within_expected < 0.99
    assert rule.within.mean == pytest.approx(rule.within_expected, abs=0.02)


def test_the_figure_ends_with_the_last_split() -> None:
    """At 70 s one variant has all traffic: from then on nothing could be off."""
    rule = only(result().split)
    horizon_s = result().horizon_s
    assert 70.0 <= rule.fan[-1].end_s < 70.0 + horizon_s / 30
    assert rule.fan[-1].end_s < horizon_s


def test_the_bands_are_named_for_what_they_hold() -> None:
    """95 % of 40 runs or more, and all of fewer, whose outer quantiles are the extremes."""
    rule = only(result().split)
    assert rule.band == pytest.approx(0.95)
    few = replace(rule, band=1.0, runs=9)
    for own, words in ((rule, "95\u202f% of 50 runs"), (few, "all 9 runs")):
        blocks = list(split_figures(replace(result().split, rules=(own,)), iter(range(9))))
        assert words in blocks[0].finding


def test_exposure_has_a_reference_by_chance() -> None:
    """Draws for each request are what the reference deals, so that both agree here."""
    people = only(result().split).people
    assert people.jain_exposure.mean == pytest.approx(people.jain_by_draws.mean, abs=0.02)
    assert people.gini_exposure.mean == pytest.approx(people.gini_by_draws.mean, abs=0.02)
    titles = [each.title for each in clients_table(result().split).columns]
    assert "By draws alone" in titles


def test_of_two_variants_a_phase_has_one_row_and_its_tests_name_their_level() -> None:
    """What the other gets is the rest."""
    table = phases_table(result().split)
    assert [row[0].text for row in table.rows] == ["from 0\u202fs, b", "from 30\u202fs, b"]
    notes = [each.note for each in table.columns if each.title.startswith("Off")]
    assert notes == ["runs, a test of 0.1\u202f%"] * 3


def test_no_run_that_is_off_has_no_column_of_flaws() -> None:
    """None of none says nothing; each flaw says what it does."""
    rule = only(result().split)
    assert rule.caught.count == 0
    titles = [each.title for each in flaws_table(rule).columns]
    assert titles == ["Flaw", "What it does", "Would be seen here"]
    off = replace(rule, caught=Proportion(3, 0.06, 0.01, 0.17))
    assert flaws_table(off).columns[-1].title.startswith("Runs that are off")


def test_the_page_has_its_own_question_as_its_title() -> None:
    """The scenario's question is another, which this page does not answer."""
    page = fairness_page(result())
    assert "<h1>Does the router split as asked?</h1>" in page
    assert f"Scenario: {result().title}" in page


def test_the_section_of_a_comparison_says_whose_runs_it_looks_at() -> None:
    """A rule in quotes, as everywhere; weights that are held are no rule."""
    for policy, words in (("moves", "of “moves”"), (HELD, "with the weights held")):
        study = SimpleNamespace(split=replace(result().split, policy=policy))
        content = SECTION.content(cast("StudyResult", study), iter(range(1, 9)))
        assert content["whose"] == words
