"""Propensities of clients against SciPy's beta law, and the words of a Gaussian copula."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.draws import Draws, Purpose
from simab.profiles.copula import correlated
from simab.profiles.propensities import BetaProbabilities

CLIENTS = 200_000
SIZE = 1e-6  # of each test: seeds are fixed
BAND = 3.9  # standard errors


def words() -> NDArray[np.uint64]:
    """Three independent words of each client."""
    return Draws(7, 0).blocks(Purpose.PROPENSITY, 5, 0, CLIENTS)[:, :3]


def units(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Words between 0 and 1, the ends excluded."""
    return (values.astype(np.float64) + 0.5) / 2.0**64


@pytest.mark.parametrize("mean", [0.001, 0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("concentration", [0.5, 10.0, 1e4])
def test_probabilities_are_those_of_scipys_beta(mean: float, concentration: float) -> None:
    """200,000 clients by the test of Kolmogorov and Smirnov; one word below is one quantile on."""
    law = BetaProbabilities(concentration=concentration).around(mean)
    assert law is not None
    drawn = units(law.thresholds(words()[:, 0]))
    expected = stats.beta(mean * concentration, (1 - mean) * concentration)
    # The distance to a law is that of its distribution function, which a spike at 0 or 1 rounds.
    inside = drawn[(drawn > 1e-12) & (drawn < 1 - 1e-12)]
    low, high = expected.cdf(1e-12), expected.cdf(1 - 1e-12)
    assert len(inside) / CLIENTS == pytest.approx(high - low, abs=4 * CLIENTS**-0.5)
    found = stats.kstest((expected.cdf(inside) - low) / (high - low), "uniform")
    assert found.pvalue > SIZE


@pytest.mark.parametrize("mean", [1e-4, 0.03, 0.2, 0.5, 0.8, 0.97, 0.9999])
@pytest.mark.parametrize("concentration", [0.1, 1.0, 10.0, 1e3, 1e6])
def test_the_table_has_the_mean_and_the_variance(mean: float, concentration: float) -> None:
    """The mean to 1e-5 of itself or of its opposite; m (1 - m) / (c + 1) to 2 in 10,000."""
    law = BetaProbabilities(concentration=concentration).around(mean)
    assert law is not None
    rare = min(mean, 1 - mean)
    found = law.table.mean / 2.0**60
    assert found == pytest.approx(rare, rel=1e-5)
    variance = law.table.squared_coefficient_of_variation * found**2
    assert variance == pytest.approx(rare * (1 - rare) / (concentration + 1), rel=2e-4)


def test_quantiles_rise_and_are_scipys() -> None:
    """The middle 90 % of Beta(2, 8), and of Beta(9, 1), whose table is that of its opposite."""
    for mean in (0.2, 0.9):
        law = BetaProbabilities(concentration=10).around(mean)
        assert law is not None
        expected = stats.beta(10 * mean, 10 - 10 * mean).ppf([0.05, 0.95])
        assert [law.quantile(0.05), law.quantile(0.95)] == pytest.approx(expected, rel=1e-4)


def test_the_likelier_client_is_the_likelier_at_every_mean() -> None:
    """Thresholds fall with the word, whichever end is tabulated: so variants rank clients alike."""
    rising = np.sort(words()[:, 0])
    for mean in (0.2, 0.8):
        law = BetaProbabilities(concentration=3).around(mean)
        assert law is not None
        assert (np.diff(law.thresholds(rising).astype(np.float64)) <= 0).all()


def test_nobody_differs_where_all_or_none_succeed() -> None:
    """A mean of 0 or 1 leaves nothing to differ in."""
    law = BetaProbabilities(concentration=10)
    assert law.around(0.0) is None
    assert law.around(1.0) is None


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9, 0.999, 1.0])
def test_words_are_correlated_as_a_gaussian_copula(correlation: float) -> None:
    """Normal values by SciPy of two variants' words: Fisher's z of the correlation, and Kendall's
    tau, which is 2 / pi arcsin of it whatever the margins; each word evenly spread.
    """
    shared, first, second = words().T
    one, other = (correlated(shared, own, correlation) for own in (first, second))
    assert stats.kstest(units(one), "uniform").pvalue > SIZE
    values = [stats.norm.isf(units(each)) for each in (one, other)]
    if correlation == 1.0:
        assert (one == other).all()
        return
    found = float(np.corrcoef(*values)[0, 1])
    error = 1 / np.sqrt(CLIENTS - 3)
    assert abs(np.arctanh(found) - np.arctanh(correlation)) < BAND * error
    tau = stats.kendalltau(one[:20_000], other[:20_000]).statistic
    assert tau == pytest.approx(2 / np.pi * np.arcsin(correlation), abs=BAND * 2 / 3 / 20_000**0.5)


def test_a_word_comes_back_from_its_normal_value() -> None:
    """Nearly all correlated words are as near to the shared ones as the correlation has them.

    At 1 - 2**-40 the share of its own is a millionth of a standard deviation, but for the rounding
    of the multipliers to 2**-16.
    """
    shared, own, _ = words().T
    back = correlated(shared, own, 1 - 2.0**-40)
    assert np.abs(units(back) - units(shared)).max() < 1e-4
