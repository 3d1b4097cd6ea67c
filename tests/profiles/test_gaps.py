"""Laws of gaps: mean 1, and SciPy's distribution with the coefficient of variation asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.profiles.gaps import Batches, GammaGaps, Poisson, Regular, WeibullGaps

MEAN_TICKS = 2.56e10  # a tenth of a second
LAWS = [
    Poisson(),
    Regular(),
    *(GammaGaps(cv=cv) for cv in (0.01, 0.5, 1.0, 3.0, 10.0)),
    *(WeibullGaps(cv=cv) for cv in (0.05, 0.5, 1.0, 3.0, 10.0)),
    *(Batches(mean_size=size) for size in (1, 1.5, 40, 1e4)),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_table_has_the_mean_and_the_variation(law):
    """Within what 40 octaves of quantiles leave out of the heaviest tail."""
    table = law.table(MEAN_TICKS)
    assert table.mean == pytest.approx(MEAN_TICKS, rel=2e-5)
    assert table.squared_coefficient_of_variation == pytest.approx(
        law.variation, rel=2e-4, abs=1e-6
    )


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (Poisson(), stats.expon()),
        (GammaGaps(cv=3), stats.gamma(1 / 9, scale=9)),
        (GammaGaps(cv=0.5), stats.gamma(4, scale=0.25)),
    ],
    ids=["exponential", "gamma of cv 3", "gamma of cv .5"],
)
def test_quantiles_are_scipys(law, expected):
    survival = np.array([1e-9, 1e-3, 0.05, 0.3, 0.9])
    assert law.of_survival(survival) == pytest.approx(expected.isf(survival), rel=1e-9)


@pytest.mark.parametrize("cv", [0.05, 0.3, 1.0, 2.0, 10.0])
def test_weibull_gaps_are_a_weibull_of_that_variation(cv):
    """The shape is read off two quantiles; SciPy gives its moments."""
    law = WeibullGaps(cv=cv)
    low, high = law.of_survival(np.array([math.exp(-1.0), math.exp(-2.0)]))
    shape = math.log(2.0) / math.log(high / low)
    expected = stats.weibull_min(shape, scale=low)
    assert expected.mean() == pytest.approx(1.0, rel=1e-9)
    assert expected.std() == pytest.approx(cv, rel=1e-8)
    survival = np.array([1e-6, 0.01, 0.5, 0.99])
    assert law.of_survival(survival) == pytest.approx(expected.isf(survival), rel=1e-9)


def test_batches_are_geometric_and_come_like_poisson():
    """Three of four gaps are 0 at a mean size of 4; the others are exponential of mean 4."""
    law = Batches(mean_size=4)
    survival = np.linspace(1e-6, 1.0, 10_001)
    gaps = law.of_survival(survival)
    assert (gaps[survival > 0.25] == 0).all()
    inside = survival[survival <= 0.25]
    assert gaps[survival <= 0.25] == pytest.approx(stats.expon(scale=4).isf(4 * inside), abs=1e-12)


def test_the_tabulated_poisson_gap_is_that_of_its_rate():
    """The same table, to the last bit, that a segment without `arrivals` has always had."""
    from simab.profiles import QuantileTable

    old = QuantileTable.build(lambda survival: -MEAN_TICKS * np.log(survival))
    assert (Poisson().table(MEAN_TICKS).edges == old.edges).all()
