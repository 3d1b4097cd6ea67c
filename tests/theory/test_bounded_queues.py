"""M/M/c/K, machine repair, Erlang A: published values, limits, closed forms of special cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from simab.errors import InvalidInput
from simab.theory.bounded_queues import erlang_a, machine_repair, mgc_limited, mmc_limited
from simab.theory.queues import erlang_b, erlang_c, mmc_mean_wait_s


def test_the_limited_queue() -> None:
    """Table of queueing truths: M/M/4/20 at 120/s and 40 ms; 20 counts those in service."""
    result = mmc_limited(120, 0.040, 4, 20)
    assert result.reject_probability == pytest.approx(0.17191028, abs=5e-9)
    assert result.mean_sojourn_s == pytest.approx(0.15698638, abs=5e-9)
    assert result.mean_wait_s == pytest.approx(result.mean_sojourn_s - 0.040, rel=1e-12)
    assert result.throughput_per_s == pytest.approx(120 * (1 - 0.17191028), rel=1e-8)


@given(st.integers(1, 50), st.floats(0.1, 80.0))
def test_without_a_queue_the_limit_is_erlang_b(workers: int, load: float) -> None:
    """M/M/c/c is Erlang's loss system: nobody waits."""
    result = mmc_limited(load, 1.0, workers, workers)
    assert result.reject_probability == pytest.approx(erlang_b(workers, load), rel=1e-11)
    assert result.mean_wait_s == 0.0


def test_with_many_places_the_limit_is_mmc() -> None:
    """M/M/4 at load .9 with 1,000 places: .9^996 is below 1e-45, so the waits agree."""
    result = mmc_limited(90, 0.040, 4, 1_000)
    assert result.mean_wait_s == pytest.approx(mmc_mean_wait_s(90, 0.040, 4), rel=1e-10)
    assert result.reject_probability < 1e-40


@given(st.integers(1, 60), st.floats(0.1, 5.0))
def test_one_limited_worker_has_a_closed_form(places: int, load: float) -> None:
    """M/M/1/K: (1 - a) a^K / (1 - a^(K+1)) (Gross and Harris 1998, equation 2.48)."""
    if abs(load - 1.0) < 1e-3:
        return
    expected = (1 - load) * load**places / (1 - load ** (places + 1))
    assert mmc_limited(load, 1.0, 1, places).reject_probability == pytest.approx(expected, rel=1e-9)


def test_the_closed_loop() -> None:
    """Table of queueing truths: 20 clients, think .1 s, 4 workers, 40 ms."""
    result = machine_repair(20, 0.1, 4, 0.040)
    assert result.throughput_per_s == pytest.approx(99.287258, abs=5e-7)
    assert result.response_s == pytest.approx(0.10143572, abs=5e-9)
    assert result.utilisation == pytest.approx(99.287258 * 0.040 / 4, rel=1e-8)


@given(st.integers(1, 200), st.integers(1, 20), st.floats(0.01, 10.0), st.floats(0.01, 10.0))
def test_little_holds_over_the_whole_loop(
    clients: int, workers: int, think_s: float, mean_service_s: float
) -> None:
    """Clients = throughput x (response + think) (Little 1961), though it was not computed so."""
    result = machine_repair(clients, think_s, workers, mean_service_s)
    inside = result.throughput_per_s * (result.response_s + think_s)
    assert inside == pytest.approx(clients, rel=1e-9)
    assert result.throughput_per_s <= workers / mean_service_s * (1 + 1e-12)


def test_enough_workers_leave_no_wait() -> None:
    """As many workers as clients: the response is the service time, whatever the load."""
    result = machine_repair(7, 0.5, 7, 0.2)
    assert result.response_s == pytest.approx(0.2, rel=1e-12)
    assert result.throughput_per_s == pytest.approx(7 / 0.7, rel=1e-12)


def test_one_repairman_is_erlang_b_with_roles_swapped() -> None:
    """One worker is idle with probability B(clients, think / service) (Palm's machine repair)."""
    result = machine_repair(9, 2.0, 1, 0.3)
    assert 1 - result.utilisation == pytest.approx(erlang_b(9, 2.0 / 0.3), rel=1e-12)


def test_impatient_requests() -> None:
    """Table of queueing truths: M/M/4 at 120/s and 40 ms, patience .1 s."""
    result = erlang_a(120, 0.040, 4, 0.1)
    assert result.abandon_probability == pytest.approx(0.23043923, abs=5e-9)
    assert result.mean_wait_s == pytest.approx(0.02304392, abs=5e-9)


@given(st.integers(1, 60), st.floats(0.1, 90.0))
def test_patience_of_one_service_time_is_a_poisson_law(workers: int, load: float) -> None:
    """If giving up is as fast as service, the number present is M/M/infinity's: Poisson.

    Then P(abandon) = E[(N - c)+] / load and P(wait) = P(N >= c).
    """
    result = erlang_a(load, 1.0, workers, 1.0)
    law = stats.poisson(load)
    beyond = np.arange(workers + 1, workers + 400)
    lost = float((beyond - workers) @ law.pmf(beyond)) / load
    assert result.abandon_probability == pytest.approx(lost, rel=1e-9)
    assert result.wait_probability == pytest.approx(law.sf(workers - 1), rel=1e-9)


