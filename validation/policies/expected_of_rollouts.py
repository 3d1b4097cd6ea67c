"""How often a rollout controller promotes, in closed form: what its checks do by chance.

Requests arrive as a Poisson process, each answered with a 5XX independently, and no two checks
share a window: then checks are independent, and the rest is counting. Parameters come from the
policies themselves.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario import Scenario
from simab.theory.controllers import (
    argo_failure_probability,
    check_failure_probability,
    kayenta_false_alarm_probability,
    run_of_failures_probability,
)

__all__ = ["check_failure", "checks_passed_before", "promotion_by_checks"]

_SECOND_NS = 1e9


def check_failure(mean_requests: float, error_rate: float, least_success: float) -> float:
    """Probability that a check fails, whose number of requests is Poisson; no request fails it."""
    law = stats.poisson(mean_requests)
    counts = range(int(law.ppf(1e-9)), int(law.isf(1e-9)) + 1)
    return math.fsum(
        float(law.pmf(n)) * (check_failure_probability(n, error_rate, least_success) if n else 1.0)
        for n in counts
    )


def checks_passed_before(threshold: int, failures: list[float]) -> float:
    """Probability that each check passes before `threshold` fail, where a failed one is repeated.

    The failures before check i passes are geometric; their sum stays below the threshold. With one
    failure probability for all this is P(Binomial(n + T - 1, 1 - q) >= n).
    """
    law = np.zeros(threshold)
    law[0] = 1.0
    for failure in failures:
        geometric = (1.0 - failure) * failure ** np.arange(threshold)
        law = np.convolve(law, geometric)[:threshold]
    return float(law.sum())


def promotion_by_checks(scenario: Scenario, rule: str, error_rate: float) -> float | None:
    """Probability that the rule promotes a candidate of that error rate; None if there is no form.

    Kayenta has one for equal candidates only, where each of its metrics may raise a false alarm.
    """
    policy = scenario.policies[rule]
    match policy:
        case FlaggerAnalysis():
            return _flagger(scenario, policy, error_rate)
        case ArgoRollouts():
            return _argo(scenario, policy, error_rate)
        case BlueGreen():
            return _blue_green(scenario, policy, error_rate)
        case StagedCanary():
            return _staged_canary(scenario, policy, error_rate)
        case KayentaCanary():
            healthy = scenario.endpoint.variants[scenario.objective.control].error_rate
            # One-sided metrics: half of the false alarms go the other way.
            alarm = kayenta_false_alarm_probability() / 2.0
            return (1.0 - alarm) ** len(policy.metrics) if error_rate == healthy else None
        case _:
            return None


def _mean_requests(scenario: Scenario, share: float, span_ns: float) -> float:
    rate = sum(segment.rate for segment in scenario.traffic.values())
    return rate * share * span_ns / _SECOND_NS


def _flagger(scenario: Scenario, policy: FlaggerAnalysis, error_rate: float) -> float:
    (metric,) = policy.metrics
    least = (metric.threshold_range.min or 0.0) / 100.0
    even = {"control": 1.0, "candidate": 1.0}
    (_, *steps, _, _) = policy.splits(
        "control", "candidate", even
    )  # without the start and the ends
    shares = [step["candidate"] / 100.0 for step in steps]
    failures = [
        check_failure(_mean_requests(scenario, share, metric.interval), error_rate, least)
        for share in shares
    ]
    return checks_passed_before(policy.threshold, failures)


def _argo(scenario: Scenario, policy: ArgoRollouts, error_rate: float) -> float:
    promoted, share = 1.0, 0.0
    for step in policy.steps:
        if step.set_weight is not None:
            share = step.set_weight / 100.0
        for metric in (step.analysis or {}).values():
            mean = _mean_requests(scenario, share, metric.window)
            failure = check_failure(mean, error_rate, _least_success(metric))
            count = metric.effective_count or 1
            promoted *= 1.0 - argo_failure_probability(count, metric.failure_limit, failure)
    return promoted


def _least_success(metric: ArgoMetric) -> float:
    """The limit in a condition such as `result[0] >= 0.95`."""
    return float((metric.success_condition or ">= 0").split(">=")[1])


def _blue_green(scenario: Scenario, policy: BlueGreen, error_rate: float) -> float:
    """Every period of every bake must pass, and the one in which the traffic has just moved."""
    (alarm,) = policy.alarms.values()
    periods = policy.wait_interval // alarm.period + scenario.controller.interval // alarm.period
    promoted = 1.0
    for share in policy.traffic.shares(1):
        mean = _mean_requests(scenario, share, alarm.period)
        promoted *= (1.0 - check_failure(mean, error_rate, 1.0 - alarm.threshold)) ** periods
    return promoted


def _staged_canary(scenario: Scenario, policy: StagedCanary, error_rate: float) -> float:
    (limit,) = policy.alarms
    period = scenario.metrics.period
    promoted = 1.0
    for share in policy.stages:
        mean = _mean_requests(scenario, share, period)
        breach = check_failure(mean, error_rate, 1.0 - limit.at_most)
        windows = policy.bake // period
        promoted *= 1.0 - run_of_failures_probability(windows, policy.periods, breach)
    return promoted
