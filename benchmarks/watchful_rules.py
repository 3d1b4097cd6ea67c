"""Rules of every kind, set so that they look at every tick of a run and never come to an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from benchmarks.scenarios import Shape
from simab.policies import PolicyDescription
from simab.policies.policy import Policy
from simab.world import Blueprint

__all__ = ["REQUESTS_A_TICK", "RULES", "endpoint_under"]

REQUESTS_A_TICK: Final = 120
_RATE_PER_S: Final = 2.0  # so many in the minute between two ticks
_LOAD: Final = 0.01

_NEVER: Final = 10**9
"""Labelled requests that no run reaches."""
_YEAR: Final = "365d"
_LOOSE_LIMITS: Final = [
    {"metric": "error_rate", "at_most": "99%"},
    {"metric": "latency_p99", "at_most": "1h"},
]
_LOOSE_ALARM: Final = {"metric": "ModelLatency", "statistic": "p99", "threshold": 3.6e9}
_EACH_MINUTE: Final = {"interval": "1min", "window": "1min", "initial_delay": "5min"}
_LOOSE_ANALYSIS: Final = {
    "errors": {"metric": "error_rate", "failure_condition": "result[0] > 0.99", **_EACH_MINUTE},
    "slow": {"metric": "latency_p99", "failure_condition": "result[0] > 1e9", **_EACH_MINUTE},
}
_LOOSE_CHECKS: Final = [
    {"name": "request-success-rate", "threshold_range": {"min": 0}},
    {"name": "request-duration", "threshold_range": {"max": 1e9}},
]
_BANDIT: Final[dict[str, Any]] = {"update_every": "1min", "champion_at": 0.999_999}

RULES: Final[Mapping[str, dict[str, Any]]] = {
    "naive_peeking": {"labelled_requests": 100, "alpha": 1e-9},
    "always_valid": {"labelled_requests": 100, "alpha": 1e-9, "tight_at": _NEVER},
    "sprt": {"labelled_requests": 50, "p0": "70%", "p1": "70.001%"},
    "bayesian": {"labelled_requests": 100, "probability_better": 0.999_999},
    "safe_rollout": {"stages": ["50%"], "bake": _YEAR},
    "staged_canary": {"stages": ["50%"], "bake": _YEAR, "alarms": _LOOSE_LIMITS},
    "blue_green": {"start_after": _YEAR, "alarms": {"slow": _LOOSE_ALARM}},
    "argo_rollouts": {
        "traffic_routing": True,
        "steps": [{"set_weight": 50}, {"pause": {}}],
        "background": {"metrics": _LOOSE_ANALYSIS},
    },
    "flagger": {
        "mirror": True,
        "iterations": 10,
        "threshold": 10,
        "metrics": _LOOSE_CHECKS,
        "confirm_promotion_after": _YEAR,
    },
    "epsilon_greedy": _BANDIT,
    "ucb1": _BANDIT,
    "thompson": _BANDIT,
    "gaussian_thompson": {"update_every": "1min"},
}
"""The fields of a rule of each kind that may look at every tick; the other kinds wait longer."""


def endpoint_under(
    kind: str, ticks: int, *, metric: str = "accuracy", rate_per_s: float = _RATE_PER_S
) -> Blueprint:
    """Two classifiers under one of the rules, with everything on and a tick each minute."""
    scenario = Shape(ticks * REQUESTS_A_TICK, rate_per_s=_RATE_PER_S, load=_LOAD).scenario()
    fields = {"kind": kind, **RULES[kind]}
    policy = TypeAdapter[Policy](PolicyDescription).validate_python(fields)
    (segment,) = scenario.traffic.values()
    return Blueprint.of(
        scenario.model_copy(
            update={
                "policies": {kind: policy},
                "objective": scenario.objective.model_copy(update={"metric": metric}),
                "traffic": {"all": segment.model_copy(update={"rate": rate_per_s})},
            }
        )
    )
