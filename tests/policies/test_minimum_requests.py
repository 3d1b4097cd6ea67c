"""Checks with too few requests are left open, in each controller's own terms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.policies import EndpointStatus, Observation, RollBack, SetWeights
from simab.policies.argo.analysis import advance, start
from simab.policies.argo.metrics import ArgoMetric, Phase, measure
from simab.policies.cloudwatch.alarms import Alarm
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.metrics import FlaggerMetric, run_checks
from simab.policies.kayenta.canary import KayentaMetric
from simab.policies.rollouts.staged_canary import StagedCanary
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests


def metric(**fields: Any) -> ArgoMetric:
    """The share of 5XX of a minute, which succeeds below a tenth."""
    plain = {"metric": "error_rate", "window": "1min", "interval": "1min"}
    return ArgoMetric.model_validate(plain | {"success_condition": "result[0] < 0.1"} | fields)


def at(minute: int, **served: int) -> Observation:
    """So many requests a minute of each variant, none of which fails."""
    windows = {
        (name, each): requests([10.0] * count)
        for name, count in served.items()
        for each in range(minute)
    }
    shown = FakeMetrics(windows=windows, published_until_ns=minute * MINUTE)
    return observation(shown, now_ns=minute * MINUTE)


@pytest.mark.parametrize(("minimum", "found"), [(10, "RRRR"), (11, "RIII"), (None, "RRRR")])
def test_argo_leaves_a_measurement_open(minimum: int | None, found: str) -> None:
    """10 requests a window, with one inconclusive measurement tolerated; a guard is optional."""
    metrics = {"it": metric(minimum_requests=minimum, inconclusive_limit=1)}
    run = start(metrics, at(1, new=10))
    phases = run.results["it"].phase.value[0]
    for minute in (2, 3, 4):
        run = advance(run, metrics, at(minute, new=10))
        phases += run.results["it"].phase.value[0]
    assert phases == found
    assert metrics["it"].can_be_inconclusive == (minimum is not None)
    assert ("minimum_requests" in metrics["it"].model_dump()) == (minimum is not None)


def test_a_ratio_needs_the_requests_of_both_variants() -> None:
    """And without a request a guarded measurement is open, where it would be an error."""
    guarded = measure(metric(of="ratio", minimum_requests=10), at(1, new=10, old=0))
    assert guarded.phase is Phase.INCONCLUSIVE
    assert "0 requests (at least 10)" in guarded.words
    assert measure(metric(of="ratio"), at(1, new=10, old=0)).phase is Phase.ERROR


def test_an_alarm_has_no_datapoint() -> None:
    """As metric math with IF: 2 of 4 failed is half, or nothing where five are asked for."""
    totals = requests([40.0] * 4, failed=2)
    fields = {"metric": "Invocation5XXErrors", "threshold": 0.1}
    assert Alarm.model_validate(fields).datapoint(totals) == 0.5
    assert Alarm.model_validate(fields | {"minimum_requests": 4}).datapoint(totals) == 0.5
    assert Alarm.model_validate(fields | {"minimum_requests": 5}).datapoint(totals) is None
    assert "minimum_requests" not in Alarm.model_validate(fields).model_dump()


def failing(*counts: tuple[int, int]) -> Observation:
    """Windows of the candidate: requests, and those that failed; the control had many."""
    windows = {("old", minute): requests([10.0] * 99) for minute in range(len(counts))}
    for minute, (count, failed) in enumerate(counts):
        windows["new", minute] = requests([10.0] * count, failed=failed)
    shown = FakeMetrics(windows=windows, published_until_ns=len(counts) * MINUTE)
    return observation(shown, now_ns=len(counts) * MINUTE, weights={"old": 0.9, "new": 0.1})


@pytest.mark.parametrize(("minimum", "stops"), [(None, True), (4, True), (5, False)])
def test_a_window_breaks_no_limit(minimum: int | None, stops: bool) -> None:
    """4 requests of which one failed, under a limit of a tenth."""
    alarm = {"metric": "error_rate", "at_most": "10%"}
    fields = {"bake": "9min", "alarms": [alarm], "minimum_requests": minimum}
    policy = StagedCanary.model_validate(fields)
    _, state = policy.decide(None, failing((4, 0)))
    _, state = policy.decide(state, failing((4, 0)))
    seen = failing((4, 0), (4, 1))
    actions, after = policy.decide(state, seen)
    assert [isinstance(each, RollBack) for each in actions] == [True] * stops
    assert policy.readings(state, after, seen)[0].passed is (False if stops else None)
    assert ("minimum_requests" in policy.model_dump()) == (minimum is not None)


def success_rate(**fields: Any) -> dict[str, Any]:
    return {"name": "request-success-rate", "threshold_range": {"min": 99}, **fields}


def test_flagger_leaves_a_check_open() -> None:
    """Too few requests are no verdict, none too; another metric may still fail the check."""
    guarded = FlaggerMetric.model_validate(success_rate(minimum_requests=5))
    for seen, passed in (((4, 1), None), ((5, 1), False), ((5, 0), True), ((0, 0), None)):
        check = run_checks([guarded], failing(seen))
        assert check.passed is passed, seen
    assert "4 requests (at least 5)" in run_checks([guarded], failing((4, 1))).measured
    plain = FlaggerMetric.model_validate(success_rate())
    assert run_checks([guarded, plain], failing((4, 1))).passed is False
    assert run_checks([guarded, plain], failing((4, 0))).passed is None
    labels = success_rate(name="mine", measures="success_rate", minimum_requests=1)
    assert run_checks([FlaggerMetric.model_validate(labels)], failing((9, 0))).passed is None
    assert "minimum_requests" not in plain.model_dump()


def test_an_open_check_neither_steps_nor_counts() -> None:
    """The tick passes; the next with enough requests goes on."""
    policy = FlaggerAnalysis.model_validate(
        {"step_weight": 10, "metrics": [success_rate(minimum_requests=5)]}
    )
    _, state = policy.decide(None, failing((4, 1)))
    seen = failing((4, 1), (4, 1))
    actions, after = policy.decide(state, seen)
    assert actions == ()
    assert after.failed_checks == 0
    assert policy.readings(state, after, seen)[0].passed is None
    actions, after = policy.decide(after, failing((4, 1), (4, 1), (5, 0)))
    assert isinstance(actions[0], SetWeights)
    assert not after.left_open
    assert policy.decide(state, seen._replace(status=EndpointStatus.UPDATING))[0] == ()


def test_kayenta_has_no_datapoint() -> None:
    """And without the field the share of 4 requests is one."""
    fields = {"name": "errors", "measures": "error_rate", "groups": ["all"]}
    totals = requests([10.0] * 4, failed=1)
    assert KayentaMetric.model_validate(fields).reading(totals) == 0.25
    assert KayentaMetric.model_validate(fields | {"minimum_requests": 4}).reading(totals) == 0.25
    assert KayentaMetric.model_validate(fields | {"minimum_requests": 5}).reading(totals) is None
    assert KayentaMetric.model_validate(fields).reading(requests()) is None


@pytest.mark.long
@pytest.mark.parametrize("minimum", [None, 20])
def test_a_healthy_candidate_survives_small_windows(minimum: int | None) -> None:
    """Half a percent of errors, Poisson(8) requests in each of 30 checks of at least 99 %.

    Without a minimum a check fails where any request does; with one of 20 nearly none is made.
    """
    random, runs, checks = np.random.default_rng(12), 300, 30
    metric = FlaggerMetric.model_validate(success_rate(minimum_requests=minimum))
    failed = 0
    for _ in range(runs):
        counts = random.poisson(8, checks).tolist()
        wrong = random.binomial(counts, 0.005).tolist()
        found = [
            run_checks([metric], failing(each)).passed
            for each in zip(counts, wrong, strict=True)
            if each[0]
        ]
        failed += False in found
    at_risk = 1 - math.exp(-8 * 0.005 * checks)
    if minimum is None:
        assert abs(failed / runs - at_risk) < 3.9 * math.sqrt(at_risk * (1 - at_risk) / runs)
    else:
        assert failed / runs < 0.02
