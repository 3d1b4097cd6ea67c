"""Which worlds a study plays, by name: those that every study has, and the file's own."""

from __future__ import annotations

from collections.abc import Mapping

from simab.policies import Policy
from simab.policies.limits import LatencyLimit
from simab.policies.metrics import LATENCIES
from simab.result.known_worlds import BROKEN, DESCRIBED, EQUAL, EXCHANGED, SLOW, TITLES
from simab.scenario.parts import UncheckedScenario

__all__ = [
    "BROKEN",
    "DESCRIBED",
    "EQUAL",
    "EXCHANGED",
    "SLOW",
    "TITLES",
    "default_world_names",
    "world_names",
]


def default_world_names(
    scenario: UncheckedScenario, policies: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """Those that every study has; slow where a policy, a guardrail or the objective reads latency.

    `policies` are those of the scenario if absent. One of another class than simab's may read it.
    """
    asked = scenario.policies if policies is None else policies
    objective = scenario.objective
    minds = any(isinstance(each, LatencyLimit) for each in objective.guardrails)
    minds = minds or objective.metric in LATENCIES
    if minds or any(_reads_latency(policy) for policy in asked.values()):
        return DESCRIBED, EQUAL, EXCHANGED, BROKEN, SLOW
    return DESCRIBED, EQUAL, EXCHANGED, BROKEN


def _reads_latency(policy: object) -> bool:
    return policy.reads_latency() if isinstance(policy, Policy) else hasattr(policy, "decide")


def world_names(
    scenario: UncheckedScenario, policies: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """All that are played: those that every study has and the file keeps, then the file's own."""
    asked, names = scenario.worlds, default_world_names(scenario, policies)
    kept = [name for name in names if asked.get(name, True) is not None]
    own = [name for name, settings in asked.items() if settings is not None]
    return tuple(dict.fromkeys((*kept, *own)))
