"""Arrivals of every kind, by hand and against theory, on both engines."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from simab.draws import Draws
from simab.world import Blueprint, play
from simab.world.records import RECORD_COLUMNS
from tests.world.building import scenario

S = 10**9
ENGINES = ["compiled", "reference"]


def arrived(arrivals, *, engine="compiled", seed=1, replication=0, rate="1/s", **parts):
    """When requests of one segment arrive, in ns."""
    made = scenario(
        traffic={"users": {"rate": rate, "arrivals": arrivals}}, **({"horizon": "1h"} | parts)
    )
    run_data, _ = play(
        Blueprint.of(made), None, Draws(seed, replication), engine=engine, record_requests=True
    )
    assert run_data.records is not None
    return run_data.records[:, RECORD_COLUMNS.index("arrived_ns")]


def points(*pairs, **more):
    return {"kind": "points", "points": dict(pairs), "between": "constant"} | more


@pytest.mark.parametrize("engine", ENGINES)
def test_a_clock_that_goes_faster_stops_and_goes_on(engine):
    """A request a second; from 3 s on two, none from 5 to 8 s, then one again: by hand."""
    shape = points(("0s", 1), ("3s", 2), ("5s", 0), ("8s", 1))
    found = arrived({"gaps": {"kind": "regular"}, "shape": shape}, engine=engine, horizon="2min")
    # The one at 5 s has waited for its time all through the stop: it comes when that ends.
    assert found[:10].tolist() == [round(at * S) for at in (1, 2, 3, 3.5, 4, 4.5, 8, 9, 10, 11)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ramp_by_hand(engine):
    """From nothing to 8 a second over 8 s: the n-th comes after the root of 2 n seconds."""
    shape = points(("0s", 0), ("8s", 8)) | {"between": "linear"}
    found = arrived({"gaps": {"kind": "regular"}, "shape": shape}, engine=engine, horizon="2min")
    expected = np.sqrt(2.0 * np.arange(1, 33)) * S
    assert np.abs(found[:32] - expected).max() <= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_an_hour_that_is_skipped_and_one_that_comes_twice(engine):
    """Berlin, 1:59 to 3:00 on 29 March, and 2:59 to 2:00 on 25 October: a request every 30 min."""
    hours = [0.0] * 24
    hours[2] = hours[3] = 2.0
    arrivals = {
        "gaps": {"kind": "regular"},
        "shape": {"kind": "daily", "hours": hours, "between": "constant"},
    }
    for day, expected in (("2026-03-29", [2.5]), ("2026-10-25", [2.5, 3.0, 3.5, 4.0, 4.5])):
        found = arrived(
            arrivals,
            engine=engine,
            rate="1/h",
            horizon="5h",
            starts_at=f"{day}T00:00",
            time_zone="Europe/Berlin",
        )
        assert found.tolist()[: len(expected)] == [round(each * 3_600 * S) for each in expected]


def test_rescaled_gaps_are_exponential():
    """Operational time by quadrature of the curve, not by the code that inverts it."""
    shape = points(("0s", 0.2), ("20min", 3), ("40min", 0), ("50min", 1)) | {"between": "linear"}
    found = arrived({"shape": shape}, rate="20/s")
    knots_s, factors = np.array([0, 1_200, 2_400, 3_000, 3_600]), np.array([0.2, 3, 0, 1, 1])
    fine = np.linspace(0, 3_600, 360_001)
    factor = np.interp(fine, knots_s, factors)
    passed = np.concatenate([[0], np.cumsum((factor[1:] + factor[:-1]) / 2 * np.diff(fine))])
    operational = np.interp(found / S, fine, passed) * 20
    assert stats.kstest(np.diff(operational), "expon").pvalue > 1e-3
    # As a whole, too: where they lie in the run, against the integral of the rate.
    share = stats.kstest(found / S, lambda at_s: np.interp(at_s, fine, passed / passed[-1]))
    assert share.pvalue > 1e-3
    assert len(found) == pytest.approx(passed[-1] * 20, abs=4 * np.sqrt(passed[-1] * 20))


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ({"kind": "gamma", "cv": 3}, stats.gamma(1 / 9, scale=9)),
        ({"kind": "gamma", "cv": 0.5}, stats.gamma(4, scale=0.25)),
    ],
)
def test_gaps_of_a_law(gaps, expected):
    """By tenths of the law; those of very bursty gaps are partly below a nanosecond."""
    found = arrived({"gaps": gaps}, rate="20/s")
    edges = expected.ppf(np.linspace(0.2, 1, 9))
    observed = np.histogram(np.diff(found) / S * 20, [0, *edges])[0]
    shares = [0.2] + [0.1] * 8
    assert stats.chisquare(observed, np.array(shares) * observed.sum()).pvalue > 1e-3


def test_batches_have_geometric_sizes():
    """Of a mean of 4, as many as Poisson arrivals of a quarter of the rate."""
    found = arrived({"gaps": {"kind": "batches", "mean_size": 4}}, rate="40/s")
    instants, sizes = np.unique(found, return_counts=True)
    observed = np.bincount(np.minimum(sizes, 12), minlength=13)[1:]
    shares = stats.geom(0.25).pmf(np.arange(1, 13))
    shares[-1] = stats.geom(0.25).sf(11)
    assert stats.chisquare(observed, shares * len(sizes)).pvalue > 1e-3
    assert stats.kstest(np.diff(instants / S * 10), "expon").pvalue > 1e-3


@pytest.mark.long
def test_counts_of_a_modulated_rate_scatter_as_theory_says():
    """Index of dispersion of counts of a two-state process (Fischer, Meier-Hellstern 1993).

    Var N(t) / E N(t) = 1 + 2 (l1 - l2)**2 r1 r2 / ((r1 + r2)**2 (l1 r2 + l2 r1))
    (1 - (1 - exp(-(r1 + r2) t)) / ((r1 + r2) t)), where state i of rate l_i is left at rate r_i.
    """
    arrivals = {
        "modulation": {"states": [{"times": 1, "lasts": "4s"}, {"times": 9, "lasts": "1s"}]}
    }
    found = [arrived(arrivals, rate="2/s", replication=each) for each in range(40)]
    low, high, leaves_low, leaves_high = 2.0, 18.0, 0.25, 1.0
    both = leaves_low + leaves_high
    mean = (low * leaves_high + high * leaves_low) / both
    for span_s in (1, 10, 60):
        counts = np.array(
            [np.bincount((each // (span_s * S)), minlength=3_600 // span_s) for each in found]
        )
        excess = 2 * (high - low) ** 2 * leaves_low * leaves_high
        excess /= both**2 * (low * leaves_high + high * leaves_low)
        factor, whole = (1 - (1 - np.exp(-both * each)) / (both * each) for each in (span_s, 3_600))
        ratios = counts.var(axis=1) / counts.mean(axis=1)
        error = ratios.std(ddof=1) / np.sqrt(len(ratios))
        # The variance within a run lacks that of the run's own mean.
        expected = 1 + excess * factor - (1 + excess * whole) * span_s / 3_600
        assert abs(ratios.mean() - expected) < 4 * error
        assert error < 0.05 * expected
        assert counts.mean() / span_s == pytest.approx(mean, rel=0.02)


def test_states_differ_between_replications_and_not_between_engines():
    arrivals = {
        "modulation": {"states": [{"times": 0, "lasts": "1min"}, {"times": 5, "lasts": "1min"}]}
    }
    first = arrived(arrivals, horizon="10min")
    assert first.tolist() == arrived(arrivals, engine="reference", horizon="10min").tolist()
    assert first.tolist() != arrived(arrivals, replication=1, horizon="10min").tolist()


@pytest.mark.long
def test_a_run_starts_in_a_state_as_often_as_it_is_in_it():
    """Three quarters of the time in the state that sends nothing."""
    arrivals = {
        "modulation": {"states": [{"times": 0, "lasts": "3d"}, {"times": 4, "lasts": "1d"}]}
    }
    sent = sum(
        len(arrived(arrivals, replication=each, horizon="2min", rate="1/s")) > 0
        for each in range(400)
    )
    assert stats.binomtest(sent, 400, 0.25).pvalue > 1e-3


def test_unused_arrivals_change_no_bit():
    """Poisson at a steady rate, said or not said."""
    plain = arrived({}, rate="20/s")
    made = scenario(traffic={"users": {"rate": "20/s"}}, horizon="1h")
    run_data, _ = play(
        Blueprint.of(made), None, Draws(1, 0), engine="compiled", record_requests=True
    )
    assert run_data.records is not None
    assert plain.tolist() == run_data.records[:, RECORD_COLUMNS.index("arrived_ns")].tolist()
    level = arrived({"shape": points(("0s", 1))}, rate="20/s")
    assert level.tolist() == plain.tolist()
    assert all(earlier <= later for earlier, later in pairwise(plain.tolist()))
