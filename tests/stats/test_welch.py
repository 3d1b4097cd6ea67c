"""Welch's test from moments: SciPy, statsmodels' interval, what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from simab.errors import InvalidInput
from simab.stats.means import Moments, moments, trials_for_means, welch_test

MOMENTS = st.builds(Moments, st.integers(2, 10_000), st.floats(-10, 10), st.floats(0.01, 100))
IN_SCIPY = {"two-sided": "two-sided", "larger": "greater", "smaller": "less"}


@given(MOMENTS, MOMENTS, st.sampled_from(sorted(IN_SCIPY)))
def test_scipy_agrees(a: Moments, b: Moments, alternative: str) -> None:
    """T and p of scipy.stats.ttest_ind_from_stats without equal variances."""
    theirs = stats.ttest_ind_from_stats(
        *(b.mean, math.sqrt(b.variance), b.count),
        *(a.mean, math.sqrt(a.variance), a.count),
        equal_var=False,
        alternative=IN_SCIPY[alternative],
    )
    ours = welch_test(a, b, alternative=alternative)  # type: ignore[arg-type]
    assert ours.t == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-300)


def test_the_interval_of_samples() -> None:
    """Degrees of freedom and interval of scipy.stats.ttest_ind on the samples themselves."""
    random = np.random.default_rng(1)
    a, b = random.normal(3, 1, 12), random.normal(4, 3, 40)
    theirs = stats.ttest_ind(b, a, equal_var=False)
    ours = welch_test(moments(a), moments(b), level=0.9)
    assert ours.degrees_of_freedom == pytest.approx(theirs.df, rel=1e-12)
    interval = theirs.confidence_interval(0.9)
    assert (ours.interval.low, ours.interval.high) == pytest.approx(tuple(interval), rel=1e-10)
    assert ours.difference == pytest.approx(b.mean() - a.mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ([1.0], [1.0, 2.0], "arm a has 1 values"),
        ([1.0, 2.0], [], "arm b has 0 values"),
        ([3.0, 3.0], [4.0, 4.0], "the variance of both arms is 0"),
    ],
)
def test_an_undefined_test_is_nan_with_a_reason(a: list, b: list, reason: str) -> None:
    """No variance, no test: p is below no alpha."""
    result = welch_test(moments(a), moments(b))
    assert result.reason is not None
    assert result.reason.startswith(reason)
    assert math.isnan(result.p_value)
    assert math.isnan(result.interval.low)


def test_negative_moments_are_refused() -> None:
    """A variance from sums that rounded below 0 is the caller's to mend."""
    with pytest.raises(InvalidInput, match="variance = -1e-09"):
        Moments(3, 1.0, -1e-9)


@given(st.floats(0.05, 3), st.floats(0.01, 0.1), st.floats(0.8, 0.95))
def test_the_sample_of_a_test_of_means(effect: float, alpha: float, power: float) -> None:
    """Statsmodels' NormalIndPower for variances of 1, which also counts the other tail."""
    theirs = NormalIndPower().solve_power(effect_size=effect, alpha=alpha, power=power)
    assert trials_for_means((1.0, 1.0), effect, alpha=alpha, power=power) == pytest.approx(
        theirs, rel=2e-3
    )


def test_the_sample_by_hand() -> None:
    """(1.959964 + .841621)^2 (4 + 5) / .5^2 = 282.56."""
    assert trials_for_means((4.0, 5.0), 0.5) == pytest.approx(282.56, abs=0.005)
    for variances, difference in (((-1.0, 1.0), 0.5), ((1.0, 1.0), 0.0)):
        with pytest.raises(InvalidInput, match="must not be negative, nor the difference 0"):
            trials_for_means(variances, difference)
    assert trials_for_means((1.0, 1.0), 1e-200) == float("inf")
