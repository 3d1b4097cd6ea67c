"""Who a session cookie keeps at the candidate after so many requests, counted in the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from simab.policies import Observation, SessionAffinity, SetWeights
from simab.scenario import Scenario, load
from simab.simulation import simulate

__all__ = ["WEIGHT", "pinned_clients"]

WEIGHT: Final = 0.1
CLIENTS: Final = 4_000
_DAY_NS: Final = 86_400 * 10**9


class StickyCanary:
    """A tenth of the traffic to the candidate from the first look on, with a cookie of a day."""

    def decide(self, state: Any, observation: Observation) -> tuple[tuple[SetWeights, ...], Any]:
        """Set the weights once."""
        if state:
            return (), state
        weights = {observation.control: 1 - WEIGHT, observation.candidate: WEIGHT}
        cookie = SessionAffinity(observation.candidate, _DAY_NS)
        return (SetWeights(weights, session_affinity=cookie),), True


def pinned_clients(requests: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each number of requests: clients that were at the candidate by then, of how many.

    A client counts where it has made so many requests under the cookie before the end of the run.
    """
    data = load(
        Path(__file__).resolve().parent.parent / "scenarios" / "rollouts_aa.yaml"
    ).model_dump(mode="json")
    data["traffic"] = {"users": {"rate": "40/s", "clients": CLIENTS}}
    data["endpoint"]["variants"]["new"]["workers"] = 40
    data["endpoint"]["variants"]["current"]["workers"] = 40
    scenario = Scenario.model_validate(data)
    run = simulate(scenario, policy=StickyCanary(), seed=1, record_requests=True)
    sticky = run.requests[run.requests["arrived_ns"] >= scenario.controller.interval]
    sticky = sticky.assign(
        number=sticky.groupby("client").cumcount() + 1,
        candidate=(sticky["variant"] == scenario.objective.candidate)
        .groupby(sticky["client"])
        .cummax(),
    )
    return {
        number: (int(reached["candidate"].sum()), len(reached))
        for number, reached in sticky[sticky["number"].isin(requests)].groupby("number")
    }
