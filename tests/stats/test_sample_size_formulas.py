"""Trials per arm by every usual formula, and the exact power: tables, statsmodels, counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from simab.errors import InvalidInput
from simab.stats.proportions import (
    power_two_proportions,
    sample_size_two_proportions,
    two_proportion_test,
)
from simab.stats.sample_size import (
    arcsine_trials,
    continuity_corrected_trials,
    exact_power_two_proportions,
    pooled_trials,
    unpooled_trials,
)


@pytest.mark.parametrize(
    ("p1", "p2", "power", "pooled", "corrected"),
    [
        (0.05, 0.10, 0.8, 434.432, 474),
        (0.2, 0.25, 0.8, 1_093.739, 1_134),
        (0.5, 0.75, 0.9, 76.7069, 85),
    ],
)
def test_printed_sizes(p1: float, p2: float, power: float, pooled: float, corrected: int) -> None:
    """R's power.prop.test, and the table of Fleiss 1981 for the continuity corrected test."""
    assert pooled_trials(p1, p2, power=power) == pytest.approx(pooled, rel=1e-5)
    assert sample_size_two_proportions(p1, p2, power=power) == math.ceil(pooled)
    assert math.ceil(continuity_corrected_trials(p1, p2, power=power)) == corrected


SHARES = st.floats(0.01, 0.99)


