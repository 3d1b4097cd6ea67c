"""Each assumption of a scenario halved and doubled: all worlds of all of them as one plan.

So the random numbers, the store and the workers are those of one study.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from simab.analyse.paired import both_finished
from simab.analyse.study_change import changed_verdicts, paired_quantities, with_adjusted
from simab.errors import InvalidInput
from simab.result import StudyResult
from simab.result.sensitivity_result import (
    SHOWN_QUANTITIES,
    AssumptionEffect,
    SensitivityResult,
    UnchangedAssumption,
)
from simab.result.study_change import QuantityChange
from simab.result.study_verdicts import StudyVerdicts
from simab.scenario.assumptions import (
    ChangedAssumption,
    KeptAssumption,
    changed_assumptions,
)
from simab.scenario.models import Scenario
from simab.scenario.worlds import World, worlds_of
from simab.study.execution import StudyRows
from simab.study.failure import Failure
from simab.study.plan import StudyPlan
from simab.study.playing import truth_of_world
from simab.study.result import WorldRuns, study_result, study_verdicts
from simab.version import VERSION
from simab.world.control import Decider

__all__ = ["Case", "SensitivityPlan", "sensitivity_result"]


@dataclass(frozen=True)
class Case:
    """The scenario as described (`changed` None) or with one assumption changed; and its worlds."""

    scenario: Scenario
    worlds: tuple[World, ...]
    changed: ChangedAssumption | None = None


@dataclass(frozen=True)
class SensitivityPlan:
    """What a sensitivity is to play: the cases, the first as described, with the same policies."""

    cases: tuple[Case, ...]
    kept: tuple[KeptAssumption, ...]
    policies: Mapping[str, Decider]
    replications: int
    seed: int
    engine: str

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        policies: Mapping[str, Decider],
        settings: tuple[int, int, str],
        worlds: Sequence[str] | None = None,
    ) -> SensitivityPlan:
        """The plan of a scenario; `settings` are replications, seed and engine.

        Raises:
            InvalidInput: a world cannot be made of the scenario, or is not one of it.
        """
        cases = [Case(scenario, worlds_of(scenario, policies, names=worlds))]
        kept: list[KeptAssumption] = []
        for each in changed_assumptions(scenario):
            if isinstance(each, KeptAssumption):
                kept.append(each)
                continue
            try:
                its = worlds_of(each.scenario, policies, names=worlds)
            except InvalidInput as refused:  # one of the file's worlds cannot be made then
                kept.append(KeptAssumption(each.assumption, each.change, str(refused)))
            else:
                cases.append(Case(each.scenario, its, each))
        return cls(tuple(cases), tuple(kept), policies, *settings)

    @cached_property
    def plan(self) -> StudyPlan:
        """All worlds of all cases, as one study."""
        worlds = {
            _place(at, world.name): world.scenario
            for at, case in enumerate(self.cases)
            for world in case.worlds
        }
        return StudyPlan(worlds, self.policies, self.replications, self.seed, self.engine)

    @property
    def rows(self) -> int:
        """How many runs it has."""
        return len(self.plan.worlds) * len(self.policies) * self.replications

    @property
    def names(self) -> Mapping[str, str]:
        """What each world of the plan is in words: "as described: equal"."""
        return {
            _place(at, world.name): f"{case.changed.name if case.changed else 'as described'}: "
            f"{world.name}"
            for at, case in enumerate(self.cases)
            for world in case.worlds
        }

    def places(self) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Assumption, change and world, and the name of that world in the plan.

        A world that is the same as an earlier one of its case is left out; the first case changes
        nothing.
        """
        for at, case in enumerate(self.cases):
            each = case.changed
            which = ("", "") if each is None else (each.assumption, each.change)
            for world in case.worlds:
                if world.same_as is None:
                    yield (*which, world.name), _place(at, world.name)

    def plan_of(self, case: Case) -> StudyPlan:
        """The study of one case alone."""
        worlds = {world.name: world.scenario for world in case.worlds}
        return StudyPlan(worlds, self.policies, self.replications, self.seed, self.engine)


