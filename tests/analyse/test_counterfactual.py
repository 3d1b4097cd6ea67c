"""Harm in excess of chance: the same run with variants that answer as the control does."""

from __future__ import annotations

from typing import Any

import pytest

from simab.analyse import RunSummary, summary_of, truth_of_scenario
from simab.analyse.counterfactual import (
    Counterfactual,
    Repeatable,
    as_the_control,
    differs_for_users,
)
from simab.draws import Draws
from simab.policies import (
    Action,
    AddVariant,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SessionAffinity,
    SetInstances,
    SetWeights,
)
from simab.run.simulation import play_run
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.study import StudyPlan, run_study
from simab.world import Blueprint
from tests.world.building import Script, scenario, variant

ROLLOUT: dict[int, list[Action]] = {
    2: [SetWeights({"a": 3, "b": 1})],
    3: [SetWeights({"a": 1, "b": 1})],  # refused: the first is not over
    5: [SetWeights({"a": 1, "b": 3}, session_affinity=SessionAffinity("b", 10**12))],
    8: [Promote("b")],
}
GUARDS = [{"metric": "error_rate", "at_most": "1%"}, {"metric": "latency_p99", "at_most": "150ms"}]


def guarded(**candidate: Any) -> Scenario:
    """Windows of ten seconds with 100 requests, of which .5 % fail: healthy ones break 1 %."""
    healthy = {
        "error_rate": 0.005,
        "workers": 2,
        "latency": {"kind": "exponential", "mean": "20ms"},
    }
    play = scenario(
        {"a": variant(**healthy), "b": variant(**healthy | candidate)},
        rate="20/s",
        endpoint={"weight_update": "15s"},
    )
    data = play.model_dump(mode="json")
    data["objective"]["guardrails"] = GUARDS
    return Scenario.model_validate(data)


def row(
    play: Scenario,
    actions: dict[int, list[Action]],
    *,
    engine: str = "compiled",
    always: bool = False,
) -> RunSummary:
    """The row of one replication; `always` plays the second run where it need not be, too."""
    counterfactual = Counterfactual(play)
    if always:
        counterfactual.__dict__["is_needed"] = True
    draws = Draws(7, 4)
    run = play_run(Blueprint.of(play), ("script", Script(actions)), draws, engine=engine)
    outcome = summary_of(run, truth_of_scenario(play))
    return counterfactual.excess(outcome, Repeatable.of(run), draws, engine)


def test_a_fault_of_the_timeline_counts_without_a_guardrail() -> None:
    """A third of the requests of the candidate fail, by what happens and not by what it is."""
    fault = {"kind": "conditions", "variants": ["b"], "at": "10s", "error_rate": 1 / 3}
    whole = row(scenario(timeline=[fault]), {2: [Promote("b")]})
    assert whole.errors_excess == whole.requests_failed > 100
    shared = row(scenario(timeline=[fault | {"variants": []}]), {2: [Promote("b")]})
    assert shared.requests_failed > 100
    assert shared.errors_excess == 0


