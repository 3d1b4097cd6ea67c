"""Rollouts that compare users: when a stage has its power, and how often an equal one goes back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.comparison import compare
from simab.policies import Observation
from simab.policies.rollouts.ramp_by_power import RampByPower, RampByPowerState
from simab.scenario.models import Scenario
from simab.stats.user_totals import UserTotals, ratio_test
from tests.policies.experiments import standard_error
from tests.policies.fake_metrics import observation
from tests.policies.one_by_one import OneByOne, answers
from tests.world.building import scenario, variant


def drawn(seed: int) -> OneByOne:
    """60 users of Beta(2, 8) in each arm, a third of whose requests came before 0."""
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(120), random.integers(3, 30, 120))
    values = (random.random(len(users)) < random.beta(2, 8, 120)[users]).astype(float)
    arrived_ns = random.integers(-50, 100, len(users))
    new = users % 2 == 1
    return OneByOne(
        {
            name: answers(users[chosen], values[chosen], arrived_ns[chosen])
            for name, chosen in (("old", ~new), ("new", new))
        }
    )


def test_a_stage_ends_when_its_users_show_the_degradation() -> None:
    """When the variance of ratio_test is what a one-sided z-test of 5 % and power .8 needs."""
    metrics: Any = drawn(1)
    seen: Observation = observation(metrics)
    arms = []
    for each in metrics.by_variant.values():
        own = each.arrived(0)
        numbers = np.unique(own.users)
        sums = [own.values[own.users == number].sum() for number in numbers]
        counts = [int((own.users == number).sum()) for number in numbers]
        arms.append(UserTotals.of(counts, sums))
    needed = math.sqrt(ratio_test(*arms).variance) * (1.6448536 + 0.8416212)
    state = RampByPowerState(share=0.5, since_ns=0)
    for part, ends in ((0.999, False), (1.001, True)):
        plain = {"degradation": needed * part, "spread": 0.4, "risk": 0.001, "unit": "user"}
        policy = RampByPower.model_validate(plain | {"first_share": "50%", "alpha": 0.05})
        actions, _ = policy.decide(state, seen)
        assert bool(actions) == ends


_ROLLOUTS: dict[str, dict[str, Any]] = {
    "release": {
        "kind": "guarded_release",
        "stages": [{"share": "50%", "lasts": "1000s"}],
        "metrics": [{"metric": "success_rate"}],
        "tight_at": 1900,
    },
    "alerts": {
        "kind": "sequential_alerts",
        "stages": [{"share": "50%", "lasts": "1000s"}],
        "metrics": [{"metric": "success_rate"}],
        "early_check_every": "100s",
        "tight_at": 1900,
    },
    "ramp": {
        "kind": "ramp_by_power",
        "degradation": 0.05,
        "spread": 0.4,
        "risk": 0.02,
        "first_share": "10%",
        "labelled_requests": 380,
    },
    "safe": {"kind": "safe_rollout", "stages": ["50%"], "bake": "1000s", "tight_at": 1900},
}


def _equal() -> Scenario:
    """200 users of Beta(2, 8) whom a hash keeps, twenty requests each in the time."""
    served = variant(quality={"kind": "success", "probability": 0.2}, workers=50)
    users = {"rate": "4/s", "clients": 200, "activity": {"kind": "gamma", "cv": 1}}
    policies = {
        f"{name} by {unit}": rule | {"unit": unit}
        for name, rule in _ROLLOUTS.items()
        for unit in ("request", "user")
    }
    return scenario(
        {"a": served, "b": served},
        endpoint={"variant_routing": "sticky_hash", "weight_update": "1s"},
        traffic={"users": users | {"propensities": {"probability": {"concentration": 10}}}},
        metrics={"period": "20s", "publication_delay": "0s"},
        controller={"interval": "20s"},
        horizon="20min",
        policies=policies,
    )


@pytest.mark.long
def test_by_user_equal_variants_go_back_as_seldom_as_stated() -> None:
    """Half of 5 % at most by user, within 3 standard errors; by request in more, all together."""
    runs = 250
    found = compare(_equal(), replications=runs, seed=5).outcomes
    back = (found.verdict == "rolled_back").groupby(found.policy).mean()
    limit = 0.025 + 3.0 * standard_error(0.025, runs)
    assert all(back[f"{name} by user"] <= limit for name in _ROLLOUTS)
    by_request = sum(back[f"{name} by request"] for name in _ROLLOUTS)
    assert by_request > len(_ROLLOUTS) * limit
