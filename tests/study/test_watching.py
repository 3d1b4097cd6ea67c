"""A run played to be looked at: the same run bit for bit, with what its policy measured."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simab
from simab.draws import Draws
from simab.policies.actions import Promote, RollBack
from simab.run.simulation import Run, play_run
from simab.scenario.changes.changing import with_changes
from simab.study.watching import play_watched
from simab.world import Blueprint
from tests.study.building import small

_LIMIT = {"metric": "error_rate", "at_most": "50%"}
_RANGE = {"name": "request-success-rate", "threshold_range": {"min": 50}}
_ARGO = {"metric": "requests", "window": "60s", "interval": "20s", "count": 3}
_ALARM = {"metric": "Invocations", "statistic": "Sum", "threshold": 1e9, "period": "10s"}
POLICIES: dict[str, dict[str, Any]] = {
    "test": {"kind": "fixed_horizon", "labelled_requests": 150, "alpha": 0.3},
    "peeking": {"kind": "naive_peeking", "labelled_requests": 50, "looks_every": "20s"},
    "by user": {"kind": "fixed_horizon", "labelled_requests": 150, "unit": "user"},
    "decision": {
        "kind": "ship_decision",
        "duration": "60s",
        "batches": 5,
        "metrics": [
            {"metric": "success_rate", "role": "success", "unit": "user"},
            {"metric": "latency_p90", "role": "guardrail", "margin": 20},
        ],
    },
    "majority": {"kind": "metric_majority", "labelled_requests": 60, "metrics": ["success_rate"]},
    "staged": {"kind": "staged_canary", "stages": ["50%"], "bake": "60s", "alarms": [_LIMIT]},
    "flagger": {
        "kind": "flagger",
        "interval": "10s",
        "threshold": 9,
        "step_weight": 50,
        "metrics": [_RANGE],
    },
    "argo": {
        "kind": "argo_rollouts",
        "traffic_routing": True,
        "steps": [{"set_weight": 50}, {"analysis": {"requests": _ARGO}}],
    },
    "blue": {"kind": "blue_green", "wait_interval": "40s", "alarms": {"many": _ALARM}},
    "kayenta": {
        "kind": "kayenta",
        "lifetime": "60s",
        "analysis_interval": "30s",
        "metrics": [{"name": "errors", "measures": "error_rate", "groups": ["all"]}],
    },
    "safe": {"kind": "safe_rollout", "stages": ["50%"], "bake": "40s", "sample_ratio_alpha": None},
}


def played(name: str, **parts: Any) -> Run:
    scenario = small(policies={name: POLICIES[name]}, metrics={"period": "10s"}, **parts)
    run = play_watched(
        Blueprint.of(scenario), (name, scenario.policies[name]), Draws(1, 0), "compiled"
    )
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("name", POLICIES)
def test_watching_changes_no_bit_and_shows_what_was_measured(name: str) -> None:
    """The same decisions and counts as unwatched, and at least one reading of every kind."""
    run = played(name)
    policy = name, run.scenario.policies[name]
    alone = play_run(Blueprint.of(run.scenario), policy, Draws(1, 0))
    assert run.decision_log == alone.decision_log
    assert np.array_equal(run.data.run_counts.requests, alone.data.run_counts.requests)
    assert run.readings
    assert alone.readings == ()
    assert [each.at_ns for each in run.readings] == sorted(each.at_ns for each in run.readings)
    assert all(each.reading.name and each.reading.reading for each in run.readings)


@pytest.mark.parametrize("name", ["test", "peeking", "safe", "kayenta"])
def test_the_last_reading_says_what_was_decided(name: str) -> None:
    """It passed exactly where the candidate was promoted at that look."""
    run = played(name)
    last = run.readings[-1]
    promoted = [
        entry.action.variant == "b"
        for entry in run.decision_log.decisions
        if entry.at_ns == last.at_ns and isinstance(entry.action, Promote)
    ]
    assert promoted in ([last.reading.passed], [])


def test_an_alarm_that_rolls_back_is_a_reading_that_did_not_pass() -> None:
    """All requests of the candidate fail: the first window that is judged breaks the limit."""
    scenario = small(policies={"staged": POLICIES["staged"]}, metrics={"period": "10s"})
    broken = with_changes(scenario, {"endpoint.variants.b.error_rate": 1.0})
    run = play_watched(
        Blueprint.of(broken), ("staged", broken.policies["staged"]), Draws(1, 0), "compiled"
    )
    assert isinstance(run, Run)
    (failed,) = [each for each in run.readings if each.reading.passed is False]
    assert failed.reading.reading == "error_rate 100.00% (limit 50.00%)"
    (back,) = [e for e in run.decision_log.decisions if isinstance(e.action, RollBack)]
    assert back.at_ns == failed.at_ns


def test_a_policy_of_ones_own_is_left_alone() -> None:
    """It may be anything with `decide`: nothing is asked of it that a study would not ask."""

    class Mine:
        def decide(self, state: Any, observation: Any) -> tuple[tuple[()], Any]:
            return (), state

    run = play_watched(Blueprint.of(small()), ("mine", Mine()), Draws(1, 0), "compiled")
    assert isinstance(run, Run)
    assert run.readings == ()


def test_an_argo_measurement_is_shown_at_its_instant_whether_it_passed_or_not(
    repository: Path,
) -> None:
    """A measurement every 2 min from 5 min after the first step on, until the promotion."""
    scenario = simab.load(repository / "scenarios" / "twelve_policies.yaml")
    run = play_watched(
        Blueprint.of(scenario),
        ("Argo Rollouts", scenario.policies["Argo Rollouts"]),
        Draws(4, 0),
        "compiled",
    )
    assert isinstance(run, Run)
    minutes = [each.at_ns / 60e9 for each in run.readings]
    assert [b - a for a, b in pairwise(minutes)] == [2] * (len(minutes) - 1)
    assert all("succeeds if" in each.reading.reading for each in run.readings)


def test_users_are_counted_once_a_variant() -> None:
    """As in the table of requests: different clients with a request at the variant."""
    run = simab.simulate(small(), record_requests=True)
    table = run.requests.groupby("variant")["client"].nunique()
    assert run.users_met == {name: int(table[name]) for name in ("a", "b")}
    assert simab.simulate(small()).users_met is None
