"""Flagger's loop tick by tick: phases, steps, failed checks, promotion and rollback."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies import (
    AddVariant,
    EndpointStatus,
    Mirror,
    Promote,
    RollBack,
    SessionAffinity,
    SetWeights,
)
from simab.policies.flagger.analysis import FlaggerAnalysis, FlaggerState, Phase
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import AT_START
from tests.policies.scripted_rollout import SECOND, Moment, counted, play, seen

MINUTE = 60 * SECOND
SUCCESS_RATE = {"name": "request-success-rate", "threshold_range": {"min": 99}}


def flagger(**fields: Any) -> FlaggerAnalysis:
    plain = {"step_weight": 20, "max_weight": 50, "metrics": [SUCCESS_RATE]}
    return FlaggerAnalysis.model_validate(plain | fields)


def healthy(variant: str, share: float, window: int) -> RequestTotals:
    return counted(round(100 * share))


def failing(variant: str, share: float, window: int) -> RequestTotals:
    return counted(0, round(100 * share))


def failing_in(*windows: int) -> Any:
    """Fails in these windows only, by number from 0."""

    def serve(variant: str, share: float, window: int) -> RequestTotals:
        return (failing if window in windows else healthy)(variant, share, window)

    return serve


def looks(policy: FlaggerAnalysis, serve: Any = healthy, number: int = 12) -> list[Moment]:
    return play(policy, serve, looks=number, interval_ns=MINUTE, period_ns=MINUTE)


def traced(moments: list[Moment]) -> list[tuple[str, float, int]]:
    """Phase, the candidate's percentage and failed checks after each look."""
    return [
        (
            str(moment.state.phase),
            round(100 * moment.weights["new"] / sum(moment.weights.values()), 6),
            moment.state.failed_checks,
        )
        for moment in moments
    ]


def action_times(moments: list[Moment], kind: type) -> list[int]:
    """Ticks, counted from the first, with an action of that kind."""
    return [
        number
        for number, moment in enumerate(moments)
        if any(isinstance(action, kind) for action in moment.actions)
    ]


def test_a_healthy_candidate_climbs_by_steps_and_is_promoted() -> None:
    """20, 40, 60 for step 20 and maximum 50; t0 and t1 check nothing."""
    moments = looks(flagger(), number=8)
    assert traced(moments) == [
        ("Progressing", 0, 0),
        ("Progressing", 20, 0),
        ("Progressing", 40, 0),
        ("Progressing", 60, 0),
        ("Promoting", 60, 0),
        ("Finalising", 100, 0),
        ("Succeeded", 100, 0),
        ("Succeeded", 100, 0),
    ]
    assert [bool(moment.state.measured) for moment in moments[:6]] == [0, 0, 1, 1, 1, 0]


@pytest.mark.parametrize(("step", "most", "needed"), [(20, 50, 3), (5, 50, 10), (10, 100, 10)])
def test_a_healthy_run_takes_three_intervals_more_than_it_needs_checks(
    step: int, most: int, needed: int
) -> None:
    """From t0 to Succeeded n + 3, n = ceil(maximum / step); the traffic moves one tick before."""
    moments = looks(flagger(step_weight=step, max_weight=most), number=20)
    phases = [moment.state.phase for moment in moments]
    assert phases.index(Phase.SUCCEEDED) == needed + 3
    assert action_times(moments, Promote) == [needed + 2]


@pytest.mark.parametrize("threshold", [1, 5, 10])
def test_a_failing_candidate_is_rolled_back_after_one_interval_more_than_the_threshold(
    threshold: int,
) -> None:
    """T + 1 intervals after t1, its first traffic: the test is at the start of the next tick."""
    moments = looks(flagger(threshold=threshold), failing, 15)
    (first, *_) = action_times(moments, SetWeights)
    assert action_times(moments, RollBack) == [first + threshold + 1]
    assert moments[first + threshold].state.failed_checks == threshold
    assert moments[-1].state.phase is Phase.FAILED


def test_failed_checks_add_up_over_the_whole_run() -> None:
    """Three failures with passes between them reach a threshold of 3."""
    moments = looks(flagger(threshold=3, step_weight=5), failing_in(2, 4, 6))
    assert [moment.state.failed_checks for moment in moments[:9]] == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert moments[7].state.phase is Phase.FAILED
    (action,) = moments[7].actions
    assert action.because == (
        "3 failed checks reach the threshold 3; the last: request-success-rate 0 < 99"
    )


