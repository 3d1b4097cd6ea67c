"""Tests of a known value and a known law: their size, and the error that they say they catch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simab.stats.replicated_truth import law_test, ratio_test, smallest_noncentrality

POWER = 0.95


def test_a_mean_is_tested_as_scipy_tests_it() -> None:
    """With wholes of 1 the ratio is a mean: z, interval and bound are those of Student's t."""
    values = np.random.default_rng(1).normal(3.0, 2.0, 40)
    test = ratio_test(values, np.ones(40), 2.5, size=0.01, power=POWER)
    oracle = stats.ttest_1samp(values, 2.5)
    assert test.z == pytest.approx(oracle.statistic)
    assert (test.low, test.high) == pytest.approx(tuple(oracle.confidence_interval(0.95)))
    assert 2 * stats.t.sf(test.bound, 39) == pytest.approx(0.01)


def test_the_error_that_is_caught_is_that_of_the_noncentral_t() -> None:
    """SciPy's law of t with a noncentrality exceeds the bound with the power."""
    for bound, degrees in ((2.0, 9), (4.2, 39), (3.5, 159)):
        found = smallest_noncentrality(bound, degrees, POWER)
        assert stats.nct.sf(bound, degrees, found) == pytest.approx(POWER, abs=5e-4)


def test_values_without_spread_have_to_be_the_truth() -> None:
    same = np.full(5, 0.25)
    for truth, passes in ((0.25, True), (0.26, False)):
        test = ratio_test(same, np.ones(5), truth, size=0.01, power=POWER)
        assert (abs(test.z) <= test.bound) is passes


@pytest.mark.long
def test_true_values_are_refused_as_often_as_is_said_and_planted_errors_caught_so() -> None:
    """4,000 ratios of skewed parts over wholes that vary, 40 replications each, in both ways."""
    random, size, count, trials = np.random.default_rng(2), 0.05, 40, 4_000
    truth, tested = 2.0, {"true": 0, "off": 0}
    error = None
    for _ in range(trials):
        wholes = random.poisson(1_000, count).astype(float)
        parts = random.gamma(truth * wholes)
        if error is None:
            error = 1.0 / np.sqrt(count * 1_000) * np.sqrt(truth)
            bound = float(stats.t.isf(size / 2, count - 1))
            off = smallest_noncentrality(bound, count - 1, POWER) * error
        for name, held in (("true", truth), ("off", truth - off)):
            test = ratio_test(parts, wholes, held, size=size, power=POWER)
            tested[name] += abs(test.z) > test.bound
    # Four standard deviations of the share of 4,000 trials.
    assert tested["true"] / trials == pytest.approx(size, abs=4 * np.sqrt(size * 0.95 / trials))
    assert tested["off"] / trials == pytest.approx(POWER, abs=4 * np.sqrt(0.05 * POWER / trials))


def test_the_distance_is_that_of_scipy() -> None:
    """Of values that lie on the edges of cells, so that nothing is overlooked."""
    values = np.random.default_rng(3).integers(1, 501, 300) / 500
    cells = np.bincount(np.round(values * 500).astype(int) - 1, minlength=500).astype(float)
    test = law_test(cells, size=0.01, power=POWER)
    assert test.distance == pytest.approx(
        stats.ks_1samp(values, stats.uniform.cdf).statistic, abs=0.002
    )
    assert stats.kstwobign.sf(test.bound) == pytest.approx(0.01)


def test_laws_are_refused_as_often_as_is_said_and_planted_distances_caught_at_least_so() -> None:
    """2,000 samples of 20,000 values in 1,000 cells; the distance is planted in the middle."""
    random, size, values, trials = np.random.default_rng(4), 0.05, 20_000, 2_000
    even = np.full(1_000, 1e-3)
    caught = law_test(even * values, size=size, power=POWER).smallest_caught
    shifted = even + np.repeat([1.0, -1.0], 500) * caught / 500
    refused = {"even": 0, "shifted": 0}
    for _ in range(trials):
        for name, shares in (("even", even), ("shifted", shifted)):
            test = law_test(
                random.multinomial(values, shares).astype(float), size=size, power=POWER
            )
            refused[name] += test.score > test.bound
    assert refused["even"] / trials <= size + 4 * np.sqrt(size * 0.95 / trials)
    assert refused["even"] / trials >= size / 2
    assert refused["shifted"] / trials >= POWER - 4 * np.sqrt(0.05 * POWER / trials)
