"""Each assumption of a scenario is halved and doubled where it can be, and named where not."""

from __future__ import annotations

import math
from typing import Any

import pytest

import simab
from simab.profiles.durations import Lognormal
from simab.profiles.quality import Success
from simab.scenario.assumptions import (
    DOUBLED,
    HALVED,
    ChangedAssumption,
    KeptAssumption,
    changed_assumptions,
)
from simab.scenario.changes import with_changes
from tests.study.building import small

FULL: dict[str, Any] = {
    "labels.delay": {"kind": "exponential", "mean": "3s"},
    "labels.never": "30%",
    "metrics.publication_delay": "4s",
    "endpoint.variants.a.error_rate": "2%",
    "endpoint.variants.b.error_rate": "6%",
    "endpoint.variants.a.workers": 2,
    "endpoint.variants.b.workers": 4,
    "endpoint.variants.a.latency": {"kind": "lognormal", "median": "10ms", "p99": "90ms"},
    "endpoint.variants.b.latency": {"kind": "gamma", "mean": "10ms", "cv": 0.5},
    "endpoint.variant_routing": "sticky_hash",
    "traffic.users.clients": 500,
}


def found(**changes: Any) -> dict[tuple[str, str], Any]:
    """By assumption and change, for the small scenario with these fields changed."""
    scenario = with_changes(small(), FULL | changes)
    return {(each.assumption, each.change): each for each in changed_assumptions(scenario)}


def probability(scenario: simab.Scenario, variant: str) -> float:
    quality = scenario.endpoint.variants[variant].quality
    assert isinstance(quality, Success)
    return quality.probability


def log_spread(scenario: simab.Scenario) -> float:
    latency = scenario.endpoint.variants["a"].latency
    assert isinstance(latency, Lognormal)
    assert latency.median
    assert latency.p99
    return math.log(latency.p99 / latency.median)


@pytest.mark.parametrize(
    ("assumption", "read", "described"),
    [
        ("traffic", lambda s: s.traffic["users"].rate, 10.0),
        ("clients", lambda s: s.traffic["users"].clients, 500),
        ("label delay", lambda s: s.labels.delay.scale, 1.0),
        ("share never labelled", lambda s: s.labels.never, 0.3),
        ("publication delay", lambda s: s.metrics.publication_delay, 4e9),
        ("weight update time", lambda s: s.endpoint.weight_update, 10e9),
        ("latency", lambda s: s.endpoint.variants["b"].latency.scale, 1.0),
        ("error rate", lambda s: s.endpoint.variants["b"].error_rate, 0.06),
        ("workers", lambda s: s.endpoint.variants["a"].workers, 2),
        ("effect", lambda s: probability(s, "b") - probability(s, "a"), 0.05),
        ("latency spread", lambda s: s.endpoint.variants["b"].latency.cv, 0.5),
        ("latency spread", log_spread, math.log(9)),
    ],
)
def test_an_assumption_is_halved_and_doubled(assumption: str, read: Any, described: float) -> None:
    """And nothing else: all other fields are those of the scenario."""
    changed = found()
    for change, factor in ((HALVED, 0.5), (DOUBLED, 2.0)):
        each = changed[assumption, change]
        assert isinstance(each, ChangedAssumption), each
        assert read(each.scenario) == pytest.approx(described * factor)
        undone = with_changes(each.scenario, {}) if "effect" in each.was else None
        if undone is None:
            undone = with_changes(each.scenario, dict(each.was))
            assert undone == with_changes(small(), FULL)


@pytest.mark.parametrize(
    ("changes", "assumption", "change", "why"),
    [
        ({"labels.never": "60%"}, "share never labelled", DOUBLED, "60 %"),
        ({"labels.never": 0}, "share never labelled", HALVED, "0"),
        ({"labels.delay": {"kind": "constant", "value": "0s"}}, "label delay", HALVED, "delay"),
        ({"metrics.publication_delay": "0s"}, "publication delay", DOUBLED, "0"),
        ({"endpoint.variants.a.error_rate": "70%"}, "error rate", DOUBLED, "70 %"),
        ({"endpoint.variants.a.workers": 1}, "workers", HALVED, "1 worker"),
        ({"endpoint.variants.a.workers": 3}, "workers", HALVED, "3 workers"),
        ({"endpoint.variants.a.workers": 1000}, "workers", DOUBLED, "workers"),
        ({"traffic.users.clients": 501}, "clients", HALVED, "501"),
        ({"endpoint.variant_routing": "weighted_random"}, "clients", HALVED, "client"),
        (
            {"endpoint.variants.b.quality": {"kind": "success", "probability": 0.95}},
            "effect",
            DOUBLED,
            "cannot be",
        ),
        (
            {"endpoint.variants.b.quality": {"kind": "success", "probability": 0.8}},
            "effect",
            HALVED,
            "0",
        ),
        ({}, "share of positives", HALVED, "labels of 0 and 1"),
        ({}, "provisioning time", HALVED, "deploys"),
    ],
)
def test_what_cannot_be_is_named_with_the_reason(
    changes: dict[str, Any], assumption: str, change: str, why: str
) -> None:
    """And the other change is made where that one can be."""
    each = found(**changes)[assumption, change]
    assert isinstance(each, KeptAssumption)
    assert why in each.reason


def test_worlds_and_requirements_of_the_file_are_kept() -> None:
    """They are what each changed scenario is judged by."""
    asked = [{"quantity": "power", "at_least": 0.5}]
    scenario = with_changes(small(), {"requirements": asked, "worlds": {"broken": None}})
    for each in changed_assumptions(scenario):
        if isinstance(each, ChangedAssumption):
            assert each.scenario.requirements == scenario.requirements
            assert each.scenario.worlds == scenario.worlds
