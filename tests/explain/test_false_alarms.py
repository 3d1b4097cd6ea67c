"""How often a controller rolls back a healthy candidate by chance: by closed forms, and played."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab import compare
from simab.analyse import Verdict
from simab.explain import warnings
from simab.explain.setting import setting_of
from simab.policies import Policy
from simab.policies.explainers import explainer_of
from simab.policies.explaining.drawn_windows import DrawnWindows
from simab.policies.explaining.false_alarms import FalseAlarms, false_alarms
from simab.policies.explaining.readings import of_limit
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.theory.controllers import run_of_failures_probability
from tests.world.building import scenario, variant

SKEWED = {"kind": "lognormal", "median": "40ms", "p99": "200ms"}
MONTE_CARLO = 4_000  # drawn runs behind each probability


def world(policies: dict[str, Any], horizon: str = "90min", **parts: Any) -> Scenario:
    """Two equal variants, 1 % errors, 200 requests a minute; as slow to change as the platform."""
    answers = variant(error_rate=0.01, latency=SKEWED, workers=50)
    data = scenario(
        {"a": answers, "b": answers | {"weight": 0}}, rate="200/min", horizon=horizon,
        endpoint={"weight_update": "62s"}, policies=policies,
    ).model_dump(mode="json")  # fmt: skip
    data["metrics"] = {"period": "1min", "publication_delay": "45s"}
    data["controller"] = {"interval": "1min"}
    for key, changes in parts.items():
        data[key] |= changes
    return Scenario.model_validate(data)


def staged(limit: dict[str, Any], bake: str = "10min", **fields: Any) -> dict[str, Any]:
    stages = {"kind": "staged_canary", "stages": ["10%", "50%"], "bake": bake}
    return stages | {"alarms": [limit]} | fields


def blue_green(alarm: dict[str, Any], **fields: Any) -> dict[str, Any]:
    traffic = {"type": "CANARY", "size": "10%"}
    plan = {"kind": "blue_green", "traffic": traffic, "wait_interval": "10min"}
    return plan | {"alarms": {"errors": {"period": "1min"} | alarm}} | fields


def argo(metric: dict[str, Any], weight: int = 20, **fields: Any) -> dict[str, Any]:
    steps = [
        {"set_weight": weight},
        {"pause": {"duration": "3min"}},
        {"analysis": {"rate": metric}},
    ]
    return {"kind": "argo_rollouts", "traffic_routing": True, "steps": steps} | fields


def flagger(*metrics: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "flagger", "interval": "2min", "metrics": list(metrics)} | fields


ERRORS = {"metric": "Invocation5XXErrors"}
RATE = {"metric": "success_rate_of_requests", "success_condition": "result[0] >= 0.98"}
SUCCESS = {"name": "request-success-rate", "threshold_range": {"min": 98}}
DURATION = {"name": "request-duration", "interval": "1min", "threshold_range": {"max": 330}}
STEPS = {"step_weight": 20, "max_weight": 60}

PLAYED = {
    "errors, 2 windows on end": staged({"metric": "error_rate", "at_most": "3%"}, periods=2),
    "mean": staged({"metric": "latency_mean", "at_most": "70ms"}),
    "p99": staged({"metric": "latency_p99", "at_most": "400ms"}),
    "2 of 3 datapoints": blue_green(
        ERRORS | {"threshold": 0.03, "evaluation_periods": 3, "datapoints_to_alarm": 2}
    ),
    "sum of errors": blue_green(ERRORS | {"statistic": "Sum", "threshold": 5}),
    "average latency": blue_green({"metric": "ModelLatency", "threshold": 65_000}),
    "p90 of latency": blue_green(
        {"metric": "ModelLatency", "statistic": "p90", "threshold": 150_000}
    ),
    "windows that overlap": argo(RATE | {"interval": "1min", "count": 10, "failure_limit": 2}, 10),
    "the same window again": argo(
        {"metric": "error_rate", "success_condition": "0.03 >= result", "window": "1min"}
        | {"interval": "20s", "count": 12, "failure_limit": 3}
    ),
    "mean by a failure condition": argo(
        {"metric": "latency_mean", "failure_condition": "result[0] > 62", "window": "2min"}
        | {"interval": "2min", "count": 10}
    ),
    "successes on end": argo(
        RATE | {"interval": "1min", "window": "1min", "count": 10, "failure_limit": 3}
        | {"consecutive_success_limit": 3}
    ),
    "in the background": argo(
        RATE | {"interval": "1min", "count": 1},
        background={"metrics": {
            "p99": {"metric": "latency_p99", "success_condition": "result[0] < 330"}
            | {"interval": "2min", "window": "2min", "failure_limit": 1}
        }, "starting_step": 2},
    ),
    "checks": flagger(SUCCESS | {"interval": "1min"}, threshold=2, **STEPS),
    "checks that overlap": flagger(SUCCESS | {"interval": "5min"}, DURATION, threshold=3, **STEPS),
    "mean of those who match": flagger(
        {"name": "mean", "measures": "latency_mean", "threshold_range": {"max": 58}},
        threshold=4, iterations=8, matched_share=0.2,
    ),
    "approved late": flagger(
        SUCCESS | {"interval": "1min"}, threshold=6, confirm_promotion_after="10min", **STEPS
    ),
}  # fmt: skip


def alarms_of(play: Scenario, policy: Policy) -> FalseAlarms | None:
    setting = setting_of(play)
    rules = explainer_of(policy, "it").chance_rules(setting)
    return None if rules is None else false_alarms(rules, setting)


def hold_against_runs(play: Scenario, replications: int) -> None:
    """Each share within four standard errors, of the runs and of the draws, of what is played."""
    study = compare(play, worlds=[DESCRIBED], replications=replications)
    for name, rows in study.rows.items():
        found = alarms_of(play, play.policies[name])
        assert found is not None, name
        played = sum(row.verdict is Verdict.ROLLED_BACK for row in rows)
        spread = found.share * (1 - found.share) * (1 / replications + 1 / MONTE_CARLO)
        assert abs(played / replications - found.share) < 4 * spread**0.5 + 0.005, name


def test_runs_are_rolled_back_as_often_as_the_warning_says() -> None:
    """One rule of each kind, 40 runs each."""
    names = ("2 of 3 datapoints", "windows that overlap", "checks", "mean")
    hold_against_runs(world({name: PLAYED[name] for name in names}, horizon="40min"), 40)


def test_a_candidate_that_serves_from_the_start_has_requests_before_its_first_step() -> None:
    """Flagger takes its traffic away at the first tick; a check may find what it had until then.

    The first check reads the window in which the traffic ended: 1.2 requests on average, none in
    e^-1.2 = 30 % of the runs, and then it fails for want of data.
    """
    skewed = {"kind": "lognormal", "mean": "100ms", "cv": 3}
    mean = {"name": "mean", "measures": "latency_mean", "threshold_range": {"max": 130}}
    play = world(
        {"mean": flagger(mean, interval="1min", threshold=2, step_weight=10, max_weight=50)},
        horizon="20min",
        endpoint={"weight_update": "2s"},
        metrics={"publication_delay": "15s"},
        traffic={"users": {"rate": "6/s"}},
    ).model_dump(mode="json")
    for weight, each in zip((9, 1), play["endpoint"]["variants"].values(), strict=True):
        each |= {"latency": skewed, "error_rate": 0.0, "weight": weight}
    hold_against_runs(Scenario.model_validate(play), 120)


def test_a_window_of_few_latencies_is_empty_as_often_as_poisson_has_it() -> None:
    """e^-1 of the windows with one request on average, whatever their sum is judged by."""
    play = world({"mean": PLAYED["mean"]})
    policy = play.policies["mean"]
    assert isinstance(policy, StagedCanary)
    law = of_limit(policy.alarms[0], play.endpoint.variants["b"]).law
    windows = DrawnWindows(law, 40_000, 1, 1.0)
    windows.draw(0, np.array(1.0))
    _, served = windows.read(0, 1)
    assert abs(served.mean() - (1 - math.exp(-1))) < 4 * math.sqrt(0.37 * 0.63 / 40_000)


@pytest.mark.long
@pytest.mark.parametrize(
    "parts",
    [{}, {"endpoint": {"weight_update": "0s"}, "metrics": {"publication_delay": "0s"}}],
    ids=["slow to change and late", "at once"],
)
def test_every_kind_of_limit_is_broken_in_runs_as_often_as_drawn(parts: dict[str, Any]) -> None:
    """100 runs of each."""
    play = world(PLAYED, horizon="50min")
    data = play.model_dump(mode="json")
    for key, changes in parts.items():
        data[key] |= changes
    hold_against_runs(Scenario.model_validate(data), 100)


def test_a_canary_without_delays_breaks_its_limit_as_runs_of_failures_do() -> None:
    """9 whole windows of 100 requests with 1 % errors; two on end over 3 % (Feller XIII.7)."""
    limit = {"metric": "error_rate", "at_most": "3%"}
    play = world(
        {"canary": staged(limit, periods=2, stages=["50%"])},
        endpoint={"weight_update": "0s"},
        metrics={"publication_delay": "0s"},
    )
    errors, fine = stats.poisson(1.0), stats.poisson(99.0)
    # More than 3 % of k errors and m others: m < k x 97 / 3.
    single = sum(errors.pmf(k) * fine.cdf(-(-k * 97 // 3) - 1) for k in range(1, 60))
    expected = run_of_failures_probability(10, 2, single)
    found = alarms_of(play, play.policies["canary"])
    assert found is not None
    band = 4 * (expected * (1 - expected) / MONTE_CARLO) ** 0.5
    assert found.share == pytest.approx(expected, abs=band)


def rolled_back(play: Scenario) -> list[str]:
    return [each for each in warnings(play) if re.search("rolls? back", each)]


def test_the_warning_says_how_often_and_what_would_do() -> None:
    """With the threshold that it names, no such warning is left; with one less, it is."""
    metric = SUCCESS | {"interval": "1min"}
    (said,) = rolled_back(world({"canary": flagger(metric, threshold=2, **STEPS)}))
    assert said.startswith("“canary” is expected to roll back “b” in about ")
    threshold = int(said.split("Set threshold to ")[1].split(",")[0])
    for least, left in ((threshold, 0), (threshold - 1, 1)):
        play = world({"canary": flagger(metric, threshold=least, **STEPS)})
        assert len(rolled_back(play)) == left


@pytest.mark.parametrize(
    "policy",
    [
        staged({"metric": "error_rate", "at_most": "30%"}),
        blue_green(ERRORS | {"threshold": 0.3}),
        argo(RATE | {"success_condition": "result[0] >= 0.7"}),
        flagger(
            {"name": "request-success-rate", "threshold_range": {"min": 70}}, threshold=2, **STEPS
        ),
        argo(RATE | {"dry_run": True}),
        argo(RATE | {"failure_limit": -1}),
    ],
    ids=["staged", "blue/green", "Argo", "Flagger", "dry run", "never fails"],
)
def test_a_limit_that_chance_does_not_reach_is_not_spoken_of(policy: dict[str, Any]) -> None:
    """Limits of 30 % at 1 % errors, and metrics that have no say."""
    assert rolled_back(world({"canary": policy})) == []


def test_a_check_before_any_data_is_no_chance() -> None:
    """Weights take 62 s, windows come 45 s late: a check 2 min after the first step sees none."""
    metric = {"name": "request-success-rate", "threshold_range": {"min": 70}}
    play = world({"canary": flagger(metric, **STEPS)})
    (said,) = rolled_back(play)
    assert said.startswith("“canary” rolls back every candidate: the first check comes before")
    rows = compare(play, worlds=[DESCRIBED], replications=3).rows["canary"]
    assert [row.verdict for row in rows] == [Verdict.ROLLED_BACK] * 3


def test_a_candidate_that_breaks_the_limit_truly_is_judged_as_one_like_the_control() -> None:
    """8 % errors under a limit of 2 % are no chance; what the control's 1 % would do is."""
    policies = {"canary": staged({"metric": "error_rate", "at_most": "2%"})}
    data = world(policies).model_dump(mode="json")
    data["endpoint"]["variants"]["b"]["error_rate"] = 0.08
    (said,) = rolled_back(Scenario.model_validate(data))
    assert "is expected to roll back a candidate that answers as “a” does in about" in said
    data["endpoint"]["variants"]["a"]["error_rate"] = 0.08
    assert rolled_back(Scenario.model_validate(data)) == []


@pytest.mark.parametrize(
    "policy",
    [
        staged({"metric": "latency_mean", "at_most": "30ms"}),
        blue_green(ERRORS | {"threshold": 0.001}),
        argo(RATE | {"success_condition": "result[0] >= 99", "interval": "1min", "count": 5}),
        flagger(SUCCESS | {"threshold_range": {"min": 99.9}}, threshold=2, **STEPS),
    ],
    ids=["too low", "a share too small", "percent for a share", "too much asked for"],
)
def test_a_limit_that_not_even_the_control_keeps_is_spoken_of(policy: dict[str, Any]) -> None:
    """Every run of two equal variants is rolled back then; no chance has anything to do with it."""
    play = world({"never": policy}, horizon="40min")
    (said,) = [each for each in warnings(play) if "in the long run" in each]
    assert said.startswith("“never” asks for more than “a” gives")
    assert not rolled_back(play)
    rows = compare(play, worlds=[DESCRIBED], replications=3).rows["never"]
    assert {row.verdict for row in rows} == {Verdict.ROLLED_BACK}
