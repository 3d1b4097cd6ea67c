"""The scheduled ramp with alerts, on hand-made observations: when it checks, and what it does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.policies import EndpointStatus, Observation, Promote, Refusal, RollBack, SetWeights
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.stats.request_totals import RequestTotals
from tests.policies.experiments import Look
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests

Windows = dict[tuple[str, int], RequestTotals]


def ramp(**fields: Any) -> SequentialAlerts:
    """Ten minutes at 10 %, ten at 60 %; checks every 3 minutes for 6, then every 4."""
    plain = {
        "stages": [{"share": "10%", "lasts": "10min"}, {"share": "60%", "lasts": "10min"}],
        "metrics": [{"metric": "error_rate", "difference": "absolute"}],
        "early_for": "6min",
        "early_check_every": "3min",
        "check_every": "4min",
        "tight_at": 100,
    }
    return SequentialAlerts.model_validate(plain | fields)


def served(failed_from: int = 99) -> Windows:
    """30 requests a minute each; from a minute on two thirds of the candidate's fail."""
    windows = {("old", minute): requests([40.0] * 30) for minute in range(30)}
    for minute in range(30):
        windows["new", minute] = requests([40.0] * 30, failed=20 * (minute >= failed_from))
    return windows


def at(minute: int, windows: Windows, **fields: Any) -> Observation:
    metrics = FakeMetrics(windows=windows, published_until_ns=minute * MINUTE)
    return observation(metrics, now_ns=minute * MINUTE, weights={"old": 0.9, "new": 0.1}, **fields)


def walk(policy: SequentialAlerts, windows: Windows) -> tuple[dict[int, Any], list[int]]:
    """The actions by their minute, and the minutes of the checks."""
    state: Any = None
    found: dict[int, Any] = {}
    checks = []
    for minute in range(1, 30):
        before = state
        actions, state = policy.decide(state, at(minute, windows))
        if actions:
            (found[minute],) = actions
        if policy.readings(before, state, at(minute, windows)):
            checks.append(minute)
        if policy.has_ended(state):
            break
    return found, checks


def test_it_follows_the_schedule_and_checks_often_at_first() -> None:
    """In force at 2: early checks at 5 and 8, then at 12, 16 and 20; promoted at 23."""
    found, checks = walk(ramp(), served())
    assert {minute: type(each) for minute, each in found.items()} == {
        1: SetWeights,
        12: SetWeights,
        23: Promote,
    }
    assert found[12].weights == {"old": pytest.approx(0.4), "new": 0.6}
    assert checks == [5, 8, 12, 16, 20]
    assert found[23].because == "the schedule leaves 0.6, without an alert"


def test_an_alert_waits_for_the_next_check_and_rolls_back() -> None:
    """What fails from minute 5 on is seen at 8, three windows later."""
    found, checks = walk(ramp(), served(failed_from=5))
    assert isinstance(found[8], RollBack)
    assert checks == [5, 8]
    assert found[8].because.startswith("alert at 0.1: error_rate 0.3333 of 180 against 0 of 180")


def test_people_react_later_and_nothing_is_promoted_meanwhile() -> None:
    """The schedule goes on to minute 12; whoever reacts after an hour finds the last stage."""
    found, _ = walk(ramp(reacts_after="5min"), served(failed_from=5))
    assert {minute: type(each) for minute, each in found.items()} == {
        1: SetWeights,
        12: SetWeights,
        14: RollBack,
    }
    assert "nobody has stopped it" in found[12].because
    found, _ = walk(ramp(reacts_after="1h"), served(failed_from=5))
    assert set(found) == {1, 12}


def test_a_stage_above_a_half_is_read_by_itself() -> None:
    """Errors of the first stage do not count at 60 %, where it is in force from minute 13 on."""
    windows = served() | {("new", minute): requests([40.0] * 30, failed=30) for minute in (9, 10)}
    policy = ramp(early_for="0s", check_every="13min")
    found, checks = walk(policy, windows)
    assert checks == [15]
    assert isinstance(found[23], Promote)
    below = policy.model_copy(
        update={"stages": ramp(stages=[{"share": "50%", "lasts": "20min"}]).stages}
    )
    assert isinstance(walk(below, windows)[0][15], RollBack)


def test_it_asks_again_when_refused_and_waits_for_updates() -> None:
    """A stage begins when its weights serve."""
    policy = ramp()
    assert policy.decide(None, at(1, served(), status=EndpointStatus.UPDATING)) == ((), None)
    (asked,), state = policy.decide(None, at(1, served()))
    refused = at(2, served(), refused=(Refusal(asked, "no"),))
    assert [each.because for each in policy.decide(state, refused)[0]] == ["asked again"]


def test_deltas_are_relative_by_default() -> None:
    """As Statsig shows them."""
    metric = SequentialAlerts.model_validate(
        {"stages": [{"share": 0.1, "lasts": "1h"}], "metrics": [{"metric": "reward"}]}
    ).metrics[0]
    assert (metric.difference, metric.threshold) == ("relative", 0.0)


@pytest.mark.long
def test_equal_variants_are_rolled_back_in_fewer_runs_than_half_of_alpha() -> None:
    """60 checks of right answers, at shares that change: one of two sides, however often."""
    random, runs, alpha, looks = np.random.default_rng(21), 400, 0.2, 60
    stages = [{"share": "10%", "lasts": "20min"}, {"share": "50%", "lasts": "10h"}]
    policy = ramp(
        stages=stages,
        metrics=[{"metric": "success_rate"}],
        early_check_every="1min",
        early_for="2h",
        alpha=alpha,
        tight_at=1500,
    )
    rolled_back = 0
    for _ in range(runs):
        sizes = np.array([[90, 10]] * 20 + [[50, 50]] * (looks - 20))
        right = np.cumsum(random.binomial(sizes, 0.8), axis=0).tolist()
        counted = np.cumsum(sizes, axis=0).tolist()
        state: Any = None
        for minute in range(looks):
            counts = {
                name: (right[minute][place], counted[minute][place])
                for place, name in enumerate(("old", "new"))
            }
            look = Look((minute + 1) * MINUTE, counts, {"old": 0.9, "new": 0.1})
            actions, state = policy.decide(state, look.observation)
            rolled_back += any(isinstance(action, RollBack) for action in actions)
    assert rolled_back / runs < alpha / 2 + 3.9 * math.sqrt(alpha / 2 * (1 - alpha / 2) / runs)