def test_a_failed_check_keeps_the_weight() -> None:
    """Neither a step forward nor one back."""
    moments = looks(flagger(threshold=3), failing_in(3))
    assert [weight for _, weight, _ in traced(moments)][:6] == [0, 20, 40, 40, 60, 60]


def test_listed_weights_are_the_steps_and_the_last_of_them_the_maximum() -> None:
    """5, 25, 55 and then the promotion, whatever `max_weight` says."""
    moments = looks(flagger(step_weight=None, step_weights=[5, 25, 55], max_weight=10))
    assert [weight for _, weight, _ in traced(moments)][:6] == [0, 5, 25, 55, 55, 100]


def test_a_step_weight_wins_over_listed_weights_whose_last_stays_the_maximum() -> None:
    """As in Flagger's nextStepWeight and maxWeight: 30, 60 and the promotion at 55 or more."""
    moments = looks(flagger(step_weight=30, step_weights=[5, 25, 55]))
    assert [weight for _, weight, _ in traced(moments)][:5] == [0, 30, 60, 60, 100]


def test_a_step_never_goes_beyond_all_the_traffic() -> None:
    """40, 80, 100."""
    moments = looks(flagger(step_weight=40, max_weight=100))
    assert [weight for _, weight, _ in traced(moments)][:5] == [0, 40, 80, 100, 100]


def test_a_promotion_by_steps_takes_longer_and_serves_the_new_version_from_its_first() -> None:
    """60 percent moved 25 at a tick: three ticks of Promoting before Finalising."""
    moments = looks(flagger(step_weight_promotion=25))
    assert [phase for phase, _, _ in traced(moments)][4:9] == [
        "Promoting",
        "Promoting",
        "Promoting",
        "Finalising",
        "Succeeded",
    ]
    assert action_times(moments, Promote) == [5]


def test_iterations_without_weights_check_a_candidate_that_only_others_send_to() -> None:
    """Blue/green: the first tick checks nothing, two checks, all traffic, one more, promoted."""
    policy = flagger(step_weight=None, iterations=2)

    def tests_only(variant: str, share: float, window: int) -> RequestTotals:
        return counted(50)

    tested = looks(policy, tests_only)
    assert traced(tested)[:8] == [
        ("Progressing", 0, 0),
        ("Progressing", 0, 0),
        ("Progressing", 0, 0),
        ("Progressing", 100, 0),
        ("Promoting", 100, 0),
        ("Finalising", 100, 0),
        ("Succeeded", 100, 0),
        ("Succeeded", 100, 0),
    ]


def test_iterations_without_any_request_fail_for_want_of_data() -> None:
    """At weight 0 nothing reaches the candidate unless a client names it."""
    moments = looks(flagger(step_weight=None, iterations=2), healthy)
    assert moments[2].state.measured == "request-success-rate: no values in 1min"
    assert moments[3].state.phase is Phase.FAILED


def test_a_skipped_analysis_promotes_at_the_second_tick() -> None:
    """Without looking."""
    moments = looks(flagger(skip_analysis=True), failing, 4)
    assert action_times(moments, Promote) == [1]
    assert moments[1].state.phase is Phase.SUCCEEDED


def test_a_promotion_that_waits_for_approval_is_still_checked() -> None:
    """Approved at once, after two intervals, or never because the checks fail meanwhile."""
    patient = flagger(confirm_promotion_after="2min", threshold=2)
    phases = [phase for phase, _, _ in traced(looks(patient))]
    assert phases[3:9] == ["Progressing"] + ["WaitingPromotion"] * 2 + [
        "Promoting",
        "Finalising",
        "Succeeded",
    ]
    endless = flagger(confirm_promotion_after="1h", threshold=2)
    moments = looks(endless, failing_in(5, 6), 9)
    assert [phase for phase, _, _ in traced(moments)][4:9] == ["WaitingPromotion"] * 3 + [
        "Failed",
        "Failed",
    ]


def test_a_tick_during_an_update_passes_without_a_check() -> None:
    """The candidate is not ready; the ticks keep their times."""
    state = FlaggerState(Phase.PROGRESSING, next_tick_ns=2 * MINUTE)
    updating = seen(counted(9), counted(9), status=EndpointStatus.UPDATING)
    actions, after = flagger().decide(state, updating)
    assert actions == ()
    assert after == FlaggerState(Phase.PROGRESSING, next_tick_ns=3 * MINUTE)


