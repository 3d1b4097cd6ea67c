"""What a study of convergence says and draws, against its record, over drawn results."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import simab
from simab.report import render_page
from simab.report.convergence_page import convergence_page
from simab.report.convergence_tables import coverage_table, sizes_table
from simab.report.convergence_text import (
    convergence_sentences,
    coverage_text,
    share_text,
    signed_text,
)
from simab.result.convergence_result import (
    ConvergenceResult,
    Coverage,
    MetricConvergence,
    StudiedConvergence,
)
from simab.result.estimates import Proportion
from simab.result.saved_study import canonical_json, read_saved_study
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
    assert text.count("is extrapolated") == sum(each.extrapolated for each in needs)
    assert text.count("which never come") == sum(math.isinf(each.time_s) for each in needs)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_interval_is_called_honest_only_where_all_cover_93_percent(seed: int) -> None:
    """Otherwise it is not, or more runs are needed."""
    result = drawn(seed)
    (said,) = [each for each in convergence_sentences(result) if "cover the truth" in each]
    ends = [each.coverage[-1] for each in result.metric.variants.values()]
    assert said.endswith("they are honest.") == all(each.covered.share >= 0.93 for each in ends)
    for each in ends:
        assert share_text(each.covered) in said


def test_a_coverage_says_its_interval_and_whether_it_is_honest() -> None:
    """93 % is honest, 92.9 % is not, and no interval is neither."""
    assert coverage_text(Coverage(Proportion(93, 0.93, 0.86, 0.97), 100, 100)).endswith(": honest")
    assert coverage_text(Coverage(Proportion(929, 0.929, 0.9, 0.95), 1000, 1000)).endswith(
        "not honest"
    )
    nothing = Coverage(Proportion(0, math.nan, math.nan, math.nan), 0, 9)
    assert coverage_text(nothing) == "no interval"


def test_the_tables_have_a_row_for_each_metric_and_interval() -> None:
    """Sizes by metric; coverage by metric, variant and difference."""
    result = played()
    known = [
        each for each in result.metrics if any(math.isfinite(size.simulated) for size in each.sizes)
    ]
    assert len(sizes_table(result).rows) == len(known)
    assert all(len(row) == 4 for row in coverage_table(result).rows)


def test_the_page_draws_what_it_says() -> None:
    """Funnel, leader and fans; the data that are saved are in it."""
    page = convergence_page(result())
    for key in ("funnel", "leader", "fan-success-rate-0", "fan-success-rate-2"):
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
