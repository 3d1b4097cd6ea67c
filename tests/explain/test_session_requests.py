"""How many requests of sessions come within a run: by hand, and as runs have it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simab.explain.explanation import explain
from simab.explain.session_requests import share_within
from simab.scenario.models import Scenario
from simab.scenario.trace import Sessions
from tests.world.building import record, scenario

HOUR = 3_600 * 10**9


def sessions(gap: dict[str, Any], **parts: Any) -> Sessions:
    return Sessions.model_validate({"gap": gap} | parts)


EXPONENTIAL = {"kind": "exponential", "mean": "1h"}
CONSTANT = {"kind": "constant", "value": "15min"}


def geometric(hours: float) -> float:
    """Two on average: ends of gaps of a rate of 1 go on with 1/2, so at t 2 - exp(-t / 2)."""
    return (2.0 * hours - 2.0 * -math.expm1(-hours / 2.0)) / hours / 2.0


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (sessions(EXPONENTIAL, requests=2), geometric(4.0)),
        # Of four hours, all but the last quarter of one see the second, and so on.
        (sessions(CONSTANT, requests=3, law="fixed"), (1 + 15 / 16 + 14 / 16) / 3),
        (sessions(CONSTANT, shares={"1": 0.5, "3": 0.5}), (1 + 15 / 32 + 14 / 32) / 2),
        (sessions({"kind": "constant", "value": "5h"}, requests=5), 1 / 5),
        (sessions({"kind": "constant", "value": "1ms"}, requests=5), 1.0),
    ],
)
def test_by_hand(described: Sessions, expected: float) -> None:
    assert share_within(described, 4 * HOUR) == pytest.approx(expected, rel=0.002)


def long_sessions() -> Scenario:
    gap = {"kind": "lognormal", "median": "40min", "p99": "5h"}
    people = {"rate": "5/s", "sessions": {"requests": 6, "gap": gap}}
    return scenario(traffic={"people": people}, horizon="1h")


def test_a_run_has_as_many() -> None:
    made = long_sessions()
    described = made.traffic["people"].sessions
    assert described is not None
    expected = 5 * 3600 * share_within(described, HOUR)
    found = len(record(made, "compiled").requests)
    # Some sessions have several requests of the run.
    assert found == pytest.approx(expected, abs=5 * math.sqrt(2 * expected))
    assert expected < 0.4 * 5 * 3600


def test_explain_states_those_within_the_run() -> None:
    said = explain(long_sessions()).sentences
    assert said[0].startswith("1.")
    assert "requests a second arrive on average" in said[0]
    (about,) = [each for each in said if "in sessions of" in each]
    assert "a run begins without any, so that" in about
    brief = {"rate": "5/s", "sessions": {"requests": 6, "gap": {"kind": "constant", "value": "1s"}}}
    short = explain(scenario(traffic={"people": brief}, horizon="4h")).sentences
    assert short[0].startswith("5 requests a second arrive")
    assert not any("begins without any" in each for each in short)
