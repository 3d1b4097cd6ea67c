"""Laws of activity against SciPy: what each client sends, and how words are cut between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.profiles.activity import (
    Activity,
    EqualActivity,
    GammaActivity,
    LognormalActivity,
    ZipfActivity,
    client_thresholds,
)

LAWS = st.one_of(
    st.builds(ZipfActivity, exponent=st.floats(0.01, 5)),
    st.builds(LognormalActivity, sigma=st.floats(0.01, 5)),
    st.builds(GammaActivity, cv=st.floats(0.01, 10)),
)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7])
def test_zipf_is_scipys_zipfian_law(exponent: float) -> None:
    """Shares of 1,000 clients are the probabilities of ranks 1 to 1,000."""
    shares = ZipfActivity(exponent=exponent).shares(1_000)
    assert shares == pytest.approx(stats.zipfian.pmf(np.arange(1, 1_001), exponent, 1_000))


def test_zipf_by_hand() -> None:
    """Three clients at exponent 1 weigh 1, 1/2 and 1/3: 6, 3 and 2 elevenths."""
    shares = ZipfActivity(exponent=1).shares(3)
    assert shares == pytest.approx([6 / 11, 3 / 11, 2 / 11])


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5])
def test_lognormal_weights_are_quantiles(sigma: float) -> None:
    """SciPy's quantiles at (i - 1/2) / n, the largest first."""
    weights = LognormalActivity(sigma=sigma).weights(200)
    places = (np.arange(200) + 0.5) / 200
    assert weights == pytest.approx(stats.lognorm.ppf(places, sigma)[::-1])


@pytest.mark.parametrize("cv", [0.3, 1.0, 2.5])
def test_gamma_weights_are_quantiles(cv: float) -> None:
    """SciPy's quantiles at (i - 1/2) / n of a law of mean 1, the largest first."""
    weights = GammaActivity(cv=cv).weights(200)
    places = (np.arange(200) + 0.5) / 200
    assert weights == pytest.approx(stats.gamma.ppf(places, cv**-2, scale=cv**2)[::-1])


def test_the_heaviest_of_exponential_rates() -> None:
    """The heaviest part p of exponential rates sends p (1 - ln p), 5.6 % from 1 %; the rates' cv
    is 1, to what the furthest of 100,000 quantiles leave out.
    """
    weights = GammaActivity(cv=1).weights(100_000)
    part = 0.01 * (1 - np.log(0.01))
    assert weights[:1_000].sum() / weights.sum() == pytest.approx(part, abs=1e-4)
    assert part == pytest.approx(0.056, abs=0.0005)
    assert weights.std() / weights.mean() == pytest.approx(1, abs=1e-3)


def test_the_heaviest_of_the_texts() -> None:
    """What the fields say: 53 % from 1 % of 10,000 clients at exponent 1, 9 % at sigma 1.

    Of a lognormal law the heaviest part p sends Phi(sigma - z), z its normal quantile.
    """
    assert ZipfActivity(exponent=1).shares(10_000)[:100].sum() == pytest.approx(0.53, abs=0.005)
    lorenz = stats.norm.cdf(1 - stats.norm.ppf(0.99))
    assert lorenz == pytest.approx(0.09, abs=0.005)
    shares = LognormalActivity(sigma=1).shares(1_000_000)
    assert shares[:10_000].sum() == pytest.approx(lorenz, abs=2e-4)


@given(law=LAWS, clients=st.integers(1, 3_000))
def test_words_are_cut_in_proportion(law: Activity, clients: int) -> None:
    """Each client's part of the range is its share, to 1e-12; the first is never the smaller."""
    thresholds = client_thresholds(law, clients)
    edges = np.array([0.0, *(thresholds / 2.0**64), 1.0])
    assert np.diff(edges) == pytest.approx(law.shares(clients), abs=1e-12)
    assert (np.diff(law.shares(clients)) <= 0).all()


@pytest.mark.parametrize("law", [EqualActivity(), ZipfActivity(exponent=1.3)])
def test_the_concentration_is_the_sum_of_squares(law: Activity) -> None:
    """Of 70 shares; 1/70 where they are equal."""
    assert law.concentration(70) == pytest.approx(float((law.shares(70) ** 2).sum()))


def test_equal_clients_need_no_thresholds() -> None:
    """Their draws stay those of a product, with the bits that they have always had."""
    assert len(client_thresholds(EqualActivity(), 2**31)) == 0
