"""Which worlds a study plays, by name: those that every study has, and the file's own."""

from __future__ import annotations

from typing import Final

from simab.policies.limits import LatencyLimit
from simab.scenario.parts import UncheckedScenario

__all__ = [
    "BROKEN",
    "DESCRIBED",
    "EQUAL",
    "EXCHANGED",
    "SLOW",
    "default_world_names",
    "world_names",
]

DESCRIBED: Final = "described"
EQUAL: Final = "equal"
EXCHANGED: Final = "exchanged"
BROKEN: Final = "broken"
SLOW: Final = "slow"


def default_world_names(scenario: UncheckedScenario) -> tuple[str, ...]:
    """Those that every study has; slow only where a policy or a guardrail reads latency."""
    guarded = any(isinstance(each, LatencyLimit) for each in scenario.objective.guardrails)
    if guarded or any(policy.reads_latency() for policy in scenario.policies.values()):
        return DESCRIBED, EQUAL, EXCHANGED, BROKEN, SLOW
    return DESCRIBED, EQUAL, EXCHANGED, BROKEN


def world_names(scenario: UncheckedScenario) -> tuple[str, ...]:
    """All that are played: those that every study has and the file keeps, then the file's own."""
    asked = scenario.worlds
    kept = [name for name in default_world_names(scenario) if asked.get(name, True) is not None]
    own = [name for name, settings in asked.items() if settings is not None and name not in kept]
    return (*kept, *own)
