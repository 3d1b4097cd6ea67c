"""Differences over users: against the delta method by arm, SciPy, a regression, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.stats.cuped import PairedEstimate, UserProducts, cuped_test
from simab.stats.shared_users import (
    UserTable,
    adjusted_difference,
    ratio_difference,
    user_table,
    win_difference,
)
from simab.stats.user_totals import UserTotals, ratio_test

Floats = NDArray[np.float64]


def answers(
    random: np.random.Generator, first: int, count: int
) -> tuple[NDArray[np.int64], Floats]:
    """Users `first` to `first + count`, 1 to 9 answers each, 0 or 1 by propensities."""
    users = np.repeat(np.arange(first, first + count), random.integers(1, 10, count))
    own = random.beta(2, 8, first + count)
    return users, (random.random(len(users)) < own[users]).astype(float)


def two_arms(seed: int = 1) -> UserTable:
    """60 users of the control, 50 others of the candidate."""
    random = np.random.default_rng(seed)
    (old_users, old), (new_users, new) = answers(random, 0, 60), answers(random, 60, 50)
    return user_table((old_users, new_users), (old, new))


def of_arm(table: UserTable, arm: int) -> tuple[Floats, Floats]:
    """Requests and values of those who met an arm."""
    met = table.requests[arm] > 0
    return table.requests[arm][met], table.values[arm][met]


def test_answers_are_added_up_by_user() -> None:
    """By hand: user 7 in both arms, 2 in the control, 900 in the candidate."""
    table = user_table(
        (np.array([7, 2, 7]), np.array([900, 7])), (np.array([1.0, 0, 2]), np.array([5.0, 3]))
    )
    assert table.numbers.tolist() == [2, 7, 900]
    assert [each.tolist() for each in table.requests] == [[1, 2, 0], [0, 1, 1]]
    assert [each.tolist() for each in table.values] == [[0, 3, 0], [0, 3, 5]]
    assert (table.users, table.shared) == ((2, 2), 1)
    dense = user_table((np.array([1, 0]), np.array([1])), (np.ones(2), np.ones(1)))
    assert dense.numbers.tolist() == [0, 1]
    assert [each.tolist() for each in dense.requests] == [[1, 1], [0, 1]]


def test_without_shared_users_it_is_the_delta_method_by_arm() -> None:
    """`ratio_test`, whose own oracle is a regression with clustered errors."""
    table = two_arms()
    arms = [UserTotals.of(*of_arm(table, arm)) for arm in (0, 1)]
    expected, found = ratio_test(*arms), ratio_difference(table)
    assert found.difference == pytest.approx(expected.difference, rel=1e-12)
    assert found.variance == pytest.approx(expected.variance, rel=1e-12)
    assert found.candidate == pytest.approx(arms[1].values / arms[1].requests)


def test_means_of_users_are_welchs_test() -> None:
    """SciPy's ttest_ind of the users' means: difference, degrees of freedom and p-value."""
    table = two_arms()
    means = [values / requests for requests, values in (of_arm(table, arm) for arm in (0, 1))]
    welch = stats.ttest_ind(means[1], means[0], equal_var=False)
    found = ratio_difference(table.of_means())
    assert found.difference / math.sqrt(found.variance) == pytest.approx(welch.statistic)
    assert found.degrees == pytest.approx(welch.df)
    assert found.p_value == pytest.approx(welch.pvalue)
    assert found.z == pytest.approx(
        math.copysign(stats.norm.isf(welch.pvalue / 2), welch.statistic)
    )


def test_ranks_are_brunner_and_munzels_test() -> None:
    """SciPy's brunnermunzel of the users' means, which have many ties."""
    table = two_arms()
    means = [values / requests for requests, values in (of_arm(table, arm) for arm in (0, 1))]
    expected = stats.brunnermunzel(means[0], means[1])
    found = win_difference(table)
    assert found.difference / math.sqrt(found.variance) == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    pairs = stats.mannwhitneyu(means[1], means[0]).statistic
    assert found.candidate == pytest.approx(pairs / (60 * 50))


def test_who_is_in_both_arms_makes_a_paired_test() -> None:
    """SciPy's ttest_rel where all users are in both, with a mean each."""
    random = np.random.default_rng(3)
    level = random.normal(size=40)
    old, new = level + random.normal(0, 0.3, 40), level + 0.1 + random.normal(0, 0.3, 40)
    users = np.arange(40)
    found = ratio_difference(user_table((users, users), (old, new)))
    paired = stats.ttest_rel(new, old)
    assert found.difference / math.sqrt(found.variance) == pytest.approx(paired.statistic)
    apart = ratio_difference(user_table((users, users + 40), (old, new)))
    assert apart.variance > 5 * found.variance


