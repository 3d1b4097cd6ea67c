"""Argo rollouts: steps, pauses, analyses and their effect on the weight; replica counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simab.policies import AddVariant, Promote, Refusal, RollBack, SetWeights
from simab.policies.argo.analysis import Phase
from simab.policies.argo.replicas import replica_counts
from simab.policies.argo.rollouts import ArgoRollouts, RolloutPhase
from tests.policies.fake_endpoint import SECOND, Look, play, steady
from tests.policies.fake_metrics import AT_START, MINUTE, observation

ERRORS = {
    "metric": "error_rate",
    "window": "2min",
    "interval": "1min",
    "failure_condition": "result[0] > 0.1",
}


def rollout(*steps: dict[str, Any], **fields: Any) -> ArgoRollouts:
    plain = {"traffic_routing": True, "steps": list(steps)}
    return ArgoRollouts.model_validate(plain | fields)


def done(looks: list[Look]) -> list[tuple[int, str, float | None]]:
    """Minute, kind and share of each action."""
    return [
        (
            look.now_ns // MINUTE,
            type(action).__name__,
            action.weights["new"] / sum(action.weights.values())
            if isinstance(action, SetWeights)
            else None,
        )
        for look in looks
        for action in look.actions
    ]


def run(policy: ArgoRollouts, windows: Any = None, minutes: int = 30, **more: Any) -> list[Look]:
    return list(play(policy, windows or steady(), until_ns=minutes * MINUTE, **more))


def test_weights_and_pauses_in_order() -> None:
    """A pause starts when the weight is in force; after the last step comes 100 %."""
    looks = run(rollout({"set_weight": 20}, {"pause": {"duration": "5min"}}, {"set_weight": 60}))
    assert done(looks) == [
        (1, "SetWeights", 0.2),
        (8, "SetWeights", 0.6),
        (10, "Promote", None),
    ]
    assert looks[-1].state.phase is RolloutPhase.HEALTHY
    assert looks[-1].share == 1
    assert looks[2].state.phase is RolloutPhase.PAUSED
    assert looks[0].actions[0].because == "step 1 of 3: set_weight 20"


def test_a_router_may_split_finer_than_percents() -> None:
    """maxTrafficWeight: 1000 has steps of a tenth of a percent."""
    steps = ({"set_weight": 5}, {"pause": {"duration": "5min"}}, {"set_weight": 500})
    policy = rollout(*steps, max_traffic_weight=1000)
    looks = run(policy)
    assert done(looks) == [(1, "SetWeights", 0.005), (8, "SetWeights", 0.5), (10, "Promote", None)]
    assert looks[0].actions[0].because == "step 1 of 3: set_weight 5 of 1000"
    assert policy.splits("old", "new", AT_START)[0] == {"old": 995, "new": 5}
    assert "max_traffic_weight" not in rollout(*steps[:1]).model_dump()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, r"steps\[1\] sets a weight of 101, above all traffic, which weighs 100"),
        ({"max_traffic_weight": 1000, "traffic_routing": False}, "is that of a router"),
    ],
)
def test_weights_have_a_whole(fields: dict[str, Any], message: str) -> None:
    """And replicas know percents alone."""
    with pytest.raises(ValidationError, match=message):
        rollout({"set_weight": 1}, {"set_weight": 101}, **fields)


def test_a_pause_without_duration_waits_for_ever() -> None:
    """Nobody decides: that is what the study counts as undecided."""
    looks = run(rollout({"set_weight": 20}, {"pause": {}}), minutes=600)
    assert done(looks) == [(1, "SetWeights", 0.2)]
    assert looks[-1].state.phase is RolloutPhase.PAUSED


def test_a_person_resumes_if_the_scenario_says_so() -> None:
    """The pause began at 3 min; resumed 10 min later."""
    looks = run(rollout({"set_weight": 20}, {"pause": {}}, resume_after="10min"))
    assert done(looks)[-1] == (13, "Promote", None)


def test_an_inline_analysis_blocks_until_it_is_over() -> None:
    """Three measurements from 3 min on, a minute apart; then the next step."""
    analysis = {"analysis": {"errors": ERRORS | {"count": 3, "consecutive_error_limit": 9}}}
    looks = run(rollout({"set_weight": 20}, {"pause": {"duration": "3min"}}, analysis))
    assert done(looks) == [(1, "SetWeights", 0.2), (8, "Promote", None)]
    counted = [look.state.analysis.results["errors"].count for look in looks[5:7]]
    assert counted == [1, 2]


def test_a_failed_analysis_aborts_to_weight_0() -> None:
    """All traffic back, with the metric, the limit and the numbers behind it."""
    analysis = {"analysis": {"errors": ERRORS | {"count": 5, "failure_limit": 1}}}
    steps = [{"set_weight": 20}, {"pause": {"duration": "3min"}}, analysis]
    looks = run(rollout(*steps), steady(failing=0.5))
    assert done(looks) == [(1, "SetWeights", 0.2), (7, "RollBack", None)]
    assert looks[6].actions[0].because == (
        "analysis at step 3: metric errors Failed: failed 2 > failure_limit 1 in 2 measurements; "
        "last candidate error_rate over 2min = 0.5 (new 0.5 in 40 requests)"
    )
    assert looks[-1].state.phase is RolloutPhase.DEGRADED
    assert looks[-1].share == 0


def test_an_analysis_without_data_aborts_as_well() -> None:
    """The fifth error on end, 40 s after the first: the tool tries again every 10 s."""
    analysis = {"analysis": {"errors": ERRORS | {"count": 5}}}
    looks = run(rollout({"set_weight": 0}, analysis))
    assert done(looks) == [(2, "RollBack", None)]
    assert "metric errors Error: errors on end 5 > consecutive_error_limit 4" in (
        looks[1].actions[0].because
    )


def test_a_background_analysis_runs_beside_the_steps() -> None:
    """It starts with its step, aborts the rollout when it fails, and ends with the rollout."""
    delayed = ERRORS | {"initial_delay": "2min"}
    background = {"metrics": {"errors": delayed}, "starting_step": 1}
    steps = [{"set_weight": 20}, {"pause": {"duration": "20min"}}]
    looks = run(rollout(*steps, background=background))
    assert looks[1].state.background is None
    assert looks[2].state.background.started_ns == 3 * MINUTE
    assert done(looks)[-1] == (23, "Promote", None)
    assert "failed measurements in the background: errors 0" in looks[22].actions[0].because
    looks = run(rollout(*steps, background=background), steady(failing=0.5))
    assert done(looks) == [(1, "SetWeights", 0.2), (5, "RollBack", None)]
    assert looks[4].actions[0].because.startswith("background analysis at step 2: metric errors")


def test_a_background_analysis_that_starts_too_soon_finds_nothing() -> None:
    """From step 0 it measures before any traffic: five errors abort a healthy candidate."""
    steps = [{"set_weight": 20}, {"pause": {"duration": "20min"}}]
    early = run(
        rollout(*steps, background={"metrics": {"errors": ERRORS}}), interval_ns=10 * SECOND
    )
    assert [kind for _, kind, _ in done(early)] == ["SetWeights", "RollBack"]
    assert "Error: errors on end 5" in next(
        look.actions[0].because for look in early if look.actions and look.now_ns > 10 * SECOND
    )
    # The abort itself has to wait until the endpoint has finished its update.
    assert next(look for look in early if look.state.abort).now_ns == 50 * SECOND
    assert done(early)[1][0] == 1  # 80 s, the first look after the update's 62 s


def test_an_inconclusive_analysis_pauses_for_a_person() -> None:
    """Neither condition true: no abort, no next step; once resumed the analysis starts anew."""
    gap = ERRORS | {"success_condition": "result[0] < 0.01", "count": 2}
    steps = [{"set_weight": 20}, {"pause": {"duration": "3min"}}, {"analysis": {"errors": gap}}]
    looks = run(rollout(*steps), steady(failing=0.05), minutes=100)
    assert done(looks) == [(1, "SetWeights", 0.2)]
    assert looks[-1].state.phase is RolloutPhase.PAUSED
    assert looks[-1].state.analysis.phase is Phase.INCONCLUSIVE
    looks = run(rollout(*steps, resume_after="10min"), steady(failing=0.05), minutes=40)
    starts = {look.state.analysis.started_ns // MINUTE for look in looks if look.state.analysis}
    assert starts == {6, 16, 26, 36}


def test_an_inconclusive_background_is_started_anew_too() -> None:
    """The pause holds the steps up; the new run may be conclusive."""

    def better_later(variant: str, number: int, share: float) -> Any:
        return steady(failing=0.05 if number < 8 else 0.0)(variant, number, share)

    gap = ERRORS | {"success_condition": "result[0] < 0.01", "initial_delay": "3min"}
    policy = rollout(
        {"set_weight": 20},
        {"pause": {"duration": "4min"}},
        background={"metrics": {"errors": gap}, "starting_step": 1},
        resume_after="10min",
    )
    looks = run(policy, better_later)
    assert looks[5].state.phase is RolloutPhase.PAUSED
    assert looks[5].state.background.phase is Phase.INCONCLUSIVE
    assert done(looks)[-1] == (16, "Promote", None)


def test_a_rollout_starts_at_weight_0() -> None:
    """Where the first step is not a weight, the candidate loses the one that it has."""
    looks = run(rollout({"pause": {"duration": "3min"}}), weights={"old": 1.0, "new": 1.0})
    assert done(looks) == [(1, "SetWeights", 0.0), (6, "Promote", None)]
    assert looks[0].actions[0].because == "the rollout starts at weight 0"


def test_a_new_version_is_scaled_up_first() -> None:
    """A candidate that is not on the endpoint is added without traffic."""
    looks = run(rollout({"set_weight": 20}), weights={"old": 1.0})
    assert isinstance(looks[0].actions[0], AddVariant)
    assert [kind for _, kind, _ in done(looks)] == ["AddVariant", "SetWeights", "Promote"]


def test_a_refused_decision_is_asked_for_again() -> None:
    """Until the endpoint takes it, and then no more."""
    policy = rollout({"set_weight": 50})
    (promote,), state = policy.decide(None, observation())
    assert isinstance(promote, Promote)
    again, state = policy.decide(state, observation(refused=(Refusal(promote, "Updating"),)))
    assert list(again) == [promote]
    assert not policy.decide(state, observation())[0]


def test_without_a_router_the_split_is_that_of_the_replicas() -> None:
    """Five replicas: 10 % is one of six, 20 % one of five; the reason tells."""
    policy = rollout({"set_weight": 10}, traffic_routing=False, replicas=5)
    (action,), _ = policy.decide(None, observation(weights={"old": 1.0, "new": 0.0}))
    assert action.weights == {"old": 5.0, "new": 1.0}
    assert action.because.endswith("set_weight 10, which 1 of 6 replicas come nearest to")
    assert policy.splits("old", "new", AT_START)[0] == {"old": 5.0, "new": 1.0}
    own = rollout({"set_weight": 25}, traffic_routing=False, surge=False)
    seen = observation(weights={"old": 1.0, "new": 0.0}, instances={"old": 8, "new": 1})
    (action,), state = own.decide(None, seen)
    assert action.weights == {"old": 6.0, "new": 2.0}
    # the control's instances count at the start only
    assert own.decide(state, seen._replace(instances={"old": 4}))[1].replicas == 8


@pytest.mark.parametrize(
    ("replicas", "weight", "surge", "canary", "stable"),
    [
        (10, 0, True, 0, 10),
        (10, 1, True, 1, 10),
        (10, 18, True, 2, 9),
        (10, 19, True, 2, 9),
        (10, 20, True, 2, 8),
        (10, 23, True, 2, 8),
        (10, 24, True, 3, 8),
        (10, 25, True, 3, 8),
        (10, 41, True, 4, 6),
        (10, 99, True, 10, 1),
        (10, 100, True, 10, 0),
        (5, 10, True, 1, 5),
        (5, 10, False, 1, 4),
        (3, 50, False, 2, 1),
        (1, 50, True, 1, 1),
        (1, 50, False, 1, 0),
        (1, 49, False, 0, 1),
        (10, 95, False, 0, 10),  # 9.5 is a tie, which rounds up to all: no count is considered
        (2, 75, False, 0, 2),
        (10, 99, False, 9, 1),
    ],
)
def test_replica_counts_of_the_tool(
    replicas: int, weight: int, surge: bool, canary: int, stable: int
) -> None:
    """From the tool's own test table (10 replicas), its docs (10 at 41 %), and by hand."""
    assert replica_counts(replicas, weight, surge=surge) == (canary, stable)


