"""Every experiment through the whole simulator, and through a file and back."""

from __future__ import annotations

import re
from typing import Any

import pytest

import simab
from simab.policies import Promote
from simab.scenario import Scenario, dumps, loads
from tests.policies.experiments import EVERY_EXPERIMENT
from tests.world.building import scenario, variant

GUARDED = {
    "guardrails": [
        {"metric": "error_rate", "margin": "5%"},
        {"metric": "latency_p99", "at_most_times": 2},
    ],
    "sample_ratio_alpha": 0.001,
}
BANDIT = {"update_every": "20s", "champion_at": 0.99}
POLICIES: dict[str, dict[str, Any]] = {
    "naive_peeking": {"labelled_requests": 100, **GUARDED},
    "group_sequential": {"labelled_requests": 1000, "boundary": "pocock_spending", **GUARDED},
    "always_valid": {"labelled_requests": 100, "looks_every": "30s", "tight_at": 500, **GUARDED},
    "sprt": {"labelled_requests": 50, "p0": "70%", "p1": "80%", **GUARDED},
    "bayesian": {"labelled_requests": 100, "expected_loss": 0.001, **GUARDED},
    "bayesian_rope": {"labelled_requests": 100, "rope": "2%", "looks_every": "30s", **GUARDED},
    "capped_sprt": {"labelled_requests": 300, **GUARDED},
    "epsilon_greedy": BANDIT,
    "ucb1": BANDIT,
    "thompson": BANDIT,
    "gaussian_thompson": BANDIT,
    "safe_rollout": {"bake": "30s", "stages": [0.1, 0.5], "minimum_requests": 20, **GUARDED},
}


def rehearsal() -> Scenario:
    """A candidate that is right nine times in ten, against seven: twelve thousand requests."""
    quality = ({"kind": "success", "probability": share} for share in (0.7, 0.9))
    variants = {
        name: variant(quality=each, workers=8, error_rate=0.01)
        for name, each in zip(("old", "new"), quality, strict=True)
    }
    return scenario(
        variants,
        horizon="10min",
        endpoint={"weight_update": "5s"},
        policies={kind: {"kind": kind, **fields} for kind, fields in POLICIES.items()},
        labels={"delay": {"kind": "constant", "value": "5s"}},
    )


def test_every_experiment_is_played() -> None:
    """Add a new one to the list above."""
    assert set(POLICIES) == {policy.kind for policy in EVERY_EXPERIMENT}


@pytest.mark.parametrize("kind", POLICIES)
def test_it_finds_the_better_candidate_and_logs_its_numbers(kind: str) -> None:
    """The last decision promotes the candidate, for a reason with counts in it."""
    run = simab.simulate(rehearsal(), policy=kind, seed=3)
    last = run.decision_log.decisions[-1]
    assert isinstance(last.action, Promote)
    assert last.action.variant == "new"
    assert last.accepted
    assert len(re.findall(r"\d+/\d+", last.action.because)) >= 1
    assert all(entry.action.because for entry in run.decision_log.decisions)


def test_a_file_gives_every_experiment_back() -> None:
    """Written as YAML and read again, with durations and shares in their units."""
    described = rehearsal()
    text = dumps(described)
    assert loads(text) == described
    assert dumps(loads(text)) == text
    assert "looks_every: 30s" in text
