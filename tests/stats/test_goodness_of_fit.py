"""Counts against shares: SciPy, the recorded splits of the founding example, degenerate shares."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.goodness_of_fit import binomial_exact, chi_square_shares


@pytest.mark.parametrize(
    ("counts", "shares", "statistic"),
    [
        ((51, 69), (0.5, 0.5), 2.7),
        ((187, 147), (0.5, 0.5), 1600 / 334),
        ((77, 257), (0.25, 0.75), 6.5**2 / 83.5 + 6.5**2 / 250.5),
    ],
)
def test_recorded_splits(
    counts: tuple[int, int], shares: tuple[float, float], statistic: float
) -> None:
    """The splits of the vendor's walk-through (design, section 1), the statistic by hand."""
    result = chi_square_shares(counts, shares)
    assert result.statistic == pytest.approx(statistic, rel=1e-12)
    assert result.degrees_of_freedom == 1
    assert result.p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-10)
    assert result.smallest_expected == pytest.approx(sum(counts) * min(shares))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 100)), min_size=2, max_size=8))
def test_scipy_agrees_on_the_chi_square(categories: list[tuple[int, int]]) -> None:
    """Statistic and p are those of scipy.stats.chisquare."""
    counts, weights = (np.array(column) for column in zip(*categories, strict=True))
    if counts.sum() == 0:
        return
    shares = weights / weights.sum()
    theirs = stats.chisquare(counts, counts.sum() * shares)
    ours = chi_square_shares(counts, shares)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-300)


@given(st.integers(1, 5_000), st.data(), st.integers(1, 99).map(lambda percent: percent / 100))
def test_scipy_agrees_on_the_exact_test(trials: int, data: st.DataObject, share: float) -> None:
    """P is that of scipy.stats.binomtest, which adds every outcome at most as likely."""
    successes = data.draw(st.integers(0, trials))
    theirs = stats.binomtest(successes, trials, share)
    ours = binomial_exact(successes, trials, share)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-300)
    assert ours.estimate == successes / trials


@pytest.mark.parametrize(
    ("successes", "trials", "share", "p_value"),
    [(3, 10, 0.5, 0.34375), (0, 4, 0.5, 0.125), (2, 2, 0.25, 0.0625), (0, 2, 0.25, 1.0)],
)
def test_hand_worked_exact_p_values(
    successes: int, trials: int, share: float, p_value: float
) -> None:
    """2 (1 + 10 + 45 + 120) / 2^10; 2 / 2^4; 1 / 16, nothing on the other side; everything."""
    assert binomial_exact(successes, trials, share).p_value == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.3, 0.07])
def test_the_exact_test_keeps_its_level(share: float) -> None:
    """Summed over all outcomes of 60 trials, P(p <= alpha) is at most alpha, and it does reject."""
    weights = stats.binom.pmf(range(61), 60, share)
    p_values = np.array([binomial_exact(k, 60, share).p_value for k in range(61)])
    for alpha in (0.01, 0.05, 0.2):
        assert 0.0 < weights[p_values <= alpha].sum() <= alpha


def test_the_chi_square_rejects_as_often_as_stated() -> None:
    """300 requests over shares .2, .3, .5: exact size over all outcomes is within .003 of .05.

    One degree of freedom too few would reject .14 of the time.
    """
    first, second = (grid.ravel() for grid in np.mgrid[0:301, 0:301])
    kept = first + second <= 300
    counts = np.column_stack((first[kept], second[kept], 300 - first[kept] - second[kept]))
    weights = stats.multinomial.pmf(counts, 300, [0.2, 0.3, 0.5])
    likely = weights > 1e-9
    size = sum(
        weight
        for row, weight in zip(counts[likely], weights[likely], strict=True)
        if chi_square_shares(row, [0.2, 0.3, 0.5]).p_value < 0.05
    )
    assert size == pytest.approx(0.05, abs=0.003)


def test_a_weight_of_0_that_got_traffic_is_a_fault() -> None:
    """Weight 0 gets exactly nothing: one request there has p 0 and is named."""
    result = chi_square_shares([50, 50, 1], [0.5, 0.5, 0.0])
    assert result.p_value == 0.0
    assert result.reason == "category 2 has share 0 and was counted 1 times"
    assert chi_square_shares([50, 50, 0], [0.5, 0.5, 0.0]).p_value == 1.0
    assert chi_square_shares([50, 50, 0], [0.5, 0.5, 0.0]).degrees_of_freedom == 1
    assert binomial_exact(1, 100, 0.0).p_value == 0.0
    assert binomial_exact(0, 100, 0.0).p_value == 1.0
    assert binomial_exact(99, 100, 1.0).reason == "share 1 allows no such outcome"


@pytest.mark.parametrize(
    ("counts", "shares", "reason"),
    [([0, 0], [0.5, 0.5], "nothing was counted"), ([7], [1.0], "one category only")],
)
def test_what_cannot_deviate_has_no_p_value(
    counts: list[int], shares: list[float], reason: str
) -> None:
    """NaN and the reason."""
    result = chi_square_shares(counts, shares)
    assert math.isnan(result.p_value)
    assert result.reason is not None
    assert result.reason.startswith(reason)


def test_no_trials_speak_against_nothing() -> None:
    """The exact p of no data is 1, the estimate NaN."""
    result = binomial_exact(0, 0, 0.5)
    assert result.p_value == 1.0
    assert math.isnan(result.estimate)


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ([1, 2], [1.0], "2 and 1 entries"),
        ([0, -2], [0.5, 0.5], r"counts\[1\] = -2"),
        ([1, 2], [1.5, -0.5], r"shares\[1\] = -0\.5"),
        ([1, 2], [1.0, 3.0], r"shares sum to 4\.0: must sum to 1"),
    ],
)
def test_bad_shares_are_refused(counts: list[int], shares: list[float], message: str) -> None:
    """An error says what was given, and to divide weights by their sum."""
    with pytest.raises(InvalidInput, match=message):
        chi_square_shares(counts, shares)
