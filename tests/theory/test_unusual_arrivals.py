"""Gamma gaps, batches and modulated rates, against Markov chains and roots worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simab.errors import InvalidInput
from simab.theory.modulated_counts import two_state_mean_per_s, two_state_variance
from simab.theory.queues import mmc_mean_wait_s
from simab.theory.unusual_arrivals import batches_mean_wait_s, gamma_gaps_mean_wait_s


def test_gaps_of_cv_1_and_batches_of_1_are_poisson() -> None:
    wait_s = mmc_mean_wait_s(15, 0.04, 1)
    assert gamma_gaps_mean_wait_s(15, 0.04, 1.0) == pytest.approx(wait_s, rel=1e-9)
    assert batches_mean_wait_s(15, 0.04, 1.0) == pytest.approx(wait_s, rel=1e-12)


def test_erlang_2_gaps_have_the_root_of_a_quadratic() -> None:
    """E2/M/1: s = (2 u / (2 u + 1 - s))^2, whose root 1 is divided out by hand.

    With x = 1 - s and a = 2 u: (1 - x)(a + x)^2 = a^2, so x^2 + (2 a - 1) x + a^2 - 2 a = 0.
    """
    load, service_s = 0.6, 0.04
    a = 2 * load
    x = max(np.roots([1.0, 2 * a - 1, a * a - 2 * a]).real)
    wait_s = (1 - x) / x * service_s
    found = gamma_gaps_mean_wait_s(load / service_s, service_s, math.sqrt(0.5))
    assert found == pytest.approx(wait_s, rel=1e-9)


def test_batches_wait_as_a_markov_chain_says() -> None:
    """The stationary law of the number present, by linear algebra, and Little's law."""
    rate, service_s, size, states = 5.0, 0.1, 1.5, 400
    generator = np.zeros((states, states))
    for number in range(states):
        for more in range(1, states - number):
            share = (1 - 1 / size) ** (more - 1) / size
            generator[number, number + more] += rate / size * share
        if number:
            generator[number, number - 1] += 1 / service_s
    generator -= np.diag(generator.sum(axis=1))
    system = np.vstack([generator.T, np.ones(states)])
    law = np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)[0]
    waiting = law @ np.maximum(np.arange(states) - 1, 0)
    assert batches_mean_wait_s(rate, service_s, size) == pytest.approx(waiting / rate, rel=1e-6)


def test_counts_of_a_modulated_rate_vary_as_their_moment_equations_say() -> None:
    """Moments of count and state, integrated as ordinary differential equations."""
    rates, lasts, over_s = (2.0, 12.0), (4.0, 1.0), 2.0
    share = np.array(lasts) / sum(lasts)
    leave = 1 / np.array(lasts)

    def change(_: float, moments: np.ndarray) -> list[float]:
        # E[N; state], then E[N^2]
        first, second, _ = moments
        flow = leave[0] * first - leave[1] * second
        return [
            rates[0] * share[0] - flow,
            rates[1] * share[1] + flow,
            2 * (rates[0] * first + rates[1] * second) + rates[0] * share[0] + rates[1] * share[1],
        ]

    end = solve_ivp(change, (0, over_s), [0, 0, 0], rtol=1e-10, atol=1e-12).y[:, -1]
    mean = end[0] + end[1]
    assert two_state_mean_per_s(rates, lasts) * over_s == pytest.approx(mean)
    assert two_state_variance(rates, lasts, over_s) == pytest.approx(end[2] - mean**2)


def test_a_queue_that_grows_without_bound_is_refused() -> None:
    for found in (gamma_gaps_mean_wait_s, batches_mean_wait_s):
        with pytest.raises(InvalidInput, match="no steady state"):
            found(25, 0.04, 2.0)
    with pytest.raises(InvalidInput, match="mean_size"):
        batches_mean_wait_s(15, 0.04, 0.5)
    with pytest.raises(InvalidInput, match="gap_cv"):
        gamma_gaps_mean_wait_s(15, 0.04, 0.0)