@given(st.integers(1, 60), st.integers(0, 100), st.booleans())
def test_no_other_counts_come_nearer(replicas: int, weight: int, surge: bool) -> None:
    """Among all allowed pairs; between 1 and 99 both versions keep a replica, but for one case."""
    canary, stable = replica_counts(replicas, weight, surge=surge)
    totals = [replicas, replicas + 1] if surge else [replicas]
    alone = weight in (0, 100) or (replicas == 1 and not surge)
    options = [
        (each, total - each)
        for total in totals
        for each in range(total + 1)
        if alone or 0 < each < total
    ]
    if not surge and canary == 0 < weight < 100 and not alone:
        # What the source comes to where a tie would round up to all replicas: no canary.
        assert replicas * weight % 100 == 50
        assert stable == replicas == replicas * weight // 100 + 1
        return
    assert (canary, stable) in options
    nearest = min(abs(100 * one / (one + other) - weight) for one, other in options)
    assert abs(100 * canary / (canary + stable) - weight) == pytest.approx(nearest, abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": []}, "at least 1"),
        ({"steps": [{}]}, "exactly one of"),
        ({"steps": [{"set_weight": 1, "pause": {}}]}, "exactly one of"),
        ({"steps": [{"set_weight": 101}]}, "above all traffic, which weighs 100"),
        ({"steps": [{"analysis": {"errors": ERRORS}}]}, "metric errors of an analysis step would"),
        ({"steps": [{"analysis": {}}]}, "at least 1"),
        (
            {
                "steps": [{"set_weight": 1}],
                "background": {"metrics": {"errors": ERRORS}, "starting_step": 1},
            },
            "the last step is 0",
        ),
    ],
)
def test_a_rollout_that_cannot_be_followed_is_refused(fields: Any, message: str) -> None:
    """Each with the rule that it breaks."""
    with pytest.raises(ValidationError, match=message):
        ArgoRollouts.model_validate(fields)


def test_other_variants_keep_their_traffic() -> None:
    """A third variant has half of it: the weight is a share of the other half."""
    weights = {"old": 10.0, "new": 0.0, "third": 10.0}
    looks = run(rollout({"set_weight": 20}, {"pause": {}}), weights=weights)
    assert looks[-1].weights == {"old": 8.0, "new": 2.0, "third": 10.0}


def test_an_abort_is_a_rollback() -> None:
    """Reports tell it apart from a promotion of the control."""
    looks = run(rollout({"set_weight": 0}, {"analysis": {"errors": ERRORS | {"count": 1}}}))
    assert isinstance(looks[1].actions[0], RollBack)
