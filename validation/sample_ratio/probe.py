"""The sample-ratio check at every tick of a run, under honest routers and under one with a fault.

Nothing is done about what it says: so the rate of the check itself is seen, not a rule's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final

from simab.draws import Draws
from simab.policies import Action, Observation, SessionAffinity, SetWeights
from simab.policies.holds import split_mismatch
from simab.run.simulation import play_run
from simab.scenario import Scenario
from simab.world import Blueprint
from validation.played_rules import batches

__all__ = ["ALPHAS", "Case", "Found", "probe", "world"]

ALPHAS: Final = (0.001, 0.05)
_BATCH: Final = 25
_DAY_NS: Final = 86_400 * 10**9


@dataclass(frozen=True)
class Case:
    """A router to be checked.

    `shares` are the candidate's, one after the other in equal parts of the run; `told` is what the
    check takes the share for, None for the true one.
    """

    name: str
    routing: str = "weighted_random"
    clients: int = 5_000
    shares: tuple[float, ...] = (0.5,)
    cookies: bool = False
    slow: bool = False
    told: float | None = None


@dataclass
class Found:
    """Runs with an alarm at any tick, by alpha, and what had been assigned in the newest split."""

    alarms: dict[float, int] = field(default_factory=lambda: dict.fromkeys(ALPHAS, 0))
    runs: int = 0
    assigned: int = 0

    def add(self, other: Found) -> None:
        """Take in other runs."""
        for alpha in ALPHAS:
            self.alarms[alpha] += other.alarms[alpha]
        self.runs += other.runs
        self.assigned += other.assigned


def world(case: Case) -> Scenario:
    """100 requests a minute for an hour, 30 s until metrics are there, a look a minute.

    A slow candidate has four workers, an exponential service of 4.5 s and with half of the traffic
    a load of 0.94: most of its requests wait.
    """

    def variant(**fields: Any) -> dict[str, Any]:
        fast = {"workers": 50, "latency": {"kind": "constant", "value": "20ms"}}
        return fast | {"quality": {"kind": "success", "probability": 0.9}} | fields

    slow = {"workers": 4, "latency": {"kind": "exponential", "mean": "4500ms"}}
    first = case.shares[0]
    return Scenario.model_validate(
        {
            "title": case.name,
            "endpoint": {
                "variant_routing": case.routing,
                "variants": {
                    "current": variant(weight=1.0 - first),
                    "new": variant(weight=first, **(slow if case.slow else {})),
                },
                "weight_update": "62s",
            },
            "traffic": {"users": {"rate": "100/min", "clients": case.clients}},
            "metrics": {"period": "1min", "publication_delay": "30s"},
            "controller": {"interval": "1min"},
            "objective": {
                "control": "current",
                "candidate": "new",
                "metric": "success_rate",
                "smallest_effect": 0.02,
            },
            "horizon": "1h",
            "policies": {
                "none": {"kind": "manual_schedule", "steps": [{"at": "2h", "weights": {}}]}
            },
        }
    )


class _Probe:
    """Sets the weights of a case, and asks for a mismatch at every tick."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.alarmed: set[float] = set()
        self.assigned = 0

    def decide(self, tick: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        """Look, then go on to the next share when its time has come."""
        tick, case = (tick or 0) + 1, self._case
        seen = observation
        if case.told is not None:
            seen = observation._replace(weights=_weights(case.told))
        self.alarmed |= {alpha for alpha in ALPHAS if split_mismatch(seen, alpha)}
        self.assigned = sum(observation.metrics.assignments().counts.values())
        length = 60 // len(case.shares)
        if (tick % length == 0 and tick // length < len(case.shares)) or (
            tick == 1 and case.cookies
        ):
            share = case.shares[tick // length]
            cookie = SessionAffinity("new", _DAY_NS) if case.cookies else None
            return (SetWeights(_weights(share), cookie, because="the next share"),), tick
        return (), tick


def _weights(share: float) -> Mapping[str, float]:
    return {"current": 1.0 - share, "new": share}


def _play(case: Case, replications: range) -> Found:
    scenario, found = world(case), Found()
    blueprint = Blueprint.of(scenario)
    for replication in replications:
        policy = _Probe(case)
        play_run(blueprint, ("probe", policy), Draws(scenario.study.seed, replication))
        alarms = {alpha: int(alpha in policy.alarmed) for alpha in ALPHAS}
        found.add(Found(alarms, 1, policy.assigned))
    return found


def probe(case: Case, replications: int, executor: Executor | None) -> Found:
    """Alarms in so many runs of a case."""
    parts = batches(replications, _BATCH)
    cases = [case] * len(parts)
    played = map(_play, cases, parts) if executor is None else executor.map(_play, cases, parts)
    found = Found()
    for each in played:
        found.add(each)
    return found
