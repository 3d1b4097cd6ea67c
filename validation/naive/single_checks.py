"""Single checks of the success rate at low traffic, counted one by one in the simulator."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

from simab.draws import Draws
from simab.policies import Observation
from simab.policies.flagger.metrics import FlaggerMetric, run_checks
from simab.run.simulation import play_run
from simab.scenario import Scenario, load
from simab.world import Blueprint
from validation.places import SCENARIOS
from validation.played_rules import batches

__all__ = ["HEALTHY", "Counted", "single_checks"]

HEALTHY: Final = 0.005
_CHECK_NS: Final = 300 * 10**9
_REQUESTS: Final = 50  # the binomial's; the candidate's share gives as many on average
_BATCH: Final = 25


@dataclass(slots=True)
class Counted:
    """Checks made and failed, and those among them that held exactly 50 requests."""

    checks: int = 0
    failed: int = 0
    checks_at_50: int = 0
    failed_at_50: int = 0

    def add(self, other: Counted) -> None:
        """Take in what another one counted."""
        self.checks += other.checks
        self.failed += other.failed
        self.checks_at_50 += other.checks_at_50
        self.failed_at_50 += other.failed_at_50


class CheckEveryTick:
    """Flagger's check at every tick, counted; nothing is ever done about it."""

    def __init__(self) -> None:
        self.counted = Counted()
        self._metric = FlaggerMetric.model_validate(
            {
                "name": "request-success-rate",
                "interval": "5min",
                "threshold_range": {"min": 99},
            }
        )

    def decide(self, state: Any, observation: Observation) -> tuple[tuple[()], Any]:
        """Check the candidate's newest five minutes."""
        since_ns = observation.now_ns - _CHECK_NS
        totals = observation.metrics.requests(observation.candidate, since_ns, observation.now_ns)
        failed = not run_checks([self._metric], observation).passed
        at_50 = totals.invocations == _REQUESTS
        self.counted.add(Counted(1, int(failed), int(at_50), int(at_50 and failed)))
        return (), state


def single_checks(replications: int, executor: Executor | None) -> Counted:
    """What all checks of so many runs of the rollouts' A/A scenario come to, at a tenth each."""
    data = load(SCENARIOS / "rollouts_aa.yaml").model_dump(mode="json")
    for name, weight in (("current", 9), ("new", 1)):
        data["endpoint"]["variants"][name] |= {"weight": weight, "error_rate": HEALTHY}
    data["horizon"] = "12h"
    text = Scenario.model_validate(data).model_dump_json()
    numbers = batches(replications, _BATCH)
    total = Counted()
    for counted in (executor.map if executor else map)(_one_batch, [text] * len(numbers), numbers):
        total.add(counted)
    return total


def _one_batch(scenario: str, numbers: range) -> Counted:
    described = Scenario.model_validate_json(scenario)
    blueprint, watcher = Blueprint.of(described), CheckEveryTick()
    for number in numbers:
        play_run(blueprint, ("watcher", watcher), Draws(described.study.seed, number))
    return watcher.counted
