"""Controllers in closed form: every sequence of checks counted, known cases, misrouted users."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.theory.controllers import (
    argo_failure_probability,
    check_failure_probability,
    flagger_expected_checks,
    flagger_promotion_probability,
    iter8_candidate_share,
    kayenta_false_alarm_probability,
    pinned_share,
    run_of_failures_probability,
)


@pytest.mark.parametrize(("needed", "threshold"), [(1, 1), (3, 1), (1, 4), (4, 3), (5, 5)])
def test_flagger_sequence_by_sequence(needed: int, threshold: int) -> None:
    """All sequences of checks played by the rule: passes promote, failures in all roll back."""
    failure, promoted, expected = 0.3, 0.0, 0.0
    for checks in itertools.product((True, False), repeat=needed + threshold - 1):
        weight = math.prod(1 - failure if passed else failure for passed in checks)
        passes = failures = 0
        for passed in checks:
            passes, failures = passes + passed, failures + (not passed)
            if passes == needed or failures == threshold:
                break
        promoted += weight * (passes == needed)
        expected += weight * (passes + failures)
    rule = (needed, threshold, failure)
    assert flagger_promotion_probability(*rule) == pytest.approx(promoted, rel=1e-12)
    assert flagger_expected_checks(*rule) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("needed", "threshold", "failure", "promoted", "checks"),
    [
        (10, 10, 0.5, 0.5, 16.476059),
        (10, 10, 0.3, 0.967447, 14.172038),
        (10, 5, 0.2, 0.870160, 11.973364),
        (10, 1, 0.01, 0.904382, 9.561792),
    ],
)
def test_flagger_cases(
    needed: int, threshold: int, failure: float, promoted: float, checks: float
) -> None:
    """Worked out independently from fluxcd/flagger@15bd6ad5, pkg/controller/scheduler.go."""
    rule = (needed, threshold, failure)
    assert flagger_promotion_probability(*rule) == pytest.approx(promoted, abs=6e-7)
    assert flagger_expected_checks(*rule) == pytest.approx(checks, abs=6e-7)


def test_argo_fails_at_one_failure_more_than_its_limit() -> None:
    """P(Binomial(n, q) > L), from argoproj/argo-rollouts@9f8d111d, analysis/analysis.go."""
    assert argo_failure_probability(8, 3, 0.05) == pytest.approx(0.000372, abs=6e-7)
    assert argo_failure_probability(10, 0, 0.01) == pytest.approx(1 - 0.99**10, rel=1e-12)
    assert argo_failure_probability(3, 3, 0.9) == 0.0
    assert argo_failure_probability(3, 2, 0.9) == pytest.approx(0.9**3, rel=1e-12)


@pytest.mark.parametrize(("checks", "run"), [(1, 1), (5, 2), (9, 3), (10, 10), (4, 5), (12, 1)])
def test_runs_sequence_by_sequence(checks: int, run: int) -> None:
    """All sequences of failures and passes in which the run occurs."""
    failure, total = 0.35, 0.0
    for sequence in itertools.product("FP", repeat=checks):
        if "F" * run in "".join(sequence):
            failures = sequence.count("F")
            total += failure**failures * (1 - failure) ** (checks - failures)
    found = run_of_failures_probability(checks, run, failure)
    assert found == pytest.approx(total, abs=1e-12)


def test_consecutive_errors_of_argo() -> None:
    """With consecutiveErrorLimit 4 the 5th in a row ends the run: .044326 for 30 at .3."""
    assert run_of_failures_probability(30, 5, 0.3) == pytest.approx(0.044326, abs=6e-7)


@pytest.mark.parametrize(
    ("requests", "failing"),
    [(10, 0.04889), (50, 0.22169), (100, 0.08982), (200, 0.07984), (1_000, 0.01347)],
)
def test_healthy_canaries_fail_checks_at_low_traffic(requests: int, failing: float) -> None:
    """True errors .005 against at least 99 % success: one error of 50 fails, one of 100 passes."""
    found = check_failure_probability(requests, 0.005, 0.99)
    assert found == pytest.approx(failing, abs=6e-6)
    allowed = {10: 0, 50: 0, 100: 1, 200: 2, 1_000: 10}[requests]
    assert found == pytest.approx(stats.binom.sf(allowed, requests, 0.005), rel=1e-9)


def test_thresholds_that_floating_point_cannot_hold() -> None:
    """.07 x 100 is 7.000000000000001: 7 successes of 100 still pass, as 7 % is not below 7 %."""
    found = check_failure_probability(100, 0.93, 0.07)
    assert found == pytest.approx(stats.binom.cdf(6, 100, 0.07), rel=1e-9)
    assert check_failure_probability(10, 0.5, 0.0) == 0.0
    assert check_failure_probability(10, 1.0, 1.0) == 1.0


def test_pinned_users() -> None:
    """1 - (1 - w)^r: 10 % weight pins 65 % of users after 10 requests each."""
    assert pinned_share(0.1, 10) == pytest.approx(0.651322, abs=6e-7)
    assert pinned_share(0.5, 3) == 0.875
    assert pinned_share(0.3, 0) == 0.0


@pytest.mark.parametrize("weight", [0.1, 0.3, 0.5, 0.8])
def test_iter8_sends_too_few(weight: float) -> None:
    """200,000 users: the larger of weight x hash; 4 standard errors. By hand .1 gives .0556."""
    hashes = np.random.default_rng(51).random((200_000, 2))
    candidate = (weight * hashes[:, 0] > (1 - weight) * hashes[:, 1]).mean()
    share = iter8_candidate_share(weight)
    assert candidate == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 200_000))
    assert iter8_candidate_share(0.1) == pytest.approx(1 / 18, rel=1e-12)


def test_kayentas_false_alarms() -> None:
    """2 Phi(-2.3263 / .75) = .0019, a tenth of what the level .98 suggests."""
    exact = 2 * stats.norm.sf(stats.norm.isf(0.01) / 0.75)
    assert kayenta_false_alarm_probability() == pytest.approx(exact, rel=1e-10)
    assert exact == pytest.approx(0.00192, abs=6e-6)
    assert kayenta_false_alarm_probability(tolerance=0.0) == pytest.approx(0.02, rel=1e-9)


def test_bad_rules_are_refused() -> None:
    """Percentages, counts below 1, thresholds of 1 and more."""
    with pytest.raises(InvalidInput, match="0 checks: must be a whole number"):
        flagger_promotion_probability(10, 0, 0.1)
    with pytest.raises(InvalidInput, match="measurement_failure = 5"):
        argo_failure_probability(10, 1, 5)
    with pytest.raises(InvalidInput, match="least_success = 99"):
        check_failure_probability(10, 0.1, 99)
    with pytest.raises(InvalidInput, match="candidate_weight = 50"):
        iter8_candidate_share(50)
    with pytest.raises(InvalidInput, match=r"tolerance = 1\.0"):
        kayenta_false_alarm_probability(tolerance=1.0)
