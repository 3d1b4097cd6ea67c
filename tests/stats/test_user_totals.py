"""Ratios over users against a hand-coded sandwich, statsmodels, enumeration and Monte Carlo."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.means import welch_test
from simab.stats.proportions import two_proportion_test
from simab.stats.user_totals import UserTotals, ratio_estimate, ratio_test, user_means


def users(rng, count, mean_requests=20.0):
    """Requests and successes of users with Beta(2, 8) propensities and geometric activity."""
    requests = rng.geometric(1.0 / mean_requests, size=count)
    return requests, rng.binomial(requests, rng.beta(2, 8, size=count))


def requests_of(requests, successes):
    """One row a request: the outcome and its user."""
    user = np.repeat(np.arange(requests.size), requests)
    outcome = np.concatenate(
        [np.arange(n) < y for n, y in zip(requests, successes, strict=True)]
    ).astype(float)
    return outcome, user


def test_variance_is_the_cluster_robust_one_of_a_regression_on_a_constant() -> None:
    """The sandwich by hand: bread 1 / N, meat the squared sums of residuals of each cluster."""
    requests, successes = users(np.random.default_rng(1), 60)
    outcome, user = requests_of(requests, successes)
    residuals = outcome - outcome.mean()
    meat = sum(residuals[user == each].sum() ** 2 for each in range(60))
    uncorrected = meat / outcome.size**2
    totals = UserTotals.of(requests, successes)
    assert ratio_estimate(totals, small_sample=False).variance == pytest.approx(uncorrected)
    assert ratio_estimate(totals).variance == pytest.approx(uncorrected * 60 / 59)
    assert ratio_estimate(totals).value == pytest.approx(outcome.mean())


def test_difference_is_that_of_statsmodels_with_clustered_errors() -> None:
    """OLS on an arm's indicator with cov_type="cluster", without its corrections of the size."""
    rng = np.random.default_rng(2)
    arms = [users(rng, 50), users(rng, 70)]
    rows = [requests_of(*arm) for arm in arms]
    outcome = np.concatenate([row[0] for row in rows])
    cluster = np.concatenate([rows[0][1], rows[1][1] + 50])
    indicator = np.repeat([0.0, 1.0], [row[0].size for row in rows])
    fitted = sm.OLS(outcome, sm.add_constant(indicator)).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    a, b = (UserTotals.of(*arm) for arm in arms)
    found = ratio_test(a, b)
    uncorrected = sum(ratio_estimate(each, small_sample=False).variance for each in (a, b))
    assert found.difference == pytest.approx(fitted.params[1])
    assert math.sqrt(uncorrected) == pytest.approx(fitted.bse[1], rel=1e-9)
    assert found.variance == pytest.approx(
        sum(ratio_estimate(each).variance for each in (a, b)), rel=1e-12
    )
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.z)))
    half = 1.959963985 * math.sqrt(found.variance)
    assert found.interval.low == pytest.approx(found.difference - half)
    assert found.interval.high == pytest.approx(found.difference + half)


def enumerated(population, size):
    """Of all samples of users with replacement: the exact variance, and the mean of estimates."""
    samples = [
        UserTotals.of(*zip(*draw, strict=True))
        for draw in itertools.product(population, repeat=size)
    ]
    found = [ratio_estimate(each) for each in samples]
    values = np.array([each.value for each in found])
    return values.var(), float(np.mean([each.variance for each in found]))


def test_with_equally_active_users_the_estimated_variance_is_unbiased() -> None:
    exact, estimated = enumerated([(4, 0), (4, 1), (4, 3)], 5)
    assert estimated == pytest.approx(exact, rel=1e-12)


def test_with_unequally_active_users_it_is_right_but_for_terms_of_one_over_users() -> None:
    """All 3^8 samples of eight users: 1.4 % too small on average, where naive ones are half."""
    population = [(4, 1), (5, 4), (7, 1)]
    exact, estimated = enumerated(population, 8)
    assert estimated == pytest.approx(exact, rel=0.02)
    share = 6 / 16
    naive = share * (1 - share) / (8 * 16 / 3)
    assert exact / naive == pytest.approx(2.0, abs=0.02)