def sensitivity_result(
    plan: SensitivityPlan,
    rows: StudyRows,
    failures: Sequence[Failure],
    command: str,
    shown: str = "promotes",
) -> SensitivityResult:
    """What each case found, against the first; nothing is played. `shown` is for its page.

    Raises:
        ReplicationsFailed: no policy finished a replication as described.
    """
    first, *others = plan.cases
    base = study_result(
        plan.plan_of(first),
        first.worlds,
        _played(0, first, rows),
        asked=first.scenario,
        command=command,
        failures=_failures(0, first, failures),
    )
    differences: dict[int, list[QuantityChange]] = defaultdict(list)
    for at, row in _differences(plan, rows, base):
        differences[at].append(row)
    return SensitivityResult(
        simab_version=VERSION,
        command=command,
        base=base,
        effects=tuple(
            _effect(
                case.changed, base.verdicts, _verdicts(plan, at, rows, failures), differences[at]
            )
            for at, case in enumerate(others, start=1)
            if case.changed is not None
        ),
        unchanged=tuple(
            UnchangedAssumption(assumption=each.assumption, change=each.change, reason=each.reason)
            for each in plan.kept
        ),
        shown=shown,
    )


def _verdicts(
    plan: SensitivityPlan, at: int, rows: StudyRows, failures: Sequence[Failure]
) -> StudyVerdicts:
    """The verdicts of a case, as they are where that case is compared alone."""
    case = plan.cases[at]
    return study_verdicts(
        plan.plan_of(case),
        case.worlds,
        _played(at, case, rows),
        asked=case.scenario,
        failures=_failures(at, case, failures),
    )


def _played(at: int, case: Case, rows: StudyRows) -> dict[str, WorldRuns]:
    return {
        world.name: WorldRuns(truth_of_world(world.scenario), rows[_place(at, world.name)])
        for world in case.worlds
    }


def _failures(at: int, case: Case, failures: Sequence[Failure]) -> list[Failure]:
    """Those of a case, under the names that its worlds have alone."""
    return [
        replace(each, world=world.name)
        for world in case.worlds
        for each in failures
        if each.world == _place(at, world.name)
    ]


def _place(case: int, world: str) -> str:
    return f"{case}/{world}"


def _effect(
    changed: ChangedAssumption,
    base: StudyVerdicts,
    found: StudyVerdicts,
    quantities: Sequence[QuantityChange],
) -> AssumptionEffect:
    chosen = found.recommendation
    return AssumptionEffect(
        assumption=changed.assumption,
        change=changed.change,
        was=changed.was,
        becomes=changed.becomes,
        recommended=None if chosen is None else chosen.policy,
        verdicts=tuple(changed_verdicts(base, found)),
        quantities=tuple(quantities),
    )


def _differences(
    plan: SensitivityPlan, rows: StudyRows, base: StudyResult
) -> Iterator[tuple[int, QuantityChange]]:
    """Each case against the first, in worlds that both have; all p-values taken together."""
    found: list[tuple[int, QuantityChange]] = []
    first = {world.name: world for world in plan.cases[0].worlds}
    for at, case in enumerate(plan.cases[1:], start=1):
        for world in case.worlds:
            before = first.get(world.name)
            if before is None or before.same_as is not None:
                continue
            for policy in plan.policies:
                both = both_finished(
                    rows[_place(0, world.name)][policy], rows[_place(at, world.name)][policy]
                )
                candidates = world.scenario.objective.every_candidate
                found += [
                    (at, each)
                    for each in paired_quantities(
                        world.name, policy, both, candidates=candidates, horizon_s=base.horizon_s
                    )
                    if each.quantity in SHOWN_QUANTITIES
                ]
    adjusted = with_adjusted([row for _, row in found])
    return zip([at for at, _ in found], adjusted, strict=True)
