"""scenarios/many_metrics.yaml: what its header says by theory, and what guardrails keep out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import simab

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "many_metrics.yaml"


def test_the_header_states_what_theory_says() -> None:
    """M/M/1: mean latency is service / (1 - load), memory service / (1 - sqrt(load))^2."""
    text = FILE.read_text(encoding="utf-8")
    assert pytest.approx(250) == 50 / (1 - 0.8)
    assert pytest.approx(328, abs=0.5) == 52.5 / (1 - 0.84)
    assert pytest.approx(1.31, abs=0.005) == 328.125 / 250
    assert 0.05 / (1 - math.sqrt(0.8)) ** 2 == pytest.approx(4.5, abs=0.05)
    assert pytest.approx(1.2 * 250, rel=1e-4) == 51.724 / (1 - 16 * 0.051724)
    for said in ("= 250 ms", "= 328 ms: 31 % more", "= 4.5 s"):
        assert said in text


def test_a_guardrail_keeps_out_what_the_success_metric_would_ship() -> None:
    """The candidate is better by 3.7 standard errors, and its latency breaks a margin of 20 %."""
    scenario = simab.load(FILE)
    kept = {name: scenario.policies[name] for name in ("success alone", "with guardrails")}
    worlds = ["described", "as fast"]
    study = simab.compare(scenario, policies=kept, replications=4, worlds=worlds)
    ends = study.outcomes
    for policy, world, expected in (
        ("success alone", "described", "new"),
        ("with guardrails", "described", "current"),
    ):
        chosen = (ends["policy"] == policy) & (ends["world"] == world)
        assert set(ends["ends_with"][chosen]) == {expected}
