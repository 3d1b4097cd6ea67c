"""Warnings of spans that never hold a published window, beside runs that show what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from simab.explain.scenario_warnings import warnings
from simab.policies import Promote, RemoveVariant, RollBack
from simab.run.simulation import simulate
from simab.scenario import Scenario

HALF_BROKEN = """len(result) == 0 || result[0] >= 0.95"""


def scenario(policy: dict[str, Any], **fields: Any) -> Scenario:
    """Minutes that are published 45 s late; half of the candidate's answers are errors."""
    quality = {"kind": "success", "probability": 0.9}
    plain = {"workers": 8, "latency": {"kind": "constant", "value": "20ms"}, "quality": quality}
    data = {
        "title": "late metrics",
        "endpoint": {
            "variants": {
                "a": {"weight": 1, **plain},
                "b": {"weight": 0, "error_rate": 0.5, **plain},
            }
        },
        "traffic": {"u": {"rate": "20/s"}},
        "objective": {
            "control": "a",
            "candidate": "b",
            "metric": "success_rate",
            "smallest_effect": 0.02,
        },
        "horizon": "40min",
        "policies": {"it": policy},
    }
    return Scenario.model_validate(data | fields)


def argo(condition: str, **fields: Any) -> dict[str, Any]:
    metric = {
        "metric": "success_rate_of_requests",
        "interval": "1min",
        "window": "1min",
        "success_condition": condition,
        **fields,
    }
    return {
        "kind": "argo_rollouts",
        "traffic_routing": True,
        "steps": [{"set_weight": 20}, {"pause": {"duration": "20min"}}],
        "background": {"metrics": {"ok": metric}},
    }


def flagger() -> dict[str, Any]:
    check = {"name": "request-success-rate", "threshold_range": {"min": 95}, "interval": "30s"}
    return {"kind": "flagger", "step_weight": 10, "max_weight": 50, "metrics": [check]}


def kayenta(**fields: Any) -> dict[str, Any]:
    metric = {
        "name": "errors",
        "groups": ["g"],
        "measures": "error_rate",
        "analysis": {"direction": "increase"},
    }
    plain = {"kind": "kayenta", "metrics": [metric], "lifetime": "20min", "share": 0.2}
    return plain | fields


def blue_green(**fields: Any) -> dict[str, Any]:
    alarm = {"metric": "Invocation5XXErrors", "threshold": 0.1}
    plain = {
        "kind": "blue_green",
        "traffic": {"type": "CANARY", "size": 0.1},
        "wait_interval": "3min",
        "alarms": {"5xx": alarm | {"treat_missing_data": "notBreaching"}},
    }
    return plain | fields


def staged(bake: str) -> dict[str, Any]:
    alarm = {"metric": "error_rate", "at_most": 0.1}
    return {"kind": "staged_canary", "stages": [0.1, 0.5], "bake": bake, "alarms": [alarm]}


def ending(it: Scenario) -> type:
    """The last action of a run; of type NoneType where none was taken."""
    decisions = simulate(it, seed=1).decision_log.decisions
    return type(decisions[-1].action if decisions else None)


@pytest.mark.parametrize(
    "policy",
    [
        argo(HALF_BROKEN),
        argo("result[0] >= 0.95", initial_delay="4min"),
        flagger(),
        kayenta(analysis_interval="10min", lookback="10min"),
        kayenta(),
        blue_green(),
        blue_green(wait_interval="47s", traffic={"type": "ALL_AT_ONCE"}),
        staged("5min"),
    ],
    ids=[
        "argo, guarded",
        "argo",
        "flagger",
        "kayenta, sliding",
        "kayenta",
        "alarms",
        "one bake",
        "staged",
    ],
)
def test_a_short_window_of_late_metrics_still_sees_a_broken_candidate(
    policy: dict[str, Any],
) -> None:
    """One minute, 45 s late, is the newest published minute, for every kind of policy."""
    it = scenario(policy)
    assert ending(it) is RollBack
    assert not [each for each in warnings(it) if "at the earliest" in each]


@pytest.mark.parametrize(
    ("policy", "remedy", "ends"),
    [
        (argo("result[0] >= 0.95"), "Set initial_delay to at least 167s", RollBack),
        (kayenta(lifetime="1min"), "Set lifetime to at least 105s", RollBack),
        (
            kayenta(analysis_interval="1min"),
            "Set analysis_interval to at least 105s",
            RollBack,
        ),
        (
            blue_green(wait_interval="0s", traffic={"type": "ALL_AT_ONCE"}),
            "Set wait_interval to at least 47s",
            RemoveVariant,  # of the old fleet
        ),
        (staged("1min"), "Lengthen bake", Promote),
    ],
    ids=["argo", "kayenta, once", "kayenta", "alarms", "staged"],
)
def test_what_still_sees_nothing_is_warned_of_with_what_to_set(
    policy: dict[str, Any], remedy: str, ends: type
) -> None:
    """Such a span decides before its first window is published; the run shows what comes of it."""
    healthy = scenario(policy).model_dump(mode="json", exclude_none=True)
    healthy["endpoint"]["variants"]["b"]["error_rate"] = 0.0
    it = Scenario.model_validate(healthy)
    assert [each for each in warnings(it) if remedy in each]
    if ends is RollBack:
        assert ending(it) is RollBack  # a healthy candidate, sent back for lack of data
    else:
        assert ending(scenario(policy)) is ends  # a broken one, let through


def test_a_promise_of_data_is_no_warning() -> None:
    """As soon as the delay named is set, the same policy sees its candidate."""
    late = argo("result[0] >= 0.95", initial_delay="167s")
    it = scenario(late).model_dump(mode="json", exclude_none=True)
    it["endpoint"]["variants"]["b"]["error_rate"] = 0.0
    healthy = Scenario.model_validate(it)
    assert not [each for each in warnings(healthy) if "initial_delay" in each]
    assert ending(healthy) is Promote


@pytest.mark.parametrize(("delay", "ends"), [({}, RollBack), ({"initial_delay": "45s"}, Promote)])
def test_a_candidate_that_serves_from_the_start_is_seen_when_its_first_window_is(
    delay: dict[str, Any], ends: type
) -> None:
    """The first look is a minute after the start, the first window public 45 s later."""
    policy = argo("result[0] >= 0.95", **delay)
    data = scenario(policy).model_dump(mode="json", exclude_none=True)
    data["endpoint"]["variants"]["b"] |= {"weight": 1, "error_rate": 0.0}
    it = Scenario.model_validate(data)
    told = [each for each in warnings(it) if "Set initial_delay to at least 45s" in each]
    assert len(told) == (ends is RollBack)
    assert not [each for each in warnings(it) if "by chance" in each]
    assert ending(it) is ends
