"""What a study of convergence makes of many runs: hand-worked values, theory, and Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.analyse.convergence.needed_samples import (
    LEADS,
    TESTED,
    SpreadCurve,
    arrival_s,
    detectable,
    theory_half_width_samples,
    theory_samples,
)
from simab.analyse.convergence.over_runs import (
    MetricRuns,
    coverage_of,
    label_bias,
    leader_of,
    settles_at,
    spread_of,
)
from simab.profiles.truth import Truth
from simab.stats.classification import ConfusionCounts, f1
from simab.stats.label_estimates import f1_estimate

CONTROL = ConfusionCounts(37, 3, 11, 283)  # the founding example, model 1 and model 2
CANDIDATE = ConfusionCounts(36, 4, 12, 282)


def truth(counts: ConfusionCounts) -> Truth:
    return Truth(counts.correct / counts.total, counts, math.nan, math.nan)


def runs_of(difference: list[list[float]], p_value: list[list[float]] | None = None) -> MetricRuns:
    gap = np.array(difference)
    both = np.stack([np.zeros_like(gap), gap], axis=1)
    p = np.full(gap.shape, 0.5) if p_value is None else np.array(p_value)
    return MetricRuns(both, both, both, gap, np.ones_like(gap), p)


def test_a_test_finds_its_difference_in_80_percent_and_the_better_leads_in_95() -> None:
    """2.8016 standard errors, and 1.6449."""
    assert pytest.approx(2.8016, abs=1e-4) == TESTED
    assert pytest.approx(1.6449, abs=1e-4) == LEADS


def test_a_spread_that_falls_as_root_n_gives_the_same_size_within_and_beyond() -> None:
    """Spread 2 / sqrt(n) is 0.02 at 10,000, whether it was looked at or not; beyond is said."""
    samples = np.array([100.0, 1_000.0, 100_000.0])
    within = SpreadCurve.of(samples, 2 / np.sqrt(samples)).needed(0.02)
    beyond = SpreadCurve.of(samples[:2], 2 / np.sqrt(samples[:2])).needed(0.02)
    assert within.samples == pytest.approx(10_000)
    assert beyond.samples == pytest.approx(10_000)
    assert (within.extrapolated, beyond.extrapolated) == (False, True)


def test_fewer_than_were_looked_at_are_at_most_so_many() -> None:
    """Below the first count there is no spread that could be trusted."""
    found = SpreadCurve.of([100, 400], [0.2, 0.1]).needed(0.5)
    assert (found.samples, found.at_most) == (100, True)


def test_the_interval_of_a_size_is_that_of_a_variance() -> None:
    """41 runs: 40 / 59.342 and 40 / 24.433 times as many (chi-square of 40 degrees)."""
    found = SpreadCurve.of([100, 400], [0.2, 0.1], 41).needed(0.1)
    assert found.low / found.samples == pytest.approx(40 / 59.3417, rel=1e-4)
    assert found.high / found.samples == pytest.approx(40 / 24.4330, rel=1e-4)


def test_what_never_varies_has_no_size() -> None:
    """Constant latencies have no spread to bring down."""
    assert math.isnan(SpreadCurve.of([100, 400], [0.0, 0.0]).needed(0.1).samples)


def test_a_stated_error_that_is_too_small_does_not_shorten_a_test() -> None:
    """Of latencies in a queue the spread is taken; of paired rows the larger stated error."""
    naive, paired = (
        detectable(np.array([1.0]), np.array([0.1])),
        detectable(np.array([1.0]), np.array([2.0])),
    )
    assert naive[0] == pytest.approx(TESTED)
    assert paired[0] == pytest.approx(2 * 1.95996 + 0.84162, abs=1e-4)


def test_arrivals_are_interpolated_and_go_on_at_the_last_rate() -> None:
    """Labels 10 s late at 5 a second: 100 after 30 s; 400 after 90 s, beyond the 50 s played."""
    times = np.arange(1.0, 51.0)
    arrived = np.maximum(times - 10, 0) * 5
    assert arrival_s(100, times, arrived) == pytest.approx(30)
    assert arrival_s(400, times, arrived) == pytest.approx(90)
    assert math.isinf(arrival_s(1, times, np.zeros(50)))


def test_f1_takes_as_many_labels_as_a_monte_carlo_of_its_own_says() -> None:
    """Rows drawn by NumPy: at the size by theory a 5 % test finds the difference in 80 %."""
    difference = f1(CANDIDATE) - f1(CONTROL)
    size, reason = theory_samples("f1", (truth(CONTROL), truth(CANDIDATE)), difference, 1.0)
    assert not reason
    assert 18_000 < size < 20_000
    random, runs, found = np.random.default_rng(5), 4_000, 0
    drawn = [
        random.multinomial(round(size), np.array(counts) / counts.total, size=runs)
        for counts in (CONTROL, CANDIDATE)
    ]
    for old, new in zip(*drawn, strict=True):
        estimates = [f1_estimate(ConfusionCounts(*map(int, each))) for each in (old, new)]
        gap = estimates[1].value - estimates[0].value
        found += gap < -1.96 * math.sqrt(estimates[0].variance + estimates[1].variance)
    assert found / runs == pytest.approx(0.8, abs=5 * math.sqrt(0.16 / runs))


def test_accuracy_takes_the_18778_requests_of_the_power_formula() -> None:
    """.958 against .952 unpaired (R's power.prop.test), as simab explain says."""
    difference = CANDIDATE.correct / 334 - CONTROL.correct / 334
    size, _ = theory_samples("accuracy", (truth(CONTROL), truth(CANDIDATE)), difference, 1.0)
    assert size == pytest.approx(18_778, abs=2)


def test_recall_counts_positives_alone() -> None:
    """48 of 334 labels are positive: so many more labels than positives, at 1.96^2 s (1 - s)."""
    hits = 37 / 48, 36 / 48
    size, _ = theory_half_width_samples("recall", (truth(CONTROL), truth(CANDIDATE)), 0.05, 1.0)
    variance = sum(share * (1 - share) for share in hits)
    assert size == pytest.approx(1.959964**2 * variance / 0.05**2 * 334 / 48, rel=1e-5)


def test_the_size_is_of_the_variant_with_fewer_labels() -> None:
    """With 3 for 1 the smaller arm needs (1 + 1/3) / 2 as many as each of two equal ones."""
    truths = Truth(0.5, None, math.nan, math.nan), Truth(0.5, None, math.nan, math.nan)
    equal, _ = theory_half_width_samples("success_rate", truths, 0.01, 1.0)
    for ratio in (3.0, 1 / 3):
        uneven, _ = theory_half_width_samples("success_rate", truths, 0.01, ratio)
        assert uneven == pytest.approx(equal * (1 + 1 / 3) / 2)


def test_who_leads_is_counted_of_all_runs() -> None:
    """A tie and a run without an estimate lead for neither; a p-value of 5 % declares."""
    runs = runs_of(
        [[0.1], [0.0], [-0.1], [math.nan], [-0.2]], [[0.05], [0.5], [0.06], [math.nan], [0.01]]
    )
    leader = leader_of(runs, 1)
    counts = [
        shares[0].count
        for shares in (leader.leads, leader.ties, leader.declared, leader.declared_wrong)
    ]
    assert counts == [1, 1, 1, 1]
    assert leader.leads[0].share == 0.2
    assert leader_of(runs, -1).leads[0].count == 2


def test_a_ranking_settles_where_it_stays_settled() -> None:
    """Ahead in all runs, then behind in half, then ahead in all for good."""
    runs = runs_of([[1, 1, 1, 1], [1, -1, 1, 1]])
    assert settles_at(leader_of(runs, 1), (10.0, 20.0, 30.0, 40.0)) == 30.0
    assert math.isnan(settles_at(leader_of(runs_of([[1, -1]]), 1), (10.0, 20.0)))


def test_a_coverage_counts_the_runs_that_have_an_interval() -> None:
    """93 of 100 that cover, and a run without an interval."""
    low = np.r_[np.zeros(93), np.full(7, 2.0), math.nan]
    found = coverage_of(low, low + 1, 0.5)
    assert (found.covered.count, found.intervals, found.runs) == (93, 100, 101)


def test_a_spread_needs_nine_runs_in_ten() -> None:
    """The runs that have a metric early are not like the others."""
    values = np.arange(40.0).reshape(20, 2)
    values[:3, 0] = math.nan
    found = spread_of(values)
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(np.std(np.arange(1.0, 40.0, 2.0), ddof=1))


def test_the_bias_of_late_labels_is_taken_run_by_run() -> None:
    """What is 0.1 low in every run is a bias of -0.1 with no width, however the runs spread."""
    oracle = np.array([0.2, 0.5, 0.8])
    found = label_bias("a", 0.5, (oracle - 0.1, np.full(3, 10.0)), (oracle, np.full(3, 20.0)))
    assert found.bias == pytest.approx(-0.1)
    assert (found.low, found.high) == pytest.approx((-0.1, -0.1))
    assert (found.seen_labels, found.all_labels, found.wider) == pytest.approx((10, 20, 1))
