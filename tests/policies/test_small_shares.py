"""Every controller at a share of 0.1 %, with more requests asked for than come, and with enough."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from simab.policies.catalogue import PolicyDescription
from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

FAILS = {"metric": "error_rate"}


def controllers(least: int) -> dict[str, dict[str, Any]]:
    """Each at 0.1 % (Flagger, whose percentages are whole, at 1 %), with so many at least."""
    return {
        "argo_rollouts": {
            "traffic_routing": True,
            "max_traffic_weight": 1000,
            "steps": [
                {"set_weight": 1},
                {
                    "analysis": {
                        "errors": FAILS
                        | {
                            "window": "5min",
                            "interval": "5min",
                            "count": 2,
                            "minimum_requests": least,
                            "success_condition": "result[0] < 0.1",
                        }
                    }
                },
            ],
        },
        "flagger": {
            "interval": "5min",
            "threshold": 1,
            "step_weights": [1],
            "metrics": [
                {
                    "name": "request-success-rate",
                    "interval": "5min",
                    "threshold_range": {"min": 90},
                    "minimum_requests": 10 * least,
                }
            ],
        },
        "blue_green": {
            "traffic": {"type": "CANARY", "size": "0.1%"},
            "wait_interval": "15min",
            "alarms": {
                "errors": {
                    "metric": "Invocation5XXErrors",
                    "threshold": 0.1,
                    "period": "5min",
                    "minimum_requests": least,
                }
            },
        },
        "staged_canary": {
            "stages": ["0.1%"],
            "bake": "15min",
            "alarms": [FAILS | {"at_most": "10%"}],
            "minimum_requests": least,
        },
        "safe_rollout": {
            "stages": ["0.1%"],
            "bake": "15min",
            "minimum_requests": 3 * least,
            "tight_at": 10,
        },
        "guarded_release": {
            "stages": [{"share": "0.1%", "lasts": "15min"}],
            "metrics": [FAILS],
            "minimum_requests": 3 * least,
            "tight_at": 10,
        },
        "kayenta": {
            "share": "0.1%",
            "lifetime": "15min",
            "metrics": [
                {
                    "name": "errors",
                    "measures": "errors",
                    "groups": ["all"],
                    "analysis": {"direction": "increase"},
                    "minimum_requests": least,
                }
            ],
            "group_weights": {"all": 100},
        },
    }


WITH_TOO_FEW = {
    "argo_rollouts": ("undecided", "set_weight 1 of 1000"),
    "flagger": ("undecided", "the analysis starts"),
    "blue_green": ("RollBack", "turns on 1 of the traffic: no alarm in 15min"),
    "staged_canary": ("Promote", "no alarm in 15min at 0.001"),
    "safe_rollout": ("RollBack", "harm at 0.001: 5XX"),
    "guarded_release": ("RollBack", "regression at 0.001: error_rate"),
    "kayenta": ("RollBack", "half of the metrics or more have no data"),
}
"""How a run ends whose checks have too few requests, and what it says: those of Argo and Flagger
stay open, alarms and limits do not sound, so that blue/green goes on to all traffic and sees it
there; intervals hold whatever the number, and their minimum is that of leaving a stage; Kayenta
takes no data for a failure."""


def of(kind: str, least: int) -> Scenario:
    """100 requests a second, six a minute for the candidate, nine in ten of which fail."""
    quick = {"latency": {"kind": "constant", "value": "1ms"}}
    return scenario(
        {
            "old": variant(weight=1, **quick),
            "new": variant(weight=0, error_rate=0.9, **quick),
        },
        rate="100/s",
        horizon="30min",
        metrics={"period": "1min", "publication_delay": "0s"},
        controller={"interval": "1min"},
        endpoint={"weight_update": "1s"},
        policies={"it": {"kind": kind} | controllers(least)[kind]},
    )


def test_all_controllers_are_here() -> None:
    """Every policy that has a minimum of requests anywhere in its fields."""
    kinds = get_args(get_args(PolicyDescription)[0])
    found = {
        kind.model_fields["kind"].default
        for kind in kinds
        if '"minimum_requests"' in json.dumps(kind.model_json_schema())
    }
    assert found == set(controllers(1))


def ending_of(run: Run) -> str:
    """The action that ended it."""
    last = run.decisions.action.iloc[-1]
    return str(last) if last in ("Promote", "RollBack") else "undecided"


@pytest.mark.parametrize("kind", controllers(1))
def test_a_share_of_a_thousandth_is_served_and_too_few_requests_decide_nothing(kind: str) -> None:
    """30 requests in five minutes are below 1,000 and above 5: with enough all see what fails."""
    few, enough = (simulate(of(kind, least), policy="it", seed=3) for least in (1000, 5))
    share = 0.01 if kind == "flagger" else 0.001
    for run in (few, enough):
        splits = [each.weights for each in run.decision_log.splits]
        shares = [each.get("new", 0.0) / sum(each.values()) for each in splits]
        assert any(each == pytest.approx(share) for each in shares)
    assert ending_of(enough) == "RollBack"
    ending, words = WITH_TOO_FEW[kind]
    assert ending_of(few) == ending
    assert any(words in each for each in few.decisions.because)
