"""Quantiles of buckets by hand, in what Prometheus says of odd histograms, and beside fractions."""

from __future__ import annotations

import math
from bisect import bisect_left
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.prometheus.quantiles import bucket_quantile

INFINITE = math.inf
PLAIN = [(0.1, 50.0), (0.2, 80.0), (1.0, 100.0), (INFINITE, 100.0)]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.5, 0.1),
        (0.25, 0.05),  # the first bucket begins at 0
        (0.65, 0.15),
        (0.9, 0.6),
        (0, 0.0),
        (1, 1.0),
        (-0.1, -INFINITE),
        (1.1, INFINITE),
    ],
)
def test_a_quantile_by_hand(share: float, expected: float) -> None:
    assert bucket_quantile(share, PLAIN) == pytest.approx(expected)


def test_the_last_bucket_has_no_bound() -> None:
    assert bucket_quantile(0.99, [(1, 10.0), (2, 20.0), (INFINITE, 100.0)]) == 2


@pytest.mark.parametrize(
    "buckets",
    [
        [],
        [(INFINITE, 5.0)],
        [(1, 5.0), (2, 6.0)],  # no bucket without a bound
        [(1, 0.0), (INFINITE, 0.0)],
        [(1, math.nan), (INFINITE, math.nan)],
    ],
)
def test_what_is_no_histogram_has_none(buckets: list[tuple[float, float]]) -> None:
    assert math.isnan(bucket_quantile(0.5, buckets))


def test_nothing_is_a_share_of_nothing() -> None:
    assert math.isnan(bucket_quantile(math.nan, PLAIN))
    assert math.isnan(bucket_quantile(0, [(1, 0.0), (2, 5.0), (INFINITE, 5.0)]))


def test_order_and_counts_that_fall_do_not_matter() -> None:
    assert bucket_quantile(0.9, PLAIN[::-1]) == pytest.approx(0.6)
    fallen = [(1, 10.0), (2, 10.0 - 1e-13), (3, 20.0), (INFINITE, 20.0)]
    assert bucket_quantile(0.5, fallen) == 1
    assert bucket_quantile(0.75, fallen) == pytest.approx(2.5)
    assert bucket_quantile(0.2, [(1, 10.0), (2, 4.0), (INFINITE, 10.0)]) == pytest.approx(0.2)


def test_a_growth_of_rounding_is_none() -> None:
    """Counts that differ in their last bits only, as sums of rates do, are the same."""
    grown = 10 * (1 + 5e-13)
    assert bucket_quantile(1, [(1, 10.0), (2, grown), (INFINITE, grown)]) == 1
    grown = 10 * (1 + 5e-12)
    assert bucket_quantile(1, [(1, 10.0), (2, grown), (INFINITE, grown)]) == 2


@given(
    st.lists(st.integers(0, 20), min_size=2, max_size=12).filter(any),
    st.fractions(0, 1, max_denominator=1000),
)
def test_quantiles_are_those_of_a_second_implementation(counts: list[int], share: Fraction) -> None:
    bounds = [Fraction(n * n + 1, 7) for n in range(len(counts) - 1)]
    reached = [sum(counts[: n + 1]) for n in range(len(counts))]
    buckets = [*zip(map(float, bounds), map(float, reached), strict=False)]
    found = bucket_quantile(float(share), [*buckets, (INFINITE, float(reached[-1]))])
    rank = share * reached[-1]
    place = bisect_left(reached, rank)
    if place >= len(bounds):
        assert found == float(bounds[-1])
    elif counts[place] == 0:
        assert math.isnan(found)
    else:
        low, below = (bounds[place - 1], reached[place - 1]) if place else (0, 0)
        expected = low + (bounds[place] - low) * (rank - below) / counts[place]
        edge = min(abs(rank - each) for each in reached) < Fraction(1, 10**9)
        assert edge or found == pytest.approx(float(expected), rel=1e-9, abs=1e-12)
