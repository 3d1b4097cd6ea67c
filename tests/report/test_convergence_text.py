"""What a study of convergence says and draws, against its record, over drawn results."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import simab
from simab.analyse.run_shares import share_estimate
from simab.report import render_page
from simab.report.convergence_page import convergence_page
from simab.report.convergence_tables import coverage_table, sizes_table
from simab.report.convergence_text import (
    convergence_sentences,
    coverage_text,
    pairs_size_text,
    share_text,
    signed_text,
    size_text,
)
from simab.result.convergence_result import ConvergenceResult
from simab.result.estimates import Proportion
from simab.result.saved_study import canonical_json, read_saved_study
from simab.result.studied_convergence import (
    Coverage,
    Honesty,
    MetricConvergence,
    StudiedConvergence,
)
from tests.study.building import small

SEEDS = range(30)


@cache
def result() -> ConvergenceResult:
    return simab.convergence(small(), replications=20).result


def played() -> StudiedConvergence:
    return result().found


def drawn(seed: int) -> StudiedConvergence:
    """The result of a small study with other truths, powers, coverages and sizes."""
    numbers = np.random.default_rng(seed)
    result = played()
    metric = result.metric
    true = float(numbers.choice([0.0, numbers.normal() * 0.1]))
    better = "" if true == 0 else ("b" if true > 0 else "a")
    points = tuple(
        replace(each, declared=_share(numbers), leads=_share(numbers)) for each in metric.by_labels
    )
    sizes = tuple(
        replace(
            each,
            simulated=float(10 ** numbers.uniform(2, 6)),
            extrapolated=bool(numbers.random() < 0.5),
            time_s=float(numbers.choice([math.inf, 10 ** numbers.uniform(1, 8)])),
        )
        for each in metric.sizes
        if true or each.purpose not in ("true difference", "ranking")
    )
    variants = {
        name: replace(each, coverage=(*each.coverage[:-1], Coverage(_share(numbers), 1_000, 1_000)))
        for name, each in metric.variants.items()
    }
    changed = replace(
        metric,
        true_difference=true,
        better=better,
        by_labels=points,
        sizes=sizes,
        variants=variants,
        settles_s=float(numbers.choice([math.nan, 60.0])) if better else math.nan,
    )
    decision = int(numbers.choice([0, 150, 100_000]))
    return replace(result, metrics=(changed, *result.metrics[1:]), decision_labels=decision)


def _share(numbers: np.random.Generator) -> Proportion:
    share = float(numbers.choice([0.0, 1.0, round(numbers.random(), 3)]))
    return Proportion(round(1_000 * share), share, max(share - 0.05, 0), min(share + 0.05, 1))


def verdict(result: StudiedConvergence) -> str:
    return convergence_sentences(result)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verdict_follows_from_the_power_where_the_rule_decides(seed: int) -> None:
    """Distinguished from 80 % on; equal ones are said to be equal; too many labels not known."""
    result = drawn(seed)
    metric, said = result.metric, verdict(result)
    if result.decision_labels == 100_000:
        assert "is not known at 100,000 labelled requests" in said
        return
    point = metric.at_labels(result.decision_labels)
    declared = metric.leader.declared[-1] if point is None else point.declared
    if not metric.better:
        assert "are equal" in said
    elif declared.share >= 0.8:
        assert "distinguishes the two" in said
    else:
        assert "cannot distinguish the two" in said
        assert signed_text(metric, metric.true_difference) in said


@pytest.mark.parametrize("seed", SEEDS)
def test_the_band_is_as_many_times_as_wide_as_the_difference_as_is_said(seed: int) -> None:
    """The ratio of the 5 to 95 % range and the truth."""
    result = drawn(seed)
    found = re.search(r"a band ([\d,.]+) times as wide", verdict(result))
    if found is None:
        return
    metric = result.metric
    point = metric.at_labels(result.decision_labels)
    width = metric.difference.fan.width(-1) if point is None else point.difference.width(0)
    ratio = width / abs(metric.true_difference)
    assert float(found[1].replace(",", "")) == pytest.approx(
        ratio, abs=0.51 if ratio >= 10 else 0.06
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_what_lies_beyond_the_horizon_is_said_to_be_extrapolated(seed: int) -> None:
    """And what never comes, never."""
    result = drawn(seed)
    text = " ".join(convergence_sentences(result))
    needs = [
        size
        for size in result.metric.sizes
        if size.purpose in ("true difference", "smallest effect")
    ]
    assert text.count("(extrapolated to") == sum(each.extrapolated for each in needs)
    for each in needs:
        assert size_text(each) in text
        never = f"{size_text(each)} labelled requests of each: never with this traffic"
        assert (never in text) == math.isinf(each.time_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_interval_is_judged_by_the_interval_of_its_coverage(seed: int) -> None:
    """Not by the share alone, which of few runs is off by some points."""
    result = drawn(seed)
    (said,) = [each for each in convergence_sentences(result) if "cover the truth" in each]
    ends = [each.coverage[-1] for each in result.metric.variants.values()]
    narrow = sum(each.covered.high < 0.95 for each in ends)
    assert said.count("not honest: they are too narrow") == narrow
    assert said.count("wider than they need be") == sum(each.covered.low > 0.95 for each in ends)
    for each in ends:
        assert share_text(each.covered) in said


@pytest.mark.parametrize(
    ("covered", "runs", "honesty"),
    [
        (188, 200, Honesty.UNKNOWN),  # 94 %: 89.8 to 96.9
        (184, 200, Honesty.UNKNOWN),  # 92 %: 87.3 to 95.4
        (180, 200, Honesty.TOO_NARROW),  # 90 %: 85.0 to 93.8
        (190, 200, Honesty.HONEST),
        (200, 200, Honesty.TOO_WIDE),
        (20, 20, Honesty.UNKNOWN),
    ],
)
def test_a_coverage_is_honest_too_narrow_or_too_wide_or_unknown(
    covered: int, runs: int, honesty: Honesty
) -> None:
    """By the exact interval: 92 and 94 % of 200 are no different verdicts."""
    found = Coverage(share_estimate(covered, runs), runs, runs)
    assert found.honesty is honesty
    assert coverage_text(found).endswith(f": {honesty}")


def test_honest_intervals_are_rarely_called_too_narrow() -> None:
    """In about 2.5 % of the studies at most, of any number of runs."""
    for runs in (20, 40, 200, 1_000):
        called = [
            count
            for count in range(runs + 1)
            if Coverage(share_estimate(count, runs), runs, runs).honesty is Honesty.TOO_NARROW
        ]
        assert stats.binom(runs, 0.95).cdf(max(called)) <= 0.03


def test_without_an_interval_nothing_is_judged() -> None:
    """There is none to be honest."""
    nothing = Coverage(Proportion(0, math.nan, math.nan, math.nan), 0, 9)
    assert coverage_text(nothing) == "no interval"


def test_the_tables_have_a_row_for_each_metric_and_interval() -> None:
    """Sizes by metric; coverage by metric, variant and difference."""
    result = played()
    known = [
        each for each in result.metrics if any(math.isfinite(size.simulated) for size in each.sizes)
    ]
    assert len(sizes_table(result).rows) == len([each for each in known if each.varies])
    assert all(len(row) == 4 for row in coverage_table(result).rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_ties_and_the_other_leader_are_said_beside_who_leads(seed: int) -> None:
    """A leader in 52 % of the runs is no coin toss where 32 % tie."""
    result = drawn(seed)
    metric = result.metric
    found = [each for each in convergence_sentences(result) if "the better one, leads" in each]
    if not metric.better or not found:
        return
    (said,) = found
    point = metric.at_labels(result.decision_labels) if result.decision_labels else None
    leader = metric.leader
    leads, ties = (
        (leader.leads[-1], leader.ties[-1]) if point is None else (point.leads, point.ties)
    )
    assert share_text(leads) in said
    assert ("both tie in" in said) == (ties.count > 0)


def test_leads_ties_and_the_other_make_all_runs_that_have_both() -> None:
    """In every run that knows both metrics one of the three happens."""
    metric = played().metric
    for point in metric.by_labels:
        if point.reached == played().replications and point.behind is not None:
            assert point.leads.count + point.ties.count + point.behind.count == point.reached


@pytest.mark.parametrize("seed", SEEDS)
def test_a_test_of_pairs_is_named_first_where_it_takes_far_less(seed: int) -> None:
    """With its interval; else only the test of two arms is."""
    numbers = np.random.default_rng(seed)
    result = drawn(seed)
    metric = result.metric
    sizes = tuple(
        replace(each, by_spread=each.simulated * float(numbers.uniform(0.2, 1.0)))
        for each in metric.sizes
    )
    result = replace(result, metrics=(replace(metric, sizes=sizes), *result.metrics[1:]))
    size = result.metric.size("true difference")
    text = " ".join(convergence_sentences(result))
    if size is None:
        assert "test of pairs" not in text
        return
    helps = size.by_spread * 1.5 < size.simulated
    assert ("test of pairs" in text) == helps
    assert ("The test of pairs needs fewer, as both variants answer alike" in text) == helps
    if helps:
        assert text.index(pairs_size_text(size)) < text.index(size_text(size))


@cache
def churn() -> ConvergenceResult:
    """The founding example: scores of 0 and 1, constant latencies, a truth of 334 rows."""
    scenario = simab.load(Path(__file__).parents[2] / "scenarios" / "churn.yaml")
    return simab.convergence(scenario, replications=20).result


def test_the_truth_of_a_table_is_called_an_assumption_with_its_rows() -> None:
    """334 rows, of which 1, 2 and 3 are decided unlike."""
    found = churn().found
    assert (found.truth_rows, found.truth_rows_differ) == (334, 6)
    said = " ".join(convergence_sentences(found))
    assert "an assumption: it is that of a table of 334 rows, of which 6 differ" in said
    assert "an assumption" not in " ".join(convergence_sentences(played()))


def test_what_says_nothing_is_left_out_and_named() -> None:
    """Constant metrics, and a Brier score that is 1 less the accuracy."""
    found = churn().found
    names = [each.name for each in found.shown]
    assert names == ["f1", "accuracy", "precision", "recall", "roc_auc"]
    assert "brier" in [each.name for each in found.metrics]
    page = convergence_page(churn())
    assert "The Brier score is left out" in page
    assert "The same in every run, and left out of tables: error rate (0" in page
    assert "Percentiles of windows" not in page


def test_no_interval_that_is_shown_goes_beyond_what_the_metric_can_be() -> None:
    """No AUC above 1, no Brier score below 0, no difference beyond 1."""
    for result in (churn().found, played()):
        for metric in result.metrics:
            if metric.kind == "latency":
                continue
            shown = [(each, 0) for each in metric.variants.values()]
            for each, least in [*shown, (metric.difference, -1)]:
                for end in (*each.example.low, *each.example.high):
                    assert math.isnan(end) or least <= end <= 1


def test_quantiles_of_runs_are_those_of_half_of_them_at_least() -> None:
    """At 1 s hardly a run has a hit: the median of those is not that of the runs."""
    metric = churn().found.metric
    assert metric.samples[0] < 2
    assert math.isnan(metric.variants["Variant1"].fan.p50[0])
    assert math.isfinite(metric.variants["Variant1"].fan.p50[-1])


def test_the_page_asks_its_own_question() -> None:
    """The scenario's is another, which this page does not answer."""
    page = convergence_page(churn())
    assert "<h1>How many requests does it take to tell the two apart in F1?</h1>" in page
    assert "That test is not the rule itself" in page


