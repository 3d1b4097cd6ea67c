"""Percentiles over users: by hand, against SciPy's sign interval, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.clustered_quantiles import clustered_quantile, quantile_test
from simab.stats.user_totals import UserTotals, ratio_estimate


def clustered(rng, users, share, shift=0.0):
    """Lognormal values of users whose own level holds half of the variance of the logarithm.

    Users have 1 + negative binomial requests, mean 10, some of them over a hundred. Returns
    values, users, and the true percentile, for the marginal law is lognormal too.
    """
    requests = 1 + rng.negative_binomial(0.5, 0.5 / 9.5, users)
    owner = np.repeat(np.arange(users), requests)
    logs = rng.normal(shift, math.sqrt(0.5), users)[owner]
    logs = logs + rng.normal(0.0, math.sqrt(0.5), owner.size)
    return np.exp(logs), owner, math.exp(shift + stats.norm.ppf(share))


def test_independent_values_have_the_interval_of_ranks() -> None:
    """A cluster a value: ranks n (p -+ 1.96 sqrt(p (1 - p) / n)) by hand, up to one rank."""
    values = np.random.default_rng(130).permutation(np.arange(1.0, 1_001.0))
    found = clustered_quantile(values, np.arange(1_000), 0.9)
    margin = 1.959964 * math.sqrt(0.9 * 0.1 * 1_000)
    assert found.value == 900.0
    assert found.interval.low == pytest.approx(900 - margin, abs=1.1)
    assert found.interval.high == pytest.approx(900 + margin, abs=2.1)
    assert found.design_effect == pytest.approx(1.0, abs=0.002)
    assert found.standard_error == pytest.approx(margin / 1.96, rel=0.05)


def test_a_share_that_floats_cannot_hold_does_not_move_the_rank() -> None:
    """0.07 x 100 is 7.000000000000001 in floats: seven values of a hundred are 7 % all the same."""
    assert clustered_quantile(np.arange(1.0, 101.0), np.arange(100), 0.07).value == 7.0


def test_the_variance_of_the_share_is_that_of_a_ratio_over_users() -> None:
    values, owner, _ = clustered(np.random.default_rng(131), 300, 0.9)
    found = clustered_quantile(values, owner, 0.9)
    below = values <= found.value
    totals = UserTotals.of(np.bincount(owner), np.bincount(owner, weights=below))
    variance = ratio_estimate(totals).variance
    assert found.design_effect == pytest.approx(variance * values.size / (0.9 * 0.1), rel=1e-9)
    assert found.design_effect > 3.0


def test_the_median_is_an_order_statistic_and_labels_of_users_do_not_matter() -> None:
    values, owner, _ = clustered(np.random.default_rng(132), 200, 0.5)
    found = clustered_quantile(values, owner, 0.5)
    assert found.value == np.quantile(values, 0.5, method="inverted_cdf")
    order = np.random.default_rng(133).permutation(values.size)
    assert clustered_quantile(values[order], 7 * owner[order] - 40, 0.5) == found


def coverage(share: float, runs: int) -> tuple[float, float]:
    """How often the interval over users, and that of ranks alone, hold the true percentile."""
    rng, held = np.random.default_rng(134), np.zeros(2)
    for _ in range(runs):
        values, owner, truth = clustered(rng, 400, share)
        held += [
            truth in clustered_quantile(values, by, share).interval
            for by in (owner, np.arange(values.size))
        ]
    return tuple(held / runs)


@pytest.mark.long
@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
def test_intervals_over_users_cover_where_those_of_ranks_do_not(share: float) -> None:
    by_user, by_value = coverage(share, 1_500)
    assert by_user == pytest.approx(0.95, abs=3.9 * math.sqrt(0.05 * 0.95 / 1_500))
    assert by_value < 0.8


@pytest.mark.long
def test_tests_of_a_percentile_keep_their_level() -> None:
    """1,500 A/A tests of the p90 of 400 users an arm, and of arms whose logarithms differ by .3."""
    rng, runs, wrong, right = np.random.default_rng(135), 1_500, 0, 0
    for _ in range(runs):
        a, b, better = (clustered(rng, 400, 0.9, shift) for shift in (0.0, 0.0, 0.3))
        first, second, third = (clustered_quantile(*each[:2], 0.9) for each in (a, b, better))
        wrong += quantile_test(first, second).p_value < 0.05
        right += quantile_test(first, third).p_value < 0.05
    assert wrong / runs == pytest.approx(0.05, abs=3.9 * math.sqrt(0.05 * 0.95 / runs))
    assert right / runs > 0.6


def test_a_difference_has_both_errors() -> None:
    rng = np.random.default_rng(136)
    first, second = (clustered_quantile(*clustered(rng, 300, 0.5, s)[:2], 0.5) for s in (0.0, 0.5))
    found = quantile_test(first, second, alternative="larger")
    assert found.difference == pytest.approx(second.value - first.value)
    error = math.hypot(first.standard_error, second.standard_error)
    assert found.p_value == pytest.approx(stats.norm.sf(found.difference / error))
    assert found.interval.width == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def test_what_cannot_be_said_says_why() -> None:
    assert clustered_quantile([], [], 0.5).reason == "no values"
    one = clustered_quantile([1.0, 2.0, 3.0], [4, 4, 4], 0.5)
    assert (one.value, math.isnan(one.standard_error)) == (2.0, True)
    assert "1 clusters" in str(one.reason)
    few = clustered_quantile(np.arange(20.0), np.arange(20), 0.99)
    assert "too few" in str(few.reason)
    found = quantile_test(few, few)
    assert math.isnan(found.p_value)
    assert "arm a" in str(found.reason)
    equal = clustered_quantile(np.ones(400), np.arange(400) // 2, 0.5)
    assert quantile_test(equal, equal).reason is not None


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="values and clusters"):
        clustered_quantile([1.0, 2.0], [1], 0.5)
    with pytest.raises(InvalidInput, match="share"):
        clustered_quantile([1.0, 2.0], [1, 2], 95)
