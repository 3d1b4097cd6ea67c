"""Two and more arms from Bayes' view: hand integrals, Miller's sum, quadrature, draws, the cost."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.bayes import (
    FLAT,
    Beta,
    Normal,
    expected_loss,
    expected_loss_normal,
    probability_better,
    probability_better_normal,
)
from simab.stats.best_arm import best_normal_mean, best_share


def millers_sum(a: Beta, b: Beta) -> float:
    """P(b > a) for whole parameters in exact fractions: Miller 2014."""

    def beta(x: int, y: int) -> Fraction:
        return Fraction(math.factorial(x - 1) * math.factorial(y - 1), math.factorial(x + y - 1))

    a1, a2, b1, b2 = int(a.alpha), int(a.beta), int(b.alpha), int(b.beta)
    terms = (beta(a1 + i, a2 + b2) / ((b2 + i) * beta(1 + i, b2) * beta(a1, a2)) for i in range(b1))
    return float(sum(terms, Fraction(0)))


def test_hand_integrals() -> None:
    """Beta(1, 1) against Beta(2, 1): P(b > a) = 2/3, and E[max(a - b, 0)] = 1/12."""
    assert probability_better(FLAT, Beta(2, 1)) == pytest.approx(2 / 3, abs=1e-12)
    assert expected_loss(FLAT, Beta(2, 1)) == pytest.approx(1 / 12, abs=1e-12)
    # The larger of two even draws is 2/3 on average, so that choosing either loses 1/6.
    assert expected_loss(FLAT, FLAT) == pytest.approx(1 / 6, abs=1e-12)


WHOLE = st.builds(Beta, st.integers(1, 120), st.integers(1, 120))


@given(WHOLE, WHOLE)
def test_millers_sum_agrees(a: Beta, b: Beta) -> None:
    """In exact fractions, for whole parameters small and middling."""
    assert probability_better(a, b) == pytest.approx(millers_sum(a, b), abs=1e-9)


LAWS = st.builds(
    lambda total, share: Beta(0.3 + total * share, 0.3 + total * (1 - share)),
    st.floats(0.0, 6.0).map(lambda log: 10**log),
    st.floats(0.001, 0.999),
)


@given(LAWS, LAWS)
def test_quadrature_agrees(a: Beta, b: Beta) -> None:
    """The integral over the best share, by other means, from a handful of requests to a million."""
    both = best_share([a, b])
    assert probability_better(a, b) == pytest.approx(both.probability[1], abs=1e-8)
    assert expected_loss(a, b) == pytest.approx(both.expected_loss[1], abs=1e-8)
    assert both.probability.sum() == pytest.approx(1.0, abs=1e-9)


@given(LAWS, LAWS)
def test_two_arms_are_symmetric(a: Beta, b: Beta) -> None:
    """One of the two is better; and the losses of the choices differ by the means."""
    assert probability_better(a, b) + probability_better(b, a) == pytest.approx(1.0, abs=1e-8)
    gap = expected_loss(a, b) - expected_loss(b, a)
    assert gap == pytest.approx(a.mean - b.mean, abs=1e-8)


def test_a_million_requests_an_arm() -> None:
    """Close to the normal law there: 1 % against 1.01 % of a million."""
    a, b = FLAT.after(10_000, 1_000_000), FLAT.after(10_100, 1_000_000)
    z = (b.mean - a.mean) / math.sqrt(0.01 * 0.99 / 1e6 + 0.0101 * 0.9899 / 1e6)
    assert probability_better(a, b) == pytest.approx(stats.norm.cdf(z), abs=2e-4)
    assert probability_better(a, FLAT.after(20_000, 1_000_000)) == 1.0
    assert probability_better(FLAT.after(20_000, 1_000_000), a) == 0.0


def test_after_counts_trials_once() -> None:
    """Failures are the trials that did not succeed."""
    assert Beta(0.5, 0.5).after(3, 10) == Beta(3.5, 7.5)
    assert FLAT.after(3, 10).after(0, 5) == FLAT.after(3, 15)


@settings(max_examples=30)
@given(st.floats(-3, 3), st.floats(0.1, 2), st.floats(-3, 3), st.floats(0.1, 2))
def test_normal_arms(mean_a: float, sd_a: float, mean_b: float, sd_b: float) -> None:
    """The difference is normal: its tail and its partial expectation, by SciPy."""
    a, b = Normal(mean_a, sd_a), Normal(mean_b, sd_b)
    law = stats.norm(mean_b - mean_a, math.hypot(sd_a, sd_b))
    assert probability_better_normal(a, b) == pytest.approx(law.sf(0), abs=1e-12)
    reach = mean_b - mean_a - 12 * math.hypot(sd_a, sd_b)
    loss = integrate.quad(lambda d: -d * law.pdf(d), min(reach, -1e-9), 0.0)[0]
    assert expected_loss_normal(a, b) == pytest.approx(loss, abs=1e-7)
    both = best_normal_mean([a, b])
    assert both.probability[1] == pytest.approx(law.sf(0), abs=1e-9)
    assert both.expected_loss[1] == pytest.approx(loss, abs=1e-7)


def test_certain_means() -> None:
    """Without spread the larger one is better, and equal ones are even."""
    low, high = Normal(1.0, 0.0), Normal(2.0, 0.0)
    assert probability_better_normal(low, high) == 1.0
    assert probability_better_normal(high, low) == 0.0
    assert probability_better_normal(low, low) == 0.5
    assert expected_loss_normal(high, low) == 1.0
    assert expected_loss_normal(low, high) == 0.0


def test_several_arms_by_draws() -> None:
    """200,000 draws of five unequal arms: each probability and loss within 5 standard errors."""
    arms = [Beta(20, 80), Beta(30, 70), Beta(300, 720), Beta(1, 3), Beta(0.5, 0.7)]
    draws = np.random.default_rng(2).beta(
        [arm.alpha for arm in arms], [arm.beta for arm in arms], size=(200_000, 5)
    )
    best = np.bincount(draws.argmax(axis=1), minlength=5) / 200_000
    exact = best_share(arms)
    error = np.sqrt(exact.probability * (1 - exact.probability) / 200_000)
    assert (np.abs(best - exact.probability) <= 5 * error).all()
    losses = draws.max(axis=1, keepdims=True) - draws
    error = losses.std(axis=0) / math.sqrt(200_000)
    assert (np.abs(losses.mean(axis=0) - exact.expected_loss) <= 5 * error).all()


def test_equal_arms_share_the_probability() -> None:
    """Of k alike each is best with 1 / k; three normal ones lose the mean of the largest, .8463."""
    assert best_share([Beta(3.3, 9.1)] * 7).probability == pytest.approx([1 / 7] * 7, abs=1e-9)
    three = best_normal_mean([Normal(5.0, 2.0)] * 3)
    assert three.probability == pytest.approx([1 / 3] * 3, abs=1e-9)
    # David and Nagaraja 2003: the largest of three standard normal values, 3 / (2 sqrt pi).
    assert three.expected_loss == pytest.approx([2.0 * 1.5 / math.sqrt(math.pi)] * 3, rel=1e-9)


def test_bad_laws_are_refused() -> None:
    """Parameters not above 0, a negative spread, a single arm, an arm without spread among k."""
    with pytest.raises(InvalidInput, match=r"beta = 0\.0: must be a finite number above 0"):
        Beta(1.0, 0.0)
    with pytest.raises(InvalidInput, match="successes = 5 of 4 trials"):
        FLAT.after(5, 4)
    with pytest.raises(InvalidInput, match=r"standard_deviation = -1\.0"):
        Normal(0.0, -1.0)
    with pytest.raises(InvalidInput, match="arms has 1 entries"):
        best_share([FLAT])
    with pytest.raises(InvalidInput, match="must be above 0 for every arm"):
        best_normal_mean([Normal(0, 1), Normal(0, 0)])
