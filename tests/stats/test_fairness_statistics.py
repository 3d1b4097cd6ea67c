"""Jain's index, Gini's coefficient, the longest run and the scan of shares, by hand and chance."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.evenness import gini_coefficient, jain_index
from simab.stats.longest_run import longest_run, longest_run_probability
from simab.stats.share_scan import Deviation, largest_deviation, scan_p_value


def test_jains_index_of_the_paper() -> None:
    """Jain, Chiu and Hawe 1984: k of n users with equal amounts, the others with none: k / n."""
    assert jain_index([1, 1, 0, 0, 0]) == pytest.approx(0.4)
    assert jain_index([7, 7, 7]) == pytest.approx(1.0)
    assert jain_index([1, 3]) == pytest.approx(16 / 20)
    assert jain_index([1e300, 1e300]) == pytest.approx(1.0)
    assert math.isnan(jain_index([0, 0]))


def test_ginis_coefficient_is_half_the_relative_mean_difference() -> None:
    """By hand, and by all pairs."""
    assert gini_coefficient([5, 5, 5]) == pytest.approx(0.0)
    assert gini_coefficient([0, 0, 0, 9]) == pytest.approx(3 / 4)
    assert gini_coefficient([1, 3]) == pytest.approx(0.25)
    values = np.random.default_rng(1).lognormal(size=40)
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    assert gini_coefficient(values) == pytest.approx(pairs / (2 * values.mean()))


def test_amounts_below_0_are_refused() -> None:
    """With the place."""
    with pytest.raises(InvalidInput, match=r"values\[1\] = -2"):
        gini_coefficient([1, -2])


@pytest.mark.parametrize("probability", [0.3, 0.5])
@pytest.mark.parametrize("length", [1, 2, 3, 5, 9, 10])
def test_the_longest_run_by_all_sequences(probability: float, length: int) -> None:
    """All 2^9 sequences of nine trials, each with its probability."""
    expected = 0.0
    for hits in product([False, True], repeat=9):
        if longest_run(np.array(hits)) >= length:
            expected += probability ** sum(hits) * (1 - probability) ** (9 - sum(hits))
    assert longest_run_probability(length, 9, probability) == pytest.approx(expected)


def test_the_longest_run_of_a_sequence() -> None:
    """At the ends too."""
    assert longest_run(np.array([True, True, False, True])) == 2
    assert longest_run(np.array([False, True, True, True])) == 3
    assert longest_run(np.array([False])) == 0
    assert longest_run(np.array([], dtype=bool)) == 0


def test_the_scan_finds_the_interval_that_is_off() -> None:
    """By hand: 30 of 40 in two windows where half was asked, 20 / sqrt(10) / 2 deviations."""
    hits, trials = [10, 15, 15, 10], [20, 20, 20, 20]
    assert largest_deviation(hits, trials, 0.5) == Deviation(1, 3, pytest.approx(10 / 10**0.5))
    assert largest_deviation([5, 0], [5, 1], 0.5) == Deviation(0, 0, 0.0)  # too few to say


def test_the_scan_equals_the_look_at_each_interval() -> None:
    """All intervals, one by one."""
    numbers = np.random.default_rng(3)
    trials = numbers.integers(0, 60, size=12)
    hits = numbers.binomial(trials, 0.2)
    scores = [
        (hits[a:b].sum() - 0.2 * n) / math.sqrt(n * 0.16)
        for a in range(12)
        for b in range(a + 1, 13)
        if (n := trials[a:b].sum()) * 0.2 >= 5
    ]
    assert abs(largest_deviation(hits, trials, 0.2).score) == pytest.approx(max(map(abs, scores)))


def test_the_p_value_of_the_scan_errs_as_often_as_it_says() -> None:
    """Of 300 splits by chance at most 5 % are below 5 %: 27 or more come once in 1,000 times."""
    numbers = np.random.default_rng(5)
    trials = np.full(20, 50)
    below = 0
    for number in range(300):
        found = largest_deviation(numbers.binomial(trials, 0.3), trials, 0.3)
        below += scan_p_value(found, trials, 0.3, simulations=99, seed=number) <= 0.05
    assert 4 <= below < 27
