"""The envelope of a realised share: quantiles of the binomial law, and what they cover."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.share_envelope import binomial_envelope


def test_ten_fair_draws_by_hand() -> None:
    """At most one of ten: 11/1024 = 1.07 %; at most two: 56/1024 = 5.5 %. So from 2 to 8."""
    band = binomial_envelope(10, 0.5)
    assert (band.low, band.high) == (0.2, 0.8)


@given(st.integers(1, 3000), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.95, 0.99]))
def test_it_holds_at_least_its_level_and_no_narrower_tail_does(
    trials: int, share: float, level: float
) -> None:
    """Outside of each end lies at most half of the rest; SciPy's law counts it."""
    band = binomial_envelope(trials, share, level=level)
    law, tail = stats.binom(trials, share), (1 - level) / 2
    low, high = round(band.low * trials), round(band.high * trials)
    assert law.cdf(low - 1) <= tail + 1e-12
    assert law.sf(high) <= tail + 1e-12
    assert law.cdf(low) >= tail - 1e-12
    assert law.sf(high - 1) >= tail - 1e-12


@given(st.integers(1, 10**7), st.floats(1e-6, 1 - 1e-6), st.sampled_from([0.8, 0.95, 0.99]))
def test_its_ends_are_scipys_quantiles(trials: int, share: float, level: float) -> None:
    """`stats.binom.ppf` of both tails, also of millions of requests."""
    band = binomial_envelope(trials, share, level=level)
    tail = (1 - level) / 2
    expected = stats.binom.ppf([tail, 1 - tail], trials, share)
    assert [round(band.low * trials), round(band.high * trials)] == expected.tolist()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_certain_share_gives_itself(share: float) -> None:
    band = binomial_envelope(50, share)
    assert (band.low, band.high) == (share, share)


def test_without_requests_there_is_none() -> None:
    band = binomial_envelope(0, 0.5)
    assert math.isnan(band.low)
    assert band.reason == "no requests"


def test_a_level_is_no_percentage() -> None:
    with pytest.raises(InvalidInput, match="level"):
        binomial_envelope(10, 0.5, level=95)
