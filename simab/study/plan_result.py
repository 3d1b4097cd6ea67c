"""The result of a plan, made of a race: how each candidate stands, and which one to use."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from simab.analyse.race import Look
from simab.analyse.recommendation import scores_by_replication
from simab.analyse.requirements import PlayedWorld, reading_of
from simab.analyse.run_shares import share_estimate
from simab.result.estimates import Mean, Proportion
from simab.result.plan_result import FreshRuns, PlannedPolicy, PlanResult
from simab.result.reader import Reader
from simab.result.requirement_result import Compliance, RequirementStatement
from simab.result.study_result import PlayedScenario
from simab.scenario import dumps
from simab.scenario.models import Scenario
from simab.scenario.requirements import Preference
from simab.scenario.sweeps.candidates import Candidate
from simab.scenario.worlds import World
from simab.stats.intervals import mean_interval
from simab.study.environment import environment
from simab.study.failure import Failure
from simab.version import VERSION

__all__ = ["Race", "on_frontier", "plan_result", "planned_policy"]


@dataclass(frozen=True, kw_only=True)
class Race:
    """A race that is over: who ran, how each stood when last played, and the tests on fresh runs.

    `exhausted` says that it took all runs that it may take and left somebody untold.
    """

    scenario: Scenario
    candidates: Mapping[str, Candidate]
    worlds: tuple[World, ...]
    statements: tuple[RequirementStatement, ...]
    seed: int
    most_runs: int
    exhausted: bool
    standing: Mapping[str, PlannedPolicy]
    fresh: tuple[FreshRuns, ...]


def plan_result(race: Race, command: str) -> PlanResult:
    """The record of a race; plays nothing."""
    chosen = [test.policy for test in race.fresh if test.compliance == Compliance.PASSES]
    return PlanResult(
        simab_version=VERSION,
        command=command,
        scenario=PlayedScenario.from_reader(Reader(race.scenario.model_dump(mode="json"))),
        scenario_yaml=dumps(race.scenario),
        seed=race.seed,
        most_runs=race.most_runs,
        exhausted=race.exhausted,
        criterion=race.scenario.prefer,
        requirements=race.statements,
        customary=not race.scenario.requirements,
        worlds={world.name: world.title for world in race.worlds if world.same_as is None},
        candidates=on_frontier([race.standing[name] for name in race.candidates]),
        chosen=chosen[0] if chosen else None,
        fresh=race.fresh,
        environment=environment(),
    )


def planned_policy(
    candidate: Candidate,
    look: Look,
    played: tuple[Sequence[PlayedWorld], Sequence[float]],
    prefer: Preference,
    runs: int,
    failures: Sequence[Failure] = (),
) -> PlannedPolicy:
    """How a candidate stands at a look; `failures` are its replications without a row."""
    worlds, weights = played
    name = candidate.name
    return PlannedPolicy(
        name=name,
        of=candidate.of,
        settings=dict(candidate.settings),
        runs=runs,
        compliance=look.compliance[name],
        judged=tuple(each for each in look.found if each.policy == name),
        score=_mean(scores_by_replication(name, worlds, weights, prefer)),
        exposure=_mean(scores_by_replication(name, worlds, weights, "least_exposure")),
        power=_share("power", name, worlds, min),
        false_promotion=_share("false_promotion", name, worlds, max),
        failed_runs=len(failures),
        first_error=failures[0].error if failures else "",
    )


def _mean(values: Mapping[int, float]) -> Mean:
    if not values or any(map(math.isnan, values.values())):
        return Mean(math.nan, math.nan, math.nan, reason="not every run has it")
    found = mean_interval(list(values.values()))
    return Mean(found.estimate, found.interval.low, found.interval.high, reason=found.reason or "")


def _share(
    quantity: str, name: str, worlds: Sequence[PlayedWorld], extreme: Callable[..., Proportion]
) -> Proportion | None:
    """Of the worlds that the quantity is about, that in which its share is the extreme one."""
    reading = reading_of(quantity)
    shares = []
    for world in worlds:
        rows = world.rows.get(name, ())
        if rows and reading.is_about(world.truth):
            count = sum(bool(reading.value(row, world.truth)) for row in rows)
            shares.append(share_estimate(count, len(rows)))
    return extreme(shares, key=lambda each: each.share) if shares else None


def on_frontier(candidates: Sequence[PlannedPolicy]) -> tuple[PlannedPolicy, ...]:
    """With the mark of those of which none has as much power with less exposure, or more."""
    return tuple(
        replace(
            each,
            on_frontier=each.has_power_and_exposure
            and not any(_dominates(other, each) for other in candidates),
        )
        for each in candidates
    )


def _dominates(one: PlannedPolicy, other: PlannedPolicy) -> bool:
    if one.power is None or other.power is None:
        return False
    power, exposure = one.power.share - other.power.share, one.exposure.mean - other.exposure.mean
    return power >= 0 and exposure <= 0 and (power > 0 or exposure < 0)
