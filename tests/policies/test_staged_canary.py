"""The staged canary: start, bake, go on, promote; and the alarm that rolls it back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies import EndpointStatus, Promote, Refusal, RollBack, SetWeights
from simab.policies.limits import ErrorRateLimit, LatencyLimit
from simab.policies.rollouts.staged_canary import CanaryState, StagedCanary
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import AT_START, MINUTE, FakeMetrics, observation, requests

ALARMS = (
    ErrorRateLimit(metric="error_rate", at_most=0.1),
    LatencyLimit(metric="latency_p99", at_most="500ms"),
)
FINE = requests([40.0] * 20)
FAILING = requests([40.0] * 20, failed=5)
SLOW = requests([40.0] * 15 + [900.0] * 5)
REJECTING = requests([40.0] * 10, rejected=10)
EMPTY = requests()


def canary(**fields: Any) -> StagedCanary:
    plain = {"stages": (0.1, 0.5), "bake": "5min", "alarms": ALARMS}
    return StagedCanary.model_validate(plain | fields)


def published(*windows: RequestTotals, since_minute: int) -> FakeMetrics:
    """Windows of the candidate from some minute on, all of them published."""
    by_start = {("new", since_minute + number): each for number, each in enumerate(windows)}
    return FakeMetrics(windows=by_start, published_until_ns=(since_minute + len(windows)) * MINUTE)


def test_it_starts_with_the_first_stage() -> None:
    """Whatever the metrics say."""
    (action,), state = canary().decide(None, observation())
    assert isinstance(action, SetWeights)
    assert action.weights == pytest.approx({"old": 0.9, "new": 0.1})
    assert state == CanaryState()


def test_it_waits_while_the_endpoint_is_updating() -> None:
    """The stage serves from the first look after the update."""
    state = CanaryState()
    updating = observation(status=EndpointStatus.UPDATING)
    assert canary().decide(state, updating) == ((), state)
    actions, state = canary().decide(state, observation())
    assert actions == ()
    assert state == CanaryState(0, 10 * MINUTE)


def test_a_stage_that_was_refused_is_asked_for_again() -> None:
    """A stage that was never entered does not bake."""
    asked = SetWeights({"old": 0.9, "new": 0.1})
    refused = observation(refused=(Refusal(asked, "'new' is not on the endpoint; add it first"),))
    (action,), state = canary().decide(CanaryState(), refused)
    assert action.weights == pytest.approx({"old": 0.9, "new": 0.1})
    assert state == CanaryState()


def test_a_stage_bakes_for_its_time() -> None:
    """Nothing before five minutes are over, the next stage then."""
    state = CanaryState(0, 10 * MINUTE)
    almost = observation(now_ns=15 * MINUTE - 1)
    assert canary().decide(state, almost) == ((), state)
    (action,), state = canary().decide(state, observation(now_ns=15 * MINUTE))
    assert action.weights == {"old": 0.5, "new": 0.5}
    assert "no alarm in 5min at 0.1" in action.because
    assert state == CanaryState(1)


def test_after_the_last_stage_the_candidate_is_promoted() -> None:
    """And then it does nothing any more, whatever is shown."""
    state = CanaryState(1, 10 * MINUTE)
    (action,), state = canary().decide(state, observation(now_ns=15 * MINUTE))
    assert action == Promote("new", because="no alarm in 5min at 0.5")
    assert state.finished
    alarming = observation(published(FAILING, since_minute=19), now_ns=20 * MINUTE)
    assert canary().decide(state, alarming) == ((), state)


@pytest.mark.parametrize(
    ("window", "reading"),
    [
        (FAILING, "error_rate 25.00% (limit 10.00%)"),
        (REJECTING, "error_rate 50.00% (limit 10.00%)"),
        (SLOW, "latency_p99"),
    ],
    ids=["500s", "503s", "slow"],
)
@pytest.mark.parametrize("stage", [0, 1])
def test_a_broken_limit_rolls_back(window: RequestTotals, reading: str, stage: int) -> None:
    """In any stage, by any of the limits, and the reason holds the reading."""
    state = CanaryState(stage, 10 * MINUTE)
    seen = observation(published(window, since_minute=11), now_ns=13 * MINUTE)
    (action,), state = canary().decide(state, seen)
    assert isinstance(action, RollBack)
    assert reading in action.because
    assert action.because.startswith("new: ")
    assert state.finished


@pytest.mark.parametrize("window", [FINE, EMPTY, requests([496.0] * 20)])
def test_what_keeps_the_limits_does_not(window: RequestTotals) -> None:
    """Fine, just below the limit, or without a single request (NaN breaks no limit).

    Percentiles are read off a histogram to 0.8 %: 497 ms is as near as 500 ms can be resolved.
    """
    state = CanaryState(0, 10 * MINUTE)
    seen = observation(published(window, since_minute=11), now_ns=13 * MINUTE)
    assert canary().decide(state, seen) == ((), state._replace(seen_until_ns=12 * MINUTE))


def test_the_alarm_comes_before_the_promotion() -> None:
    """At the very look at which the last bake is over."""
    seen = observation(published(FAILING, since_minute=14), now_ns=15 * MINUTE)
    (action,), _ = canary().decide(CanaryState(1, 10 * MINUTE), seen)
    assert isinstance(action, RollBack)


def test_windows_that_began_before_the_stage_do_not_count() -> None:
    """The stage serves from 10:30; the window from 10:00 holds requests of before."""
    state = CanaryState(0, 10 * MINUTE + MINUTE // 2)
    seen = observation(published(FAILING, since_minute=10), now_ns=13 * MINUTE)
    assert canary().decide(state, seen) == ((), state._replace(seen_until_ns=11 * MINUTE))
    seen = observation(published(FAILING, since_minute=11), now_ns=13 * MINUTE)
    assert isinstance(canary().decide(state, seen)[0][0], RollBack)


def test_every_window_since_the_last_look_is_looked_at() -> None:
    """A controller that looks every five minutes does not miss the one bad minute between."""
    state = CanaryState(0, 10 * MINUTE)
    seen = observation(published(FAILING, FINE, FINE, since_minute=11), now_ns=14 * MINUTE)
    (action,), _ = canary().decide(state, seen)
    assert isinstance(action, RollBack)


def test_other_variants_keep_their_traffic() -> None:
    """A stage is a share of all traffic, also where a third variant serves."""
    weights = {"old": 8.0, "new": 1.0, "third": 1.0}
    (action,), _ = canary().decide(None, observation(weights=weights))
    assert action.weights == pytest.approx({"old": 8.0, "new": 1.0})


def test_nothing_published_is_no_alarm() -> None:
    """With a publication delay longer than the bake the canary goes on blindly."""
    (action,), _ = canary().decide(CanaryState(0, 10 * MINUTE), observation(now_ns=15 * MINUTE))
    assert isinstance(action, SetWeights)


def test_a_window_without_requests_leaves_open_what_it_says() -> None:
    """Neither passed nor failed: there is no number to hold against a limit."""
    state = CanaryState(0, 10 * MINUTE)
    metrics = published(EMPTY, FINE, since_minute=10)
    seen = canary().readings(state, state, observation(metrics, now_ns=12 * MINUTE))
    assert [(each.reading, each.passed) for each in seen if each.name == "error_rate"] == [
        ("error_rate no data (limit 10.00%)", None),
        ("error_rate 0.00% (limit 10.00%)", True),
    ]


@pytest.mark.parametrize(
    ("windows", "sounds"),
    [
        ((FAILING, FAILING), True),
        ((FAILING, FINE), False),
        ((FINE, FAILING), False),
        ((FAILING, EMPTY), False),
        ((FAILING, SLOW), False),
        ((FINE, FAILING, REJECTING), True),
    ],
)
def test_an_alarm_needs_its_periods_on_end(
    windows: tuple[RequestTotals, ...], sounds: bool
) -> None:
    """With `periods: 2` the newest two windows must break the same limit."""
    seen = observation(published(*windows, since_minute=11), now_ns=14 * MINUTE)
    actions, _ = canary(periods=2).decide(CanaryState(0, 10 * MINUTE), seen)
    assert bool(actions) is sounds


@pytest.mark.parametrize(
    ("windows", "read"),
    [
        ((FINE, FINE, FINE), ("", True)),
        ((FINE, FINE, FAILING), (": above, 1 of 3", None)),
        ((FINE, FAILING, FAILING), (": above, 2 of 3", None)),
        ((FAILING, FAILING, FINE), ("", True)),
        ((FAILING, FAILING, FAILING), ("", False)),
    ],
)
def test_a_window_above_a_limit_does_not_pass(windows, read):
    """It is said how many on end are above, and it is left open until they are enough."""
    rule = canary(periods=3)
    seen = observation(published(*windows, since_minute=11), now_ns=14 * MINUTE)
    before = CanaryState(0, 10 * MINUTE)
    found = rule.readings(before, before, seen)
    newest = [each for each in found if each.name == "error_rate"][-1]
    assert (newest.reading.partition(")")[2], newest.passed) == read


def test_its_splits_are_its_stages_and_the_ends() -> None:
    """For the capacity check before a run."""
    splits = [dict(split) for split in canary().splits("old", "new", AT_START)]
    assert splits == [
        pytest.approx({"old": 0.9, "new": 0.1}),
        {"old": 0.5, "new": 0.5},
        {"old": 1.0, "new": 0.0},
        {"old": 0.0, "new": 1.0},
    ]


@pytest.mark.parametrize("stages", [(0.5, 0.1), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), ()])
def test_stages_must_rise_between_0_and_1(stages: tuple[float, ...]) -> None:
    """0 is not a canary and 1 is the promotion."""
    with pytest.raises(ValidationError):
        canary(stages=stages)
