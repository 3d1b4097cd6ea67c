"""Run a race of candidates over the worlds of a scenario, and test the winner on fresh runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from simab.analyse.race import Look, looked_at
from simab.analyse.requirements import ALPHA, PlayedWorld, judged, statement_of
from simab.draws import stream_of
from simab.result.plan_result import FreshRuns, PlannedPolicy
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    RequirementStatement,
    compliance_of,
)
from simab.scenario.models import Scenario
from simab.scenario.requirements import CUSTOMARY
from simab.scenario.sweeps.candidates import Candidate
from simab.scenario.worlds import worlds_of
from simab.study.execution import Means, run_study
from simab.study.failure import Failure
from simab.study.plan import StudyPlan
from simab.study.plan_result import Race, planned_policy
from simab.study.playing import truth_of_world
from simab.study.result import WorldRuns, weights_of

__all__ = ["FIRST_RUNS", "Racing"]

FIRST_RUNS: Final = 100
"""Replications in each world at the first look; each later look has twice as many."""
_MOST_TESTS: Final = 3
"""Candidates that are tested on fresh runs, if those before them do not pass."""


@dataclass
class Racing:
    """A race under way.

    A candidate that passed once stays through, and one that failed stays out: both hold at all
    looks together. One of whose runs any failed is out: nobody can say how they would have ended.
    """

    scenario: Scenario
    candidates: Mapping[str, Candidate]
    seed: int
    engine: str
    most_runs: int
    means: Means
    standing: dict[str, PlannedPolicy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policies = {name: each.policy for name, each in self.candidates.items()}
        self.worlds = worlds_of(self.scenario, policies)
        self._distinct = [world for world in self.worlds if world.same_as is None]
        self._weights = weights_of(self._distinct, self.worlds)
        self.stated = tuple(map(statement_of, self.scenario.requirements or CUSTOMARY))

    def run(self, fresh_runs: int) -> Race:
        """Play on who may be chosen, then test the first on fresh runs."""
        left, runs, look = tuple(self.candidates), min(FIRST_RUNS, self.most_runs), None
        while left:
            look = self._looked(left, runs)
            left = look.play_on
            if runs >= self.most_runs:
                break
            runs = min(2 * runs, self.most_runs)
        return Race(
            scenario=self.scenario,
            candidates=self.candidates,
            worlds=self.worlds,
            statements=self.stated,
            seed=self.seed,
            most_runs=self.most_runs,
            exhausted=bool(left),
            standing=self.standing,
            fresh=tuple(self._tested(look.best if look else None, fresh_runs)),
        )

    def _looked(self, names: Sequence[str], runs: int) -> Look:
        """Play these so far, and take note of how they stand."""
        worlds, failures = self._played(names, runs, self.seed)
        passed = {n for n, each in self.standing.items() if each.compliance == Compliance.PASSES}
        look = looked_at(
            [statement for _, statement in self._asked()],
            worlds,
            self._weights,
            self.scenario.prefer,
            began=len(self.candidates),
            passed=passed,
        )
        look = replace(look, found=self._as_stated(look.found))
        for name in names:
            own = [each for each in failures if each.policy == name]
            self.standing[name] = planned_policy(
                self.candidates[name],
                look,
                (worlds, self._weights),
                self.scenario.prefer,
                runs,
                own,
            )
        return look

    def _tested(self, best: str | None, fresh_runs: int) -> Iterator[FreshRuns]:
        """The leader of those that are through on fresh runs; the next where it does not pass."""
        through = [e for e in self.standing.values() if e.compliance == Compliance.PASSES]
        through.sort(key=lambda each: (each.name != best, each.score.mean))
        for each in through[:_MOST_TESTS]:
            worlds, _ = self._played([each.name], fresh_runs, self._fresh_seed)
            asked = [statement for _, statement in self._asked()]
            found = self._as_stated(judged(asked, worlds, alpha=ALPHA / _MOST_TESTS))
            compliance = compliance_of(found, each.name)
            yield FreshRuns(
                policy=each.name,
                seed=self._fresh_seed,
                runs=fresh_runs,
                compliance=compliance,
                judged=found,
            )
            if compliance is Compliance.PASSES:
                return

    @property
    def _fresh_seed(self) -> int:
        """Another one for other candidates, so that a plan of other values has other fresh runs."""
        return stream_of("\n".join(("fresh runs", str(self.seed), *self.candidates))) >> 32

    def _asked(self) -> Iterator[tuple[int, RequirementStatement]]:
        """What is required, with its place; of a policy that varies, of each of its candidates."""
        for place, statement in enumerate(self.stated):
            if statement.policy is None:
                yield place, statement
            for name, each in self.candidates.items():
                if each.of == statement.policy:
                    yield place, replace(statement, policy=name)

    def _as_stated(
        self, found: Iterator[JudgedRequirement] | Sequence[JudgedRequirement]
    ) -> tuple[JudgedRequirement, ...]:
        """With the places of the requirements as the scenario has them."""
        places = [place for place, _ in self._asked()]
        return tuple(replace(each, requirement=places[each.requirement]) for each in found)

    def _played(
        self, names: Sequence[str], runs: int, seed: int
    ) -> tuple[list[PlayedWorld], list[Failure]]:
        """The distinct worlds of all candidates, as far as these are played in them."""
        plan = StudyPlan(
            worlds={world.name: world.scenario for world in self._distinct},
            policies={name: self.candidates[name].policy for name in names},
            replications=runs,
            seed=seed,
            engine=self.engine,
        )
        failures: list[Failure] = []
        rows = run_study(
            plan,
            executor=self.means.executor,
            store=self.means.store,
            progress=self.means.progress,
            pace=self.means.pace,
            failed=failures.append,
        )
        played = [
            WorldRuns(truth_of_world(world.scenario), rows[world.name]).of(world, runs)
            for world in self._distinct
        ]
        return played, failures
