"""An imported policy in a small world, and its decisions by the minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simab.interop.importing import plain_policy
from simab.policies.policy import Policy
from simab.run.simulation import Run, simulate
from simab.scenario import Scenario, load

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
_MINUTE_NS = 60_000_000_000


def played(
    policy: Policy,
    *,
    weight: float = 0.0,
    error_rate: float = 0.0,
    latency_ms: float | None = None,
    **fields: Any,
) -> Run:
    """Two hours at 20 requests a second the candidate at weight 0, metrics at once.

    Looks every minute, weights in force at once: a tick of the policy is a minute of the run.
    """
    data = load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)
    control, candidate = (data["endpoint"]["variants"][name] for name in ("current", "new"))
    control |= {"weight": 1, "instances": 3, "workers": 4}
    if latency_ms is not None:
        control["latency"] = {"kind": "constant", "value": f"{latency_ms}ms"}
    candidate |= control | {"weight": weight, "error_rate": error_rate}
    data["endpoint"]["weight_update"] = "0s"
    data["traffic"]["users"]["rate"] = "20/s"
    data["metrics"] = {"period": "60s", "publication_delay": "0s"}
    data["controller"] = {"interval": "60s"}
    data["horizon"] = "2h"
    data["policies"] = {"imported": plain_policy(policy)}
    return simulate(Scenario.model_validate(data | fields), seed=1)


def decisions(run: Run) -> list[tuple[int, type]]:
    """The tick, 0 being the first look at minute 1, and the kind of each action; none was refused.

    Steps of the same kind that follow a first one are left out.
    """
    entries = run.decision_log.decisions
    assert all(entry.accepted for entry in entries), [entry.refusal for entry in entries]
    found: list[tuple[int, type]] = []
    for entry in entries:
        if not found or found[-1][1] is not type(entry.action):
            found.append((entry.at_ns // _MINUTE_NS - 1, type(entry.action)))
    return found
