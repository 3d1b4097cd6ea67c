"""The timeline of a study: entries and epochs, and whether totals mislead in its first runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from simab import units
from simab.analyse.pooled import Gains, gains_of
from simab.explain.arrivals_text import changing_rates
from simab.explain.dates import when
from simab.explain.timeline_text import timeline_sentences
from simab.policies.metrics import of_labels
from simab.result.studied_timeline import EpochResult, PooledReading, StudiedTimeline
from simab.run.simulation import Run
from simab.scenario.epochs import epochs
from simab.scenario.models import Scenario
from simab.study.measuring import measured_runs, runs_at_a_glance
from simab.study.plan import StudyPlan
from simab.study.playing import truth_of_world

__all__ = ["timeline_at_a_glance"]

_REQUESTS_AT_A_GLANCE: Final = 2e7
_MOST_AT_A_GLANCE: Final = 10


@dataclass(frozen=True, slots=True)
class _GainsMeasure:
    """What all requests of a run say beside its phases."""

    reads_requests: bool = False

    def of(self, run: Run) -> Any:
        """Its gains; None where it has no two phases."""
        return gains_of(run, truth_of_world(run.scenario))


def timeline_at_a_glance(study: StudyPlan, world: str) -> StudiedTimeline | None:
    """What changes in a world, with totals of the first runs of each policy; None if nothing."""
    scenario = study.worlds[world]
    sentences = (*changing_rates(scenario), *timeline_sentences(scenario))
    if not sentences:
        return None
    objective = scenario.objective
    return StudiedTimeline(
        sentences=sentences,
        metric=objective.metric,
        epochs=tuple(
            EpochResult(
                since=when(scenario, each.since_ns),
                since_s=units.seconds(each.since_ns),
                until_s=units.seconds(each.until_ns),
                values={name: own.metric(objective.metric) for name, own in each.truths.items()},
            )
            for each in (epochs(scenario) if of_labels(objective.metric) else ())
        ),
        pooled=_pooled(study, world, scenario),
    )


def _pooled(study: StudyPlan, world: str, scenario: Scenario) -> tuple[PooledReading, ...]:
    if truth_of_world(scenario).over_time is None:
        return ()
    runs = runs_at_a_glance(
        study, world, requests=_REQUESTS_AT_A_GLANCE, fewest=1, most=_MOST_AT_A_GLANCE
    )
    if not runs:
        return ()
    policies = {name: study.policy(world, name) for name in study.policies}
    plan = StudyPlan(
        {world: scenario}, policies, runs, study.seed, study.engine, measure=_GainsMeasure()
    )
    found = measured_runs(plan)
    return tuple(_reading(name, found.of(world, name)) for name in policies)


def _reading(policy: str, found: Any) -> PooledReading:
    gains: list[Gains] = [each for each in found if each is not None]
    misled = [each for each in gains if each.mislead]
    return PooledReading(
        policy=policy,
        runs=len(gains),
        misled=len(misled),
        pooled=_mean([each.pooled for each in misled]),
        within=_mean([min(each.phases, key=abs) for each in misled]),
    )


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
