"""Imported policies in the simulated world: what they ask for is accepted and ends as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simab.interop.importing import plain_policy
from simab.interop.tools import import_policy
from simab.policies import Promote, RemoveVariant, RollBack
from simab.run.simulation import Run, simulate
from simab.scenario import Scenario, load

FILES = Path(__file__).parent / "files"
SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"


def played(error_rate: float, *, deployed: bool = True, **policies: Any) -> Run:
    """Two hours at 20 requests a second, the candidate failing as said, from weight 0."""
    data = load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)
    control, candidate = (data["endpoint"]["variants"][name] for name in ("current", "new"))
    control |= {"weight": 1, "instances": 3, "workers": 4}
    candidate |= control | {"weight": 0, "error_rate": error_rate, "deployed": deployed}
    data["traffic"]["users"]["rate"] = "20/s"
    data["horizon"] = "2h"
    data["policies"] = policies
    return simulate(Scenario.model_validate(data), seed=1)


def asked(run: Run) -> list[type]:
    entries = run.decision_log.decisions
    assert all(entry.accepted for entry in entries), [entry.refusal for entry in entries]
    return [type(entry.action) for entry in entries]


def argo() -> dict[str, Any]:
    policy = import_policy("argo", [FILES / "argo.yaml"], FILES / "argo.map.yaml").policy
    data = plain_policy(policy)
    # The file's 10 s suit a store that shows at once; here three errors on end would abort before
    # the first window with traffic of the candidate is published.
    for analysis in (data["background"]["metrics"], data["steps"][-1]["analysis"]):
        analysis["error-share"]["initial_delay"] = "3min"
    return data


def guardrail() -> dict[str, Any]:
    policy = import_policy("sagemaker", [FILES / "canary.json", FILES / "alarms.json"]).policy
    # On both fleets missing data, the default of a starting world, would end it at the start.
    return plain_policy(policy) | {"start_after": "10min"}


@pytest.mark.parametrize("deployed", [True, False], ids=["deployed", "added"])
def test_a_healthy_candidate_is_promoted(deployed: bool) -> None:
    """Nothing is refused on the way, whether or not the candidate is there at the start."""
    assert Promote in asked(played(0.0, deployed=deployed, argo=argo()))
    run = played(0.0, deployed=deployed, guardrail=guardrail())
    assert asked(run)[-2:] == [Promote, RemoveVariant]
    assert run.decision_log.splits[-1].weights == {"new": 1.0}


def test_a_broken_candidate_is_rolled_back() -> None:
    """Half of its answers are errors: the first to see it gives all traffic back."""
    for policies in ({"argo": argo()}, {"guardrail": guardrail()}):
        run = played(0.5, **policies)
        assert asked(run)[-1] is RollBack
        assert run.decision_log.splits[-1].weights == {"current": 1.0, "new": 0.0}
