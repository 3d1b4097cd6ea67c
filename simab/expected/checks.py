"""How often a rollout controller promotes, in closed form: what its checks do by chance.

Requests arrive as a Poisson process, each answered with a 5XX independently, and no two checks
share a window: then checks are independent, and the rest is counting. Parameters come from the
policies themselves.
"""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from scipy import stats

from simab.expected.assumptions import equally_served, only_sets
from simab.policies import Policy
from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.limits import ErrorRateLimit
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
_LIMIT: Final = re.compile(r"result\[0\] ?>= ?([0-9.]+)")
_MOST_KAYENTA: Final = 10  # metrics of which one that fails fails the canary


def check_failure(mean_requests: float, error_rate: float, least_success: float) -> float:
    """Probability that a check fails, whose number of requests is Poisson; no request fails it."""
    law = stats.poisson(mean_requests)
    counts = range(int(law.ppf(1e-9)), int(law.isf(1e-9)) + 1)
    weights = law.pmf(np.array(counts)).tolist()
    return math.fsum(
        weight * (check_failure_probability(n, error_rate, least_success) if n else 1.0)
        for n, weight in zip(counts, weights, strict=True)
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


def promotion_by_checks(scenario: Scenario, policy: object) -> float | None:
    """Probability that the rule promotes the candidate; None if there is no closed form of it.

    Kayenta has one for equal candidates only, where each of its metrics may raise a false alarm.
    """
    error_rate = scenario.endpoint.variants[scenario.objective.candidate].error_rate
    tick = scenario.controller.interval
    if not isinstance(policy, Policy) or _longest(policy, tick) >= scenario.horizon:
        return None
    match policy:
        case FlaggerAnalysis() if _flagger_has_a_form(policy, tick):
            return _flagger(scenario, policy, error_rate)
        case ArgoRollouts() if _argo_has_a_form(policy, tick):
            return _argo(scenario, policy, error_rate)
        case BlueGreen() if _blue_green_has_a_form(policy, tick):
            return _blue_green(scenario, policy, error_rate)
        case StagedCanary() if _staged_canary_has_a_form(policy, tick):
            return _staged_canary(scenario, policy, error_rate)
        case KayentaCanary() if _kayenta_has_a_form(policy) and equally_served(scenario):
            # One-sided metrics: half of the false alarms go the other way.
            alarm = kayenta_false_alarm_probability() / 2.0
            return (1.0 - alarm) ** len(policy.metrics)
        case _:
            return None


def _longest(policy: Policy, tick: int) -> float:
    """The latest end of a rollout that promotes, with ticks to spare for its phases."""
    match policy:
        case FlaggerAnalysis() if policy.step_weight is not None:
            checks = policy.max_weight / policy.step_weight + policy.threshold
            return (checks + 4) * policy.interval
        case ArgoRollouts():
            checks = sum(
                metric.effective_count or 1
                for step in policy.steps
                for metric in (step.analysis or {}).values()
            )
            return (checks + len(policy.steps) + 2) * tick
        case BlueGreen():
            shares = len(policy.traffic.shares(1))
            return shares * (policy.wait_interval + tick) + 2 * tick
        case StagedCanary():
            return len(policy.stages) * (policy.bake + tick) + 2 * tick
        case KayentaCanary():
            return policy.lifetime + 2 * tick
        case _:
            return math.inf


def _flagger_has_a_form(policy: FlaggerAnalysis, tick: int) -> bool:
    """One limit on the success rate, looked at in windows of its own."""
    known = ("interval", "threshold", "step_weight", "max_weight", "metrics")
    if not only_sets(policy, *known) or len(policy.metrics) != 1 or policy.step_weight is None:
        return False
    (metric,) = policy.metrics
    return (
        only_sets(metric, "name", "interval", "threshold_range")
        and metric.name == "request-success-rate"
        and metric.threshold_range.max is None
        and metric.interval == policy.interval == tick
    )


def _argo_has_a_form(policy: ArgoRollouts, tick: int) -> bool:
    """Weights of a router and analyses of the success rate, each in windows of its own."""
    known = ("metric", "interval", "window", "count", "failure_limit", "success_condition")
    return (
        only_sets(policy, "steps", "traffic_routing")
        and policy.traffic_routing
        and all(step.pause is None for step in policy.steps)
        and all(
            only_sets(metric, *known)
            and metric.metric == "success_rate_of_requests"
            and metric.window == tick == (metric.interval or tick)
            and _LIMIT.fullmatch(str(metric.success_condition or "")) is not None
            for step in policy.steps
            for metric in (step.analysis or {}).values()
        )
    )


def _blue_green_has_a_form(policy: BlueGreen, tick: int) -> bool:
    """One alarm on the share of errors, whose periods are the ticks."""
    if not only_sets(policy, "traffic", "wait_interval", "alarms") or len(policy.alarms) != 1:
        return False
    (alarm,) = policy.alarms.values()
    return (
        only_sets(alarm, "metric", "threshold", "period")
        and alarm.metric == "Invocation5XXErrors"
        and alarm.period == tick
        and policy.wait_interval > 0
        and policy.wait_interval % tick == 0
    )


def _staged_canary_has_a_form(policy: StagedCanary, tick: int) -> bool:
    """One limit on the error rate, and stages of whole ticks."""
    (limit, *others) = policy.alarms
    return (
        only_sets(policy, "stages", "bake", "alarms", "periods")
        and isinstance(limit, ErrorRateLimit)
        and not others
        and policy.bake % tick == 0
    )


def _kayenta_has_a_form(policy: KayentaCanary) -> bool:
    """One judgement, on metrics that only fail for being too high."""
    groups = [group for metric in policy.metrics for group in metric.groups]
    return (
        only_sets(policy, "metrics", "lifetime", "share")
        and policy.share == 0.5
        and len(set(groups)) == len(policy.metrics) == len(groups) < _MOST_KAYENTA
        and all(
            only_sets(metric, "name", "groups", "measures", "analysis")
            and metric.measures in ("errors", "latency_mean")
            and metric.analysis.direction == "increase"
            and only_sets(metric.analysis, "direction")
            for metric in policy.metrics
        )
    )


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
    found = _LIMIT.fullmatch(str(metric.success_condition))
    assert found is not None
    return float(found[1])


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