def test_the_page_draws_what_it_says() -> None:
    """Funnel, leader and fans; the data that are saved are in it."""
    page = convergence_page(result())
    for key in ("difference", "funnel", "leader", "fan-success-rate-0", "fan-success-rate-2"):
        assert f'id="figure-{key}"' in page
    assert "simab-convergence/1" in page
    assert verdict(played()).split(":")[0] in page


def _without_labels(metric: MetricConvergence) -> MetricConvergence:
    return replace(metric, by_labels=())


def test_a_page_of_a_metric_of_requests_has_no_funnel() -> None:
    """Latencies have no labels to be held against."""
    metrics = tuple(_without_labels(each) for each in played().metrics)
    found = replace(played(), metrics=metrics)
    page = convergence_page(replace(result(), found=found))
    assert 'id="figure-funnel"' not in page


def test_a_report_of_policies_says_whether_the_metric_settled() -> None:
    """By some runs with the weights held; the saved study holds it, and makes the same page."""
    study = simab.compare(small(), policies=["test"], worlds=["described"], replications=12)
    shown = study.with_examples()
    assert shown.convergence is not None
    assert shown.convergence.policy == "weights held"
    assert shown.convergence.replications == 12
    page = render_page(shown)
    assert "Did the metric settle?" in page
    assert 'id="figure-funnel"' in page
    again = read_saved_study(canonical_json(shown).encode(), "study.json")
    assert render_page(again) == page
    assert "Did the metric settle?" not in render_page(study.result)


def test_the_rule_of_the_study_says_where_the_metric_is_judged() -> None:
    """Of the rules that are compared, the one that is shown; not the first of the file."""
    study = simab.compare(small(), policies=["majority"], worlds=["described"], replications=10)
    found = study.with_examples().convergence
    assert found is not None
    assert (found.decision_labels, found.decision_rule) == (60, "majority")
    assert "on 60 labelled requests of each, where “majority” decides" in verdict(found)


def test_a_short_study_says_nothing_of_it() -> None:
    """Of fewer than ten runs nothing could be said."""
    study = simab.compare(small(), policies=["test"], worlds=["described"], replications=3)
    assert study.with_examples().convergence is None


def test_numbers_of_requests_are_qualified_where_answers_change() -> None:
    changing = replace(played(), answers_change=True)
    assert any(
        "suppose that it holds all the time" in each for each in convergence_sentences(changing)
    )
    assert not any(
        "suppose that it holds all the time" in each for each in convergence_sentences(played())
    )
