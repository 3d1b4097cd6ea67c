"""The requests of a finished test over a day: the world in which rules are played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simab.scenario.models import Scenario

__all__ = ["HOURS", "LOOKS", "Arms", "day_of_requests"]

HOURS: Final = 24
LOOKS: Final = 10
Arms = Mapping[str, tuple[int, Any]]
"""How many requests each variant had, and its quality."""


def day_of_requests(
    title: str, arms: Arms, objective: Mapping[str, Any], policies: Mapping[str, Any]
) -> Scenario:
    """As many requests in 24 hours as were recorded, with the weights that they had."""
    requests = sum(size for size, _ in arms.values())
    variants = {
        name: {
            "weight": size / requests,
            "workers": 200,
            "latency": {"kind": "constant", "value": "1ms"},
            "quality": quality,
        }
        for name, (size, quality) in arms.items()
    }
    return Scenario.model_validate(
        {
            "title": title,
            "endpoint": {"variants": variants, "weight_update": "1s"},
            "traffic": {"users": {"rate": f"{requests / HOURS:.6f}/h"}},
            "metrics": {"period": "30min", "publication_delay": "0s"},
            "controller": {"interval": "30min"},
            "objective": objective,
            "horizon": f"{HOURS + 4}h",
            "policies": policies,
        }
    )
