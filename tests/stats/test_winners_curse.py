"""The winner's curse against order statistics, numeric integration and Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from simab.errors import InvalidInput
from simab.stats.winners_curse import (
    conditional_estimate,
    excess_of_the_best,
    excess_of_the_better_of_two,
    excess_where_significant,
)

# Expected largest of n standard normal values: Teichroew 1956, table 1.
LARGEST = {
    1: 0.0,
    2: 0.5641895835,
    3: 0.8462843753,
    4: 1.0293753730,
    5: 1.1629644736,
    7: 1.3521783756,
}


def test_two_equal_arms_err_by_sigma_over_root_pi() -> None:
    found = excess_of_the_better_of_two(0.0, 3.0 * math.sqrt(2.0))
    assert found == pytest.approx(3.0 / math.sqrt(math.pi), rel=1e-14)


@pytest.mark.parametrize("arms", LARGEST)
def test_equal_arms_err_by_the_expected_largest_of_normal_values(arms: int) -> None:
    found = excess_of_the_best([7.0] * arms, [2.0] * arms)
    assert found == pytest.approx(2.0 * LARGEST[arms], abs=2e-9)


@pytest.mark.parametrize(("difference", "errors"), [(0.4, (1.0, 0.3)), (-3.0, (0.01, 1.0))])
def test_two_unequal_arms_are_the_closed_form(
    difference: float, errors: tuple[float, float]
) -> None:
    closed = excess_of_the_better_of_two(difference, math.hypot(*errors))
    assert excess_of_the_best([5.0, 5.0 + difference], errors) == pytest.approx(closed, abs=1e-12)


def test_two_arms_by_simulation() -> None:
    rng, runs = np.random.default_rng(50), 400_000
    truth, errors = np.array([1.0, 1.3]), np.array([0.5, 0.8])
    estimates = truth + errors * rng.normal(size=(runs, 2))
    chosen = estimates.argmax(axis=1)
    excess = estimates[np.arange(runs), chosen] - truth[chosen]
    expected = excess_of_the_better_of_two(0.3, math.hypot(*errors))
    assert excess.mean() == pytest.approx(expected, abs=3.9 * excess.std() / math.sqrt(runs))


def test_four_unequal_arms_by_simulation() -> None:
    rng, runs = np.random.default_rng(51), 400_000
    truth, errors = np.array([0.0, 0.2, -1.0, 0.3]), np.array([1.0, 0.1, 2.0, 0.4])
    estimates = truth + errors * rng.normal(size=(runs, 4))
    chosen = estimates.argmax(axis=1)
    excess = estimates[np.arange(runs), chosen] - truth[chosen]
    expected = excess_of_the_best(truth, errors)
    assert excess.mean() == pytest.approx(expected, abs=3.9 * excess.std() / math.sqrt(runs))


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("effect", [-0.5, 0.0, 0.7, 3.0])
def test_the_mean_of_significant_estimates_is_that_of_a_law_cut_off(
    effect: float, two_sided: bool
) -> None:
    """scipy.integrate.quad over the densities beyond 1.96 standard errors of 0.5."""
    law = stats.norm(effect, 0.5)
    ends = [(0.98, math.inf)] + ([(-math.inf, -0.98)] if two_sided else [])
    mass = sum(integrate.quad(law.pdf, *end, epsabs=1e-14)[0] for end in ends)
    mean = (
        sum(integrate.quad(lambda x: x * law.pdf(x), *end, epsabs=1e-14)[0] for end in ends) / mass
    )
    found = excess_where_significant(effect, 0.5, 1.96, two_sided=two_sided)
    assert effect + found == pytest.approx(mean, rel=1e-7)


def test_with_half_the_power_significant_estimates_are_two_fifths_too_large() -> None:
    """At power 50 % the drift is 1.96 and the excess phi(0) / .5 = .798, 41 %."""
    assert excess_where_significant(1.96, 1.0, 1.96) / 1.96 == pytest.approx(0.407, abs=0.001)


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("z", [2.1, 2.8, 5.0])
def test_the_corrected_estimate_maximises_the_conditional_likelihood(
    z: float, two_sided: bool
) -> None:
    """SciPy's bounded minimiser of the negative log likelihood finds it too."""

    def negative(drift: float) -> float:
        beyond = stats.norm.sf(1.96 - drift) + (stats.norm.cdf(-1.96 - drift) if two_sided else 0)
        return -stats.norm.logpdf(z - drift) + math.log(beyond)

    best = optimize.minimize_scalar(
        negative, bounds=(-8, 8), method="bounded", options={"xatol": 1e-9}
    )
    found = conditional_estimate(0.3 * z, 0.3, 1.96, two_sided=two_sided)
    assert found / 0.3 == pytest.approx(best.x, abs=1e-4)


def test_it_is_symmetric_and_leaves_sure_effects_alone() -> None:
    assert conditional_estimate(-2.5, 1.0, 1.96) == pytest.approx(
        -conditional_estimate(2.5, 1, 1.96)
    )
    assert conditional_estimate(9.0, 1.0, 1.96) == pytest.approx(9.0, abs=1e-9)
    assert conditional_estimate(1.97, 1.0, 1.96) < 0.25 * 1.97


def test_it_is_less_biased_than_what_was_significant() -> None:
    """Monte Carlo at drift 2: naive estimates are too large by .74, corrected ones by far less."""
    rng = np.random.default_rng(52)
    z = rng.normal(2.0, 1.0, 4_000)
    z = z[np.abs(z) > 1.96]
    corrected = np.array([conditional_estimate(each, 1.0, 1.96) for each in z])
    naive = z.mean() - 2.0
    assert naive == pytest.approx(
        excess_where_significant(2, 1, 1.96), abs=3.9 * z.std() / z.size**0.5
    )
    assert abs(corrected.mean() - 2.0) < 0.4 * naive


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="standard_error = 0"):
        excess_of_the_better_of_two(0.1, 0.0)
    with pytest.raises(InvalidInput, match="no entries"):
        excess_of_the_best([], [])
    with pytest.raises(InvalidInput, match="standard_error"):
        excess_of_the_best([1.0], [0.0])
    with pytest.raises(InvalidInput, match="must be beyond"):
        conditional_estimate(-3.0, 1.0, 1.96, two_sided=False)
