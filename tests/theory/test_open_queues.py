"""Erlang B and C, M/M/c, M/M/1, M/G/1, M/D/c: published values, and other ways to the same."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.theory.queues import (
    allen_cunneen_mean_wait_s,
    erlang_b,
    erlang_c,
    is_saturated,
    md1_mean_wait_s,
    mdc_mean_wait_s,
    mean_first_residual,
    mgc_mean_wait_s,
    mm1_sojourn_quantile_s,
    mmc_mean_wait_s,
    mmc_wait_quantile_s,
    offered_load,
    pollaczek_khinchine_mean_wait_s,
    utilisation,
)

# Half a unit in the last digit given by the table of queueing truths (exact, computed apart).
TEN_DIGITS = 5e-11


@pytest.mark.parametrize(
    ("workers", "load", "expected"),
    [(5, 3.0, 0.1100543478), (100, 90.0, 0.0269573805), (4, 3.6, 0.2706850671)],
)
def test_erlang_b(workers: int, load: float, expected: float) -> None:
    """Table of queueing truths: B(5, 3), B(100, 90), and the M/G/4/4 loss at 3.6 erlangs."""
    assert erlang_b(workers, load) == pytest.approx(expected, abs=TEN_DIGITS)


@given(st.integers(0, 40), st.integers(1, 60))
def test_erlang_b_is_the_ratio_of_its_definition(workers: int, load: int) -> None:
    """a^c / c! over the sum of a^k / k!, in exact fractions (Erlang 1917)."""
    terms = [Fraction(load**k, math.factorial(k)) for k in range(workers + 1)]
    assert erlang_b(workers, load) == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-13)


def test_erlang_b_neither_overflows_nor_vanishes() -> None:
    """10,000 workers at 9,900 erlangs: Poisson pmf / cdf from SciPy; a factorial would overflow."""
    law = stats.poisson(9_900)
    assert erlang_b(10_000, 9_900) == pytest.approx(law.pmf(10_000) / law.cdf(10_000), rel=1e-9)


def test_erlang_c() -> None:
    """Table of queueing truths: C(4, 3.6); and C(1, a) = a, the time that one worker is busy."""
    assert erlang_c(4, 3.6) == pytest.approx(0.7877532643, abs=TEN_DIGITS)
    assert erlang_c(1, 0.3) == pytest.approx(0.3, rel=1e-15)


@given(st.integers(1, 200), st.floats(0.01, 0.99))
def test_erlang_c_is_the_time_that_all_are_busy(workers: int, per_worker: float) -> None:
    """Cooper 1981, equation 3.4.9: a^c/c! x c/(c - a) over itself and the first c Poisson terms."""
    law = stats.poisson(workers * per_worker)
    all_busy = law.pmf(workers) / (1 - per_worker)
    expected = all_busy / (law.cdf(workers - 1) + all_busy)
    assert erlang_c(workers, workers * per_worker) == pytest.approx(expected, rel=1e-9)


def test_the_wait_of_the_four_worker_queue() -> None:
    """Table of queueing truths: M/M/4 at 90/s and 40 ms: the mean and three quantiles."""
    assert mmc_mean_wait_s(90, 0.040, 4) == pytest.approx(0.07877533, abs=5e-9)
    for share, expected in ((0.5, 0.045458), (0.95, 0.275716), (0.99, 0.436660)):
        assert mmc_wait_quantile_s(share, 90, 0.040, 4) == pytest.approx(expected, abs=5e-7)


@given(st.integers(1, 30), st.floats(0.05, 0.97), st.floats(0.001, 10.0))
def test_the_quantiles_integrate_to_the_mean(
    workers: int, per_worker: float, mean_service_s: float
) -> None:
    """The mean of any law is the integral of its quantile function.

    From the share that does not wait up, by the midpoint rule on a grid fine at the top; the last
    1e-9 of the requests, left out, hold less than 1e-6 of the wait.
    """
    rate_per_s = workers * per_worker / mean_service_s
    edges = 1.0 - np.geomspace(1.0, 1e-9, 4_001)
    middles = (edges[1:] + edges[:-1]) / 2
    quantiles = [mmc_wait_quantile_s(q, rate_per_s, mean_service_s, workers) for q in middles]
    mean = float(np.dot(quantiles, np.diff(edges)))
    exact = mmc_mean_wait_s(rate_per_s, mean_service_s, workers)
    # One cell straddles the share that does not wait: its width times the next quantile.
    assert mean == pytest.approx(exact, rel=2e-3, abs=1e-6 * mean_service_s)


def test_who_does_not_wait_waits_0() -> None:
    """The median of M/M/4 at 10/s is 0, for more than half find a free worker."""
    assert erlang_c(4, 0.4) < 0.5
    assert mmc_wait_quantile_s(0.5, 10, 0.040, 4) == 0.0
    assert mm1_sojourn_quantile_s(0.0, 90, 0.010) == 0.0


def test_the_sojourn_of_the_single_worker_queue() -> None:
    """Table of queueing truths: M/M/1, 90/s against 100/s, is exponential with mean .1 s."""
    for share, expected in ((0.5, 0.069315), (0.95, 0.299573), (0.99, 0.460517)):
        assert mm1_sojourn_quantile_s(share, 90, 0.010) == pytest.approx(expected, abs=5e-7)


def test_pollaczek_khinchine() -> None:
    """Table of queueing truths: 90/s, mean 10 ms, constant and with CV 1.5."""
    assert md1_mean_wait_s(90, 0.010) == pytest.approx(0.045, rel=1e-12)
    assert pollaczek_khinchine_mean_wait_s(90, 0.010, 1.5**2) == pytest.approx(0.14625, rel=1e-12)


@given(st.floats(0.0, 0.99), st.floats(0.0, 20.0))
def test_pollaczek_khinchine_is_the_textbook_formula(load: float, squared_cv: float) -> None:
    """Rate x second moment / (2 (1 - load)), in service times (Kleinrock 1975, equation 5.70)."""
    second_moment = 1.0 + squared_cv
    expected = load * second_moment / (2 * (1 - load))
    ours = pollaczek_khinchine_mean_wait_s(load, 1.0, squared_cv)
    assert ours == pytest.approx(expected, rel=1e-12)


def test_one_constant_worker_by_both_formulas() -> None:
    """Crommelin's series for one worker is Pollaczek-Khinchine with squared CV 0."""
    for load in (0.01, 0.5, 0.9, 0.97):
        assert mdc_mean_wait_s(load, 1.0, 1) == pytest.approx(md1_mean_wait_s(load, 1.0), rel=1e-9)


