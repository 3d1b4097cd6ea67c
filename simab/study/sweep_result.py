"""The result of a sweep, made of its points and their rows: what each policy does, and theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from simab.errors import ReplicationsFailed
from simab.expected import expected_promotion
from simab.explain import warnings
from simab.policies.metrics import is_share
from simab.result import Ecdf, PlayedScenario
from simab.result.reader import Reader
from simab.result.sweep_result import SweepResult, SweptField, SweptPoint, TheoryCurve, TheoryShare
from simab.scenario import Scenario, dumps
from simab.scenario.sweeps import EFFECT, Point, amount_of
from simab.scenario.world_names import DESCRIBED
from simab.scenario.worlds import World
from simab.study.environment import environment
from simab.study.failed_policies import failed_policies
from simab.study.failure import Failure
from simab.study.plan import StudyPlan
from simab.study.result import WorldRuns, nothing_finished, world_result
from simab.study.sweep_plan import SweepPlan
from simab.study.theory_curves import theory_curves
from simab.version import VERSION

__all__ = ["PlayedSweep", "sweep_result"]

_NO_TIMES: Final = Ecdf((), ())


@dataclass(frozen=True)
class PlayedSweep:
    """A sweep that was played: its plan, and the truth and the rows by point."""

    plan: SweepPlan
    found: Mapping[str, WorldRuns]
    failures: tuple[Failure, ...] = ()


def sweep_result(played: PlayedSweep, command: str) -> SweepResult:
    """Everything that the rows say, and theory where it says anything; nothing is played.

    Raises:
        ReplicationsFailed: no policy finished a replication at any point.
    """
    plan, asked = played.plan.plan, played.plan.scenario
    points = played.plan.points
    alone = StudyPlan.of_scenario(asked, plan.policies, 1, plan.seed)
    failed = failed_policies(
        played.failures,
        replications=plan.replications,
        seed=plan.seed,
        in_file=asked.policies,
        scenarios={each.name: f"sweep.points[{at}].scenario" for at, each in enumerate(points)},
    )
    if not any(runs.finished for runs in played.found.values()):
        raise ReplicationsFailed(nothing_finished(failed[0]))
    fields = tuple(
        _field(asked, each.path, [point.settings[each.path] for point in points])
        for each in played.plan.variations
    )
    return SweepResult(
        simab_version=VERSION,
        command=command,
        scenario=PlayedScenario.from_reader(Reader(asked.model_dump(mode="json"))),
        scenario_yaml=dumps(asked),
        scenario_hash=alone.world_hashes[DESCRIBED],
        seed=plan.seed,
        replications=plan.replications,
        fields=fields,
        sampled=played.plan.sampled,
        policies=tuple(plan.policies),
        points=tuple(_point(played, each, fields, failed) for each in points),
        curves=tuple(_curves(played, fields)),
        failures=failed,
        warnings=tuple(warnings(asked)),
        environment=environment(),
    )


def _field(scenario: Scenario, path: str, taken: Sequence[Any]) -> SweptField:
    """The values of a field in order of their numbers, or as they were given."""
    distinct: list[Any] = []
    for value in taken:
        if value not in distinct:
            distinct.append(value)
    amounts = [amount_of(value) for value in distinct]
    known = [each for each in amounts if each is not None]
    units = {"number" if each.is_plain else each.unit for each in known}
    if len(known) < len(distinct) or len(units) != 1:
        return SweptField(path=path, values=tuple(distinct), numbers=())
    unit = units.pop()
    if path == EFFECT and unit == "number" and is_share(scenario.objective.metric):
        unit = "share"  # a difference of shares, written as 0.02
    order = sorted(range(len(distinct)), key=lambda at: known[at].value)
    return SweptField(
        path=path,
        values=tuple(distinct[at] for at in order),
        numbers=tuple(float(known[at].value) for at in order),
        unit=unit,
    )


def _point(
    played: PlayedSweep, point: Point, fields: Sequence[SweptField], failed: Sequence[Any]
) -> SweptPoint:
    plan, runs = played.plan.plan, played.found[point.name]
    world = World(point.name, point.name, point.name, point.scenario)
    found = world_result(plan, world, runs, failed)
    return SweptPoint(
        name=point.name,
        settings=point.settings,
        places=tuple(each.values.index(point.settings[each.path]) for each in fields),
        scenario_hash=found.scenario_hash,
        truth=found.truth,
        policies=tuple(replace(each, decision_time_ecdf=_NO_TIMES) for each in found.policies),
        theory={
            name: TheoryShare(expected.probability, expected.approximate)
            for name in plan.policies
            if (expected := expected_promotion(point.scenario, plan.policy(point.name, name)))
        },
    )


def _curves(played: PlayedSweep, fields: Sequence[SweptField]) -> list[TheoryCurve]:
    """Theory along the one field that varies."""
    if len(fields) != 1 or len(fields[0].numbers) < 2:
        return []
    return theory_curves(played.plan.scenario, fields[0], played.plan.policies_of)
