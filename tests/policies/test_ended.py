"""A policy that has nothing more to ask for is not asked, and the run is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simab.draws import Draws
from simab.policies import Observation
from simab.run.simulation import play_run
from simab.scenario import load
from simab.world import Blueprint
from simab.world.control import Decider
from simab.world.run_counts import ARRAYS

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
FILES = ("twelve_policies.yaml", "churn.yaml", "rollouts_aa.yaml", "order_value.yaml")


class Asked:
    """A policy that is asked to the end: simab does not look whether it has ended."""

    def __init__(self, policy: Decider) -> None:
        self.policy = policy
        self.ended_at: int | None = None

    def decide(self, state: Any, observation: Observation) -> Any:
        actions, state = self.policy.decide(state, observation)
        if self.ended_at is not None:
            assert not actions, "it asks for something after it said that it would not"
        elif self.policy.has_ended(state):
            self.ended_at = observation.now_ns
        return actions, state


@pytest.mark.parametrize("file", FILES)
def test_a_run_is_the_same_though_the_policy_is_asked_no_more(file: str) -> None:
    """The rest of the run is played at once: counts, decisions and splits to the last bit."""
    scenario = load(FOLDER / file)
    blueprint = Blueprint.of(scenario)
    for name, policy in scenario.policies.items():
        whole = play_run(blueprint, (name, Asked(policy)), Draws(3, 1))
        quick = play_run(blueprint, (name, policy), Draws(3, 1))
        assert quick.decision_log == whole.decision_log, name
        for array in ARRAYS:
            first, second = (getattr(run.data.run_counts, array) for run in (quick, whole))
            np.testing.assert_array_equal(first, second, err_msg=f"{name}: {array}")


def test_some_policies_end_before_the_horizon() -> None:
    """So that the test above is about something."""
    scenario = load(FOLDER / "churn.yaml")
    blueprint = Blueprint.of(scenario)
    for name, policy in scenario.policies.items():
        asked = Asked(policy)
        play_run(blueprint, (name, asked), Draws(1, 0))
        assert asked.ended_at is not None, name
        assert asked.ended_at < 0.7 * scenario.horizon
