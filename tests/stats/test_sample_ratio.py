"""Sample ratios: every outcome counted, predictive products, false alarms over looks, power."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import GofChisquarePower

from simab.errors import InvalidInput
from simab.stats.goodness_of_fit import binomial_exact, chi_square_shares
from simab.stats.sample_ratio import (
    mixed_share_test,
    multinomial_exact,
    sequential_share_test,
    share_test_power,
)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 99).map(lambda part: part / 100))
def test_two_categories_are_the_binomial_test(a: int, b: int, share: float) -> None:
    """The same rule: every outcome at most as likely."""
    exact = multinomial_exact([a, b], [share, 1 - share])
    assert exact.p_value == pytest.approx(binomial_exact(a, a + b, share).p_value, rel=1e-7)


@pytest.mark.parametrize("counts", [(0, 0, 7), (3, 2, 2), (1, 5, 1), (7, 0, 0)])
def test_every_outcome_counted(counts: tuple[int, int, int]) -> None:
    """All 36 ways to spread 7 requests, by scipy.stats.multinomial."""
    shares = [0.5, 0.3, 0.2]
    law = stats.multinomial(7, shares)
    ways = [way for way in itertools.product(range(8), repeat=3) if sum(way) == 7]
    seen = law.pmf(counts)
    expected = sum(law.pmf(way) for way in ways if law.pmf(way) <= seen * (1 + 1e-7))
    exact = multinomial_exact(counts, shares)
    assert exact.probability == pytest.approx(seen, rel=1e-10)
    assert exact.p_value == pytest.approx(expected, rel=1e-9)


def test_the_exact_test_keeps_its_level_where_the_chi_square_does_not() -> None:
    """12 requests over .95, .03, .02: summed over all outcomes, P(p <= .05) is at most .05."""
    shares = [0.95, 0.03, 0.02]
    law = stats.multinomial(12, shares)
    ways = [way for way in itertools.product(range(13), repeat=3) if sum(way) == 12]
    exact = sum(law.pmf(way) for way in ways if multinomial_exact(way, shares).p_value <= 0.05)
    approximate = sum(
        law.pmf(way) for way in ways if chi_square_shares(way, shares).p_value <= 0.05
    )
    assert 0.0 < exact <= 0.05 < approximate


def test_degenerate_counts() -> None:
    """Nothing counted says nothing, one category neither, and weight 0 gets exactly nothing."""
    assert multinomial_exact([0, 0], [0.5, 0.5]).p_value == 1.0
    assert multinomial_exact([5], [1.0]).reason == "one category only: nothing can deviate"
    assert multinomial_exact([5, 1], [1.0, 0.0]).p_value == 0.0
    assert multinomial_exact([5, 0], [1.0, 0.0]).p_value == 1.0
    assert sequential_share_test([0, 0], [0.5, 0.5]).p_value == 1.0
    assert sequential_share_test([5, 1], [1.0, 0.0]).p_value == 0.0
    assert sequential_share_test([5, 0], [1.0, 0.0]).log_bayes_factor == 0.0


@given(st.lists(st.integers(0, 2), max_size=40), st.floats(0.5, 500.0))
def test_the_factor_is_a_product_of_predictions(order: list[int], concentration: float) -> None:
    """Request by request: Polya's urn predicts each category (Lindon and Malek 2022)."""
    shares, counts, log_factor = [0.5, 0.3, 0.2], [0, 0, 0], 0.0
    for seen, category in enumerate(order):
        urn = (concentration * shares[category] + counts[category]) / (concentration + seen)
        log_factor += math.log(urn / shares[category])
        counts[category] += 1
    look = sequential_share_test(counts, shares, concentration=concentration)
    assert look.log_bayes_factor == pytest.approx(log_factor, abs=1e-8)
    assert look.p_value == pytest.approx(math.exp(min(-log_factor, 0)), rel=1e-7)


@pytest.mark.parametrize("concentration", [100.0, 10_000.0])
def test_false_alarms_over_two_hundred_looks(concentration: float) -> None:
    """2,000 sound splits of 40,000, looked at 200 times: at most .05 alarm, by 4 standard errors.

    The chi-square at .05 alarms at some look in most of them.
    """
    random = np.random.default_rng(31)
    a = np.cumsum(random.binomial(200, 0.5, size=(2_000, 200)), axis=1)
    n = 200 * np.arange(1, 201)
    from scipy.special import gammaln

    half = concentration / 2
    log_factor = gammaln(concentration) - gammaln(concentration + n) - n * math.log(0.5)
    log_factor = log_factor + gammaln(half + a) + gammaln(half + n - a) - 2 * gammaln(half)
    alarms = (log_factor >= math.log(20)).any(axis=1).mean()
    assert alarms <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 2_000)
    one = sequential_share_test(
        [a[0, -1], n[-1] - a[0, -1]], [0.5, 0.5], concentration=concentration
    )
    assert one.log_bayes_factor == pytest.approx(log_factor[0, -1], abs=1e-6)
    naive = (np.abs(2 * a - n) / np.sqrt(n) > 1.959964).any(axis=1).mean()
    assert naive > 0.35


