"""What all experiments have in common: when they look, what holds a candidate, how they end."""

from __future__ import annotations

from typing import Any

import pytest

from simab.policies import EndpointStatus, Hold, HoldReason, Observation, Promote
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests, successes

FINE = {"labelled_requests": 100}


def policy(**fields: Any) -> NaivePeeking:
    return NaivePeeking.model_validate(FINE | fields)


def at(
    minute: int,
    old: tuple[int, int],
    new: tuple[int, int],
    windows: dict[tuple[str, int], RequestTotals] | None = None,
    *,
    assigned: dict[str, int] | None = None,
    **fields: Any,
) -> Observation:
    """Right and wrong answers by this minute; every window up to it is published."""
    labels = {"old": successes(*old), "new": successes(*new)}
    metrics = FakeMetrics(labels, windows or {}, minute * MINUTE, assigned=assigned or {})
    return observation(metrics, now_ns=minute * MINUTE, **fields)


def looks(policy: NaivePeeking, *seen: Observation) -> list[int]:
    """The number of the last look after each observation; nothing may be decided on the way."""
    state, numbers = None, []
    for each in seen:
        actions, state = policy.decide(state, each)
        assert actions == ()
        numbers.append(state.look)
    return numbers


def even(minute: int, each: int) -> Observation:
    """As many labels for both, nine in ten right: no test ever ends on these."""
    return at(minute, (each * 9 // 10, each // 10), (each * 9 // 10, each // 10))


BETTER = ((70, 30), (95, 5))
"""Right and wrong answers of control and candidate: significant at any usual level."""


def decided(policy: NaivePeeking, *seen: Observation) -> Promote:
    """The decision that the last observation brings, and no other does."""
    state: Any = None
    for number, each in enumerate(seen):
        actions, state = policy.decide(state, each)
        decisions = [action for action in actions if not isinstance(action, Hold)]
        assert bool(decisions) == (number == len(seen) - 1)
    (action,) = decisions
    assert isinstance(action, Promote)
    assert state.finished
    assert policy.decide(state, seen[-1]) == ((), state)
    return action


def test_the_first_look_waits_for_the_labels_of_the_slower_variant() -> None:
    """99 labels are too few for a look, however many the other variant has."""
    few = at(1, (900, 100), (90, 9))
    assert looks(policy(), few, even(2, 100)) == [0, 1]


def test_without_a_cadence_every_tick_looks() -> None:
    """The number of looks grows by one a tick."""
    assert looks(policy(), *(even(minute, 100) for minute in range(1, 5))) == [1, 2, 3, 4]


def test_looks_may_be_some_time_apart() -> None:
    """Three minutes after the last look is the next."""
    seen = [even(minute, 100 + minute) for minute in range(1, 9)]
    assert looks(policy(looks_every="3min"), *seen) == [1, 1, 1, 2, 2, 2, 3, 3]


def test_looks_may_be_some_labels_apart() -> None:
    """50 labels of the slower variant more than at the last look bring the next."""
    seen = [even(minute, each) for minute, each in enumerate((100, 140, 150, 190, 260, 300))]
    assert looks(policy(labelled_requests_per_look=50), *seen) == [1, 1, 2, 2, 3, 3]


def test_two_cadences_at_once_are_refused() -> None:
    """Time and labels cannot both say when to look."""
    with pytest.raises(ValueError, match="give one of them"):
        policy(looks_every="3min", labelled_requests_per_look=50)


def test_nothing_is_looked_at_during_an_update() -> None:
    """A significant gain waits until the endpoint is in service."""
    updating = at(1, *BETTER, status=EndpointStatus.UPDATING)
    assert decided(policy(), updating, at(2, *BETTER)).variant == "new"


@pytest.mark.parametrize(("inconclusive", "variant"), [("keep", "old"), ("ship", "new")])
def test_the_end_without_a_winner_keeps_or_ships(inconclusive: str, variant: str) -> None:
    """At the maximum duration the description says what happens."""
    ends = policy(maximum_duration="5min", inconclusive=inconclusive)
    action = decided(ends, even(4, 100), even(5, 110))
    assert action.variant == variant
    assert f"over after 5min without a winner: {inconclusive}" in action.because
    assert "old 99/110 correct" in action.because


def test_the_end_comes_without_any_look_as_well() -> None:
    """Labels that never came do not keep an experiment open."""
    action = decided(policy(maximum_duration="5min"), at(5, (3, 0), (2, 1)))
    assert action.variant == "old"
    assert "old 3/3 correct, new 2/3" in action.because


def served(count: int, failed: int = 0, latency_ms: float = 40.0) -> RequestTotals:
    return requests([latency_ms] * count, failed=failed)


def windows(old: RequestTotals, new: RequestTotals) -> dict[tuple[str, int], RequestTotals]:
    return {("old", 0): old, ("new", 0): new}


ERRORS = {"guardrails": [{"metric": "error_rate", "margin": "5%"}]}
LATENCY = {"guardrails": [{"metric": "latency_p90", "at_most_times": 1.2}]}


@pytest.mark.parametrize(
    ("guarded", "harmless", "harmful"),
    [
        (ERRORS, (served(400, 8), served(400, 8)), (served(400, 8), served(400, 40))),
        (ERRORS, (served(400), served(400)), (served(50), served(50))),  # 0.95**50 = 0.077
        (LATENCY, (served(9), served(9, 0, 46.0)), (served(9), served(9, 0, 50.0))),
        (LATENCY, (served(9), served(9)), (served(0), served(9))),
    ],
    ids=["errors", "too few for no errors", "latency", "no latency"],
)
def test_a_guardrail_holds_the_candidate_and_lets_it_go(
    guarded: dict[str, Any],
    harmless: tuple[RequestTotals, RequestTotals],
    harmful: tuple[RequestTotals, RequestTotals],
) -> None:
    """A better candidate is promoted only when the margin is kept, and the hold is told."""
    assert decided(policy(**guarded), at(1, *BETTER, windows(*harmless))).variant == "new"
    held = at(1, *BETTER, windows(*harmful))
    action = decided(policy(**guarded), held, at(1, *BETTER, windows(*harmless)))
    assert action.variant == "new"
    assert "held at 1 looks" in action.because


@pytest.mark.parametrize("inconclusive", ["keep", "ship"])
def test_a_candidate_held_to_the_end_is_not_promoted(inconclusive: str) -> None:
    """Neither a significant gain nor `ship` gets past a guardrail."""
    guarded = policy(**ERRORS, maximum_duration="2min", inconclusive=inconclusive)
    broken = windows(served(400), served(400, 100))
    action = decided(guarded, at(1, *BETTER, broken), at(2, *BETTER, broken))
    assert action.variant == "old"
    assert "held to the end by error_rate not shown to be within 0.05" in action.because
    assert "0/400 against 100/400" in action.because


def test_a_worse_candidate_needs_no_guardrail() -> None:
    """Keeping the control is never held."""
    worse = at(1, BETTER[1], BETTER[0], windows(served(400), served(400, 100)))
    assert decided(policy(**ERRORS), worse).variant == "old"


def test_a_sample_ratio_mismatch_holds() -> None:
    """1,000 : 1,400 at even weights is not chance; 1,000 : 1,040 may be."""
    guarded = policy(sample_ratio_alpha=0.001)
    mismatch = at(1, *BETTER, assigned={"old": 1000, "new": 1400})
    action = decided(guarded, mismatch, at(1, *BETTER, assigned={"old": 1000, "new": 1040}))
    assert action.variant == "new"
    assert "held at 1 looks" in action.because
    ends = policy(sample_ratio_alpha=0.001, maximum_duration="1min")
    because = decided(ends, mismatch).because
    assert "sample ratio mismatch: 1000 : 1400 requests at shares 0.5 : 0.5" in because


def test_a_hold_is_logged_when_it_begins_and_when_its_reason_changes() -> None:
    """Not at each look: a log of thousands of equal lines would hide what happened."""
    guarded = policy(sample_ratio_alpha=0.001, **ERRORS)
    fine, failing = windows(served(400), served(400)), windows(served(400), served(400, 100))
    skewed, even = {"old": 1000, "new": 1400}, {"old": 1000, "new": 1040}
    state: Any = None
    logged = []
    for minute, seen in enumerate(
        [(fine, skewed), (fine, skewed), (failing, skewed), (failing, even), (failing, even)]
    ):
        actions, state = guarded.decide(state, at(minute + 1, *BETTER, seen[0], assigned=seen[1]))
        logged.append([action.reason for action in actions if isinstance(action, Hold)])
    assert logged == [[HoldReason.SAMPLE_RATIO], [], [], [HoldReason.GUARDRAIL], []]
    assert state.holds == 5


def test_a_hold_at_the_end_is_logged_beside_the_decision() -> None:
    """Also where the only look is the last one."""
    guarded = policy(sample_ratio_alpha=0.001, maximum_duration="1min")
    seen = at(1, *BETTER, assigned={"old": 1000, "new": 1400})
    (hold, decision), _ = guarded.decide(None, seen)
    assert isinstance(hold, Hold)
    assert hold.because in decision.because
    assert isinstance(decision, Promote)
    assert decision.variant == "old"


def test_a_variant_without_weight_is_not_in_the_ratio() -> None:
    """Nothing is assigned to it, and its weight is not asked for."""
    weights = {"old": 1.0, "new": 1.0, "idle": 0.0}
    guarded = policy(sample_ratio_alpha=0.001)
    seen = at(1, *BETTER, assigned={"old": 500, "new": 500}, weights=weights)
    assert decided(guarded, seen).variant == "new"
