"""How long a run must be: published variances, a simulated queue, the definition of the length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.theory.birth_death import asymptotic_variance
from simab.theory.queues import mmc_mean_wait_s
from tests.oracles.run_length import (
    mm1_number_asymptotic_variance_s,
    mm1_wait_asymptotic_variance_s2,
    mmc_wait_asymptotic_variance_s2,
    requests_to_detect,
    standard_error_of_mean,
)


def test_the_published_variance_of_the_mean_wait() -> None:
    """M/M/1 at load .8 with unit service: 1976, the value quoted in the simulation literature."""
    assert mm1_wait_asymptotic_variance_s2(0.8, 1.0) == pytest.approx(1976.0, rel=1e-12)


@given(st.floats(1e-6, 0.98), st.floats(0.001, 100.0))
def test_the_general_sum_is_the_closed_form_for_one_worker(load: float, service_s: float) -> None:
    """Birth-death sum (Burman 1980, with arrivals) and polynomial (Daley 1968) are one number."""
    closed = mm1_wait_asymptotic_variance_s2(load / service_s, service_s)
    assert mmc_wait_asymptotic_variance_s2(load / service_s, service_s, 1) == pytest.approx(
        closed, rel=1e-7
    )


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
def test_the_number_in_the_system(load: float) -> None:
    """Whitt 1989: 2 u (1 + u) / (1 - u)^4, by Burman's sum over the first 2,000 states."""
    summed = asymptotic_variance(np.full(2_000, load), np.ones(2_000), np.arange(2_001.0))
    assert mm1_number_asymptotic_variance_s(load, 1.0) == pytest.approx(summed, rel=1e-9)
    # Time scales with the service: half the speed, twice the seconds.
    assert mm1_number_asymptotic_variance_s(load / 2, 2.0) == pytest.approx(2 * summed, rel=1e-9)


def test_several_workers_by_simulation() -> None:
    """M/M/3 at load .7: the variance of 4,000 means of 2,000 waits, times 2,000, is the limit.

    Kiefer-Wolfowitz recursion, 300 requests cut. The estimate's standard error is 2.2 %, and 12 %
    are allowed; waits taken as independent would say 15 times less.
    """
    random = np.random.default_rng(1_989)
    workers, rate_per_s, runs = 3, 2.1, 4_000
    free_s = np.zeros((workers, runs))  # seconds until each worker is free, the soonest first
    total_s, square_s2 = np.zeros(runs), np.zeros(runs)
    for request in range(2_300):
        wait_s = free_s[0].copy()
        if request >= 300:
            total_s += wait_s
            square_s2 += wait_s**2
        free_s[0] += random.exponential(1.0, size=runs)
        free_s = np.maximum(np.sort(free_s, axis=0) - random.exponential(1 / rate_per_s, runs), 0)
    limit_s2 = mmc_wait_asymptotic_variance_s2(rate_per_s, 1.0, workers)
    assert 2_000 * (total_s / 2_000).var(ddof=1) == pytest.approx(limit_s2, rel=0.12)
    one_wait_s2 = square_s2.sum() / (2_000 * runs) - (total_s.sum() / (2_000 * runs)) ** 2
    assert limit_s2 > 10 * one_wait_s2


def test_the_length_gives_the_power_asked_for() -> None:
    """With n requests the z-test at alpha 1e-6 sees the difference with probability .99 (SciPy)."""
    variance_s2 = mmc_wait_asymptotic_variance_s2(90, 0.040, 4)
    # What a 2 % slower service does to the mean wait of M/M/4 at load .9.
    difference_s = mmc_mean_wait_s(90, 0.040 * 1.02, 4) - mmc_mean_wait_s(90, 0.040, 4)
    requests = requests_to_detect(difference_s, variance_s2)
    critical = stats.norm.isf(0.5e-6)
    shift = difference_s / standard_error_of_mean(variance_s2, requests)
    assert stats.norm.sf(critical - shift) == pytest.approx(0.99, abs=1e-6)
    assert requests_to_detect(-difference_s, variance_s2) == requests
    assert requests_to_detect(difference_s, variance_s2, alpha=0.05, power=0.5) < requests / 10


def test_a_saturated_queue_has_no_run_length() -> None:
    """Without a steady state the variance is infinite, and sizing by it is refused."""
    assert mm1_wait_asymptotic_variance_s2(1.0, 1.0) == math.inf
    assert mm1_number_asymptotic_variance_s(1.0, 1.0) == math.inf
    assert mmc_wait_asymptotic_variance_s2(4.0, 1.0, 4) == math.inf
    assert mmc_wait_asymptotic_variance_s2(0.0, 1.0, 4) == 0.0
    with pytest.raises(InvalidInput, match="asymptotic_variance_of_one = inf"):
        requests_to_detect(0.1, math.inf)
    with pytest.raises(InvalidInput, match=r"abs\(difference\) = 0"):
        requests_to_detect(0.0, 1.0)
    with pytest.raises(InvalidInput, match="alpha = 5: must lie strictly"):
        requests_to_detect(0.1, 1.0, alpha=5)
    with pytest.raises(InvalidInput, match=r"power = 0\.0: must lie strictly"):
        requests_to_detect(0.1, 1.0, power=0.0)
    with pytest.raises(InvalidInput, match="too near 1"):
        mmc_wait_asymptotic_variance_s2(0.9999999, 1.0, 1)