def test_constant_service_with_several_workers_by_recursion() -> None:
    """M/D/4 at 80/s, 40 ms: each request waits for the one four before it (Kiefer-Wolfowitz).

    With constant service requests finish in order, so start(n) = max(arrival(n), start(n - 4) + d).
    1,000 runs of 2,000 requests, the first 500 cut; the mean is within 5 standard errors, which are
    below 1 % of it each.
    """
    random = np.random.default_rng(5)
    arrivals_s = np.cumsum(random.exponential(1 / 80, size=(2_000, 1_000)), axis=0)
    starts_s = arrivals_s.copy()
    for request in range(4, 2_000):
        np.maximum(arrivals_s[request], starts_s[request - 4] + 0.040, out=starts_s[request])
    means_s = (starts_s - arrivals_s)[500:].mean(axis=0)
    error_s = means_s.std(ddof=1) / math.sqrt(1_000)
    assert error_s < 0.01 * means_s.mean()
    assert abs(means_s.mean() - mdc_mean_wait_s(80, 0.040, 4)) < 5 * error_s


def test_allen_cunneen_is_exact_where_it_should_be_and_near_elsewhere() -> None:
    """Exact for one worker or exponential service; at load .9 M/D/4 is off by 1.5 %, below 3."""
    one_worker = pollaczek_khinchine_mean_wait_s(90, 0.010, 3.0)
    assert allen_cunneen_mean_wait_s(90, 0.010, 3.0, 1) == one_worker
    exponential = mmc_mean_wait_s(90, 0.040, 4)
    assert allen_cunneen_mean_wait_s(90, 0.040, 1.0, 4) == pytest.approx(exponential, rel=1e-15)
    constant = allen_cunneen_mean_wait_s(90, 0.040, 0.0, 4)
    assert 0.005 < abs(constant / mdc_mean_wait_s(90, 0.040, 4) - 1) < 0.03


def test_utilisation_and_saturation() -> None:
    """90/s x 40 ms = 3.6 erlangs, .9 of 4 workers; saturated from exactly 1 on (Kleinrock 1975)."""
    assert offered_load(90, 0.040, 4) == pytest.approx(3.6)
    assert utilisation(90, 0.040, 4) == pytest.approx(0.9)
    assert not is_saturated(90, 0.040, 4)
    assert is_saturated(4, 1.0, 4)
    assert is_saturated(101, 0.040, 4)


