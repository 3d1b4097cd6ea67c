"""Design effects against an independent Monte Carlo, and SciPy's analysis of variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.design_effect import (
    ClusterTotals,
    ServedShare,
    beta_intraclass_correlation,
    design_effect,
    intraclass_correlation,
    naive_false_promotion,
    requests_of_one_split,
)

CORRELATION = beta_intraclass_correlation(2, 8)
# Geometric on 1, 2, ... with mean 20: E m^2 = 2 x 20^2 - 20 = 780. Exactly 20: 400.
GEOMETRIC = design_effect(20, 780, CORRELATION)
EXACT = design_effect(20, 400, CORRELATION)


def test_beta_users_have_the_correlation_of_their_variance() -> None:
    """SciPy's variance of Beta(2, 8) over that of a 0/1 outcome of the same mean."""
    law = stats.beta(2, 8)
    assert beta_intraclass_correlation(2, 8) == pytest.approx(
        law.var() / (law.mean() * (1 - law.mean()))
    )
    assert beta_intraclass_correlation(2, 8) == pytest.approx(1 / 11)


def test_false_promotions_of_the_examples() -> None:
    """17.6 % with geometric activity of mean 20, 11.8 % with exactly 20 requests, by hand."""
    assert pytest.approx(1 + 38 / 11) == GEOMETRIC
    assert pytest.approx(1 + 19 / 11) == EXACT
    assert naive_false_promotion(GEOMETRIC) == pytest.approx(0.1765, abs=5e-5)
    assert naive_false_promotion(EXACT) == pytest.approx(0.1176, abs=5e-5)
    assert naive_false_promotion(1.0) == pytest.approx(0.025)


@pytest.mark.parametrize("activity", ["geometric", "exactly 20"])
def test_a_pooled_z_test_of_requests_errs_as_the_closed_form_says(activity: str) -> None:
    """Monte Carlo in plain NumPy: 4,000 A/A tests of 500 users an arm, one pooled z test each."""
    rng, runs, count = np.random.default_rng(20), 4_000, 500
    shape = (runs, 2, count)
    requests = rng.geometric(1 / 20, shape) if activity == "geometric" else np.full(shape, 20)
    successes = rng.binomial(requests, rng.beta(2, 8, shape))
    n, y = requests.sum(axis=2), successes.sum(axis=2)
    share, pooled = y / n, y.sum(axis=1) / n.sum(axis=1)
    z = (share[:, 1] - share[:, 0]) / np.sqrt(pooled * (1 - pooled) * (1 / n).sum(axis=1))
    wrong = (z > stats.norm.isf(0.025)).mean()
    expected = naive_false_promotion(GEOMETRIC if activity == "geometric" else EXACT)
    band = 3.9 * math.sqrt(expected * (1 - expected) / runs)
    assert wrong == pytest.approx(expected, abs=band)


def test_one_split_is_as_it_is() -> None:
    """All requests, or with a baseline those of both, of users who send all to either."""
    for share in (0.01, 0.3, 0.5):
        assert requests_of_one_split([ServedShare(share, 7.0)]) == pytest.approx((1.0, 1.0))
        with_baseline = requests_of_one_split([ServedShare(share, 7.0)], baseline=True)
        assert with_baseline == pytest.approx((2 * share, 1.0))


@pytest.mark.parametrize("baseline", [False, True])
def test_rising_shares_err_as_drawn_users_do(baseline: bool) -> None:
    """Users at places of their own in [0, 1), as a hash puts them: plain NumPy, 4,000 runs."""
    stages = [ServedShare(0.1, 2.0), ServedShare(0.3, 1.0), ServedShare(0.5, 1.5)]
    rng, runs, users, requests = np.random.default_rng(5), 4_000, 300, 20
    place, own = rng.random((runs, users)), rng.normal(size=(runs, users))
    arms = np.zeros((2, runs)), np.zeros((2, runs))
    for share, lasts in stages:
        new = place < share
        old = place >= 1 - share if baseline else ~new
        for (total, count), chosen in zip(arms, (new, old), strict=True):
            total += (chosen * own).sum(axis=1) * requests * lasts
            count += chosen.sum(axis=1) * requests * lasts
    difference = arms[0][0] / arms[0][1] - arms[1][0] / arms[1][1]
    whole = users * requests * 4.5
    both = np.array([each[1].mean() for each in arms])
    split = requests_of_one_split(stages, baseline=baseline)
    assert split.compared * whole == pytest.approx(both.sum(), rel=0.01)
    # Of one split: as many requests a user, times 1 / T + 1 / C of single values of variance 1.
    expected = split.as_many * whole / users * sum(1 / both)
    assert difference.var() == pytest.approx(expected, rel=0.1)


def test_shares_that_do_not_rise_are_refused() -> None:
    for shares in ((), (0.2, 0.1), (0.0, 0.5)):
        with pytest.raises(InvalidInput, match="must rise"):
            requests_of_one_split([ServedShare(each, 1.0) for each in shares])


def totals(groups: list[list[float]]) -> ClusterTotals:
    sizes, sums = [len(each) for each in groups], [sum(each) for each in groups]
    return ClusterTotals(
        users=len(groups),
        requests=sum(sizes),
        requests_squared=sum(size**2 for size in sizes),
        values=sum(sums),
        values_squared=sum(value**2 for each in groups for value in each),
        user_squares=sum(total**2 / size for total, size in zip(sums, sizes, strict=True)),
    )


def test_the_correlation_of_unequal_groups_follows_from_scipys_ratio_of_mean_squares() -> None:
    groups = [[1.0, 2.5, 2.0], [4.0, 3.0], [0.5, 0.0, 1.0, 0.7], [2.0, 2.2]]
    ratio = stats.f_oneway(*groups).statistic
    size = (11 - (9 + 4 + 16 + 4) / 11) / 3
    expected = (ratio - 1) / (ratio + size - 1)
    assert intraclass_correlation(totals(groups)) == pytest.approx(expected, rel=1e-12)


def test_it_finds_the_correlation_of_beta_users() -> None:
    """Mean over 100 samples of 2,000 geometric users within 3.9 standard errors of 1 / 11."""
    rng, found = np.random.default_rng(21), []
    for _ in range(100):
        n = rng.geometric(1 / 20, 2_000)
        y = rng.binomial(n, rng.beta(2, 8, n.size))
        sums = ClusterTotals(n.size, n.sum(), (n * n).sum(), y.sum(), y.sum(), (y * y / n).sum())
        found.append(intraclass_correlation(sums))
    error = np.std(found, ddof=1) / 10
    assert np.mean(found) == pytest.approx(1 / 11, abs=3.9 * error)
    assert error < 0.001


def test_users_within_whom_nothing_varies_are_fully_alike() -> None:
    assert intraclass_correlation(totals([[1.0, 1.0], [0.0, 0.0, 0.0]])) == pytest.approx(1.0)


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_without_users_repeats_or_variance_it_is_unknown(groups: list[list[float]]) -> None:
    assert math.isnan(intraclass_correlation(totals(groups)))


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least the square of the first"):
        design_effect(20, 399, 0.1)
    with pytest.raises(InvalidInput, match="between -1 and 1"):
        design_effect(20, 400, 1.1)
    with pytest.raises(InvalidInput, match="must be above 0"):
        beta_intraclass_correlation(0, 8)
    with pytest.raises(InvalidInput, match="effect = 0"):
        naive_false_promotion(0)
