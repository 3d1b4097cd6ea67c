"""Requests needed and power reached: the founding example, real tables, statsmodels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower, normal_power_het
from statsmodels.stats.proportion import (
    proportion_effectsize,
    samplesize_proportions_2indep_onetail,
)

from simab.errors import InvalidInput
from simab.stats.proportions import power_two_proportions, sample_size_two_proportions

shares = st.floats(0.01, 0.99)


def test_the_founding_example_needs_about_18_800_an_arm() -> None:
    """Telling 320/334 from 318/334 unpaired (design, section 1): 18,778 by the pooled formula."""
    assert sample_size_two_proportions(320 / 334, 318 / 334) == 18_778


@pytest.mark.parametrize(
    ("p1", "p2", "per_arm"),
    [
        (0.70950, 0.75874, 1_263),
        (0.70762, 0.71676, 38_515 + 1),
        (0.6808, 0.8058, 191),
        (0.9252, 0.9346, 11_580),
    ],
)
def test_real_tables(p1: float, p2: float, per_arm: int) -> None:
    """Two-model accuracies of the shared data (its README, column n80), computed independently.

    One entry is rounded to nearest there (38,515.34) and up here.
    """
    assert sample_size_two_proportions(p1, p2) == per_arm


@given(shares, shares, st.sampled_from([0.01, 0.05]), st.sampled_from([0.5, 0.8, 0.95]))
def test_statsmodels_agrees_on_the_size(p1: float, p2: float, alpha: float, power: float) -> None:
    """samplesize_proportions_2indep_onetail, rounded up, is the same pooled formula."""
    if abs(p1 - p2) < 1e-3:
        return
    theirs = samplesize_proportions_2indep_onetail(p1 - p2, p2, power, alpha=alpha)
    ours = sample_size_two_proportions(p1, p2, alpha=alpha, power=power)
    assert 0.0 <= ours - theirs <= 1.0 + 1e-6 or ours == 1


def test_the_arcsine_formula_is_close() -> None:
    """Cohen's arcsine formula (statsmodels NormalIndPower) needs 18,758, within .2 % of ours."""
    effect = proportion_effectsize(320 / 334, 318 / 334)
    theirs = NormalIndPower().solve_power(effect, power=0.8, alpha=0.05)
    assert theirs == pytest.approx(sample_size_two_proportions(320 / 334, 318 / 334), rel=2e-3)


@given(shares, shares, st.integers(10, 10**5), st.sampled_from([0.01, 0.05]))
def test_statsmodels_agrees_on_the_power(p1: float, p2: float, trials: int, alpha: float) -> None:
    """The pooled variance under equality, put into statsmodels' normal_power_het, says the same."""
    mean = (p1 + p2) / 2
    theirs = normal_power_het(
        p2 - p1,
        trials,
        alpha,
        std_null=math.sqrt(2 * mean * (1 - mean)),
        std_alternative=math.sqrt(p1 * (1 - p1) + p2 * (1 - p2)),
    )
    ours = power_two_proportions(p1, p2, trials, trials, alpha=alpha)
    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-12)


@given(shares, shares, st.sampled_from([0.5, 0.8, 0.95]))
def test_the_size_is_the_first_that_reaches_the_power(p1: float, p2: float, power: float) -> None:
    """Size and power are inverse; the far tail, which the size leaves out, is below .001 here."""
    if abs(p1 - p2) < 1e-3:
        return
    per_arm = sample_size_two_proportions(p1, p2, power=power)
    assert power_two_proportions(p1, p2, per_arm, per_arm) >= power - 1e-9
    if per_arm > 1:
        assert power_two_proportions(p1, p2, per_arm - 1, per_arm - 1) < power + 1e-3


@pytest.mark.parametrize(("trials_a", "trials_b"), [(500, 500), (900, 100)])
def test_equal_shares_are_rejected_with_probability_alpha(trials_a: int, trials_b: int) -> None:
    """At p1 = p2 power is the size of the test, also with unequal arms and without pooling."""
    for pooled in (True, False):
        power = power_two_proportions(0.3, 0.3, trials_a, trials_b, alpha=0.05, pooled=pooled)
        assert power == pytest.approx(0.05, rel=1e-12)


def test_the_approximation_is_near_the_exact_power() -> None:
    """900 and 100 trials, .05 against .10: exactly .52097; the approximation is within .03.

    Ignoring the unequal arms (500 and 500) would say .86.
    """
    assert power_two_proportions(0.05, 0.10, 900, 100) == pytest.approx(0.52097, abs=0.03)
    assert power_two_proportions(0.05, 0.10, 500, 500) > 0.8


def test_certain_arms() -> None:
    """Shares 0 and 1 are found different for certain; 0 against 0 leaves the test undefined."""
    assert power_two_proportions(0.0, 1.0, 50, 50) == 1.0
    assert math.isnan(power_two_proportions(0.0, 0.0, 50, 50))
    assert math.isnan(power_two_proportions(0.0, 1.0, 50, 50, pooled=False))


def test_questions_without_an_answer_are_refused() -> None:
    """Equal shares need infinitely many requests; a power below alpha / 2 needs none."""
    with pytest.raises(InvalidInput, match="must differ"):
        sample_size_two_proportions(0.5, 0.5)
    with pytest.raises(InvalidInput, match=r"power = 0\.02: must exceed alpha / 2"):
        sample_size_two_proportions(0.5, 0.6, power=0.02)
    assert sample_size_two_proportions(0.50, 0.51, power=0.03) > 1
    with pytest.raises(InvalidInput, match=r"alpha = 0\.0: must lie strictly"):
        sample_size_two_proportions(0.5, 0.6, alpha=0.0)
    with pytest.raises(InvalidInput, match="p2 = 60: must lie between 0 and 1"):
        sample_size_two_proportions(0.5, 60)
    with pytest.raises(InvalidInput, match="trials_b = 0: must be at least 1"):
        power_two_proportions(0.5, 0.6, 10, 0)
