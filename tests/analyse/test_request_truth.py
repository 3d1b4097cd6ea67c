"""Latencies and error rates as the objective: what is true of them, and who may decide by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

import simab
from simab.analyse.truth import truth_of_scenario
from simab.cli.dashboard import dashboard_rows, headings
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import evidence_of
from simab.policies.metrics import ErrorMetric, LatencyMetric
from simab.result.metrics import OF_REQUESTS
from simab.scenario.changes.effects import EffectRefused, with_effect
from simab.scenario.models import Scenario
from simab.scenario.worlds.world import worlds_of
from simab.study.convergence_plan import metrics_of
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests
from tests.world.building import scenario, variant

EXPONENTIAL = {"kind": "exponential", "mean": "100ms"}
IDLE = {"workers": 100}


def world(
    metric: str, control: dict[str, Any], candidate: dict[str, Any], effect: float, **parts: Any
) -> Scenario:
    """Two variants that differ in how they serve; ten requests a second."""
    objective = {"control": "a", "candidate": "b", "metric": metric, "smallest_effect": effect}
    both = {"a": variant(**control), "b": variant(**candidate)}
    return scenario(both, rate="10/s", objective=objective, **parts)


def value(described: Scenario, name: str) -> float:
    """What is true of a variant."""
    return truth_of_scenario(described).values[name][described.objective.metric]


def test_the_names_are_those_of_the_policies() -> None:
    """Pages know by the name alone what is known without labels."""
    assert {*get_args(ErrorMetric), *get_args(LatencyMetric)} == OF_REQUESTS


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("latency_mean", 100.0),
        ("latency_p50", 69.31),
        ("latency_p90", 230.26),
        ("latency_p95", 299.57),
        ("latency_p99", 460.52),
        ("latency_p99.9", 690.78),
    ],
)
def test_where_none_waits_it_is_the_profiles_own(metric: str, expected: float) -> None:
    """The quantiles of the exponential law: -100 ms ln(1 - p)."""
    served = {"latency": EXPONENTIAL, **IDLE}
    assert value(world(metric, served, served, 5), "a") == pytest.approx(expected, rel=1e-3)


def test_it_is_true_of_all_who_might_come_though_bad_answers_drive_some_off() -> None:
    """Nine of ten answers are bad and clients leave after the first: few would wait then."""
    slow = {"latency": {"kind": "exponential", "mean": "50ms"}, "workers": 1}
    slow |= {"quality": {"kind": "success", "probability": "10%"}}
    leaving = world("latency_mean", slow, slow, 20, horizon="10h")
    people = leaving.traffic["users"].model_copy(update={"opt_out": 1.0})
    leaving = leaving.model_copy(update={"traffic": {"users": people}})
    assert value(leaving, "a") == pytest.approx(100.0, rel=0.03)


def test_where_requests_wait_it_is_that_of_a_run_with_all_traffic() -> None:
    """M/M/1 at 10 a second: 40 and 50 ms of service make 40 / .6 = 66.7 and 50 / .5 = 100 ms."""
    fast = {"latency": {"kind": "exponential", "mean": "40ms"}, "workers": 1}
    slow = {"latency": {"kind": "exponential", "mean": "50ms"}, "workers": 1}
    truth = truth_of_scenario(world("latency_mean", slow, fast, 20, horizon="10h"))
    assert truth.values["a"]["latency_mean"] == pytest.approx(100.0, rel=0.03)
    assert truth.values["b"]["latency_mean"] == pytest.approx(66.7, rel=0.03)
    assert truth.gains["b"] == pytest.approx(33.3, rel=0.06)
    assert (truth.best, str(truth.judgement("b"))) == ("b", "right")
    alone = truth_of_scenario(world("latency_mean", slow, fast, 20), by_runs=False)
    assert alone.values["a"]["latency_mean"] == pytest.approx(50.0, rel=1e-3)


def test_refused_requests_are_errors() -> None:
    """M/M/1/1 at a load of .5 refuses .5 / 1.5 of its requests (Erlang B); of the rest 1 % fail."""
    served = {"latency": {"kind": "exponential", "mean": "50ms"}, "workers": 1, "queue_limit": 0}
    described = world("error_rate", {**served, "error_rate": 0.01}, IDLE, 0.05, horizon="10h")
    lost = 0.5 / 1.5
    assert value(described, "a") == pytest.approx(lost + (1 - lost) * 0.01, rel=0.02)
    assert value(described, "b") == 0.0


def test_without_a_queue_limit_the_error_rate_is_the_profiles() -> None:
    """Exactly, and a lower one is better."""
    truth = truth_of_scenario(world("error_rate", {"error_rate": 0.03}, {"error_rate": 0.01}, 0.01))
    assert truth.gains == pytest.approx({"a": 0.0, "b": 0.02})
    assert {name: str(truth.judgement(name)) for name in "ab"} == {"a": "wrong", "b": "right"}


@pytest.mark.parametrize("metric", ["latency_p95", "error_rate"])
def test_worlds_equal_and_exchange_what_requests_meet(metric: str) -> None:
    """Also the capacity, by which they wait: equal variants have one truth, without chance."""
    control = {"latency": EXPONENTIAL, "workers": 2, "queue_limit": 3, "error_rate": 0.02}
    candidate = {"latency": {"kind": "constant", "value": "90ms"}, "workers": 4}
    described = world(metric, control, candidate, 0.01)
    every = described.model_copy(update={"worlds": {"slow": None}})
    worlds = {each.name: truth_of_scenario(each.scenario) for each in worlds_of(every)}
    assert worlds["equal"].gains["b"] == 0.0
    own, swapped = (worlds[name].values for name in ("described", "exchanged"))
    assert own["a"][metric] > own["b"][metric]
    assert swapped["b"][metric] == pytest.approx(own["a"][metric], rel=0.1)
    assert swapped["a"][metric] == pytest.approx(own["b"][metric], rel=0.1)


@pytest.mark.parametrize(
    ("metric", "effect"), [("latency_p99", 25.0), ("latency_mean", -5.0), ("error_rate", 0.04)]
)
def test_an_effect_stretches_the_latency_or_adds_errors(metric: str, effect: float) -> None:
    """The candidate's own value is the control's plus the effect; 0 makes both equal."""
    served = {"latency": EXPONENTIAL, **IDLE, "error_rate": 0.01}
    described = world(metric, served, IDLE, 0.01)
    moved = with_effect(described, effect)
    assert value(moved, "b") - value(moved, "a") == pytest.approx(effect, abs=1e-4)
    same = with_effect(described, 0.0)
    assert value(same, "b") == value(same, "a")


@pytest.mark.parametrize(("metric", "effect"), [("latency_p50", -70.0), ("error_rate", -0.02)])
def test_no_variant_answers_before_it_is_asked(metric: str, effect: float) -> None:
    """Nor fails less often than never."""
    served = {"latency": EXPONENTIAL, **IDLE, "error_rate": 0.01}
    with pytest.raises(EffectRefused, match="cannot be"):
        with_effect(world(metric, served, {}, 0.01), effect)


def test_what_reads_labels_says_that_it_cannot_decide() -> None:
    """A rule of one's own that asks for the evidence, and the convergence of metrics."""
    with pytest.raises(InvalidInput, match="no label says anything of it; use ship_decision"):
        evidence_of(observation(metric="latency_p99"))
    with pytest.raises(InvalidInput, match="convergence starts from a metric of labels"):
        metrics_of(world("latency_p99", {}, {}, 5), None)