def test_adjusting_is_the_regression_on_the_covariate() -> None:
    """With a request a user: cuped_test of the arms, which has a regression for its oracle."""
    random = np.random.default_rng(4)
    before = random.normal(size=200)
    after = before + random.normal(0, 0.5, 200)
    users = np.arange(200)
    table = user_table((users[:90], users[90:]), (after[:90], after[90:]))
    found = adjusted_difference(table, before)
    arms = [
        PairedEstimate.of_means(UserProducts.of(np.column_stack([after[part], before[part]])))
        for part in (slice(90), slice(90, None))
    ]
    expected = cuped_test(*arms)
    assert found.theta == pytest.approx(expected.theta)
    assert found.difference == pytest.approx(expected.difference)
    assert found.variance == pytest.approx(expected.variance)
    assert found.variance_factor == pytest.approx(expected.variance_factor)
    assert found.variance_factor == pytest.approx(
        1 - np.corrcoef(before, after)[0, 1] ** 2, rel=0.1
    )


def test_a_covariate_that_does_not_vary_changes_nothing() -> None:
    """Nor does one of which nothing is known but a mean for all."""
    table = two_arms()
    plain, found = ratio_difference(table), adjusted_difference(table, np.full(110, 0.2))
    assert found == plain


def test_too_few_users_or_users_all_alike_tell_nothing() -> None:
    """Three users, however many requests; and an arm without a miss."""
    users = np.repeat(np.arange(3), 50)
    random = np.random.default_rng(1)
    few = user_table((users, users + 3), ((random.random(150) < 0.5) * 1.0, np.ones(150)))
    assert math.isnan(ratio_difference(few).variance)
    assert math.isnan(ratio_difference(few).p_value)
    alike = user_table((np.arange(9), np.arange(9, 18)), (np.arange(9) % 2 * 1.0, np.ones(9)))
    assert math.isnan(ratio_difference(alike).variance)
    nobody = user_table((np.arange(9), np.arange(0)), (np.ones(9), np.ones(0)))
    for found in (ratio_difference(nobody), win_difference(nobody)):
        assert math.isnan(found.difference)
        assert math.isnan(found.z)


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_the_variance_is_that_of_the_difference(shared: float) -> None:
    """By simulation in plain NumPy: z has variance 1, whichever share of the users is in both arms.

    400 users, requests split by user or by request. 1,000 runs: 1 within 3.9 errors of a variance.
    """
    random, runs, users = np.random.default_rng(5), 1_000, 400
    found = np.empty((runs, 3))
    for run in range(runs):
        own = random.beta(2, 8, users)
        by_request = random.random(users) < shared
        who = np.repeat(np.arange(users), random.geometric(0.1, users))
        arm = np.where(by_request[who], random.random(len(who)) < 0.5, who % 2 == 1)
        values = (random.random(len(who)) < own[who]).astype(float)
        table = user_table((who[~arm], who[arm]), (values[~arm], values[arm]))
        each = ratio_difference(table), ratio_difference(table.of_means()), win_difference(table)
        found[run] = [one.difference / math.sqrt(one.variance) for one in each]
    band = 3.9 * math.sqrt(2.0 / runs)
    assert found.var(axis=0) == pytest.approx(1.0, abs=band + 0.02)
    assert abs(found.mean(axis=0)).max() < 3.9 / math.sqrt(runs)
