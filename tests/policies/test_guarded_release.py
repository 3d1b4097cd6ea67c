"""The guarded release on hand-made observations: regressions, stops, too few requests, the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.policies import (
    EndpointStatus,
    Hold,
    HoldReason,
    Observation,
    Promote,
    Refusal,
    RollBack,
    SetWeights,
)
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.stats.request_totals import RequestTotals
from tests.policies.experiments import Look
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests

Windows = dict[tuple[str, int], RequestTotals]
STAGES = [{"share": "10%", "lasts": "3min"}, {"share": "50%", "lasts": "2min"}]


def release(**fields: Any) -> GuardedRelease:
    """Two stages of three and two minutes; errors are watched."""
    plain: dict[str, Any] = {
        "stages": STAGES,
        "metrics": [{"metric": "error_rate"}],
        "minimum_requests": 10,
    }
    plain["tight_at"] = 100
    return GuardedRelease.model_validate(plain | fields)


def served(old: RequestTotals, new: RequestTotals, minutes: int = 12) -> Windows:
    both = (("old", old), ("new", new))
    return {(name, minute): window for name, window in both for minute in range(minutes)}


FINE = served(requests([40.0] * 90), requests([40.0] * 10))
FAILING = served(requests([40.0] * 90), requests([40.0] * 30, failed=20))


def at(minute: int, windows: Windows, **fields: Any) -> Observation:
    """All that is over is published."""
    metrics = FakeMetrics(windows=windows, published_until_ns=minute * MINUTE)
    return observation(metrics, now_ns=minute * MINUTE, weights={"old": 0.9, "new": 0.1}, **fields)


def walk(policy: GuardedRelease, windows: Windows, minutes: int) -> list[Any]:
    """The action at each minute from 1 on; None where there is none."""
    state: Any = None
    found = []
    for minute in range(1, minutes + 1):
        actions, state = policy.decide(state, at(minute, windows))
        found.append(actions[0] if actions else None)
    return found


def test_it_goes_through_its_stages_and_promotes() -> None:
    """Asked at 1, in force at 2, served out at 5; in force again at 6, over at 8."""
    found = walk(release(), FINE, 9)
    assert [minute for minute, each in enumerate(found, start=1) if each] == [1, 5, 8]
    assert [type(each) for each in found if each] == [SetWeights, SetWeights, Promote]
    assert found[0].weights == {"old": 0.9, "new": 0.1}
    assert found[4].weights == {"old": 0.5, "new": 0.5}
    assert "30 requests" in found[4].because
    assert found[7].variant == "new"


def test_a_regression_rolls_back_as_soon_as_it_is_seen() -> None:
    """20 of 30 requests fail in the first whole window of the stage."""
    found = walk(release(), FAILING, 4)
    assert isinstance(found[2], RollBack)
    assert found[3] is None
    assert "regression at 0.1: error_rate 0.6667 of 30 against 0 of 90" in found[2].because


def test_a_baseline_is_compared_in_place_of_the_control() -> None:
    """Both new variants fail alike at first: no regression, where the control fails nothing.

    And a candidate that fails where the baseline does not is rolled back.
    """
    cold = {("copy", minute): FAILING["new", minute] for minute in range(12)}
    warm = {("copy", minute): FINE["old", minute] for minute in range(12)}
    found = walk(release(baseline="copy"), FAILING | cold, 9)
    assert [type(each) for each in found if each] == [SetWeights, SetWeights, Promote]
    assert found[0].weights == {"old": 0.8, "copy": 0.1, "new": 0.1}
    assert found[4].weights == {"old": 0.0, "copy": 0.5, "new": 0.5}
    assert isinstance(walk(release(baseline="copy"), FAILING | warm, 9)[2], RollBack)
    assert "baseline" not in release().model_dump()
    start = {"old": 1.0, "copy": 0.0, "new": 0.0}
    assert release(baseline="copy").splits("old", "new", start)[0] == found[0].weights


def test_a_threshold_tolerates_what_is_below_it() -> None:
    """Two thirds failing is no regression beyond 90 points."""
    found = walk(release(metrics=[{"metric": "error_rate", "threshold": "90%"}]), FAILING, 9)
    assert isinstance(found[7], Promote)


def test_an_earlier_method_is_the_credible_interval() -> None:
    """5 of 40 against 10 of 360: z = 2.0 beyond its level, and not beyond a sequence's."""
    windows = served(requests([40.0] * 90, failed=2), requests([40.0] * 10, failed=1))
    windows |= {("new", 2): requests([40.0] * 20, failed=5)}
    assert isinstance(walk(release(interval="credible"), windows, 3)[2], RollBack)
    assert walk(release(interval="sequential"), windows, 3)[2] is None


def test_a_regression_that_notifies_stops_the_release_until_somebody_resumes_it() -> None:
    """Held from minute 3; resumed at 6, when its stage is over; not held for it again."""
    told = [{"metric": "error_rate", "on_regression": "notify"}]
    found = walk(release(metrics=told), FAILING, 12)
    assert [type(each) for each in found if each] == [SetWeights, Hold]
    assert found[2].reason is HoldReason.GUARDRAIL
    assert "people are told: regression at 0.1" in found[2].because
    resumed = walk(release(metrics=told, resume_after="3min"), FAILING, 12)
    assert [minute for minute, each in enumerate(resumed, start=1) if each] == [1, 3, 6, 9]
    assert isinstance(resumed[8], Promote)