@given(SHARES, SHARES, st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_statsmodels_agrees_on_the_arcsine(
    p1: float, p2: float, alpha: float, power: float
) -> None:
    """Cohen's h; NormalIndPower's power at our size is the one asked for and the far tail."""
    if abs(p1 - p2) < 0.01:
        return
    effect = abs(proportion_effectsize(p1, p2))
    trials = arcsine_trials(p1, p2, alpha=alpha, power=power)
    theirs = NormalIndPower().power(effect, trials, alpha, alternative="two-sided")
    far_tail = stats.norm.sf(stats.norm.isf(alpha / 2) + effect * math.sqrt(trials / 2))
    assert theirs == pytest.approx(power + far_tail, rel=1e-9)


@given(SHARES, SHARES, st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_the_formulas_have_the_power_they_promise(
    p1: float, p2: float, alpha: float, power: float
) -> None:
    """Put back into the normal law of each test, far tail left out: the power comes out."""
    if abs(p1 - p2) < 0.01:
        return
    z, gap = stats.norm.isf(alpha / 2), abs(p1 - p2)
    own = math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    mean = (p1 + p2) / 2
    together = math.sqrt(2 * mean * (1 - mean))
    for trials, assumed in (
        (pooled_trials(p1, p2, alpha=alpha, power=power), together),
        (unpooled_trials(p1, p2, alpha=alpha, power=power), own),
    ):
        reached = stats.norm.cdf((gap * math.sqrt(trials) - z * assumed) / own)
        assert reached == pytest.approx(power, abs=1e-9)


def test_the_correction_undone() -> None:
    """Fleiss, Levin and Paik 2003, equation 4.19, solved back for the plain number by algebra."""
    plain = pooled_trials(0.3, 0.2)
    corrected = continuity_corrected_trials(0.3, 0.2)
    # sqrt n' - 1 / (gap sqrt n') = sqrt n: what taking 1 / (n' gap) from the difference leaves.
    assert math.sqrt(corrected) - 1 / (0.1 * math.sqrt(corrected)) == pytest.approx(
        math.sqrt(plain), rel=1e-12
    )


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize(("p1", "p2"), [(0.2, 0.5), (0.03, 0.03), (0.0, 0.4), (1.0, 0.6)])
def test_every_outcome_counted(p1: float, p2: float, pooled: bool) -> None:
    """All outcomes of arms of 17 and 23 through the test itself."""
    chance_a = stats.binom.pmf(range(18), 17, p1)
    chance_b = stats.binom.pmf(range(24), 23, p2)
    total = sum(
        chance_a[a] * chance_b[b]
        for a in range(18)
        for b in range(24)
        if two_proportion_test(a, 17, b, 23, pooled=pooled).p_value < 0.1
    )
    found = exact_power_two_proportions(p1, p2, 17, 23, alpha=0.1, pooled=pooled)
    assert found == pytest.approx(total, abs=1e-11)


@pytest.mark.parametrize(
    ("trials", "shares", "power"),
    [
        ((388, 388), (0.5, 0.6), 0.79557),
        ((388, 388), (0.5, 0.5), 0.04827),
        ((435, 435), (0.05, 0.05), 0.04898),
        ((200, 200), (0.02, 0.02), 0.04474),
        ((900, 100), (0.05, 0.10), 0.52097),
    ],
)
def test_exact_powers(trials: tuple[int, int], shares: tuple[float, float], power: float) -> None:
    """Enumerations made independently, to five digits."""
    assert exact_power_two_proportions(*shares, *trials) == pytest.approx(power, abs=5.1e-6)


def test_large_arms_approach_the_normal_power() -> None:
    """200,000 an arm, a gap of about two standard errors: within .001."""
    exact = exact_power_two_proportions(0.05, 0.0514, 200_000, 200_000)
    normal = power_two_proportions(0.05, 0.0514, 200_000, 200_000)
    assert exact == pytest.approx(normal, abs=0.001)


def test_simulated_arms_reject_as_often() -> None:
    """200,000 pairs of arms of 150 and 90, shares .1 and .2: within 4 standard errors."""
    random = np.random.default_rng(41)
    a = random.binomial(150, 0.1, 200_000)
    b = random.binomial(90, 0.2, 200_000)
    share = (a + b) / 240
    z = (b / 90 - a / 150) / np.sqrt(share * (1 - share) * (1 / 90 + 1 / 150))
    exact = exact_power_two_proportions(0.1, 0.2, 150, 90)
    assert (np.abs(z) > 1.959964).mean() == pytest.approx(exact, abs=4 * 0.5 / 200_000**0.5)


def test_bad_designs_are_refused() -> None:
    """Equal shares, a percentage, a power that a blind guess has, an empty arm."""
    for formula in (pooled_trials, unpooled_trials, continuity_corrected_trials, arcsine_trials):
        with pytest.raises(InvalidInput, match=r"p1 = p2 = 0\.2: must differ"):
            formula(0.2, 0.2)
        with pytest.raises(InvalidInput, match="p2 = 5"):
            formula(0.2, 5)
        with pytest.raises(InvalidInput, match=r"power = 0\.02: must exceed alpha / 2"):
            formula(0.2, 0.3, power=0.02)
    with pytest.raises(InvalidInput, match="trials_b = 0"):
        exact_power_two_proportions(0.1, 0.2, 10, 0)


@pytest.mark.parametrize("ratio", [1 / 9, 0.5, 1.0, 3.0])
def test_unequal_arms_reach_the_power_that_is_asked_for(ratio: float) -> None:
    """Exact power within a point of .8 with the planned trials; equal arms would overshoot."""
    first = pooled_trials(0.9, 0.92, ratio=ratio)
    trials = math.ceil(first), math.ceil(first * ratio)
    assert exact_power_two_proportions(0.9, 0.92, *trials) == pytest.approx(0.8, abs=0.01)


def test_the_ratio_is_fleiss_factor_where_shares_are_alike() -> None:
    """That is (1 + 1 / r) / 2 of equal arms; statsmodels has the same."""
    equal, first = pooled_trials(0.5, 0.51), pooled_trials(0.5, 0.51, ratio=9.0)
    assert first == pytest.approx(equal * (1 + 1 / 9) / 2, rel=1e-3)
    theirs = NormalIndPower().solve_power(
        proportion_effectsize(0.51, 0.5), alpha=0.05, power=0.8, ratio=9.0
    )
    assert first == pytest.approx(theirs, rel=5e-3)
    with pytest.raises(InvalidInput, match="ratio = 0"):
        pooled_trials(0.5, 0.6, ratio=0.0)


def test_a_difference_next_to_nothing_takes_more_than_any_number() -> None:
    """Beyond the range of floats the size is inf, not an error of arithmetic."""
    assert pooled_trials(0.0, 2.2e-313) == math.inf
    assert pooled_trials(0.5, 0.5 + 1e-15) < math.inf
