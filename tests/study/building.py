"""A small scenario with three policies that differ, quick enough to be played many times."""

from __future__ import annotations

from typing import Any

from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

POLICIES: dict[str, Any] = {
    "test": {"kind": "fixed_horizon", "labelled_requests": 150, "alpha": 0.3},
    "majority": {
        "kind": "metric_majority",
        "labelled_requests": 60,
        "metrics": ["success_rate"],
    },
    "schedule": {
        "kind": "manual_schedule",
        "steps": [{"at": "30s", "weights": {"a": 1, "b": 3}}, {"at": "60s", "promote": "b"}],
    },
}


def small(**parts: Any) -> Scenario:
    """Two minutes at 10 requests a second, ten seconds a tick."""
    variants = {
        "a": variant(quality={"kind": "success", "probability": 0.8}),
        "b": variant(quality={"kind": "success", "probability": 0.85}),
    }
    parts = {"policies": POLICIES, "endpoint": {"weight_update": "10s"}} | parts
    return scenario(variants, rate="10/s", **parts)
