"""Whether a policy reads latency: only then can it notice a slow candidate."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from simab.policies import PolicyDescription

READER = TypeAdapter(PolicyDescription)

READING: tuple[dict[str, Any], ...] = (
    {"kind": "staged_canary", "bake": "1h", "alarms": [{"metric": "latency_p90", "at_most": "1s"}]},
    {
        "kind": "fixed_horizon", "labelled_requests": 500,
        "guardrails": [{"metric": "latency_mean", "at_most_times": 1.2}],
    },
    {
        "kind": "blue_green",
        "alarms": {"slow": {"metric": "ModelLatency", "threshold": 5e5}},
    },
    {
        "kind": "flagger", "iterations": 5,
        "metrics": [{"name": "request-duration", "threshold_range": {"max": 500}}],
    },
    {
        "kind": "flagger", "iterations": 5,
        "metrics": [{"name": "own", "measures": "latency_p99", "threshold_range": {"max": 500}}],
    },
    {
        "kind": "kayenta", "lifetime": "3h",
        "metrics": [{"name": "speed", "measures": "latency_p50", "groups": ["all"]}],
    },
    {
        "kind": "argo_rollouts",
        "steps": [
            {"set_weight": 20},
            {"analysis": {"it": {"metric": "latency_p95", "success_condition": "result[0] < 9"}}},
        ],
    },
)  # fmt: skip
BLIND: tuple[dict[str, Any], ...] = (
    {"kind": "staged_canary", "bake": "1h", "alarms": [{"metric": "error_rate", "at_most": "1%"}]},
    {"kind": "fixed_horizon", "labelled_requests": 500},
    {
        "kind": "blue_green",
        "alarms": {"ModelErrors": {"metric": "Invocation5XXErrors", "threshold": 0.01}},
    },
    {
        "kind": "flagger",
        "iterations": 5,
        "metrics": [{"name": "request-success-rate", "threshold_range": {"min": 99}}],
    },
    {"kind": "metric_majority", "labelled_requests": 100},
)


@pytest.mark.parametrize("policy", READING, ids=lambda policy: policy["kind"])
def test_a_rule_with_a_metric_of_latency_reads_it(policy: dict[str, Any]) -> None:
    """In alarms, guardrails, checks, judged metrics and analyses, as each family names it."""
    assert READER.validate_python(policy).reads_latency()


@pytest.mark.parametrize("policy", BLIND, ids=lambda policy: policy["kind"])
def test_a_rule_without_one_does_not(policy: dict[str, Any]) -> None:
    """Errors and labels say nothing of latency."""
    assert not READER.validate_python(policy).reads_latency()


def test_the_kinds_above_are_those_of_files() -> None:
    """The examples name policies as the catalogue does."""
    kinds = {each.model_fields["kind"].default for each in get_args(get_args(PolicyDescription)[0])}
    assert {each["kind"] for each in (*READING, *BLIND)} <= kinds