def test_group_sums_add_up() -> None:
    requests, successes = users(np.random.default_rng(3), 30)
    whole = UserTotals.of(requests, successes)
    parts = UserTotals.of(requests[:11], successes[:11]) + UserTotals.of(
        requests[11:], successes[11:]
    )
    assert parts == whole


def test_user_means_are_what_a_test_of_users_takes() -> None:
    """SciPy's Welch test of the users' own shares; a user without requests has none."""
    rng = np.random.default_rng(4)
    (n_a, y_a), (n_b, y_b) = users(rng, 40), users(rng, 55)
    found = welch_test(user_means([*n_a, 0], [*y_a, 0]), user_means(n_b, y_b))
    theirs = stats.ttest_ind(y_b / n_b, y_a / n_a, equal_var=False)
    assert found.t == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue)


@pytest.mark.long
def test_tests_of_users_keep_their_level_where_a_test_of_requests_does_not() -> None:
    """2,000 A/A tests of 1,000 users an arm, Beta(2, 8), geometric activity of mean 20."""
    rng, runs = np.random.default_rng(5), 2_000
    wrong = {"ratio": 0, "means": 0, "requests": 0}
    for _ in range(runs):
        (n_a, y_a), (n_b, y_b) = users(rng, 1_000), users(rng, 1_000)
        ratio = ratio_test(UserTotals.of(n_a, y_a), UserTotals.of(n_b, y_b))
        means = welch_test(user_means(n_a, y_a), user_means(n_b, y_b))
        naive = two_proportion_test(int(y_a.sum()), int(n_a.sum()), int(y_b.sum()), int(n_b.sum()))
        wrong["ratio"] += ratio.p_value < 0.05
        wrong["means"] += means.p_value < 0.05
        wrong["requests"] += naive.p_value < 0.05
    band = 3.9 * math.sqrt(0.05 * 0.95 / runs)
    assert wrong["ratio"] / runs == pytest.approx(0.05, abs=band)
    assert wrong["means"] / runs == pytest.approx(0.05, abs=band)
    # Twice 17.65 %, the closed form of the design effect: see test_design_effect.py.
    assert wrong["requests"] / runs == pytest.approx(0.353, abs=3.9 * math.sqrt(0.23 / runs))


def test_what_cannot_be_estimated_says_why() -> None:
    nobody, one = UserTotals.of([], []), UserTotals.of([3], [1])
    assert ratio_estimate(nobody).reason == "no requests"
    assert ratio_estimate(one).value == pytest.approx(1 / 3)
    assert "at least 2" in str(ratio_estimate(one).reason)
    found = ratio_test(one, UserTotals.of([3, 4], [1, 1]))
    assert math.isnan(found.p_value)
    assert "arm a" in str(found.reason)
    assert found.interval.reason == found.reason


def test_users_who_are_all_alike_leave_no_variance_to_test_by() -> None:
    """Exactly 0 in whole numbers, where a difference of rounded sums would leave some 1e-20."""
    alike = UserTotals.of([3, 30_000_001, 700], [1, 10_000_000, 233])
    always = UserTotals.of([3, 30_000_001, 700], [3, 30_000_001, 700])
    assert ratio_estimate(always).variance == 0.0
    assert "variance" in str(ratio_test(always, always).reason)
    assert ratio_estimate(alike).variance > 0.0


def test_malformed_sums_are_refused() -> None:
    with pytest.raises(InvalidInput, match="users = -1: must be a number of at least 0"):
        UserTotals(-1, 0, 0, 0, 0, 0)
    with pytest.raises(InvalidInput, match="requests and values"):
        UserTotals.of([1, 2], [1])
    with pytest.raises(InvalidInput, match="alternative"):
        ratio_test(UserTotals.of([1], [1]), UserTotals.of([1], [1]), alternative="more")
