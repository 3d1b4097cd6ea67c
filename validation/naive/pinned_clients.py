"""Where the requests of a canary's clients go, with a session cookie and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from simab.policies import Observation, SessionAffinity, SetWeights
from simab.run.simulation import simulate
from simab.scenario import Scenario, load
from validation.places import SCENARIOS

__all__ = ["WEIGHT", "pinned_clients"]

WEIGHT: Final = 0.1
CLIENTS: Final = 4_000
_DAY_NS: Final = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Canary:
    """A tenth of the traffic to the candidate from the first look on, with a cookie or without."""

    cookie: bool

    def decide(self, state: Any, observation: Observation) -> tuple[tuple[SetWeights, ...], Any]:
        """Set the weights once."""
        if state:
            return (), state
        weights = {observation.control: 1 - WEIGHT, observation.candidate: WEIGHT}
        affinity = SessionAffinity(observation.candidate, _DAY_NS) if self.cookie else None
        return (SetWeights(weights, session_affinity=affinity),), True


def pinned_clients(requests: Sequence[int], *, cookie: bool) -> dict[int, tuple[int, int]]:
    """How many clients' r-th request went to the candidate, of how many, for each r asked for.

    A client's requests are counted from the first look on, when the weights are set.
    """
    data = load(SCENARIOS / "rollouts_aa.yaml").model_dump(mode="json")
    data["traffic"] = {"users": {"rate": "40/s", "clients": CLIENTS}}
    for variant in data["endpoint"]["variants"].values():
        variant["workers"] = 40
    scenario = Scenario.model_validate(data)
    run = simulate(scenario, policy=Canary(cookie), seed=1, record_requests=True)
    counted = run.requests[run.requests["arrived_ns"] >= scenario.controller.interval]
    counted = counted.assign(
        number=counted.groupby("client").cumcount() + 1,
        candidate=counted["variant"] == scenario.objective.candidate,
    )
    return {
        number: (int(reached.sum()), len(reached))
        for number in requests
        for reached in [counted.loc[counted["number"] == number, "candidate"]]
    }
