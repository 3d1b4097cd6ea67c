"""A policy played look by look on a scripted endpoint, as a table for people to read.

One line a look: the time, the candidate's share in force, where the rollout stands, the state of
its checks after this look, and what it asked for.
"""

from __future__ import annotations

from typing import Any

from simab.policies import Action, EndpointStatus, SetWeights
from simab.policies.argo.rollouts import ArgoRollouts, ArgoState
from simab.policies.cloudwatch.blue_green import BlueGreen, BlueGreenState, Deployment
from simab.policies.policy import Policy
from simab.units import format_duration
from tests.policies.fake_endpoint import Windows, play

__all__ = ["rollout_table"]

_LOOKS_AFTER = 3  # a table ends so many looks after the rollout is over


def rollout_table(policy: Policy, windows: Windows, **endpoint: Any) -> str:
    """The table; `endpoint` is what `play` takes."""
    rows = [("time", "share", "status", "stands", "checks", "asks for")]
    over = 0
    for look in play(policy, windows, **endpoint):
        over += _is_over(look.state)
        if over > _LOOKS_AFTER:
            break
        status = "Updating" if look.status is EndpointStatus.UPDATING else ""
        stands, checks = _stands(policy, look.state)
        asked = "; ".join(_asked(action) for action in look.actions)
        rows.append(
            (format_duration(look.now_ns), f"{look.share:.0%}", status, stands, checks, asked)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _is_over(state: Any) -> bool:
    if isinstance(state, BlueGreenState):
        return state.phase is Deployment.FINISHED
    return bool(getattr(state, "over", False))


def _asked(action: Action) -> str:
    what = type(action).__name__
    if isinstance(action, SetWeights):
        what = " ".join([what, *(f"{name}={each:g}" for name, each in action.weights.items())])
    return f"{what}: {action.because}"


def _stands(policy: Policy, state: Any) -> tuple[str, str]:
    if isinstance(policy, ArgoRollouts) and isinstance(state, ArgoState):
        step = min(state.step + 1, len(policy.steps))
        checks = [
            f"{kind}{name} {each.phase} S{each.successful} F{each.failed} I{each.inconclusive} "
            f"E{each.error} count {each.count}"
            for kind, run in (("background ", state.background), ("", state.analysis))
            if run is not None
            for name, each in run.results.items()
        ]
        return f"{state.phase} {step}/{len(policy.steps)}", ", ".join(checks)
    if isinstance(policy, BlueGreen) and isinstance(state, BlueGreenState):
        checks = [
            f"{name} {each.state}" for name, each in zip(policy.alarms, state.alarms, strict=True)
        ]
        return f"{state.phase} {state.step + 1}", ", ".join(checks)
    return f"{state} steps done", ""
