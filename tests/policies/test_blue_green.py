"""Blue/green deployments: how traffic moves, what ends a deployment, and when."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies import (
    AddVariant,
    EndpointStatus,
    Promote,
    Refusal,
    RemoveVariant,
    RollBack,
    SetWeights,
)
from simab.policies.cloudwatch.blue_green import BlueGreen, Deployment, TrafficShift
from tests.policies.fake_endpoint import Look, play, steady
from tests.policies.fake_metrics import AT_START, MINUTE, observation, requests

ERRORS = {"metric": "Invocation5XXErrors", "threshold": 0.1}


def deployment(**fields: Any) -> BlueGreen:
    plain: dict[str, Any] = {
        "traffic": {"type": "CANARY", "size": "10%"},
        "wait_interval": "5min",
        "alarms": {"errors": ERRORS},
    }
    return BlueGreen.model_validate(plain | fields)


def done(looks: list[Look]) -> list[tuple[int, str, float | None]]:
    """Minute, kind and share of each action."""
    return [
        (
            look.now_ns // MINUTE,
            type(action).__name__,
            action.weights["new"] if isinstance(action, SetWeights) else None,
        )
        for look in looks
        for action in look.actions
    ]


def run(policy: BlueGreen, windows: Any, minutes: int = 40, **endpoint: Any) -> list[Look]:
    return list(play(policy, windows, until_ns=minutes * MINUTE, **endpoint))


@pytest.mark.parametrize(
    ("shift", "instances", "shares"),
    [
        ({"type": "ALL_AT_ONCE"}, 3, [1]),
        ({"type": "CANARY", "size": "10%"}, 1, [0.1, 1]),
        ({"type": "CANARY", "size": "50%"}, 1, [0.5, 1]),
        ({"type": "CANARY", "instances": 1}, 4, [0.25, 1]),
        ({"type": "CANARY", "instances": 4}, 4, [1]),
        ({"type": "LINEAR", "size": "20%"}, 1, [0.2, 0.4, 0.6, 0.8, 1]),
        ({"type": "LINEAR", "size": "33%"}, 3, [0.33, 0.66, 1]),
        ({"type": "LINEAR", "size": "30%"}, 3, [0.3, 0.6, 0.9, 1]),
        ({"type": "LINEAR", "size": "10%"}, 1, [n / 10 for n in range(1, 11)]),
        ({"type": "LINEAR", "instances": 1}, 3, [1 / 3, 2 / 3, 1]),
        ({"type": "LINEAR", "instances": 2}, 5, [0.4, 0.8, 1]),
    ],
)
def test_the_steps_of_a_shift(shift: Any, instances: int, shares: list[float]) -> None:
    """One, two or equal steps; a rest below 5 % goes with the step before."""
    steps = TrafficShift.model_validate(shift).shares(instances)
    assert steps == pytest.approx(shares)


def test_a_healthy_canary_is_promoted_after_both_bakes() -> None:
    """10 % at 1 min, in force at 3, baked 5 min; 100 % in force at 10, baked 5; then blue ends."""
    looks = run(deployment(), steady())
    assert done(looks) == [
        (1, "SetWeights", 0.1),
        (8, "SetWeights", 1.0),
        (15, "Promote", None),
        (16, "RemoveVariant", None),
    ]
    assert looks[-1].state.phase is Deployment.FINISHED
    assert looks[-1].weights == {"new": 1.0}
    promotion = next(look.actions[0] for look in looks if look.now_ns == 15 * MINUTE)
    assert isinstance(promotion, Promote)
    assert promotion.because == "no alarm in the last bake of 5min"


def test_the_old_fleet_is_kept_for_the_termination_wait() -> None:
    """The wait starts when the last bake ends, which is also when the decision falls."""
    looks = run(deployment(termination_wait="10min"), steady())
    assert done(looks)[-2:] == [(15, "Promote", None), (25, "RemoveVariant", None)]
    assert isinstance(looks[24].actions[0], RemoveVariant)


def test_linear_steps_bake_one_by_one() -> None:
    """Each step: an update of 62 s, which the minute after next sees done, and the bake."""
    traffic = {"type": "LINEAR", "size": "33%"}
    looks = run(deployment(traffic=traffic, wait_interval="3min"), steady())
    shares = [(minute, share) for minute, kind, share in done(looks) if kind == "SetWeights"]
    assert shares == [(1, 0.33), (6, 0.66), (11, 1.0)]


def test_all_at_once_bakes_too() -> None:
    """The default: one step to 100 %, one bake; nothing if there is no interval."""
    looks = run(deployment(traffic={"type": "ALL_AT_ONCE"}), steady())
    assert done(looks)[:2] == [(1, "SetWeights", 1.0), (8, "Promote", None)]
    looks = run(BlueGreen(), steady())
    assert done(looks)[:2] == [(1, "SetWeights", 1.0), (3, "Promote", None)]


def test_an_alarm_in_a_bake_gives_all_traffic_back() -> None:
    """In force at 2:02; the window 3 to 4 is published at 4:45, and the look at 5 rolls back."""
    looks = run(deployment(), steady(failing=0.5))
    assert done(looks) == [(1, "SetWeights", 0.1), (5, "RollBack", None)]
    rollback = looks[4].actions[0]
    assert isinstance(rollback, RollBack)
    assert rollback.because == (
        "alarm errors is in ALARM: Invocation5XXErrors Average of candidate per 1min "
        "was - - 0.5 (1 of 1 > 0.1)"
    )
    assert looks[-1].state.phase is Deployment.FINISHED
    assert looks[-1].share == 0


def test_an_alarm_in_the_last_bake_rolls_back_as_well() -> None:
    """Broken only under the full load: the shift to 100 % is taken back."""

    def overloaded(variant: str, number: int, share: float) -> Any:
        count = round(100 * share)
        return requests([40.0] * count, failed=count if variant == "new" and share == 1 else 0)

    assert done(run(deployment(), overloaded))[-1][1] == "RollBack"


def test_a_bake_shorter_than_its_alarm_protects_nobody() -> None:
    """As the docstring warns: with a bake of 1 min the next step comes before the first alarm."""
    looks = run(deployment(wait_interval="1min"), steady(failing=0.5))
    assert done(looks) == [(1, "SetWeights", 0.1), (4, "SetWeights", 1.0), (6, "RollBack", None)]
    traffic = {"type": "LINEAR", "size": "50%"}
    slow = {"slow": ERRORS | {"period": "5min", "evaluation_periods": 2}}
    policy = deployment(traffic=traffic, wait_interval="2min", alarms=slow)
    assert done(run(policy, steady(failing=0.5)))[2][1] == "Promote"


def test_without_alarms_nothing_is_rolled_back() -> None:
    """Every request fails, and the deployment goes through."""
    looks = run(deployment(alarms={}), steady(failing=1.0))
    assert "Promote" in [kind for _, kind, _ in done(looks)]


def test_an_alarm_at_the_start_ends_the_deployment() -> None:
    """Whether the old fleet is ill or missing data counts as breaching: no traffic is shifted."""
    ill = {"errors": {"metric": "ModelLatency", "of": "control", "threshold": 1_000}}
    looks = run(deployment(alarms=ill, start_after="10min"), steady())
    assert done(looks) == [(10, "RollBack", None)]
    assert "before any traffic was shifted, alarm errors is in ALARM" in looks[9].actions[0].because
    silent = {"errors": ERRORS | {"treat_missing_data": "breaching"}}
    looks = run(deployment(alarms=silent, start_after="10min"), steady())
    assert done(looks) == [(10, "RollBack", None)]


def test_an_execution_that_takes_too_long_goes_back() -> None:
    """Started at 1 min, allowed 10 min: at 12 min the last bake is broken off."""
    looks = run(deployment(maximum_execution_timeout="10min"), steady())
    assert done(looks)[-1] == (12, "RollBack", None)
    assert "took longer than 10min" in looks[11].actions[0].because


def test_the_green_fleet_is_provisioned_first() -> None:
    """A candidate that is not on the endpoint is added without traffic."""
    looks = run(deployment(), steady(), weights={"old": 1.0})
    first, second = (action for look in looks[:5] for action in look.actions)
    assert isinstance(first, AddVariant)
    assert first.weight == 0
    assert isinstance(second, SetWeights)


def test_a_refused_rollback_is_asked_for_again() -> None:
    """Until the endpoint takes it."""
    looks = run(deployment(), steady(failing=0.5), minutes=5)
    seen = observation(refused=(Refusal(looks[-1].actions[0], "Updating"),))
    actions, state = deployment().decide(looks[-1].state, seen)
    assert actions == looks[-1].actions
    actions, state = deployment().decide(state, seen._replace(refused=()))
    assert (actions, state.phase) == ((), Deployment.FINISHED)


def test_alarms_keep_counting_while_traffic_moves() -> None:
    """No action during an update, but the datapoints of that time are not lost."""
    looks = run(deployment(), steady(failing=0.5), minutes=3)
    during = looks[1]
    assert during.status is EndpointStatus.UPDATING
    assert during.state.alarms[0].until_ns == MINUTE
    assert not during.actions


def test_an_alarm_between_two_looks_is_not_missed() -> None:
    """Looks every 5 min; the alarm was in ALARM for one minute and is OK again at the look."""

    def hiccup(variant: str, number: int, share: float) -> Any:
        return steady(failing=0.5 if number == 11 else 0.0)(variant, number, share)

    slow = {"interval_ns": 5 * MINUTE}
    looks = run(deployment(wait_interval="20min"), hiccup, **slow)
    assert done(looks) == [(5, "SetWeights", 0.1), (15, "RollBack", None)]
    assert "alarm errors was in ALARM" in looks[2].actions[0].because


def test_other_variants_keep_their_traffic() -> None:
    """A third variant has half of it: blue and green share the other half."""
    looks = run(deployment(), steady(), weights={"old": 2.0, "new": 0.0, "third": 2.0})
    shifted = looks[3].weights
    assert shifted == {"old": 1.8, "new": pytest.approx(0.2), "third": 2.0}


def test_its_splits_are_its_steps() -> None:
    """For the capacity check before a run."""
    splits = deployment().splits("old", "new", AT_START)
    assert splits[0] == {"old": 0.9, "new": 0.1}
    assert {"old": 0.0, "new": 1.0} in splits


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        ({"type": "CANARY"}, "needs one size"),
        ({"type": "CANARY", "size": "51%"}, "at most 50 %"),
        ({"type": "CANARY", "size": "10%", "instances": 1}, "needs one size"),
        ({"type": "LINEAR", "size": "9%"}, "at least 10 %"),
        ({"type": "LINEAR", "size": "60%"}, "at most 50 %"),
        ({"type": "ALL_AT_ONCE", "size": "10%"}, "has no size"),
    ],
)
def test_a_shift_that_the_platform_refuses_is_refused(shift: Any, message: str) -> None:
    """A canary of at most 50 %, linear steps of 10 to 50 %."""
    with pytest.raises(ValidationError, match=message):
        TrafficShift.model_validate(shift)


def test_waits_are_at_most_an_hour() -> None:
    """The API's limit of WaitIntervalInSeconds and TerminationWaitInSeconds is 3600."""
    with pytest.raises(ValidationError, match="less than or equal to 3600000000000"):
        deployment(wait_interval="61min")
