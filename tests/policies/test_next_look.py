"""What a policy says that it waits for: no tick before would have changed anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.draws import Draws
from simab.policies import NextLook, Observation
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.policy import Policy
from simab.run.simulation import play_run
from simab.scenario import load
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.run_counts import ARRAYS
from tests.effort import examples
from tests.policies.test_purity import POLICIES

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
GUARD = [{"metric": "error_rate", "margin": "10%"}]


def _but(kind: str, **fields: Any) -> Policy:
    """The first policy of a kind with some fields changed."""
    policy = next(each for each in POLICIES if getattr(each, "kind", "") == kind)
    return type(policy).model_validate(policy.model_dump(mode="json") | fields)


# Each sort of waiting: for time, for labels in either count, under guardrails, to an end, paused.
EVERY_WAIT: list[Policy] = [
    *POLICIES,
    _but("naive_peeking", looks_every="3min", guardrails=GUARD),
    _but("always_valid", looks_every=None, labelled_requests_per_look=7),
    _but("sprt", maximum_labelled_requests=40, labelled_requests_per_look=5),
    _but("bayesian", maximum_duration="9min", sample_ratio_alpha=0.5),
    _but("group_sequential", boundary="pocock", looks=7, guardrails=GUARD),
    _but("fixed_horizon", labelled_requests=None, baseline=0.5, effect=0.3, maximum_duration="8m"),
    _but("fixed_horizon", interim={"at": 0.4, "gives_up_below": 0.3, "largest": 60}),
    _but("group_sequential", gives_up_below=0.4),
    GroupSequential.model_validate(
        {"labelled_requests": 60, "boundary": "pocock_spending", "look_times": ["3min", "7min"]}
    ),
    GroupSequential.model_validate(
        {"labelled_requests": 60, "boundary": "pocock_spending", "look_parts": [0.3, 0.8, 1]}
    ),
    _but("fixed_horizon", guardrails=GUARD, inconclusive="ship"),
    _but("ship_decision", duration=None, labelled_requests=30),
    _but("staged_canary", bake="90s", periods=2),
    _but("safe_rollout", stages=["20%", "50%"], maximum_duration="10min"),
    _but("blue_green", maximum_execution_timeout="6min", termination_wait="2min", start_after="1m"),
    _but("blue_green", alarms={}),
    _but("blue_green", alarms={}, wait_interval="8min", maximum_execution_timeout="4min"),
    _but("argo_rollouts", steps=[{"set_weight": 30}, {"pause": {}}], resume_after="3min"),
    _but("flagger", session_affinity=True, confirm_promotion_after="2min"),
    _but("kayenta", share="30%", begin_after="1min", lookback="2min"),
    _but("rounds", settle="0s", candidate_share=0.5, maximum_duration=None),
    _but("thompson", exploration="2min", maximum_duration="9min", champion_at=0.99),
]


class Asked:
    """A policy that is asked at every tick, and held to what it said at the tick before."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.shown: Observation | None = None
        self.wanted: NextLook | None = None
        self.skipped = 0

    def decide(self, state: Any, observation: Observation) -> Any:
        """The policy's answer, which has to be nothing at a tick that it did not need."""
        actions, after = self.policy.decide(state, observation)
        if self.wanted is not None and self.shown and not self._is_due(observation):
            assert not actions
            assert after == state
            self.skipped += 1
        else:
            over = self.policy.has_ended(after)
            self.shown = observation
            self.wanted = None if over else self.policy.next_look(after, observation)
        return actions, after

    def _is_due(self, now: Observation) -> bool:
        assert self.wanted is not None
        assert self.shown is not None
        before, wanted, labels = self.shown, self.wanted, now.metrics.labels
        return (
            (now.status, now.weights, now.instances)
            != (before.status, before.weights, before.instances)
            or bool(now.refused or before.refused)
            or (wanted.at_ns is not None and now.now_ns >= wanted.at_ns)
            or (
                wanted.published
                and now.metrics.published_until_ns > before.metrics.published_until_ns
            )
            or (
                bool(wanted.labelled)
                and all(
                    sum(labels(name).labelled for name in names) >= count
                    for names, count in wanted.labelled
                )
            )
        )


@st.composite
def settings_of_runs(draw: st.DrawFn) -> Scenario:
    """Twelve minutes of few or many requests, with looks, windows and delays of any relation."""
    variant = {
        "latency": {"kind": "exponential", "mean": "2s"},
        "quality": {"kind": "success", "probability": draw(st.sampled_from([0.3, 0.5, 1]))},
        "error_rate": draw(st.sampled_from([0, 0.1])),
    }
    better = variant | {"quality": {"kind": "success", "probability": 0.8}}
    interval, period = draw(st.sampled_from([(10, 60), (30, 30), (60, 60), (20, 10)]))
    return Scenario.model_validate(
        {
            "title": "waiting",
            "endpoint": {
                "variants": {"old": variant, "new": better},
                "weight_update": f"{draw(st.sampled_from([1, 30, 95]))}s",
            },
            "traffic": {"all": {"rate": f"{draw(st.sampled_from([1, 12, 60]))}/min"}},
            "labels": {
                "delay": {"kind": "exponential", "mean": f"{draw(st.sampled_from([1, 100]))}s"}
            },
            "metrics": {
                "period": f"{period}s",
                "publication_delay": f"{draw(st.sampled_from([0, 7, 90]))}s",
            },
            "controller": {"interval": f"{interval}s"},
            "objective": {
                "control": "old",
                "candidate": "new",
                "metric": "success_rate",
                "smallest_effect": 0.1,
            },
            "horizon": "12min",
            "policies": {"none": {"kind": "naive_peeking", "labelled_requests": 10}},
        }
    )


@pytest.mark.parametrize("policy", EVERY_WAIT, ids=lambda policy: policy.kind)
@examples(1 / 4)
@given(scenario=settings_of_runs(), replication=st.integers(0, 1000))
def test_a_policy_that_is_asked_only_when_it_wants_to_be_does_the_same(
    policy: Policy, scenario: Scenario, replication: int
) -> None:
    """Decisions, splits and counts to the last bit; and each tick left out would have said nothing.

    Whether a tick is due is judged here from what the policy is shown, not from the world.
    """
    blueprint, asked = Blueprint.of(scenario), Asked(policy)
    whole = play_run(blueprint, ("it", asked), Draws(5, replication))
    quick = play_run(blueprint, ("it", policy), Draws(5, replication))
    assert quick.decision_log == whole.decision_log
    for array in ARRAYS:
        first, second = (getattr(run.data.run_counts, array) for run in (quick, whole))
        np.testing.assert_array_equal(first, second, err_msg=array)


def test_most_ticks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above is about something: a wait for 334 labels, 960 ticks long."""
    scenario = load(SCENARIOS / "churn.yaml")
    asked: list[int] = []
    decide = FixedHorizonTest.decide

    def counted(self: FixedHorizonTest, state: Any, observation: Observation) -> Any:
        asked.append(observation.now_ns)
        return decide(self, state, observation)

    monkeypatch.setattr(FixedHorizonTest, "decide", counted)
    (policy,) = [p for p in scenario.policies.values() if isinstance(p, FixedHorizonTest)]
    play_run(Blueprint.of(scenario), ("it", policy), Draws(1, 0))
    assert len(asked) < 10
