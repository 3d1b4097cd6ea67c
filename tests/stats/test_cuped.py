"""CUPED against least squares, resampling of linearised values, and simulation of its level."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.cuped import PairedEstimate, UserProducts, cuped_test, variance_factor
from simab.stats.user_totals import UserTotals, ratio_test


def means(values, before):
    return PairedEstimate.of_means(UserProducts.of(np.column_stack((values, before))))


def bivariate(rng, count, correlation, effect=0.0):
    before = rng.normal(size=count)
    noise = rng.normal(size=count) * math.sqrt(1 - correlation**2)
    return effect + correlation * before + noise, before


def whitened(count, correlation, seed):
    """A sample of two quantities with means 0, variances 1 and exactly this correlation."""
    raw = np.random.default_rng(seed).normal(size=(count, 2))
    raw -= raw.mean(axis=0)
    uncorrelated = np.linalg.solve(np.linalg.cholesky(np.cov(raw.T)), raw.T).T
    mixing = np.array([[correlation, math.sqrt(1 - correlation**2)], [1.0, 0.0]])
    return (uncorrelated @ mixing.T).T


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, -0.7])
def test_the_variance_left_is_exactly_one_less_the_squared_correlation(correlation: float) -> None:
    """Both arms have this sample correlation to the last digit, so that the factor has too."""
    found = cuped_test(means(*whitened(40, correlation, 1)), means(*whitened(60, correlation, 2)))
    assert found.variance_factor == pytest.approx(1 - correlation**2, abs=1e-12)
    assert found.variance_factor == pytest.approx(variance_factor(correlation), abs=1e-12)
    assert found.theta == pytest.approx(correlation)


def test_the_adjusted_difference_is_that_of_least_squares() -> None:
    """With arms of equal size theta is the slope of a regression on arm and covariate (OLS)."""
    rng = np.random.default_rng(3)
    (y_a, x_a), (y_b, x_b) = bivariate(rng, 80, 0.6), bivariate(rng, 80, 0.6, 0.3)
    found = cuped_test(means(y_a, x_a), means(y_b, x_b))
    design = np.column_stack((np.ones(160), np.repeat([0.0, 1.0], 80), np.r_[x_a, x_b]))
    fitted = sm.OLS(np.r_[y_a, y_b], design).fit()
    assert found.theta == pytest.approx(fitted.params[2], rel=1e-10)
    assert found.difference == pytest.approx(fitted.params[1], rel=1e-10)
    assert found.unadjusted == pytest.approx(y_b.mean() - y_a.mean())
    assert math.sqrt(found.variance) == pytest.approx(fitted.bse[1], rel=0.02)
    assert found.p_value == pytest.approx(
        2 * stats.norm.sf(abs(found.difference / found.variance**0.5))
    )


def test_a_covariate_that_does_not_vary_leaves_the_plain_test() -> None:
    rng = np.random.default_rng(4)
    requests = rng.geometric(0.1, (2, 50))
    successes = rng.binomial(requests, rng.beta(2, 8, (2, 50)))
    nothing = np.zeros(50), np.ones(50)
    found = cuped_test(
        *(
            PairedEstimate.of_ratios(UserProducts.of(np.column_stack((y, n, *nothing))))
            for y, n in zip(successes, requests, strict=True)
        )
    )
    plain = ratio_test(*(UserTotals.of(n, y) for y, n in zip(successes, requests, strict=True)))
    assert found.theta == 0.0
    assert found.difference == pytest.approx(plain.difference)
    assert found.variance == pytest.approx(plain.variance, rel=1e-9)
    assert found.p_value == pytest.approx(plain.p_value, rel=1e-9)
    assert found.interval.high == pytest.approx(plain.interval.high)


def ratio_users(rng, count):
    """Beta(2, 8) users who keep propensity and activity from before the test into it."""
    propensity, rate = rng.beta(2, 8, count), rng.gamma(2, 10, count)
    requests, before = 1 + rng.poisson(rate), rng.poisson(rate)
    return np.column_stack(
        (
            rng.binomial(requests, propensity),
            requests,
            rng.binomial(before, propensity),
            before,
        )
    )


def test_ratios_are_adjusted_as_their_linearised_values_are() -> None:
    """Per user (y - R n) / mean n, in the test and before: CUPED of those means, by np.cov."""
    rows = [ratio_users(np.random.default_rng(seed), 300) for seed in (5, 6)]
    arms = [PairedEstimate.of_ratios(UserProducts.of(each)) for each in rows]
    for row, arm in zip(rows, arms, strict=True):
        y, n, x, m = row.T.astype(float)
        linear = np.cov(
            (y - y.sum() / n.sum() * n) / n.mean(), (x - x.sum() / m.sum() * m) / m.mean()
        )
        assert arm.value == pytest.approx(y.sum() / n.sum())
        assert arm.before == pytest.approx(x.sum() / m.sum())
        assert arm.variance == pytest.approx(linear[0, 0] / 300, rel=1e-9)
        assert arm.before_variance == pytest.approx(linear[1, 1] / 300, rel=1e-9)
        assert arm.covariance == pytest.approx(linear[0, 1] / 300, rel=1e-9)
    assert cuped_test(*arms).variance_factor < 0.8


def test_groups_of_users_add_up() -> None:
    rows = ratio_users(np.random.default_rng(7), 50)
    whole = PairedEstimate.of_ratios(UserProducts.of(rows))
    assert (
        PairedEstimate.of_ratios(UserProducts.of(rows[:20]) + UserProducts.of(rows[20:])) == whole
    )


@pytest.mark.long
def test_adjusted_tests_keep_their_level() -> None:
    """2,000 A/A tests each: skewed means (lognormal) with a strong covariate, and ratios."""
    rng, runs = np.random.default_rng(8), 2_000
    wrong, kept = {"means": 0, "ratios": 0}, []
    for _ in range(runs):
        lasting = rng.normal(size=(2, 400))
        values, before = (np.exp(lasting + 0.5 * rng.normal(size=(2, 400))) for _ in range(2))
        found = cuped_test(means(values[0], before[0]), means(values[1], before[1]))
        wrong["means"] += found.p_value < 0.05
        ratios = (
            PairedEstimate.of_ratios(UserProducts.of(ratio_users(rng, 300))) for _ in range(2)
        )
        found = cuped_test(*ratios)
        wrong["ratios"] += found.p_value < 0.05
        kept.append(found.variance_factor)
    band = 3.9 * math.sqrt(0.05 * 0.95 / runs)
    assert wrong["means"] / runs == pytest.approx(0.05, abs=band)
    assert wrong["ratios"] / runs == pytest.approx(0.05, abs=band)
    assert np.mean(kept) < 0.6


def test_what_cannot_be_adjusted_says_why() -> None:
    found = cuped_test(means([1.0], [1.0]), means([1.0, 2.0], [0.0, 1.0]))
    assert math.isnan(found.p_value)
    assert "variance" in str(found.reason)
    nobody = PairedEstimate.of_ratios(UserProducts.of([[1, 2, 0, 0], [0, 3, 0, 0]]))
    assert math.isnan(nobody.value)
    assert cuped_test(nobody, nobody).reason is not None


def test_a_covariate_that_says_all_leaves_nothing_to_test_by() -> None:
    sure = cuped_test(means([1.0, 2.0], [1.0, 2.0]), means([4.0, 5.0], [2.0, 3.0]))
    assert sure.unadjusted == pytest.approx(3.0)
    assert math.isnan(sure.p_value)
    assert "no variance is left" in str(sure.reason)


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a row a user"):
        UserProducts.of([1.0, 2.0])
    with pytest.raises(InvalidInput, match="a row a user"):
        UserProducts.of([[1.0, np.nan]])
    with pytest.raises(InvalidInput, match="must be 4"):
        PairedEstimate.of_ratios(UserProducts.of([[1.0, 2.0]]))
    with pytest.raises(InvalidInput, match="between -1 and 1"):
        variance_factor(1.5)
