"""Wald's sequential test: every path counted, simulated trials, Wald's own identities, its cost."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.sprt import (
    SprtBounds,
    bernoulli_log_ratio,
    sprt_bounds,
    sprt_lines,
    sprt_verdict,
)
from tests.oracles.sprt_characteristic import exact_characteristic, wald_characteristic


def test_walds_bounds() -> None:
    """Wald 1947, section 3.2: log .05 / .95 and log .9 / .05 for alpha .05 and beta .1."""
    bounds = sprt_bounds(0.05, 0.1)
    assert bounds.upper == pytest.approx(math.log(18), rel=1e-12)
    assert bounds.lower == pytest.approx(math.log(0.1 / 0.95), rel=1e-12)


def test_the_lines_of_the_handbook() -> None:
    """NIST/SEMATECH e-Handbook, section 6.2.6: p1 .01, p2 .10: h1 .939, h2 1.205, s .0397."""
    lines = sprt_lines(0.01, 0.10, alpha=0.05, beta=0.10)
    assert (lines.accept, lines.reject) == pytest.approx((0.9389, 1.2054), abs=1e-4)
    assert lines.slope == pytest.approx(0.0397, abs=1e-4)


def test_lines_and_ratios_are_one_test() -> None:
    """For every count up to 400 trials both say the same."""
    bounds = sprt_bounds(0.05, 0.2)
    lines = sprt_lines(0.05, 0.12, alpha=0.05, beta=0.2)
    for trials in range(1, 401, 7):
        for successes in range(trials + 1):
            verdict = sprt_verdict(bernoulli_log_ratio(successes, trials, 0.05, 0.12), bounds)
            by_line = (
                "alternative"
                if successes >= lines.slope * trials + lines.reject
                else "null"
                if successes <= lines.slope * trials - lines.accept
                else "continue"
            )
            assert verdict == by_line


def test_a_bound_that_is_reached_decides() -> None:
    """>= and <=, and NaN decides nothing."""
    bounds = SprtBounds(-1.0, 2.0)
    assert sprt_verdict(2.0, bounds) == "alternative"
    assert sprt_verdict(-1.0, bounds) == "null"
    assert sprt_verdict(1.999, bounds) == sprt_verdict(math.nan, bounds) == "continue"


@pytest.mark.parametrize(("p0", "p1"), [(0.3, 0.6), (0.6, 0.3)])
def test_every_path_counted(p0: float, p1: float) -> None:
    """All 2^12 sequences of trials: the recursion's acceptances and trials, path by path.

    The bounds are narrow, and the chance to go on beyond 12 trials is added as an allowance.
    """
    bounds, share, longest = SprtBounds(-0.8, 0.9), 0.45, 12
    accepted = expected = undecided = 0.0
    for path in itertools.product((1, 0), repeat=longest):
        weight = share ** sum(path) * (1 - share) ** (longest - sum(path))
        for trials in range(1, longest + 1):
            ratio = bernoulli_log_ratio(sum(path[:trials]), trials, p0, p1)
            verdict = sprt_verdict(ratio, bounds)
            if verdict != "continue":
                accepted += weight * (verdict == "alternative")
                expected += weight * trials
                break
        else:
            undecided += weight
            expected += weight * longest
    exact = exact_characteristic(p0, p1, bounds, share=share)
    assert undecided < 0.01
    assert accepted <= exact.accept_alternative <= accepted + undecided
    assert expected <= exact.expected_trials <= expected + 20 * undecided


def test_printed_characteristics() -> None:
    """Recursions made independently: .5 against .6 at .05 and .05, and .02 against .03."""
    for p0, p1, null, error, alternative, power in (
        (0.5, 0.6, 135.149, 0.04628, 136.579, 0.95424),
        (0.02, 0.03, 1383.470, 0.04361, 1256.626, 0.94992),
    ):
        bounds = sprt_bounds(0.05, 0.05)
        at_null = exact_characteristic(p0, p1, bounds, share=p0)
        at_alternative = exact_characteristic(p0, p1, bounds, share=p1)
        assert at_null.expected_trials == pytest.approx(null, abs=6e-4)
        assert at_null.accept_alternative == pytest.approx(error, abs=6e-6)
        assert at_alternative.expected_trials == pytest.approx(alternative, abs=6e-4)
        assert at_alternative.accept_alternative == pytest.approx(power, abs=6e-6)


def test_simulated_tests_err_as_often_and_end_as_soon() -> None:
    """40,000 tests of .1 against .2 at a true share of .14: within 4 standard errors."""
    bounds, runs, share = sprt_bounds(0.05, 0.1), 40_000, 0.14
    exact = exact_characteristic(0.1, 0.2, bounds, share=share)
    random = np.random.default_rng(3)
    ratio, trials, accepts = np.zeros(runs), np.zeros(runs), np.zeros(runs, dtype=bool)
    going_on = np.arange(runs)
    while going_on.size:
        success = random.random(going_on.size) < share
        ratio[going_on] += np.where(success, math.log(0.2 / 0.1), math.log(0.8 / 0.9))
        trials[going_on] += 1
        accepts[going_on] = ratio[going_on] >= bounds.upper
        inside = (ratio[going_on] < bounds.upper) & (ratio[going_on] > bounds.lower)
        going_on = going_on[inside]
    error = accepts.std() / math.sqrt(runs)
    assert accepts.mean() == pytest.approx(exact.accept_alternative, abs=4 * error)
    assert trials.mean() == pytest.approx(
        exact.expected_trials, abs=4 * trials.std() / math.sqrt(runs)
    )


def test_successes_and_failures_may_change_places() -> None:
    """Counting failures instead is the same test."""
    bounds = sprt_bounds(0.05, 0.1)
    one = exact_characteristic(0.2, 0.3, bounds, share=0.25)
    other = exact_characteristic(0.8, 0.7, bounds, share=0.75)
    assert one.accept_alternative == pytest.approx(other.accept_alternative, rel=1e-9)
    assert one.expected_trials == pytest.approx(other.expected_trials, rel=1e-9)


def test_walds_approximation() -> None:
    """At p0 and p1 it gives the errors asked for; the trials of his formula (3.57), by hand."""
    bounds = sprt_bounds(0.05, 0.2)
    at_null = wald_characteristic(0.05, 0.07, bounds, share=0.05)
    at_alternative = wald_characteristic(0.05, 0.07, bounds, share=0.07)
    assert at_null.accept_alternative == pytest.approx(0.05, abs=1e-10)
    assert at_alternative.accept_alternative == pytest.approx(0.8, abs=1e-10)
    mean = 0.05 * math.log(0.07 / 0.05) + 0.95 * math.log(0.93 / 0.95)
    expected = (0.95 * bounds.lower + 0.05 * bounds.upper) / mean
    assert at_null.expected_trials == pytest.approx(expected, rel=1e-10)
    assert expected == pytest.approx(395.76, abs=0.006)


def test_walds_approximation_has_no_gap_where_the_drift_vanishes() -> None:
    """At the share whose log ratio has mean 0 the formulas are 0 / 0: the limit joins them."""
    bounds = sprt_bounds(0.05, 0.1)
    flat = math.log(0.6 / 0.5) / (math.log(0.6 / 0.5) + math.log(0.5 / 0.4))
    share = 1 - flat
    near = [
        wald_characteristic(0.5, 0.6, bounds, share=share + step) for step in (-1e-5, 0.0, 1e-5)
    ]
    trials = [each.expected_trials for each in near]
    assert trials[1] == pytest.approx((trials[0] + trials[2]) / 2, rel=1e-5)
    accepts = [each.accept_alternative for each in near]
    assert accepts[1] == pytest.approx((accepts[0] + accepts[2]) / 2, rel=1e-5)


def test_the_errors_never_sum_to_more_than_asked_for() -> None:
    """Wald 1947, section 3.3: overshooting makes the sum smaller, for any shares."""
    bounds = sprt_bounds(0.05, 0.1)
    for p0, p1 in ((0.1, 0.5), (0.5, 0.9), (0.01, 0.02), (0.45, 0.55)):
        false = exact_characteristic(p0, p1, bounds, share=p0).accept_alternative
        missed = 1 - exact_characteristic(p0, p1, bounds, share=p1).accept_alternative
        assert false + missed <= 0.15


def test_bad_tests_are_refused() -> None:
    """Equal shares, errors of a coin, bounds that do not enclose the start, tests without end."""
    with pytest.raises(InvalidInput, match="must differ"):
        bernoulli_log_ratio(1, 2, 0.5, 0.5)
    with pytest.raises(InvalidInput, match="must be below 1, which a coin achieves"):
        sprt_bounds(0.5, 0.5)
    with pytest.raises(InvalidInput, match="must enclose 0"):
        exact_characteristic(0.1, 0.2, SprtBounds(0.5, 1.0), share=0.1)
    with pytest.raises(InvalidInput, match="Use wald_characteristic"):
        exact_characteristic(0.5, 0.500001, SprtBounds(-1.0, 1.0), share=0.5)