def test_between_two_ticks_it_does_nothing() -> None:
    """A controller may look more often than the policy's interval."""
    moments = play(
        flagger(interval="1min"),
        healthy,
        looks=9,
        interval_ns=20 * SECOND,
        period_ns=20 * SECOND,
    )
    acting = [number for number, moment in enumerate(moments) if moment.actions]
    assert acting == [3, 6]


def test_a_candidate_that_is_not_deployed_is_added_first() -> None:
    """Flagger scales it up at t0; the analysis starts when it is there."""
    (action,), state = flagger().decide(None, seen(weights={"old": 1.0}))
    assert action == AddVariant("new", because="the candidate is scaled up")
    assert state.phase is Phase.PROGRESSING


def test_a_candidate_that_has_traffic_already_gives_it_back_first() -> None:
    """The analysis starts from nothing."""
    (action,), _ = flagger().decide(None, seen(counted(9)))
    assert action.weights == {"old": 100.0, "new": 0.0}


def test_other_variants_keep_their_share() -> None:
    """20 percent of what the two had, which was half of everything."""
    state = FlaggerState(Phase.PROGRESSING, next_tick_ns=0)
    weights = {"old": 3.0, "new": 0.0, "shelf": 3.0}
    (action,), _ = flagger().decide(state, seen(counted(9), weights=weights))
    assert action.weights == pytest.approx({"old": 2.4, "new": 0.6})


def always(variant: str, share: float, window: int) -> RequestTotals:
    """A hundred good requests, copies or not."""
    return counted(100)


def shifts(policy: FlaggerAnalysis) -> list[SetWeights]:
    """Every change of weights that the policy asks for, in order."""
    moments = looks(policy, always)
    asked = [action for moment in moments for action in moment.actions]
    return [action for action in asked if isinstance(action, SetWeights)]


def test_a_mirrored_canary_is_checked_on_copies_once_before_its_first_step() -> None:
    """scheduler.go, runCanary: mirrored at weight 0, then the steps without."""
    asked = shifts(flagger(mirror=True, mirror_weight=30))
    assert [(action.weights["new"], action.mirror) for action in asked] == [
        (0.0, Mirror("new", 0.3)),
        (0.2, None),
        (0.4, None),
        (0.6, None),
    ]


def test_a_mirrored_blue_green_test_gets_copies_until_all_traffic_moves() -> None:
    """scheduler.go, runBlueGreen: mirrored from the first iteration to the last."""
    asked = shifts(flagger(step_weight=None, iterations=3, mirror=True))
    assert [(action.weights["new"], action.mirror) for action in asked] == [
        (0.0, Mirror("new", 1.0)),
        (1.0, None),
    ]


def test_failed_checks_on_copies_roll_back_before_anybody_is_hurt() -> None:
    """A check counts as soon as there are copies, at weight 0."""
    moments = looks(flagger(mirror=True, threshold=1), failing)
    (rolled,) = action_times(moments, RollBack)
    weights = [moment.weights["new"] for moment in moments[:rolled]]
    assert set(weights) == {0.0}


def test_cookies_come_with_every_weight_above_0() -> None:
    """And with the age that is given."""
    asked = shifts(flagger(session_affinity=True, cookie_max_age="1h", mirror=True))
    cookie = SessionAffinity("new", 3_600 * SECOND)
    assert [action.session_affinity for action in asked] == [None, cookie, cookie, cookie]


def test_its_splits_are_its_steps_and_the_ends() -> None:
    """For the capacity check before a run."""
    splits = [dict(split) for split in flagger().splits("old", "new", AT_START)]
    assert splits[:4] == [
        {"old": 100.0, "new": 0.0},
        {"old": 80.0, "new": 20.0},
        {"old": 60.0, "new": 40.0},
        {"old": 40.0, "new": 60.0},
    ]
    assert len(splits) == 6
    assert len(flagger(step_weight=None, iterations=3).splits("old", "new", AT_START)) == 4


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"step_weight": None}, "no way to shift traffic"),
        ({"step_weights": [5, 5]}, "do not rise"),
        ({"interval": "5s"}, "interval"),
        ({"threshold": 0}, "threshold"),
        ({"max_weight": 101}, "max_weight"),
    ],
)
def test_what_cannot_be_played_is_refused(fields: dict[str, Any], rule: str) -> None:
    """With what to change."""
    with pytest.raises(ValidationError, match=rule):
        flagger(**fields)