@pytest.mark.parametrize("rate_per_s", [4.0, 5.0])
def test_without_a_steady_state_waits_are_infinite(rate_per_s: float) -> None:
    """Four workers of one a second: at 4/s and beyond every wait grows without bound."""
    assert erlang_c(4, rate_per_s) == 1.0
    assert mmc_mean_wait_s(rate_per_s, 1.0, 4) == math.inf
    assert mmc_wait_quantile_s(0.1, rate_per_s, 1.0, 4) == math.inf
    assert mdc_mean_wait_s(rate_per_s, 1.0, 4) == math.inf
    assert allen_cunneen_mean_wait_s(rate_per_s, 1.0, 2.0, 4) == math.inf
    assert mm1_sojourn_quantile_s(0.1, rate_per_s, 0.25) == math.inf
    assert pollaczek_khinchine_mean_wait_s(rate_per_s, 0.25, 1.0) == math.inf
    assert md1_mean_wait_s(rate_per_s, 0.25) == math.inf


def test_without_arrivals_nobody_waits() -> None:
    """Rate 0 is a queue too: nothing is lost, nothing waits."""
    assert erlang_b(3, 0.0) == 0.0
    assert erlang_c(3, 0.0) == 0.0
    assert mmc_mean_wait_s(0.0, 1.0, 3) == 0.0
    assert mdc_mean_wait_s(0.0, 1.0, 3) == 0.0


def test_impossible_queues_are_refused() -> None:
    """An error names the field and its value."""
    with pytest.raises(InvalidInput, match=r"rate_per_s = -1: must be a finite number of at least"):
        mmc_mean_wait_s(-1, 1.0, 1)
    with pytest.raises(InvalidInput, match=r"mean_service_s = 0\.0: must be a finite number above"):
        utilisation(1.0, 0.0, 1)
    with pytest.raises(InvalidInput, match="workers = 0: must be a whole number of at least 1"):
        erlang_c(0, 1.0)
    with pytest.raises(InvalidInput, match=r"workers = 1\.5: must be a whole number"):
        utilisation(1.0, 1.0, 1.5)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="share = 99: must be at least 0 and below 1"):
        mmc_wait_quantile_s(99, 1.0, 0.5, 1)
    with pytest.raises(InvalidInput, match="squared_cv = nan"):
        pollaczek_khinchine_mean_wait_s(1.0, 0.5, math.nan)
    with pytest.raises(InvalidInput, match="too near 1 to be summed"):
        mdc_mean_wait_s(1.0, 0.9999999, 1)


def residual_of_constant(workers: int) -> float:
    return mean_first_residual(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]), workers)


@pytest.mark.parametrize("workers", [2, 8, 100])
def test_the_first_of_several_busy_workers_is_free_early(workers: int) -> None:
    """Of constant services 1 / (c + 1), the least of c uniform times; of exponential ones 1 / c."""
    assert residual_of_constant(workers) == pytest.approx(1 / (workers + 1), rel=1e-9)
    times = np.linspace(0, 40, 400_001)
    assert mean_first_residual(times, np.exp(-times), workers) == pytest.approx(
        1 / workers, rel=1e-4
    )


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("load", [0.1, 0.6, 0.95])
def test_m_g_c_holds_where_a_closed_form_is_known(workers: int, load: float) -> None:
    """M/M/c, M/D/c (Crommelin) and M/G/1 (Pollaczek-Khinchine)."""
    rate = load * workers
    exponential = mgc_mean_wait_s(rate, 1.0, 1.0, 1 / workers, workers)
    assert exponential == pytest.approx(mmc_mean_wait_s(rate, 1.0, workers), rel=1e-9)
    constant = mgc_mean_wait_s(rate, 1.0, 0.0, residual_of_constant(workers), workers)
    assert constant == pytest.approx(mdc_mean_wait_s(rate, 1.0, workers), rel=1e-9)
    one = mgc_mean_wait_s(load, 1.0, 4.0, 1.0, 1)
    assert one == pytest.approx(pollaczek_khinchine_mean_wait_s(load, 1.0, 4.0), rel=1e-12)


def test_m_g_c_is_exact_in_light_traffic() -> None:
    """Who waits finds all c busy and waits for the first: Erlang B times the mean residual."""
    spread = math.sqrt(math.log(1 + 9.0))  # lognormal of mean 1 and squared coefficient 9
    times = np.concatenate([[0.0], np.geomspace(1e-6, 1e5, 200_000)])
    survival = stats.lognorm(spread, scale=math.exp(-spread * spread / 2)).sf(times)
    first_s = mean_first_residual(times, survival, 4)
    expected = erlang_b(4, 0.02) * first_s
    assert mgc_mean_wait_s(0.02, 1.0, 9.0, first_s, 4) == pytest.approx(expected, rel=0.02)
    assert allen_cunneen_mean_wait_s(0.02, 1.0, 9.0, 4) > 2 * expected
