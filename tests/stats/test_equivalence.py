"""Probabilities of a gain beyond a margin: hand integrals, SciPy's quadrature, draws by NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from simab.errors import InvalidInput
from simab.stats.bayes import (
    Beta,
    Normal,
    expected_loss,
    expected_loss_normal,
    probability_better,
)
from simab.stats.equivalence import gain_odds, gain_odds_normal


@pytest.mark.parametrize("margin", [0.0, 0.1, 0.5, 1.0])
def test_flat_laws_by_hand(margin: float) -> None:
    """P(y > x + m) of two uniform shares is a triangle: (1 - m)^2 / 2."""
    odds = gain_odds(Beta(1, 1), Beta(1, 1), margin)
    triangle = (1 - margin) ** 2 / 2
    assert odds == pytest.approx((triangle, 1 - 2 * triangle, triangle), abs=1e-10)


@pytest.mark.parametrize(
    ("a", "b", "margin"),
    [((3, 4), (5, 2), 0.1), ((900, 100), (930, 70), 0.01), ((50, 2), (2, 50), 0.3)],
)
def test_shares_against_a_quadrature(a: tuple[int, int], b: tuple[int, int], margin: float) -> None:
    """SciPy's quad of a's density times b's survival function, and the other way round."""
    odds = gain_odds(Beta(*a), Beta(*b), margin)
    for first, second, found in ((a, b, odds.above), (b, a, odds.below)):
        middle, spread = stats.beta.mean(*first), stats.beta.std(*first)
        places = np.clip(middle + spread * np.array([-8, -2, 0, 2, 8]), 1e-9, 1 - 1e-9)
        expected, _ = integrate.quad(
            lambda x, first=first, second=second: (
                stats.beta.pdf(x, *first) * stats.beta.sf(x + margin, *second)
            ),
            0,
            1,
            points=sorted(places.tolist()),
            limit=500,
        )
        assert found == pytest.approx(expected, abs=1e-8)
    assert math.fsum(odds) == pytest.approx(1.0)


def test_without_a_margin_it_is_the_probability_to_be_better() -> None:
    """Which another method computes."""
    a, b = Beta(41.0, 9.5), Beta(230.0, 31.0)
    assert gain_odds(a, b, 0.0).above == pytest.approx(probability_better(a, b), abs=1e-8)


def test_means_against_draws() -> None:
    """A million differences, within 3.9 standard errors."""
    random, size = np.random.default_rng(4), 1_000_000
    gains = random.normal(10.4, 0.3, size) - random.normal(10.0, 0.4, size)
    odds = gain_odds_normal(Normal(10.0, 0.4), Normal(10.4, 0.3), 0.25)
    drawn = (gains > 0.25).mean(), (np.abs(gains) <= 0.25).mean(), (gains < -0.25).mean()
    for found, seen in zip(odds, drawn, strict=True):
        assert abs(found - seen) < 3.9 * math.sqrt(found * (1 - found) / size)
    assert gain_odds_normal(Normal(1.0, 0.0), Normal(1.5, 0.0), 0.2) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("mean", "spread"), [(0.01, 0.004), (-0.02, 0.03), (0.0, 0.001)])
def test_masses_and_losses_of_a_normal_law(mean: float, spread: float) -> None:
    law, certain = stats.norm(mean, spread), Normal(0.0, 0.0)
    found = gain_odds_normal(certain, Normal(mean, spread), 0.005)
    assert found.below == pytest.approx(law.cdf(-0.005), rel=1e-9)
    assert found.above == pytest.approx(law.sf(0.005), rel=1e-9)
    assert found.within == pytest.approx(law.cdf(0.005) - law.cdf(-0.005), rel=1e-9)
    loss, _ = integrate.quad(lambda x: -x * law.pdf(x), mean - 12 * spread, 0, epsabs=1e-13)
    own = expected_loss_normal(certain, Normal(mean, spread))
    assert own == pytest.approx(max(loss, 0.0), abs=1e-10)
    other = expected_loss_normal(Normal(mean, spread), certain)
    assert other - own == pytest.approx(mean, abs=1e-12)


def test_a_certain_difference_lies_in_one_of_them() -> None:
    assert gain_odds_normal(Normal(0.0, 0.0), Normal(0.005, 0.0), 0.005).within == 1.0
    assert gain_odds_normal(Normal(0.0, 0.0), Normal(0.0051, 0.0), 0.005).above == 1.0


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
    found = gain_odds(a, b, rope)
    assert found.above == pytest.approx(larger_by(a, b, rope), abs=3e-8)
    assert found.below == pytest.approx(larger_by(b, a, rope), abs=3e-8)
    assert found.above + found.within + found.below == pytest.approx(1.0)


@pytest.mark.parametrize("name", [*PAIRS, *EXTREMES])
def test_without_a_region_it_is_the_probability_to_be_better(name: str) -> None:
    """`probability_better` inverts a characteristic function, which this integral does not."""
    a, b = (PAIRS | EXTREMES)[name]
    found = gain_odds(a, b, 0.0)
    assert found.above == pytest.approx(probability_better(a, b), abs=3e-8)
    assert found.within == pytest.approx(0.0, abs=3e-8)


def test_losses_of_shares_by_simulation() -> None:
    """An informative prior of 1,000 requests at 20 %, and 2 million draws of both posteriors."""
    prior = Beta(200, 800)
    a, b = prior.after(110, 500), prior.after(125, 500)
    rng, draws = np.random.default_rng(60), 2_000_000
    gap = rng.beta(b.alpha, b.beta, draws) - rng.beta(a.alpha, a.beta, draws)
    found = gain_odds(a, b, 0.01)
    for value, sample in (
        (expected_loss(a, b), np.maximum(-gap, 0)),
        (expected_loss(b, a), np.maximum(gap, 0)),
        (found.above, gap > 0.01),
        (found.below, gap < -0.01),
    ):
        assert value == pytest.approx(sample.mean(), abs=3.9 * sample.std() / math.sqrt(draws))


def test_a_region_as_wide_as_all_shares_holds_everything() -> None:
    assert gain_odds(Beta(1, 1), Beta(1, 1), 1.0).within == 1.0


def test_a_margin_is_not_negative() -> None:
    """Neither of shares nor of means."""
    with pytest.raises(InvalidInput, match=r"margin = -0\.1"):
        gain_odds(Beta(1, 1), Beta(1, 1), -0.1)
    with pytest.raises(InvalidInput, match="margin"):
        gain_odds_normal(Normal(0.0, 1.0), Normal(0.0, 1.0), math.nan)
