"""Probabilities of a gain beyond a margin: hand integrals, SciPy's quadrature, draws by NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.bayes import Beta, Normal, probability_better
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


def test_a_margin_is_not_negative() -> None:
    """Neither of shares nor of means."""
    with pytest.raises(InvalidInput, match=r"margin = -0\.1"):
        gain_odds(Beta(1, 1), Beta(1, 1), -0.1)
    with pytest.raises(InvalidInput, match="margin"):
        gain_odds_normal(Normal(0.0, 1.0), Normal(0.0, 1.0), math.nan)
