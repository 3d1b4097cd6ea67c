"""Experiments by user in whole runs: the same on both planes, in studies, and with a pre-period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simab.comparison import compare
from simab.policies import Policy
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.run.simulation import simulate
from simab.scenario.models import Scenario
from simab.stats.shared_users import ratio_difference, user_table
from tests.world.building import scenario, variant

RULES: dict[str, Policy] = {
    "fixed": FixedHorizonTest.model_validate({"labelled_requests": 300, "unit": "user"}),
    "peeking": NaivePeeking.model_validate(
        {"labelled_requests": 100, "unit": "user_mean", "labelled_requests_per_look": 100}
    ),
    "sequential": GroupSequential.model_validate({"labelled_requests": 300, "unit": "user"}),
    "always": AlwaysValid.model_validate(
        {"labelled_requests": 100, "unit": "user", "looks_every": "30s", "tight_at": 500}
    ),
    "bayesian": BayesianExperiment.model_validate(
        {"labelled_requests": 100, "unit": "user_mean", "looks_every": "1min"}
    ),
    "bounded": AlwaysValid.model_validate(
        {"labelled_requests": 50, "method": "empirical_bernstein", "triggered": ["bad"]}
    ),
    "ranks": NaivePeeking.model_validate(
        {"labelled_requests": 200, "unit": "user_mean", "ranks": True, "looks_every": "1min"}
    ),
    "adjusted": FixedHorizonTest.model_validate(
        {"labelled_requests": 200, "unit": "user", "pre_period": "2min"}
    ),
    "adjusted by request": FixedHorizonTest.model_validate(
        {"labelled_requests": 200, "pre_period": "2min"}
    ),
    "release": GuardedRelease.model_validate(
        {
            "stages": [{"share": "50%", "lasts": "4min"}],
            "metrics": [{"metric": "success_rate", "threshold": 0.01}, {"metric": "error_rate"}],
            "interval": "credible",
            "level": 0.8,
            "unit": "user",
        }
    ),
    "alerts": SequentialAlerts.model_validate(
        {
            "stages": [{"share": "40%", "lasts": "5min"}],
            "metrics": [{"metric": "success_rate"}],
            "early_check_every": "30s",
            "tight_at": 200,
            "unit": "user",
        }
    ),
    "ramp": RampByPower.model_validate(
        {"degradation": 0.25, "spread": 0.5, "risk": 0.2, "first_share": "30%", "unit": "user"}
    ),
    "budget": RiskBudgetedRamp.model_validate(
        {"budget": 60, "typical_loss": 0.05, "spread": 0.5, "every": "1min", "unit": "user"}
    ),
    "safe": SafeRollout.model_validate(
        {"stages": ["40%"], "bake": "4min", "alpha": 0.5, "tight_at": 200, "unit": "user"}
    ),
    "waiting": FixedHorizonTest.model_validate(
        {"labelled_requests": 200, "unit": "user", "immature": {"kind": "wait", "after": "1min"}}
    ),
}

_DECIDES = (
    "fixed",
    "sequential",
    "adjusted",
    "adjusted by request",
    "waiting",
    "release",
    "alerts",
)


def world(routing: str = "sticky_hash", **parts: Any) -> Scenario:
    """40 users in two segments, of whom one is served better, for ten minutes."""
    worse = {"kind": "success", "probability": 0.2}
    users = {"rate": "2/s", "clients": 20, "activity": {"kind": "zipf", "exponent": 1}}
    served = dict.fromkeys(("a", "b"), worse)
    both = {name: variant(quality={"kind": "success", "probability": 0.6}) for name in ("a", "b")}
    described: dict[str, Any] = {
        "endpoint": {"variant_routing": routing, "weight_update": "20s"},
        "traffic": {"good": users, "bad": {**users, "quality": served}},
        "labels": {"delay": {"kind": "exponential", "mean": "5s"}, "never": 0.1},
        "horizon": "10min",
    }
    return scenario(both, **(described | parts))


@pytest.mark.parametrize("routing", ["sticky_hash", "weighted_random"])
@pytest.mark.parametrize("name", RULES)
def test_both_planes_decide_alike(name: str, routing: str) -> None:
    """The slow one asks at every tick, so that ticks which a rule does not ask for say nothing."""
    described = world(routing)
    runs = [
        simulate(described, policy=RULES[name], seed=3, engine=each)
        for each in ("reference", "compiled")
    ]
    reference, compiled = (run.decision_log for run in runs)
    assert reference.decisions == compiled.decisions
    if name in _DECIDES:
        assert compiled.decisions, "it comes to a decision in this time"


@pytest.mark.parametrize("routing", ["session_hash", "sticky_hash", "weighted_random"])
def test_sessions_of_many_clients_are_their_users(routing: str) -> None:
    """Where no client comes twice: the same decision on both planes, by session as by user."""
    sessions = {"requests": 4, "gap": {"kind": "exponential", "mean": "5s"}}
    traffic = {
        "x": {"rate": "3/s", "clients": 2**31, "sessions": sessions},
        "y": {"rate": "1/s", "clients": 2**31},
    }
    described = world(routing, traffic=traffic)
    said = []
    for unit, engine in (("session", "reference"), ("session", "compiled"), ("user", "compiled")):
        rule = FixedHorizonTest.model_validate({"labelled_requests": 300, "unit": unit})
        run = simulate(described, policy=rule, seed=3, engine=engine)
        (decision,) = run.decision_log.decisions
        said.append((decision.at_ns, decision.action.because.replace("sessions", "users")))
    assert said[0] == said[1] == said[2]
    assert ("in both" in said[0][1]) == (routing == "weighted_random")


def test_the_decision_is_that_of_the_records() -> None:
    """What the policy says of the two ratios is what the records of requests give."""
    described = world("weighted_random")
    run = simulate(described, policy=RULES["fixed"], seed=3, record_requests=True)
    (decision,) = run.decision_log.decisions
    requests = run.requests
    known = requests[(requests.label_ns >= 0) & (requests.label_ns < decision.at_ns)]
    users = known.client + 20 * (known.segment == "bad")
    arms = [known.variant == name for name in ("a", "b")]
    table = user_table(
        (np.asarray(users[arms[0]]), np.asarray(users[arms[1]])),
        (
            np.asarray(known.correct[arms[0]], dtype=float),
            np.asarray(known.correct[arms[1]], dtype=float),
        ),
    )
    expected = ratio_difference(table)
    said = decision.action.because
    assert f"a ratio {expected.control:.6g} of {table.users[0]} users" in said
    assert f"p = {expected.p_value:.3g}" in said
    assert f"{table.shared} users in both" in said
    assert table.shared > 20


def test_a_pre_period_sends_all_to_the_control_first() -> None:
    """Splits of the run: as described, the control alone, as described; then the decision."""
    run = simulate(world(), policy=RULES["adjusted"], seed=3)
    weights = [split.weights for split in run.decision_log.splits]
    even, alone = {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 0.0}
    assert weights[:3] == [even, alone, even]
    assert run.decision_log.splits[2].at_ns == 140 * 10**9
    assert "of the variance" in run.decision_log.decisions[-1].action.because


def test_a_study_of_them_is_the_same_anew() -> None:
    """Rows of the same policies and replications, played twice."""
    described = world(
        policies={"by_user": RULES["fixed"], "by_request": FixedHorizonTest(labelled_requests=300)}
    )
    first, second = (compare(described, replications=4, seed=1) for _ in range(2))
    assert first.outcomes.equals(second.outcomes)