def test_another_metric_still_rolls_back_a_stopped_release() -> None:
    """Errors only notify, right answers roll back."""
    both = [
        {"metric": "error_rate", "on_regression": "notify"},
        {"metric": "latency_mean", "difference": "relative", "threshold": "50%"},
    ]
    slow = [float(each) for each in range(200, 230)]
    fast = [float(each) for each in range(10, 100)]
    windows = served(requests(fast), requests([*slow], failed=20))
    found = walk(release(metrics=both), windows, 4)
    assert isinstance(found[2], Hold | RollBack)
    assert "latency_mean" in release(metrics=both[1:]).metrics[0].metric
    assert isinstance(walk(release(metrics=both[::-1]), windows, 3)[2], RollBack)
    assert isinstance(found[3], RollBack)
    assert (
        "latency_mean 214.5ms of 60 against 54.5ms of 180, relative difference" in found[3].because
    )


def test_too_few_requests_roll_back_at_once_or_after_an_extension() -> None:
    """30 requests by the end of the first stage; 10 more a minute."""
    found = walk(release(minimum_requests=35), FINE, 5)
    assert isinstance(found[4], RollBack)
    assert found[4].because == "30 requests at 0.1 (at least 35)"
    found = walk(release(minimum_requests=35, extension="1min"), FINE, 6)
    assert found[4].reason is HoldReason.TOO_FEW_REQUESTS
    assert isinstance(found[5], SetWeights)
    found = walk(release(minimum_requests=50, extension="1min"), FINE, 6)
    assert isinstance(found[5], RollBack)


def test_it_waits_while_the_endpoint_updates_and_asks_again_when_refused() -> None:
    """A stage begins when its weights serve."""
    policy = release()
    updating = at(1, FINE, status=EndpointStatus.UPDATING)
    assert policy.decide(None, updating) == ((), None)
    assert not policy.has_ended(None)
    (asked,), state = policy.decide(None, at(1, FINE))
    again, _ = policy.decide(state, at(2, FINE, refused=(Refusal(asked, "no"),)))
    assert [each.because for each in again] == ["asked again"]


def test_the_readings_are_those_of_the_end_of_a_stage() -> None:
    """Each metric, with its interval."""
    policy, state = release(), None
    seen: dict[int, Any] = {}
    for minute in range(1, 9):
        before = state
        _, state = policy.decide(state, at(minute, FINE))
        seen[minute] = policy.readings(before, state, at(minute, FINE))
    assert [minute for minute, each in seen.items() if each] == [5, 8]
    (reading,) = seen[5]
    assert reading.passed
    assert reading.reading.startswith("error_rate 0 of 30 against 0 of 270, absolute difference")


def test_stages_must_rise() -> None:
    """As those of every canary."""
    with pytest.raises(ValueError, match="the stages do not rise"):
        release(stages=STAGES[::-1])


def test_a_person_is_waited_for_where_a_metric_only_notifies() -> None:
    """Unless it is said how long that takes."""
    told = [{"metric": "error_rate", "on_regression": "notify"}]
    assert release().waits_for_a_person() == ((), [])
    assert release(metrics=told).waits_for_a_person() == ((), ["a regression of error_rate"])
    assert release(metrics=told, resume_after="1h").waits_for_a_person() == ((), ())


@pytest.mark.long
@pytest.mark.parametrize(("interval", "keeps"), [("sequential", True), ("credible", False)])
def test_equal_variants_are_rolled_back_as_rarely_as_the_level_says(
    interval: str, *, keeps: bool
) -> None:
    """Looks at 60 minutes of right answers: below half of 1 - level, or above it for a posterior.

    The posterior's rate is held against repeated looks at a normal mean, by NumPy alone.
    """
    random, runs, level, looks = np.random.default_rng(12), 400, 0.8, 60
    policy = release(
        stages=[{"share": "50%", "lasts": "10h"}],
        metrics=[{"metric": "success_rate"}],
        level=level,
        interval=interval,
        tight_at=1500,
    )
    rolled_back = 0
    for _ in range(runs):
        right = np.cumsum(random.binomial(50, 0.8, (looks, 2)), axis=0).tolist()
        rolled_back += _is_rolled_back(policy, right)
    error = 3.9 * math.sqrt(0.1 * 0.9 / runs)
    if keeps:
        assert rolled_back / runs < (1.0 - level) / 2 + error
        return
    walks = np.cumsum(random.standard_normal((20_000, looks)), axis=1)
    crossed = (walks / np.sqrt(np.arange(1, looks + 1)) < -1.2816).any(axis=1).mean()
    assert crossed > 0.35  # of looks at the level of one
    assert (
        abs(rolled_back / runs - crossed) < 3.9 * math.sqrt(crossed * (1 - crossed) / runs) + 0.03
    )


def _is_rolled_back(policy: GuardedRelease, right: list[list[int]]) -> bool:
    state: Any = None
    for minute, (old, new) in enumerate([[0, 0], [0, 0], *right], start=1):
        labelled = 50 * max(minute - 2, 0)
        counts = {"old": (old, labelled), "new": (new, labelled)}
        look = Look(minute * MINUTE, counts, {"old": 0.5, "new": 0.5})
        actions, state = policy.decide(state, look.observation)
        if any(isinstance(action, RollBack) for action in actions):
            return True
    return False
