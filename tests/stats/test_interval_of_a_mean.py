"""Intervals over replications: of a mean, of a paired difference, and of a quantile."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.intervals import mean_interval, paired_difference, quantile_interval

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def test_a_hand_worked_mean() -> None:
    """1, 2, 3, 4: mean 2.5, s^2 = 5/3, standard error .645497, and t(3, .975) = 3.182446."""
    result = mean_interval([1.0, 2.0, 3.0, 4.0])
    assert result.estimate == 2.5
    assert result.standard_error == pytest.approx(math.sqrt(5 / 12), rel=1e-15)
    margin = 3.182446305284264 * math.sqrt(5 / 12)
    assert result.interval.low == pytest.approx(2.5 - margin, rel=1e-12)
    assert result.interval.high == pytest.approx(2.5 + margin, rel=1e-12)


@given(st.lists(numbers, min_size=2, max_size=40).filter(lambda values: len(set(values)) > 1))
def test_scipy_agrees_on_the_mean(values: list[float]) -> None:
    """The interval is that of scipy.stats.ttest_1samp at the same level."""
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    ours = mean_interval(values, level=0.9).interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-6)


def test_the_mean_of_normal_values_is_covered_as_often_as_stated() -> None:
    """Student 1908: exact for normal values, here 5 of them in 4,000 samples, within 5 errors.

    The normal quantile in place of Student's covers .878: 20 standard errors off.
    """
    samples = np.random.default_rng(20_240_501).normal(3.0, 2.0, size=(4_000, 5))
    covered = np.mean([3.0 in mean_interval(sample).interval for sample in samples])
    assert abs(covered - 0.95) < 5 * math.sqrt(0.95 * 0.05 / 4_000)


@pytest.mark.parametrize("values", [[], [7.0]])
def test_one_replication_has_no_interval(values: list[float]) -> None:
    """Fewer than two values: the interval is NaN and the reason counts the replications."""
    result = mean_interval(values)
    assert math.isnan(result.interval.low)
    assert math.isnan(result.standard_error)
    assert result.reason is not None
    assert result.reason.startswith(f"{len(values)} replication")
    assert result.count == len(values)


def test_a_missing_value_is_refused_with_its_place() -> None:
    """NaN is never averaged silently: the error says which entry."""
    with pytest.raises(InvalidInput, match=r"values\[1\] = nan"):
        mean_interval([1.0, math.nan])
    with pytest.raises(InvalidInput, match=r"level = 1\.0: must lie strictly"):
        mean_interval([1.0, 2.0], level=1.0)
    with pytest.raises(InvalidInput, match="a and b have 2 and 3 entries"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])


def test_a_hand_worked_paired_difference() -> None:
    """A = 1, 2, 3 and b = 2, 4, 3: differences 1, 2, 0, each variance 1, so the gain is 2."""
    result = paired_difference([1.0, 2.0, 3.0], [2.0, 4.0, 3.0])
    assert result.estimate == 1.0
    assert result.standard_error == pytest.approx(math.sqrt(1 / 3))
    assert result.variance_reduction == pytest.approx(2.0)
    assert result.interval.high - 1.0 == pytest.approx(4.302652729911275 * math.sqrt(1 / 3))


def test_scipy_agrees_on_the_paired_difference() -> None:
    """The interval is that of scipy.stats.ttest_rel(b, a)."""
    random = np.random.default_rng(7)
    a = random.gamma(2.0, size=25)
    b = a + random.normal(0.1, 0.2, size=25)
    theirs = stats.ttest_rel(b, a).confidence_interval(0.95)
    ours = paired_difference(a, b).interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)


def test_the_gain_of_common_random_numbers_is_that_of_the_correlation() -> None:
    """For equal variances and correlation r the gain is 1 / (1 - r): 10 for r = .9, 1 for r = 0.

    With 20,000 normal pairs its standard error is about 1 % of it; 5 % are allowed.
    """
    random = np.random.default_rng(11)
    first, second = random.normal(size=(2, 20_000))
    correlated = 0.9 * first + math.sqrt(1 - 0.81) * second
    assert paired_difference(first, correlated).variance_reduction == pytest.approx(10.0, rel=0.05)
    assert paired_difference(first, second).variance_reduction == pytest.approx(1.0, rel=0.05)


def test_a_constant_shift_has_no_gain_to_report() -> None:
    """Var(a - b) = 0, be it up to rounding: the gain is NaN with a reason, the estimate stands."""
    for a, shift in (
        (np.array([0.1, 0.7, 1.3, 2.9]), 0.1),
        (np.array([0.0, 1e9, 3e9]), 0.1),
        (np.zeros(3), 0.0),
    ):
        result = paired_difference(a, a + shift)
        assert math.isnan(result.variance_reduction)
        assert result.reason is not None
        assert "variance of the difference is 0" in result.reason
        assert result.estimate == pytest.approx(shift, abs=1e-6)


def test_a_small_variance_is_not_taken_for_rounding() -> None:
    """Differences of 1e-6 x (1, 2, 3) beside values near 1 are real: Var 1e-12, the gain 2e12."""
    a = np.array([1.0, 2.0, 3.0])
    assert paired_difference(a, a * (1 + 1e-6)).variance_reduction == pytest.approx(2e12, rel=1e-4)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(6, 1, 6), (10, 2, 9), (20, 6, 15), (50, 18, 33)]
)
def test_published_ranks_of_the_median(count: int, low: int, high: int) -> None:
    """The ranks of the sign-test table at 95 % (Conover 1999, table A3; Dixon and Massey)."""
    interval = quantile_interval(np.arange(1, count + 1), 0.5).interval
    assert (interval.low, interval.high, interval.reason) == (low, high, None)


def test_a_level_reached_exactly_is_reached() -> None:
    """6 values miss the median on either side with 1/64: they reach a level of 31/32, no more."""
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    exact = quantile_interval(values, 0.5, level=31 / 32).interval
    assert (exact.low, exact.high) == (1.0, 6.0)
    more = quantile_interval(values, 0.5, level=31 / 32 + 1e-9).interval
    assert (more.low, more.high) == (-math.inf, math.inf)


@given(st.integers(1, 400), st.floats(0.01, 0.99), st.sampled_from([0.8, 0.95, 0.99]))
def test_each_end_of_a_quantile_misses_as_seldom_as_stated(
    count: int, probability: float, level: float
) -> None:
    """By the law of order statistics each end misses with at most (1 - level) / 2, and no rank to
    spare: one rank further in would miss more often.
    """
    interval = quantile_interval(np.arange(1, count + 1), probability, level=level).interval
    tail = (1 - level) / 2
    below = stats.binom(count, probability)
    low = 0 if interval.low == -math.inf else int(interval.low)
    high = count + 1 if interval.high == math.inf else int(interval.high)
    assert below.cdf(low - 1) <= tail < below.cdf(low)
    # The sum of both tails at one rank is 1, so rounding may decide between two ranks.
    assert below.sf(high - 1) <= tail * (1 + 1e-12)
    assert below.sf(high - 2) >= tail * (1 - 1e-12)


def test_too_few_values_bound_one_side_only() -> None:
    """The largest of 5 values is below the p99 with probability .95: there is no upper bound."""
    result = quantile_interval([5.0, 1.0, 4.0, 2.0, 3.0], 0.99)
    assert result.interval.high == math.inf
    assert result.reason == "5 values are too few to bound this quantile"
    assert result.estimate == 5.0


def test_what_the_horizon_cut_off_counts_as_later() -> None:
    """Runs that did not decide enter as inf, so that they move the quantile; NaN is refused."""
    result = quantile_interval([1.0] * 12 + [math.inf] * 8, 0.5)
    assert result.estimate == 1.0
    assert result.interval.high == math.inf
    assert result.interval.low == 1.0
    assert quantile_interval([1.0] * 9 + [math.inf] * 11, 0.5).estimate == math.inf
    with pytest.raises(InvalidInput, match=r"values\[0\] = nan"):
        quantile_interval([math.nan], 0.5)


def test_no_values_have_no_quantile() -> None:
    """NaN and a reason where there is nothing."""
    result = quantile_interval([], 0.5)
    assert math.isnan(result.estimate)
    assert result.reason == "no values"
