"""Selecting the best arm: Bechhofer's table, every outcome counted, simulated contests, bounds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from tests.oracles.regret_bounds import (
    bernoulli_divergence,
    lai_robbins_constant,
    ucb1_regret_bound,
)
from tests.oracles.selection import (
    bechhofer_constant,
    bernoulli_selection_probability,
    bernoulli_selection_trials,
    normal_selection_probability,
)


@pytest.mark.parametrize(
    ("arms", "probability", "constant"),
    [(2, 0.90, 1.8124), (3, 0.90, 2.2302), (3, 0.95, 2.7101), (4, 0.95, 2.9162), (5, 0.99, 3.9196)],
)
def test_bechhofers_table(arms: int, probability: float, constant: float) -> None:
    """Bechhofer 1954, table I."""
    assert bechhofer_constant(arms, probability) == pytest.approx(constant, abs=6e-5)


def test_two_arms_are_one_difference() -> None:
    """P(x1 > x2) = Phi(shift / sqrt 2)."""
    for shift in (0.0, 0.7, 3.0):
        exact = stats.norm.cdf(shift / math.sqrt(2))
        assert normal_selection_probability(2, shift) == pytest.approx(exact, abs=1e-12)
    assert normal_selection_probability(6, 0.0) == pytest.approx(1 / 6, abs=1e-10)


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_every_outcome_counted(arms: int) -> None:
    """Three trials an arm: all outcomes of all arms, a tie for the lead won 1 time in its size."""
    trials, difference = 3, 0.3
    best = stats.binom.pmf(range(trials + 1), trials, 0.5 + difference / 2)
    other = stats.binom.pmf(range(trials + 1), trials, 0.5 - difference / 2)
    total = 0.0
    for outcome in itertools.product(range(trials + 1), repeat=arms):
        if outcome[0] == max(outcome):
            weight = best[outcome[0]] * math.prod(other[count] for count in outcome[1:])
            total += weight / outcome.count(outcome[0])
    found = bernoulli_selection_probability(arms, trials, difference)
    assert found == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(
    ("arms", "difference", "probability", "trials"),
    [(2, 0.1, 0.95, 135), (3, 0.05, 0.99, 1_308), (4, 0.2, 0.95, 53)],
)
def test_fewest_trials(arms: int, difference: float, probability: float, trials: int) -> None:
    """Exact enumeration made independently; one trial fewer is not enough."""
    assert bernoulli_selection_trials(arms, difference, probability=probability) == trials
    assert bernoulli_selection_probability(arms, trials, difference) >= probability
    assert bernoulli_selection_probability(arms, trials - 1, difference) < probability


def test_many_trials_are_normal() -> None:
    """With p near .5 the standard error is .5 / sqrt n: Bechhofer's constant squared, by four."""
    normal = (bechhofer_constant(4, 0.95) / 0.02) ** 2 * 0.25
    exact = bernoulli_selection_trials(4, 0.02, probability=0.95)
    assert exact == pytest.approx(normal, rel=2e-3)


def test_simulated_contests() -> None:
    """50,000 contests of 5 arms with 60 trials: within 4 standard errors."""
    random = np.random.default_rng(6)
    shares = np.array([0.6, 0.4, 0.4, 0.4, 0.4])
    noise = random.random((50_000, 5))  # breaks ties
    won = (random.binomial(60, shares, size=(50_000, 5)) + noise).argmax(axis=1) == 0
    exact = bernoulli_selection_probability(5, 60, 0.2)
    assert won.mean() == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 50_000))


def test_the_lower_bound_of_regret() -> None:
    """Lai and Robbins 1985 for .9 against .8, by hand: .1 / kl(.8, .9); equal arms cost nothing."""
    divergence = 0.8 * math.log(0.8 / 0.9) + 0.2 * math.log(0.2 / 0.1)
    assert bernoulli_divergence(0.8, 0.9) == pytest.approx(divergence, rel=1e-12)
    assert lai_robbins_constant([0.9, 0.8]) == pytest.approx(0.1 / divergence, rel=1e-12)
    assert lai_robbins_constant([0.9, 0.8]) == pytest.approx(2.2521, abs=6e-5)
    assert lai_robbins_constant([0.4, 0.4]) == 0.0
    assert bernoulli_divergence(0.5, 1.0) == math.inf
    assert lai_robbins_constant([0.5, 1.0]) == 0.0


def test_the_upper_bound_of_ucb1() -> None:
    """Auer, Cesa-Bianchi and Fischer 2002, theorem 1: .55 against .45 over 10,000: 737.26."""
    by_hand = 8 * math.log(10_000) / 0.1 + (1 + math.pi**2 / 3) * 0.1
    assert ucb1_regret_bound([0.55, 0.45], 10_000) == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(737.256, abs=6e-4)


def test_bad_contests_are_refused() -> None:
    """One arm, a probability that a blind pick has, no arms, a share that is none."""
    with pytest.raises(InvalidInput, match="arms = 1"):
        normal_selection_probability(1, 1.0)
    with pytest.raises(InvalidInput, match=r"must lie between 0\.25, that of a blind pick"):
        bechhofer_constant(4, 0.25)
    with pytest.raises(InvalidInput, match="shares is empty"):
        lai_robbins_constant([])
    with pytest.raises(InvalidInput, match=r"shares = 1\.5"):
        ucb1_regret_bound([1.5, 0.2], 10)
