"""What is said of a decision by many metrics before it is played: by hand, and where it warns."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

from simab.explain import warnings
from simab.explain.setting import setting_of
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.explainers import explainer_of
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

GAIN = {"metric": "success_rate", "role": "success"}
FASTER = {"metric": "latency_mean", "role": "success"}
GUARDS = [
    {"metric": "error_rate", "role": "guardrail", "margin": 0.01},
    {"metric": "latency_p99", "role": "guardrail", "margin": 20},
]


def world(policy: dict[str, Any], instances: int = 1) -> Scenario:
    """Queues at load .8, busy for 50 ms at 16 requests a second each; so many of each variant."""
    service = {"kind": "exponential", "mean": "50ms"}
    both = {name: variant(latency=service, workers=1, instances=instances) for name in ("a", "b")}
    return scenario(
        both,
        traffic={"users": {"rate": f"{32 * instances}/s"}},
        horizon="2h",
        metrics={"period": "10s", "publication_delay": "0s"},
        policies={"all": {"kind": "ship_decision"} | policy},
    )


def said(policy: dict[str, Any]) -> list[str]:
    described = world(policy)
    rule = described.policies["all"]
    assert isinstance(rule, ShipByMetrics)
    return [*explainer_of(rule, "all").sentences(setting_of(described))]


def test_each_test_has_its_level_and_its_power() -> None:
    """Two guardrails and a gain share a beta of .2: .0667 each, and (z + z)^2 grows by 1.6."""
    (sentence,) = said({"labelled_requests": 100, "metrics": [GAIN, *GUARDS]})
    z = stats.norm.isf
    times = ((z(0.05) + z(0.2 / 3)) / (z(0.05) + z(0.2))) ** 2
    assert sentence == (
        "“all” tests 1 success metric at 0.05 and 2 guardrails at 0.05, one-sided; to ship what is "
        "better with power 80 %, each test needs a power of 93.3 %: "
        f"{times:.2f} times the sample of one such test alone."
    )


def test_deterioration_takes_its_part_of_what_may_be_missed() -> None:
    """Two success metrics at .025, and .01 of a beta of .1 for false alarms: .045 for each test."""
    (sentence,) = said(
        {"labelled_requests": 100, "power": 0.9, "deterioration": "all",
         "metrics": [GAIN, FASTER, GUARDS[0]]}
    )  # fmt: skip
    z = stats.norm.isf
    gain, guard = (((z(level) + z(0.045)) / (z(0.05) + z(0.1))) ** 2 for level in (0.025, 0.05))
    assert "2 success metrics at 0.025 and 1 guardrail at 0.05, and 3 metrics for being" in sentence
    assert "worse at 0.00333, one-sided" in sentence
    assert "a power of 95.5 %" in sentence
    assert f"{gain:.2f} times (a guardrail {guard:.2f} times) the sample" in sentence
    assert not said({"labelled_requests": 100, "metrics": [GAIN]})


@pytest.mark.parametrize("duration", ["10min", "1h"])
def test_a_batch_has_to_be_longer_than_the_queues_memory(duration: str) -> None:
    """50 ms / (1 - sqrt(.8))^2 = 4.5 s: batches of 30 s are too short, those of 3 min are not."""
    found = [each for each in warnings(world({"duration": duration, "metrics": [FASTER]}))
             if "memory" in each]  # fmt: skip
    assert 0.05 / (1 - math.sqrt(0.8)) ** 2 == pytest.approx(4.486, abs=1e-3)
    if duration == "1h":
        assert not found
        return
    assert found == [
        "“all” takes batches of 30 s for independent, and the queue of “a” has a memory of about "
        "4.49 s: its tests of latency find differences that are not there. Lengthen duration to "
        "898s, or lower batches."
    ]
    ten = world({"duration": duration, "metrics": [FASTER]}, instances=10)
    assert [each for each in warnings(ten) if "memory" in each] == found  # as many such queues
    by_request = {"duration": duration, "metrics": [FASTER | {"unit": "request"}]}
    assert not any("memory" in each for each in warnings(world(by_request)))


def test_batches_need_windows() -> None:
    """Twenty take as many, and one minute has six."""
    found = warnings(world({"duration": "1min", "metrics": [GAIN, GUARDS[0]]}))
    (sentence,) = [each for each in found if "batches" in each]
    assert sentence.startswith(
        "“all” decides after 1min, but the windows of its 20 batches are visible after 200s at the "
        "earliest: no error rate and no latency can speak for the candidate."
    )
    assert not any(
        "batches" in each for each in warnings(world({"duration": "1min", "metrics": [GAIN]}))
    )


def test_labels_that_come_before_the_windows_of_the_batches_are_warned_of() -> None:
    """300 of 16 a second are there after 19 s, and one window of 10; 6,400 after 40 of them."""
    few = {"labelled_requests": 300, "metrics": [GAIN, GUARDS[1]]}
    (sentence,) = [each for each in warnings(world(few)) if "batches" in each]
    assert sentence == (
        "“all” decides after about 19 s, with 300 labelled requests a variant, but the windows of "
        "its 20 batches are visible after 200s at the earliest: no error rate and no latency can "
        "speak for the candidate. Raise labelled_requests, shorten metrics.period, or lower "
        "batches."
    )
    enough = few | {"labelled_requests": 6400, "metrics": [GAIN, GUARDS[0]]}
    assert not any("visible after" in each for each in warnings(world(enough)))
    assert not any("batches" in each for each in warnings(world(few | {"metrics": [GAIN]})))


def test_a_batch_of_labels_has_to_be_longer_than_the_memory_too() -> None:
    """9,600 labels take 10 min, as the test above: 898 s of 16 a second are 14,368."""
    (found,) = [
        each
        for each in warnings(world({"labelled_requests": 9600, "metrics": [GAIN, FASTER]}))
        if "memory" in each
    ]
    assert found.startswith("“all” takes batches of 30 s for independent")
    assert "Raise labelled_requests to 14,368" in found
