"""`check` says of each rule when it cannot end: before the horizon, or without a person."""

from __future__ import annotations

import math

import pytest

import simab
from simab.explain import warnings
from simab.scenario import Scenario
from simab.scenario.loading import loads

WORLD = """
title: two equal variants
endpoint:
  weight_update: {update}
  variants:
    a: {variant}
    b: {variant}
traffic: {{u: {{rate: 5/s}}}}
metrics: {{publication_delay: 0s}}
objective: {{control: a, candidate: b, metric: success_rate, smallest_effect: 2%}}
horizon: {horizon}
policies:
  rule: {policy}
"""
VARIANT = (
    "{workers: 8, latency: {kind: constant, value: 20ms}, "
    "quality: {kind: success, probability: 90%}}"
)
RULES = {
    "canary": (
        "{kind: staged_canary, stages: [10%, 50%], bake: 10min, "
        "alarms: [{metric: error_rate, at_most: 50%}]}"
    ),
    "safe": "{kind: safe_rollout, stages: [10%, 50%], bake: 10min, sample_ratio_alpha: null}",
    "blue_green": (
        "{kind: blue_green, traffic: {type: LINEAR, size: 25%}, wait_interval: 5min, "
        "start_after: 3min}"
    ),
    "flagger": "{kind: flagger, step_weight: 20, max_weight: 50, confirm_promotion_after: 5min}",
    "flagger, blue/green": "{kind: flagger, iterations: 5}",
    "argo": (
        "{kind: argo_rollouts, traffic_routing: true, steps: [{set_weight: 20}, "
        "{pause: {duration: 7min}}, {set_weight: 60}, {analysis: {m: {metric: error_rate, "
        'interval: 2min, count: 4, success_condition: "result[0] < 0.5"}}}]}'
    ),
    "kayenta": (
        "{kind: kayenta, share: 50%, lifetime: 20min, begin_after: 5min, "
        "metrics: [{name: e, measures: latency_p99, groups: [g]}]}"
    ),
}


def world(policy: str, *, horizon: str = "8h", update: str = "62s") -> Scenario:
    """Two equal variants and one rule."""
    text = WORLD.format(variant=VARIANT, policy=policy, horizon=horizon, update=update)
    return loads(text)


def promoted_at_ns(scenario: Scenario) -> float:
    """When the rule promotes in one run; infinity if it does not."""
    decisions = simab.simulate(scenario, seed=1).decisions
    promotions = decisions[(decisions["action"] == "Promote") & decisions["accepted"]]
    return float(promotions["at_ns"].iloc[0]) if len(promotions) else math.inf


@pytest.mark.parametrize("update", ["1s", "62s"])
@pytest.mark.parametrize("rule", RULES)
def test_no_run_promotes_before_the_shortest_time(rule: str, update: str) -> None:
    """The bound is sound, and not idle: a healthy candidate is promoted within twice the time."""
    scenario = world(RULES[rule], horizon="2h", update=update)
    shortest_ns = scenario.policies["rule"].shortest_promotion_ns(scenario.endpoint.weight_update)
    assert 0 < shortest_ns <= promoted_at_ns(scenario) < 2 * shortest_ns


@pytest.mark.parametrize("rule", RULES)
def test_a_horizon_below_the_shortest_time_is_warned_of_and_no_run_promotes(rule: str) -> None:
    """And one just above it is not warned of."""
    scenario = world(RULES[rule])
    shortest_ns = int(scenario.policies["rule"].shortest_promotion_ns(62 * 10**9))
    short = scenario.model_copy(update={"horizon": shortest_ns - 10**9})
    assert any("no run can end with a promotion" in each for each in warnings(short))
    assert promoted_at_ns(short) == math.inf
    long = scenario.model_copy(update={"horizon": shortest_ns})
    assert not any("no run can end" in each for each in warnings(long))


def test_two_bakes_of_ten_hours_do_not_fit_into_eight() -> None:
    """20 h and two updates of 62 s."""
    canary = RULES["canary"].replace("10min", "10h")
    (warning,) = (each for each in warnings(world(canary)) if "promote" in each)
    assert "needs at least 20 h 2 min to promote" in warning
    assert "the horizon is 8 h" in warning


def test_every_pause_without_an_end_is_named() -> None:
    """Whoever removes the first must not find the second afterwards."""
    steps = "[{set_weight: 20}, {pause: {}}, {set_weight: 60}, {pause: {}}]"
    argo = f"{{kind: argo_rollouts, traffic_routing: true, steps: {steps}}}"
    assert any("waits at step 2 and step 4 for a person" in w for w in warnings(world(argo)))
    resumed = argo.replace("steps:", "resume_after: 5h, steps:")
    assert not any("a person" in each for each in warnings(world(resumed)))
    assert any("needs at least 10 h 2 min" in each for each in warnings(world(resumed)))


@pytest.mark.parametrize(
    ("metric", "warned"),
    [
        ('success_condition: "result[0] < 0.1", failure_condition: "result[0] > 0.2"', True),
        ('success_condition: "result[0] < 0.1"', False),
        (
            'success_condition: "result[0] < 0.1", failure_condition: "result[0] > 0.2", '
            "dry_run: true",
            False,
        ),
    ],
)
@pytest.mark.parametrize("background", [False, True])
def test_an_analysis_that_may_wait_for_a_person_is_named(
    metric: str, warned: bool, background: bool
) -> None:
    """Where neither condition holds, the rollout pauses until somebody decides."""
    analysis = f"{{m: {{metric: error_rate, interval: 1min, count: 3, {metric}}}}}"
    step = "{pause: {duration: 10min}}" if background else f"{{analysis: {analysis}}}"
    beside = f"background: {{metrics: {analysis}}}, " if background else ""
    argo = f"{{kind: argo_rollouts, traffic_routing: true, {beside}steps: [{step}]}}"
    said = [each for each in warnings(world(argo)) if "inconclusive" in each]
    assert bool(said) is warned


def test_an_experiment_that_ends_after_the_horizon_is_warned_of() -> None:
    """Its `maximum_duration` never comes."""
    rule = "{kind: thompson, update_every: 1h, maximum_duration: 9h}"
    assert any("ends after 9 h at the latest" in each for each in warnings(world(rule)))


@pytest.mark.parametrize("rule", ["canary", "safe", "blue_green", "argo"])
def test_a_wait_shorter_than_the_looks_is_spoken_of(rule: str) -> None:
    """It ends at a look: of an hourly controller, not after minutes."""
    data = world(RULES[rule]).model_dump(mode="json")
    said = {}
    for interval in ("1min", "1h"):
        data["controller"]["interval"] = interval
        found = warnings(Scenario.model_validate(data))
        said[interval] = [each for each in found if "waits for the next look" in each]
    assert [len(each) for each in said.values()] == [0, 1]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("{kind: naive_peeking, labelled_requests: 9, maximum_duration: 9h}", "maximum_duration"),
        (
            "{kind: ship_decision, duration: 9h, metrics: [{metric: success_rate, role: success}]}",
            "duration",
        ),
        (
            "{kind: group_sequential, labelled_requests: 9, look_times: [1h, 9h], "
            "boundary: pocock_spending, maximum_duration: 10h}",
            "look_times",
        ),
    ],
    ids=["end", "duration", "looks"],
)
def test_the_field_that_ends_it_is_named(rule: str, field: str) -> None:
    """Nine hours, of eight."""
    (said,) = [each for each in warnings(world(rule)) if "at the latest" in each]
    assert f"ends after 9 h at the latest ({field}), but" in said
    assert said.endswith(f"Lengthen horizon, or shorten {field}.")