SCRIPTS: dict[str, dict[int, list[Action]]] = {
    "nothing": {},
    "a rollout": ROLLOUT,
    "rolled back": {1: [SetWeights({"b": 9})], 4: [RollBack()]},
    "mirrored": {1: [SetWeights({"a": 1, "b": 0}, mirror=Mirror("b"))], 6: [SetWeights({"b": 1})]},
    "scaled": {1: [SetInstances("b", 3)], 7: [SetWeights({"b": 4})]},
    "removed and added": {1: [RemoveVariant("b")], 4: [AddVariant("b", 2.0)]},
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize(
    "quality", [{"kind": "success", "probability": each} for each in (0.9, 0.2)], ids=["=", "worse"]
)
def test_a_candidate_like_the_control_has_no_excess_though_windows_break(
    name: str, quality: dict[str, Any]
) -> None:
    """Exactly 0, whether the second run is played or spared; how good answers are harms nobody."""
    play = guarded(quality=quality)
    assert not differs_for_users(play)
    spared, played = (row(play, SCRIPTS[name], always=always) for always in (False, True))
    assert spared == played
    assert spared.guardrail_breach_s > 0
    assert (spared.guardrail_breach_excess_s, spared.errors_excess) == (0.0, 0)


def test_the_same_instants_and_weights_are_played_again() -> None:
    """A broken candidate: its excess is the breach and the errors less those of an equal one."""
    broken, equal = row(guarded(error_rate=0.3), ROLLOUT), row(guarded(), ROLLOUT)
    assert broken.guardrail_breach_excess_s == (
        broken.guardrail_breach_s - equal.guardrail_breach_s
    )
    errors = [each.requests_failed + each.requests_rejected for each in (broken, equal)]
    assert broken.errors_excess == errors[0] - errors[1] > 100
    assert broken.error_share_excess == broken.errors_excess / broken.requests_total


@pytest.mark.parametrize(
    "candidate",
    [
        {"latency": {"kind": "constant", "value": "900ms"}, "workers": 100},
        {"error_rate": 0.3},
        {"queue_limit": 0},
        {"latency": {"kind": "exponential", "mean": "80ms"}, "workers": 1},
        {"latency": {"kind": "exponential", "mean": "60ms"}, "workers": 1},
    ],
    ids=["slow", "failing", "no queue", "overloaded", "busy"],
)
def test_a_candidate_that_harms_has_an_excess_on_both_engines(candidate: dict[str, Any]) -> None:
    """Slow, failing, refusing or overloaded: the excess is positive, and both planes give it."""
    rows = [row(guarded(**candidate), ROLLOUT, engine=each) for each in ("compiled", "reference")]
    assert rows[0] == rows[1]
    assert rows[0].guardrail_breach_excess_s > 0


def test_a_candidate_better_than_the_control_has_a_negative_excess() -> None:
    """It keeps what the control breaks; the sign is kept."""
    play = guarded(error_rate=0.0)
    assert row(play, ROLLOUT).errors_excess < 0


def test_what_is_equal_is_all_but_names_and_weights() -> None:
    """Latency, errors, quality and what serves are the control's; the fleet only if asked."""
    play = guarded(weight=3, instances=2, workers=5, error_rate=0.4, queue_limit=1)
    equal = as_the_control(play, instances=True).endpoint.variants
    assert equal["b"] == equal["a"].model_copy(update={"weight": 3})
    assert as_the_control(play, instances=False).endpoint.variants["b"].instances == 2
    assert as_the_control(play, instances=True).policies == play.policies


def test_one_that_scales_by_itself_is_compared_with_one_that_scales_as_the_control() -> None:
    """A candidate that cannot grow under load has an excess; a control that does is like itself."""
    growing = {"max_instances": 6, "invocations_per_instance": 300, "scale_out_datapoints": 1}
    play = guarded(workers=1, latency={"kind": "exponential", "mean": "60ms"}, autoscaling=growing)
    assert differs_for_users(play)
    equal = as_the_control(play, instances=True).endpoint.variants
    assert equal["b"] == equal["a"]
    assert as_the_control(play, instances=False).endpoint.variants["b"].autoscaling is not None
    rows = [row(play, ROLLOUT, engine=each) for each in ("compiled", "reference")]
    assert rows[0] == rows[1]
    assert rows[0].guardrail_breach_excess_s > 0


def test_rows_of_a_study_hold_their_excess() -> None:
    """A study plays the second run itself, and a failing candidate shows in its rows."""
    play = guarded(error_rate=0.5)
    plan = StudyPlan.of_scenario(play, {"script": Script(ROLLOUT)}, 2, 7, "compiled")
    rows = run_study(plan)[DESCRIBED]["script"]
    assert all(each.errors_excess > 100 for each in rows)
    assert all(each.guardrail_breach_excess_s > 0 for each in rows)