def test_the_mixed_test_is_the_mean_of_three() -> None:
    """Counts of a few and of many, by scipy.stats.betabinom and binom; nothing counted says so."""
    for a, b in ((100, 200), (4_900, 5_100), (51_000, 49_000)):
        mixtures = [stats.betabinom.logpmf(a, a + b, c * 0.4, c * 0.6) for c in (1e2, 1e3, 1e4)]
        factors = [each - stats.binom.logpmf(a, a + b, 0.4) for each in mixtures]
        look = mixed_share_test([a, b], [0.4, 0.6])
        largest = max(factors)
        mean = largest + math.log(sum(math.exp(each - largest) for each in factors) / 3)
        assert look.log_bayes_factor == pytest.approx(mean, abs=1e-6)
        assert look.p_value == pytest.approx(math.exp(min(-mean, 0.0)), rel=1e-6)
    assert mixed_share_test([0, 0], [0.5, 0.5]).reason == "nothing was counted"
    assert mixed_share_test([5, 1], [1.0, 0.0]).p_value == 0.0


def test_the_mixed_test_is_as_quick_as_the_best_of_the_three_by_a_factor_of_three() -> None:
    """Users in hundreds of whom a third goes astray, and half a point of a million requests."""
    assert sequential_share_test([100, 200], [0.5, 0.5], concentration=1_000.0).p_value > 0.02
    for counts in ((100, 200), (2_250, 2_750), (497_500, 502_500)):
        best = min(
            sequential_share_test(counts, [0.5, 0.5], concentration=each).p_value
            for each in (100.0, 1_000.0, 10_000.0)
        )
        assert best <= mixed_share_test(counts, [0.5, 0.5]).p_value <= 3 * best < 1e-3


def test_a_mismatch_is_found() -> None:
    """Iter8's 5.6 % instead of 10 %, at 2,000 requests; the tighter prior takes 10,000."""
    assert sequential_share_test([111, 1_889], [0.1, 0.9], concentration=100).p_value < 1e-6
    assert sequential_share_test([556, 9_444], [0.1, 0.9]).p_value < 1e-6


@pytest.mark.parametrize(
    ("total", "actual", "planned", "power"),
    [
        (10_000, 0.51, 0.5, 0.0984),
        (100_000, 0.505, 0.5, 0.449),
        (10_000, 0.0556, 0.1, 1.0),
    ],
)
def test_the_power_to_see_a_mismatch(
    total: int, actual: float, planned: float, power: float
) -> None:
    """By statsmodels' GofChisquarePower, and values computed independently."""
    shares = ([actual, 1 - actual], [planned, 1 - planned])
    ours = share_test_power(total, *shares)
    effect = math.sqrt(sum((p - q) ** 2 / q for p, q in zip(*shares, strict=True)))
    theirs = GofChisquarePower().power(effect, total, 0.001, n_bins=2)
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert ours == pytest.approx(power, abs=6e-5)


def test_the_power_at_the_planned_shares_is_alpha() -> None:
    """Whatever the number of variants."""
    shares = [0.2, 0.3, 0.1, 0.4]
    assert share_test_power(1_000, shares, shares, alpha=0.01) == pytest.approx(0.01, rel=1e-6)
    assert math.isnan(share_test_power(1_000, [1.0], [1.0]))


def test_bad_counts_are_refused() -> None:
    """Counts that need the chi-square, parts of requests, shares that do not sum to 1."""
    with pytest.raises(InvalidInput, match="outcomes, must be at most 5000000"):
        multinomial_exact([1_000, 1_000, 1_000, 1_000], [0.25] * 4)
    with pytest.raises(InvalidInput, match="must be whole numbers"):
        multinomial_exact([1.5, 2.5], [0.5, 0.5])
    with pytest.raises(InvalidInput, match=r"concentration = 0\.0"):
        sequential_share_test([1, 2], [0.5, 0.5], concentration=0.0)
    with pytest.raises(InvalidInput, match="actual must sum to 1"):
        share_test_power(10, [0.5, 0.4], [0.5, 0.5])
    with pytest.raises(InvalidInput, match="total = 0"):
        share_test_power(0, [0.5, 0.5], [0.5, 0.5])
