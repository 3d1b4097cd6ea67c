"""A world of which theory knows something, and the checks that hold its runs against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simab.scenario.models import Scenario
from simab.verify.checks import Check

__all__ = ["Case", "world"]


@dataclass(frozen=True, slots=True)
class Case:
    """A world and what is known of it.

    Runs start empty: what arrives in the first `settled_s` seconds is not measured. A case that is
    `slow` needs so many requests for errors of 2 % that it is left to a thorough verification.
    """

    group: str
    name: str
    scenario: Scenario
    checks: tuple[Check, ...]
    settled_s: float = 0.0
    slow: bool = False


def world(
    variant: Mapping[str, Any],
    segment: Mapping[str, Any],
    *,
    horizon_s: float,
    **parts: Any,
) -> Scenario:
    """A scenario in which one variant gets all traffic of one segment, unless `parts` say else."""
    plain = {"quality": {"kind": "success", "probability": 0.5}}
    idle = {"latency": {"kind": "constant", "value": "1ms"}, "weight": 0}
    window = f"{max(round(horizon_s / 4), 1)}s"
    return Scenario.model_validate(
        {
            "title": "against theory",
            "endpoint": {"variants": {"a": {**plain, **variant}, "b": {**plain, **idle}}},
            "traffic": {"users": dict(segment)},
            "metrics": {"period": window},
            "controller": {"interval": window},
            "objective": {
                "control": "a",
                "candidate": "b",
                "metric": "success_rate",
                "smallest_effect": 0.01,
            },
            "horizon": f"{round(horizon_s)}s",
            "policies": {
                "still": {"kind": "manual_schedule", "steps": [{"at": "366d", "weights": {}}]}
            },
        }
        | parts
    )
