"""Posterior masses and losses against numeric integration, SciPy and Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from simab.errors import InvalidInput
from simab.stats.bayes import Beta, Normal, probability_better
from simab.stats.practical_equivalence import (
    equivalence_of_means,
    equivalence_of_shares,
    normal_posterior,
)


def test_the_posterior_is_prior_times_likelihood() -> None:
    """Mean and spread of the product of both densities by scipy.integrate.quad."""
    prior, estimate, error = Normal(0.01, 0.03), 0.05, 0.02

    def weight(x: float) -> float:
        return stats.norm.pdf(x, prior.mean, prior.standard_deviation) * stats.norm.pdf(
            estimate, x, error
        )

    whole, first, second = (
        integrate.quad(lambda x, k=order: x**k * weight(x), -0.5, 0.5, points=[0.03], epsrel=1e-12)[
            0
        ]
        for order in (0, 1, 2)
    )
    found = normal_posterior(prior, estimate, error)
    assert found.mean == pytest.approx(first / whole, rel=1e-9)
    assert found.standard_deviation**2 == pytest.approx(
        second / whole - (first / whole) ** 2, rel=1e-7
    )


def test_certain_and_vague_priors_are_the_two_ends() -> None:
    assert normal_posterior(Normal(0.2, 0.0), 5.0, 1.0) == Normal(0.2, 0.0)
    vague = normal_posterior(Normal(0.0, 1e9), 5.0, 1.0)
    assert (vague.mean, vague.standard_deviation) == pytest.approx((5.0, 1.0))


@pytest.mark.parametrize(("mean", "spread"), [(0.01, 0.004), (-0.02, 0.03), (0.0, 0.001)])
def test_masses_and_losses_of_a_normal_law(mean: float, spread: float) -> None:
    law = stats.norm(mean, spread)
    found = equivalence_of_means(Normal(mean, spread), 0.005)
    assert found.below == pytest.approx(law.cdf(-0.005), rel=1e-9)
    assert found.above == pytest.approx(law.sf(0.005), rel=1e-9)
    assert found.within == pytest.approx(law.cdf(0.005) - law.cdf(-0.005), rel=1e-9)
    loss, _ = integrate.quad(lambda x: -x * law.pdf(x), mean - 12 * spread, 0, epsabs=1e-13)
    assert found.loss == pytest.approx(max(loss, 0.0), abs=1e-10)
    assert found.loss_of_a - found.loss == pytest.approx(mean, abs=1e-12)


def test_a_certain_difference_lies_in_one_of_them() -> None:
    assert equivalence_of_means(Normal(0.005, 0.0), 0.005).within == 1.0
    assert equivalence_of_means(Normal(0.0051, 0.0), 0.005).above == 1.0


PAIRS = {
    "many": (Beta(2001, 8001), Beta(2101, 7901)),
    "few": (Beta(3, 9), Beta(5, 7)),
    "one of many": (Beta(2, 8), Beta(40_000, 160_000)),
    "many and one": (Beta(40_000, 160_000), Beta(2, 8)),
    "small parameters": (Beta(0.1, 0.4), Beta(0.5, 0.5)),
    "no failure": (Beta(500.5, 0.5), Beta(490.5, 3.5)),
}
# What the double exponential rule of 4,001 nodes cannot follow.
EXTREMES = {
    "next to nothing known": (Beta(0.02, 0.5), Beta(0.3, 0.02)),
    "millions": (Beta(4e6, 6e6), Beta(4.002e6, 6e6)),
}


def larger_by(a: Beta, b: Beta, margin: float) -> float:
    """P(b > a + margin) over b's law, by the double exponential rule (Takahasi and Mori 1974).

    It copes with both ends of the range, where one of the two laws may be as steep as a root.
    """
    t = np.linspace(-3.4, 3.4, 4_001)
    spread = np.pi / 2 * np.sinh(t)
    above, left = 1 / (1 + np.exp(-2 * spread)), 1 / (1 + np.exp(2 * spread))
    length = 1 - margin
    weights = length * np.pi / 2 * np.cosh(t) / np.cosh(spread) ** 2 / 2 * (t[1] - t[0])
    # b = margin + length x above, and 1 - b = length x left: both with all their digits.
    log_density = (b.alpha - 1) * np.log(margin + length * above)
    log_density += (b.beta - 1) * np.log(length * left) - special.betaln(b.alpha, b.beta)
    return float(weights @ (np.exp(log_density) * special.betainc(a.alpha, a.beta, length * above)))


@pytest.mark.parametrize("rope", [0.0, 0.003, 0.1, 0.7])
@pytest.mark.parametrize("name", PAIRS)
def test_masses_of_shares_are_those_of_numeric_integration(name: str, rope: float) -> None:
    a, b = PAIRS[name]
    found = equivalence_of_shares(a, b, rope)
    assert found.above == pytest.approx(larger_by(a, b, rope), abs=3e-8)
    assert found.below == pytest.approx(larger_by(b, a, rope), abs=3e-8)
    assert found.above + found.within + found.below == pytest.approx(1.0)


@pytest.mark.parametrize("name", [*PAIRS, *EXTREMES])
def test_without_a_region_it_is_the_probability_to_be_better(name: str) -> None:
    """`probability_better` inverts a characteristic function, which this integral does not."""
    a, b = (PAIRS | EXTREMES)[name]
    found = equivalence_of_shares(a, b, 0.0)
    assert found.above == pytest.approx(probability_better(a, b), abs=3e-8)
    assert found.within == pytest.approx(0.0, abs=3e-8)


def test_losses_of_shares_by_simulation() -> None:
    """An informative prior of 1,000 requests at 20 %, and 2 million draws of both posteriors."""
    prior = Beta(200, 800)
    a, b = prior.after(110, 500), prior.after(125, 500)
    rng, draws = np.random.default_rng(60), 2_000_000
    gap = rng.beta(b.alpha, b.beta, draws) - rng.beta(a.alpha, a.beta, draws)
    found = equivalence_of_shares(a, b, 0.01)
    for value, sample in (
        (found.loss, np.maximum(-gap, 0)),
        (found.loss_of_a, np.maximum(gap, 0)),
        (found.above, gap > 0.01),
        (found.below, gap < -0.01),
    ):
        assert value == pytest.approx(sample.mean(), abs=3.9 * sample.std() / math.sqrt(draws))


def test_a_region_as_wide_as_all_shares_holds_everything() -> None:
    assert equivalence_of_shares(Beta(1, 1), Beta(1, 1), 1.0).within == 1.0


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"rope = -0\.1"):
        equivalence_of_shares(Beta(1, 1), Beta(1, 1), -0.1)
    with pytest.raises(InvalidInput, match="rope = nan"):
        equivalence_of_means(Normal(0.0, 1.0), math.nan)
    with pytest.raises(InvalidInput, match="standard_error"):
        normal_posterior(Normal(0.0, 1.0), 0.1, 0.0)
