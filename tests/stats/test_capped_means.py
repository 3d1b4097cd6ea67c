"""Capped means against numeric integration, their percentiles, and the level of their test."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.capped_means import (
    CappedLaw,
    capped_exponential,
    capped_gamma,
    capped_lognormal,
    capped_moments,
    pooled_cap,
    zero_inflated,
)
from simab.stats.means import moments, welch_test

LAWS = {
    "lognormal": (partial(capped_lognormal, 0.7, 1.3), stats.lognorm(1.3, scale=math.exp(0.7))),
    "gamma of shape below 1": (partial(capped_gamma, 0.4, 5.0), stats.gamma(0.4, scale=5.0)),
    "gamma": (partial(capped_gamma, 3.0, 2.0), stats.gamma(3.0, scale=2.0)),
    "exponential": (partial(capped_exponential, 4.0), stats.expon(scale=4.0)),
}


@pytest.mark.parametrize("cap", [0.003, 0.039, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("name", LAWS)
def test_moments_are_those_of_numeric_integration(name: str, cap: float) -> None:
    """E min(X, c)^k is the integral of k x^(k-1) P(X > x) up to the cap: scipy.integrate.quad."""
    capped, law = LAWS[name]
    found = capped(cap)
    for order, value in ((1, found.mean), (2, found.mean_square)):
        expected, _ = integrate.quad(
            lambda x, k=order: k * x ** (k - 1) * law.sf(x), 0, cap, epsabs=0, epsrel=1e-11
        )
        assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", LAWS)
def test_without_a_cap_they_are_those_of_the_law(name: str) -> None:
    capped, law = LAWS[name]
    assert capped(math.inf).mean == pytest.approx(law.mean())
    assert capped(math.inf).variance == pytest.approx(law.var())


def test_zeros_leave_the_share_of_both_moments() -> None:
    """9 of 10 users spend nothing: sums over the mixture by hand."""
    found = zero_inflated(0.1, CappedLaw(5.0, 30.0))
    assert (found.mean, found.mean_square) == pytest.approx((0.5, 3.0))
    assert found.variance == pytest.approx(2.75)


def test_a_sample_is_cut_off_at_the_cap() -> None:
    found = capped_moments([1.0, 2.0, 50.0], 4.0)
    assert found == moments([1.0, 2.0, 4.0])
    assert math.isnan(capped_moments([], 4.0).mean)
    assert capped_moments([1.0, 2.0], math.inf) == moments([1.0, 2.0])


@pytest.mark.parametrize(
    ("share", "expected"), [(0.9, 9.0), (0.91, 10.0), (1.0, 10.0), (0.01, 1.0)]
)
def test_the_cap_is_an_order_statistic_of_both_arms(share: float, expected: float) -> None:
    """NumPy's inverted_cdf is the same definition (type 1 of Hyndman and Fan 1996)."""
    a, b = [10.0, 2.0, 3.0, 9.0], [1.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert pooled_cap(a, b, share) == expected
    assert pooled_cap(a, b, share) == np.quantile([*a, *b], share, method="inverted_cdf")


def test_a_share_that_floats_cannot_hold_does_not_move_the_rank() -> None:
    """0.07 x 100 is 7.000000000000001 in floats: seven values of a hundred are 7 % all the same."""
    assert pooled_cap(np.arange(1.0, 51.0), np.arange(51.0, 101.0), 0.07) == 7.0


@pytest.mark.long
def test_capped_tests_keep_their_level_and_find_more() -> None:
    """2,000 tests of 1,000 users an arm: a tenth spend, lognormal of deviation 2, cap at 99 %.

    With twice the spending the uncapped test finds less than half of what the capped one does.
    """
    rng, runs = np.random.default_rng(40), 2_000
    wrong, found = 0, {"capped": 0, "plain": 0}

    def spend(factor: float) -> np.ndarray:
        spends = rng.random(1_000) < 0.1
        return np.where(spends, factor * rng.lognormal(0.0, 2.0, 1_000), 0.0)

    for _ in range(runs):
        a, b, better = spend(1.0), spend(1.0), spend(2.0)
        cap = pooled_cap(a, b, 0.99)
        wrong += welch_test(capped_moments(a, cap), capped_moments(b, cap)).p_value < 0.05
        cap = pooled_cap(a, better, 0.99)
        found["capped"] += (
            welch_test(capped_moments(a, cap), capped_moments(better, cap)).p_value < 0.05
        )
        found["plain"] += welch_test(moments(a), moments(better)).p_value < 0.05
    assert wrong / runs == pytest.approx(0.05, abs=3.9 * math.sqrt(0.05 * 0.95 / runs))
    assert found["capped"] > 2 * found["plain"]


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cap = 0"):
        capped_exponential(1.0, 0.0)
    with pytest.raises(InvalidInput, match="log_deviation"):
        capped_lognormal(0.0, -1.0, 1.0)
    with pytest.raises(InvalidInput, match="positive_share"):
        zero_inflated(1.2, CappedLaw(1.0, 1.0))
    with pytest.raises(InvalidInput, match="no values"):
        pooled_cap([], [], 0.9)
    with pytest.raises(InvalidInput, match="share = 99"):
        pooled_cap([1.0], [2.0], 99)
    with pytest.raises(InvalidInput, match="cap = nan"):
        capped_moments([1.0], math.nan)
