"""Every policy is a pure function: the same arguments, the same answer, and nothing changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.policies import EndpointStatus, Observation, PolicyDescription
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.rounds import Rounds
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.policy import Policy
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.staged_canary import StagedCanary
from tests.effort import examples
from tests.policies.experiments import EVERY_EXPERIMENT
from tests.policies.fake_metrics import MINUTE, FakeMetrics, confusion, observation, requests

POLICIES = [
    MetricMajority(labelled_requests=20),
    FixedHorizonTest(labelled_requests=20, alpha=0.3),
    StagedCanary.model_validate(
        {"bake": "2min", "alarms": [{"metric": "error_rate", "at_most": 0.2}]}
    ),
    BlueGreen.model_validate(
        {
            "traffic": {"type": "CANARY", "size": "10%"},
            "wait_interval": "2min",
            "alarms": {"errors": {"metric": "Invocation5XXErrors", "threshold": 0.3}},
        }
    ),
    ArgoRollouts.model_validate(
        {
            "steps": [
                {"set_weight": 20},
                {"pause": {"duration": "2min"}},
                {"analysis": {"p99": {"metric": "latency_p99", "window": "1min"}}},
            ],
            "background": {
                "metrics": {
                    "errors": {
                        "metric": "error_rate",
                        "window": "1min",
                        "interval": "1min",
                        "failure_condition": "result[0] > 0.5",
                    }
                }
            },
        }
    ),
    FlaggerAnalysis.model_validate(
        {
            "step_weight": 40,
            "metrics": [{"name": "request-success-rate", "threshold_range": {"min": 50}}],
        }
    ),
    KayentaCanary.model_validate(
        {
            "lifetime": "6min",
            "analysis_interval": "2min",
            "marginal_score": 0,
            "metrics": [{"name": "latency", "measures": "latency_p99", "groups": ["all"]}],
        }
    ),
    ManualSchedule.model_validate(
        {"steps": [{"at": "2min", "weights": {"new": 3}}, {"at": "5min", "promote": "new"}]}
    ),
    GuardedRelease.model_validate(
        {
            "stages": [{"share": "20%", "lasts": "1min"}, {"share": "50%", "lasts": "2min"}],
            "metrics": [
                {"metric": "error_rate", "on_regression": "notify"},
                {"metric": "success_rate"},
            ],
            "level": 0.6,
            "tight_at": 20,
            "minimum_requests": 1,
            "extension": "1min",
            "resume_after": "2min",
        }
    ),
    SequentialAlerts.model_validate(
        {
            "stages": [{"share": "20%", "lasts": "2min"}, {"share": "60%", "lasts": "3min"}],
            "metrics": [{"metric": "error_rate", "difference": "absolute"}],
            "alpha": 0.5,
            "tight_at": 20,
            "early_check_every": "1min",
            "reacts_after": "1min",
        }
    ),
    ShipByMetrics.model_validate(
        {
            "duration": "7min",
            "batches": 5,
            "deterioration": "all",
            "sample_ratio_alpha": 0.1,
            "metrics": [
                {"metric": "accuracy", "role": "success"},
                {"metric": "f1", "role": "guardrail", "margin": 0.5},
                {"metric": "latency_p90", "role": "guardrail", "margin": 9},
                {"metric": "error_rate", "role": "deterioration"},
            ],
        }
    ),
    RampByPower.model_validate(
        {
            "degradation": 0.4,
            "spread": 0.5,
            "risk": 0.1,
            "first_share": "20%",
            "alpha": 0.3,
            "power": 0.5,
            "labelled_requests": 5,
        }
    ),
    RiskBudgetedRamp.model_validate(
        {"budget": 3, "typical_loss": 0.3, "spread": 0.5, "every": "2min", "risk": "30%"}
    ),
    *EVERY_EXPERIMENT,
    Rounds.model_validate(
        {
            "experiment": {"kind": "naive_peeking", "labelled_requests": 20, "alpha": 0.3},
            "settle": "1min",
            "candidate_share": 0.4,
            "maximum_duration": "8min",
        }
    ),
]


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """Observations minute by minute, as any endpoint might show them."""
    cells = st.integers(0, 15)
    history = []
    windows = {}
    for minute in range(1, draw(st.integers(2, 12))):
        answered, rejected = draw(st.integers(0, 3)), draw(st.integers(0, 2))
        windows = windows | {("new", minute - 1): requests([40.0] * answered, rejected=rejected)}
        labels = {name: confusion(*draw(st.tuples(*[cells] * 4))) for name in ("old", "new")}
        history.append(
            observation(
                FakeMetrics(labels, windows, (minute - draw(st.integers(0, 1))) * MINUTE),
                now_ns=minute * MINUTE,
                status=draw(st.sampled_from(EndpointStatus)),
            )
        )
    return history


def test_every_policy_that_ships_is_tested_here() -> None:
    """Add a new one to the list above."""
    union, _ = get_args(PolicyDescription)
    assert {type(policy) for policy in POLICIES} == set(get_args(union))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
@examples(1 / 3)
@given(history=histories())
def test_a_policy_answers_purely_with_a_reason_and_waits_for_updates(
    policy: Policy, history: list[Observation]
) -> None:
    """Asked twice, and through an equal copy of the policy; the state handed in stays as it was.

    Every action has a sentence with the numbers for the decision log. During an update nothing is
    asked for, once the policy has begun: the canary's very first action looks at nothing.
    """
    twin = type(policy).model_validate(policy.model_dump(mode="json"))
    assert twin == policy
    state: Any = None
    for number, seen in enumerate(history):
        before = deepcopy(state)
        answer = policy.decide(state, seen)
        assert policy.decide(state, seen) == answer
        assert twin.decide(state, seen) == answer
        assert state == before
        actions, state = answer
        assert all(action.because for action in actions)
        if seen.status is EndpointStatus.UPDATING and number > 0:
            assert not actions


def test_a_policy_cannot_be_changed() -> None:
    """Descriptions are frozen."""
    with pytest.raises(ValueError, match="frozen"):
        POLICIES[0].labelled_requests = 3  # type: ignore[misc]
