"""simab rehearses A/B traffic experiments on model endpoints before anything touches production."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simab.version import VERSION

if TYPE_CHECKING:
    from simab.comparison import Study as Study
    from simab.comparison import compare as compare
    from simab.convergences import Convergence as Convergence
    from simab.convergences import convergence as convergence
    from simab.difference import diff as diff
    from simab.interop.policy_files import load as load
    from simab.planning import Plan as Plan
    from simab.planning import plan as plan
    from simab.routing_fairness import Fairness as Fairness
    from simab.routing_fairness import fairness as fairness
    from simab.run.session import Session as Session
    from simab.run.simulation import Run as Run
    from simab.run.simulation import simulate as simulate
    from simab.scenario import Scenario as Scenario
    from simab.sensitivities import Sensitivity as Sensitivity
    from simab.sensitivities import sensitivity as sensitivity
    from simab.sweeping import Sweep as Sweep
    from simab.sweeping import sweep as sweep

__version__ = VERSION

_HOME = {
    "Scenario": "simab.scenario",
    "load": "simab.interop.policy_files",
    "Run": "simab.run.simulation",
    "Session": "simab.run.session",
    "simulate": "simab.run.simulation",
    "Study": "simab.comparison",
    "compare": "simab.comparison",
    "Convergence": "simab.convergences",
    "convergence": "simab.convergences",
    "diff": "simab.difference",
    "Fairness": "simab.routing_fairness",
    "fairness": "simab.routing_fairness",
    "Plan": "simab.planning",
    "plan": "simab.planning",
    "Sensitivity": "simab.sensitivities",
    "sensitivity": "simab.sensitivities",
    "Sweep": "simab.sweeping",
    "sweep": "simab.sweeping",
}

__all__ = [
    "Convergence",
    "Fairness",
    "Plan",
    "Run",
    "Scenario",
    "Sensitivity",
    "Session",
    "Study",
    "Sweep",
    "__version__",
    "compare",
    "convergence",
    "diff",
    "fairness",
    "load",
    "plan",
    "sensitivity",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `simab --help` and shell completion stay quick (PEP 562).
    if name not in _HOME:
        raise AttributeError(f"module 'simab' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