@given(st.integers(1, 20), st.floats(0.2, 3.0), st.floats(0.05, 10.0))
def test_the_incomplete_gamma_form_agrees(
    workers: int, per_worker: float, mean_patience_s: float
) -> None:
    """P(wait) = A B / (1 + (A - 1) B), A the incomplete gamma ratio of Garnett, Mandelbaum and
    Reiman 2002 (Manufacturing and Service Operations Management 4:208), equation 3.2.
    """
    x, y = workers * mean_patience_s, workers * per_worker * mean_patience_s
    log_a = math.log(x) + math.lgamma(x) + math.log(special.gammainc(x, y)) + y - x * math.log(y)
    blocked = erlang_b(workers, workers * per_worker)
    inverse_a = math.exp(-log_a)
    waits = blocked / (inverse_a + (1 - inverse_a) * blocked)
    ours = erlang_a(workers * per_worker, 1.0, workers, mean_patience_s)
    assert ours.wait_probability == pytest.approx(waits, rel=1e-8)
    lost = waits * (inverse_a / per_worker + 1 - 1 / per_worker)
    assert ours.abandon_probability == pytest.approx(lost, rel=1e-6, abs=1e-11)


def test_endless_patience_is_mmc() -> None:
    """Long patience approaches M/M/c and infinite patience is it, saturated or not."""
    exact = mmc_mean_wait_s(90, 0.040, 4)
    assert erlang_a(90, 0.040, 4, 1e6).mean_wait_s == pytest.approx(exact, rel=1e-5)
    endless = erlang_a(90, 0.040, 4, math.inf)
    assert (endless.mean_wait_s, endless.abandon_probability) == (exact, 0.0)
    assert endless.wait_probability == erlang_c(4, 3.6)
    assert erlang_a(120, 0.040, 4, math.inf).mean_wait_s == math.inf


def test_no_patience_is_erlang_b() -> None:
    """Patience of a nanosecond: whoever would wait is lost, as in Erlang's loss system."""
    result = erlang_a(120, 0.040, 4, 1e-9)
    assert result.abandon_probability == pytest.approx(erlang_b(4, 4.8), rel=1e-6)
    many = erlang_a(380, 1.0, 400, 1e-9)
    assert many.abandon_probability == pytest.approx(erlang_b(400, 380), rel=1e-6)


def test_in_overload_the_patient_lose_the_excess() -> None:
    """Rate 120 against 100: for long patience 1/6 give up (Whitt 2004, the fluid limit)."""
    assert erlang_a(120, 0.040, 4, 1_000.0).abandon_probability == pytest.approx(1 / 6, rel=1e-3)


def test_without_arrivals_all_is_quiet() -> None:
    """Rate 0: nothing is refused, waits or gives up; a lone request would take its service time."""
    assert mmc_limited(0.0, 0.040, 4, 20).mean_sojourn_s == 0.040
    assert mmc_limited(0.0, 0.040, 4, 20).reject_probability == 0.0
    assert erlang_a(0.0, 0.040, 4, 0.1).mean_wait_s == 0.0


def test_impossible_queues_are_refused() -> None:
    """An error names the field and its value."""
    with pytest.raises(InvalidInput, match="places = 3: must be a whole number of at least 4"):
        mmc_limited(1.0, 1.0, 4, 3)
    with pytest.raises(InvalidInput, match="think_s = 0"):
        machine_repair(5, 0, 1, 1.0)
    with pytest.raises(InvalidInput, match="clients = 0"):
        machine_repair(0, 1.0, 1, 1.0)
    with pytest.raises(InvalidInput, match=r"mean_patience_s = -1\.0"):
        erlang_a(1.0, 1.0, 1, -1.0)
    with pytest.raises(InvalidInput, match="requests wait"):
        erlang_a(120.0, 0.040, 4, 1e8)


def m_d_1_k(load: float, places: int) -> tuple[float, float]:
    """Refused share and mean wait of M/D/1/K, service 1: the chain of departures (Cooper 1981)."""
    arriving = stats.poisson(load).pmf(np.arange(places))
    step = np.zeros((places, places))
    for left in range(places):
        first = max(left - 1, 0)
        step[left, first:] = arriving[: places - first]
        step[left, -1] += 1 - step[left].sum()
    system = np.vstack([step.T - np.eye(places), np.ones(places)])
    left_behind = np.linalg.lstsq(system, np.append(np.zeros(places), 1.0), rcond=None)[0]
    busy = 1 / (left_behind[0] + load)
    refused = 1 - busy
    # Time averages: as departures see it, scaled to the accepted; full for the rest of the time.
    present = np.append(left_behind * busy, refused) @ np.arange(places + 1)
    return refused, present / (load * busy) - 1


@pytest.mark.parametrize("load", [0.8, 0.95, 1.1, 1.5])
@pytest.mark.parametrize("places", [11, 41])
def test_constant_service_is_refused_less_and_waits_less(load: float, places: int) -> None:
    """Against the exact chain: within a tenth of the wait, and a third of 0.1 % of refusals."""
    refused, wait_s = m_d_1_k(load, places)
    found = mgc_limited(load, 1.0, 0.0, 1, places)
    assert found.mean_wait_s == pytest.approx(wait_s, rel=0.1)
    if refused > 1e-3:
        assert found.reject_probability == pytest.approx(refused, rel=1 / 3)
    if load < 1:  # the exponential queue is far off there
        assert mmc_limited(load, 1.0, 1, places).mean_wait_s > 1.1 * wait_s


@given(st.integers(1, 20), st.integers(0, 30), st.floats(0.05, 40.0), st.floats(0.0, 20.0))
def test_a_limited_queue_answers_at_most_what_it_can(
    workers: int, waiting: int, rate: float, squared_cv: float
) -> None:
    """No service law serves more than all workers do, nor lets anybody wait behind more."""
    found = mgc_limited(rate, 1.0, squared_cv, workers, workers + waiting)
    assert 0 <= found.reject_probability <= 1
    assert found.throughput_per_s <= min(rate, workers) * (1 + 1e-9)
    assert found.mean_wait_s >= 0
    if not waiting:
        assert found.reject_probability == pytest.approx(erlang_b(workers, rate), rel=1e-9)
        assert found.mean_wait_s == 0
