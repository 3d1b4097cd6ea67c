"""The difference of two independent estimates from their intervals alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, t, ttest_ind

from simab.stats.intervals import independent_difference, newcombe_interval, wilson_interval

GENERATOR = np.random.default_rng(20)


def share(successes: int, trials: int) -> tuple[float, float, float]:
    interval = wilson_interval(successes, trials)
    return successes / trials, interval.low, interval.high


def mean(values: np.ndarray) -> tuple[float, float, float]:
    half = t.isf(0.025, values.size - 1) * values.std(ddof=1) / math.sqrt(values.size)
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


@pytest.mark.parametrize(
    "counts", [(5, 56, 0, 29), (9, 10, 3, 10), (0, 20, 20, 20), (7, 34, 1, 34)]
)
def test_of_two_wilson_intervals_it_is_newcombes(counts: tuple[int, int, int, int]) -> None:
    """Method 10 of Newcombe 1998, which the estimator generalises."""
    a, b = share(*counts[:2]), share(*counts[2:])
    found, _ = independent_difference(a, b)
    expected = newcombe_interval(*counts)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_two_means_of_many_runs_it_is_welchs() -> None:
    """SciPy's interval and p-value, but for degrees of freedom that do not matter by then."""
    a, b = GENERATOR.normal(10.0, 3.0, 4000), GENERATOR.normal(10.2, 5.0, 2000)
    found, p_value = independent_difference(mean(a), mean(b))
    welch = ttest_ind(b, a, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=2e-3)
    assert p_value == pytest.approx(welch.pvalue, rel=0.05)


def test_it_errs_as_often_as_it_says() -> None:
    """Skewed values of one law, 200 a side: p-values of at most 5 % in about 5 % of 2,000 pairs."""
    small = 0
    for _ in range(2000):
        a, b = GENERATOR.gamma(2.0, 1.0, 200), GENERATOR.gamma(2.0, 1.0, 200)
        found, p_value = independent_difference(mean(a), mean(b))
        small += p_value <= 0.05
        assert (p_value <= 0.05) == (0.0 not in found)
    assert binomtest(small, 2000, 0.05).pvalue > 1e-4


@pytest.mark.parametrize(
    ("a", "b", "low", "high", "p_value"),
    [
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 0.0, 0.0, 1.0),
        ((1.0, 1.0, 1.0), (3.0, 3.0, 3.0), 2.0, 2.0, 0.0),
        ((1.0, 0.0, 2.0), (1.0, 0.0, 2.0), -math.sqrt(2), math.sqrt(2), 1.0),
        ((1.0, math.nan, math.nan), (2.0, 1.0, 3.0), math.nan, math.nan, math.nan),
        ((1.0, 0.0, math.inf), (2.0, 1.0, 3.0), math.nan, math.nan, math.nan),
    ],
)
def test_what_has_no_width_or_no_interval(
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    low: float,
    high: float,
    p_value: float,
) -> None:
    found, p = independent_difference(a, b)
    assert (found.low, found.high, p) == pytest.approx((low, high, p_value), nan_ok=True)
    assert (found.reason is None) == math.isfinite(low)
