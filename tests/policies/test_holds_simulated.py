"""The sample ratio in whole runs: honest splits pass, whatever the routing; others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

import simab
from simab.policies import Action, Hold, HoldReason, Observation
from simab.policies.experiments.group_sequential import GroupSequential
from simab.scenario.models import Scenario

POLICY = {"kind": "group_sequential", "labelled_requests": 400, "sample_ratio_alpha": 0.001}


def world(routing: str, clients: int, rate: str, latency: str, horizon: str) -> Scenario:
    """A candidate that is far better, at even weights: the first look would promote it."""

    def variant(latency: str, right: float) -> dict[str, Any]:
        return {
            "instances": 4,
            "workers": 100,
            "latency": {"kind": "constant", "value": latency},
            "quality": {"kind": "success", "probability": right},
        }

    return Scenario.model_validate(
        {
            "title": "an honest split",
            "endpoint": {
                "variant_routing": routing,
                "variants": {"a": variant("20ms", 0.2), "b": variant(latency, 0.8)},
            },
            "traffic": {"u": {"rate": rate, "clients": clients}},
            "controller": {"interval": "1min"},
            "objective": {
                "control": "a",
                "candidate": "b",
                "metric": "success_rate",
                "smallest_effect": 0.1,
            },
            "horizon": horizon,
            "policies": {"guarded": POLICY},
        }
    )


HONEST = {
    "200 users by a hash": world("sticky_hash", 200, "100/min", "20ms", "1h"),
    "a slow candidate": world("weighted_random", 1000, "20/s", "30s", "10min"),
    "in turn": world("smooth_weighted_round_robin", 1000, "100/min", "20ms", "1h"),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_split_promotes_the_better_candidate(name: str) -> None:
    """Of 20 runs none is held: at a level of 0.001 that happens in one of fifty such tests."""
    for replication in range(20):
        run = simab.simulate(HONEST[name], replication=replication)
        assert [type(entry.action).__name__ for entry in run.decision_log.decisions] == ["Promote"]


@dataclass(frozen=True)
class WrongRouter:
    """A policy that is told even weights, whatever they are: the router splits otherwise."""

    policy: GroupSequential

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """As the policy would at even weights."""
        return self.policy.decide(state, observation._replace(weights={"a": 1.0, "b": 1.0}))


@pytest.mark.parametrize("routing", ["weighted_random", "sticky_hash"])
def test_a_router_that_splits_otherwise_holds_the_candidate(routing: str) -> None:
    """55 to 45 where 50 to 50 was asked for: 5,000 requests, or as many users, tell it apart."""
    honest = world(routing, 5_000, "20/s", "20ms", "1h")
    variants = honest.endpoint.variants
    skewed = {**variants, "a": variants["a"].model_copy(update={"weight": 55 / 45})}
    endpoint = honest.endpoint.model_copy(update={"variants": skewed})
    scenario = honest.model_copy(update={"endpoint": endpoint})
    policy = GroupSequential.model_validate(
        POLICY | {"labelled_requests": 20_000, "looks": 1, "maximum_duration": "59min"}
    )
    run = simab.simulate(scenario, policy=WrongRouter(policy))
    held = [e.action for e in run.decision_log.decisions if isinstance(e.action, Hold)]
    assert [action.reason for action in held] == [HoldReason.SAMPLE_RATIO]
