"""The stationary law and the variance rate of birth-death processes, by other arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from simab.errors import InvalidInput
from simab.theory.birth_death import asymptotic_variance, stationary_probabilities

rates = st.floats(0.2, 5.0)
chains = st.lists(st.tuples(rates, rates, st.floats(-3.0, 3.0)), min_size=1, max_size=8)


def generator(births: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    matrix = np.diag(births, 1) + np.diag(deaths, -1)
    return matrix - np.diag(matrix.sum(axis=1))


@given(chains)
def test_the_law_balances_the_generator(chain: list[tuple[float, float, float]]) -> None:
    """The stationary law p of a Markov process with generator Q solves p Q = 0 and sums to 1."""
    births, deaths, _ = (np.array(column) for column in zip(*chain, strict=True))
    law = stationary_probabilities(births, deaths)
    assert law.sum() == pytest.approx(1.0, rel=1e-14)
    assert law @ generator(births, deaths) == pytest.approx(0.0, abs=1e-13)


def test_a_law_far_from_its_first_state() -> None:
    """M/M/infinity at 5,000 erlangs is Poisson; its first state has probability e^-5000, below any
    double, and the law is right nevertheless.
    """
    states = np.arange(1, 6_001)
    law = stationary_probabilities(np.full(6_000, 5_000.0), states.astype(float))
    expected = stats.poisson(5_000).pmf(np.arange(6_001))
    assert law == pytest.approx(expected, rel=1e-8, abs=1e-30)


@given(chains, st.floats(-2.0, 2.0))
def test_the_variance_rate_is_the_curvature_of_the_leading_eigenvalue(
    chain: list[tuple[float, float, float]], reward_per_birth: float
) -> None:
    """The cumulants of a reward grow like the derivatives at 0 of the largest eigenvalue of Q(s),
    where births weigh e^(s r) and the diagonal gains s f (Asmussen 2003, section XI.2).
    """
    births, deaths, own = (np.array(column) for column in zip(*chain, strict=True))
    rewards = np.append(own, 0.7)

    # Scaling the states makes the matrix symmetric, with the same eigenvalues.
    diagonal = generator(births, deaths).diagonal()

    def leading(tilt: float) -> float:
        beside = np.sqrt(births * deaths * np.exp(tilt * reward_per_birth))
        return float(linalg.eigvalsh_tridiagonal(diagonal + tilt * rewards, beside)[-1])

    step = 5e-4
    # Five points: the error is of order step^4.
    values = [leading(k * step) for k in (-2, -1, 0, 1, 2)]
    curvature = np.dot([-1, 16, -30, 16, -1], values) / (12 * step**2)
    ours = asymptotic_variance(births, deaths, rewards, reward_per_birth=reward_per_birth)
    assert ours == pytest.approx(curvature, rel=1e-4, abs=1e-6)


def test_poisson_arrivals_have_variance_equal_to_their_mean() -> None:
    """A reward of 1 per birth where all births have one rate counts a Poisson process of that rate.

    The last state, which no birth leaves, is never reached in practice.
    """
    variance = asymptotic_variance(
        np.full(60, 3.0), np.full(60, 30.0), np.zeros(61), reward_per_birth=1.0
    )
    assert variance == pytest.approx(3.0, rel=1e-12)


def test_states_too_rare_for_a_double_add_nothing() -> None:
    """200 states of which each is 1e-3 as likely as the last underflow; the variance is finite."""
    short, long = (
        asymptotic_variance(np.full(n, 1e-3), np.ones(n), np.arange(n + 1.0)) for n in (20, 200)
    )
    assert long == pytest.approx(short, rel=1e-12)


def test_bad_chains_are_refused() -> None:
    """An error names the array, the place and the value."""
    with pytest.raises(InvalidInput, match=r"death_rates\[1\] = 0\.0"):
        stationary_probabilities([1.0, 1.0], [1.0, 0.0])
    with pytest.raises(InvalidInput, match=r"shapes \(1,\) and \(2,\)"):
        stationary_probabilities([1.0], [1.0, 2.0])
    with pytest.raises(InvalidInput, match=r"reward_rates has shape \(2,\): must be \(3,\)"):
        asymptotic_variance([1.0, 1.0], [1.0, 1.0], [0.0, 1.0])
