"""A run that was played for the terminal: what became of it, and whom each variant served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simab.analyse import RunSummary, ScenarioTruth
    from simab.run.simulation import Run

__all__ = ["PlayedRun", "Served", "served"]


class PlayedRun(NamedTuple):
    """A run, what became of it, and what is true of its world."""

    run: Run
    summary: RunSummary
    truth: ScenarioTruth

    @property
    def judged_by(self) -> ScenarioTruth:
        """What its ending is judged by: where answers change, the mean from its decision on."""
        return self.truth.judged_from(round((self.summary.decided_s or 0.0) * 1e9))


class Served(NamedTuple):
    """Whom a variant answered; `users` is None where the run kept no record of its requests."""

    variant: str
    requests: int
    users: int | None
    error_rate: float
    latency_p99_s: float


def served(run: Run) -> Iterator[Served]:
    """Every variant that users' requests ended at, and those deployed, in the file's order."""
    counts = run.data.run_counts
    requests = counts.user_requests().sum(axis=0).tolist()
    users = run.users_met
    for number, name in enumerate(counts.blueprint.names):
        totals = counts.request_totals(number, 0, len(counts.requests))
        if requests[number] or run.scenario.endpoint.variants[name].deployed:
            yield Served(
                name,
                requests[number],
                None if users is None else users.get(name, 0),
                totals.error_rate,
                totals.latency_quantile_ns(0.99) / 1e9,
            )