def test_a_study_of_errors_says_how_many_fail() -> None:
    """The page, the run and its table speak of requests, and of no interval of labels."""
    decide = {
        "kind": "ship_decision",
        "duration": "5min",
        "metrics": [{"metric": "error_rate", "role": "success"}],
    }
    described = world(
        "error_rate",
        {"error_rate": 0.1},
        {"error_rate": 0.02},
        0.01,
        horizon="6min",
        policies={"fewer errors": decide},
    )
    study = simab.compare(described, replications=4)
    assert study.result.truth.values["b"]["error_rate"] == 0.02
    assert study.result.convergence is None
    assert set(study.outcomes["ends_with"]) == {"b"}
    example = study.with_examples().examples[0]
    seen = {each.variant: each for each in example.until_decision.labels}
    assert seen["a"].value == pytest.approx(0.1, abs=0.04)
    assert seen["a"].labelled > 1000


def several() -> Scenario:
    """Three variants that earn rewards, and a change over time that is one of answers."""
    reward = {"kind": "numeric_reward", "distribution": {"kind": "lognormal", "mean": 5, "cv": 1}}
    more = {**reward, "distribution": {**reward["distribution"], "mean": 6}}
    served = {"quality": reward, "workers": 50}
    decide = {
        "kind": "ship_decision",
        "duration": "5min",
        "metrics": [{"metric": "latency_p90", "role": "success"}],
    }
    return scenario(
        {
            "a": variant(latency=EXPONENTIAL, **served),
            "b": variant(latency={"kind": "exponential", "mean": "60ms"}, **served),
            "c": variant(latency={"kind": "exponential", "mean": "80ms"}, **served),
        },
        objective={
            "control": "a",
            "candidates": ["b", "c"],
            "metric": "latency_p90",
            "smallest_effect": 20,
        },
        timeline=[
            {
                "kind": "conditions",
                "at": "3min",
                "variants": ["b"],
                "quality": more,
                "latency_times": 1.2,
            }
        ],
        horizon="6min",
        policies={"faster": decide},
    )


def test_a_timeline_of_answers_does_not_move_it() -> None:
    """Nor does the change of latency that comes with it: nothing befalls what is judged."""
    truth = truth_of_scenario(several())
    assert truth.best == "b"
    assert truth.gains["b"] == pytest.approx(0.4 * 230.26, rel=1e-3)
    assert truth.over_time is None


@pytest.mark.long
def test_the_page_speaks_of_requests(tmp_path: Path) -> None:
    """Which is best of several, in its unit, and no number that is none."""
    simab.compare(several(), replications=3).report(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "latency in ms (lower is better) with all traffic on a variant is 138.1" in page
    assert "The metric over the requests that have ended" in page
    assert "nan" not in page.lower().replace("nano", "").replace("finance", "")


def test_the_screen_of_a_controller_shows_the_latency_so_far() -> None:
    """In the column of the metric, of all published windows; nothing before the first."""
    metrics = FakeMetrics(
        windows={("old", 0): requests([20.0] * 9 + [90.0]), ("new", 0): requests()},
        published_until_ns=MINUTE,
    )
    seen = observation(metrics, metric="latency_mean")
    assert headings(seen)[6] == "mean latency in ms"
    assert [row[6] for row in dashboard_rows(seen)] == ["27.000", "-"]
