"""Plan a rollout: `plan(...) -> Plan`, parameters with which a policy meets its requirements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simab.analyse.race import looked_at
from simab.analyse.requirements import ALPHA, PlayedWorld, judged, statement_of
from simab.comparison import compare
from simab.errors import InvalidInput
from simab.result.plan_result import FreshRuns, PlannedPolicy, PlanResult, candidate_rows
from simab.result.requirement_result import Compliance, RequirementStatement, compliance_of
from simab.run.simulation import require_scenario
from simab.scenario.models import Scenario
from simab.scenario.requirements import CUSTOMARY
from simab.scenario.sweeps.candidates import Candidate, candidates_of
from simab.scenario.worlds import World, worlds_of
from simab.study.arguments import chosen_policies
from simab.study.execution import Executor, Progress, Store
from simab.study.plan_result import Race, plan_result, planned_policy
from simab.study.result import weights_of
from simab.study.sweep_plan import Vary, variations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "plan"]

_FIRST_RUNS: Final = 100
_GROWTH: Final = 2
_MOST_TESTS: Final = 3
"""Candidates that are tested on fresh runs, if those before them fail."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which candidate to use, and how all of them fared."""

    race: Race
    command: str

    @cached_property
    def result(self) -> PlanResult:
        """Everything that was found, as one record; plays nothing."""
        return plan_result(self.race, self.command)

    @property
    def chosen(self) -> Candidate | None:
        """The candidate to use; None where none meets the requirements, or none is known to."""
        name = self.result.chosen
        return None if name is None else self.race.candidates[name]

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """One row a candidate: what was varied, how it stands, and its scores."""
        import pandas as pd

        return pd.DataFrame(candidate_rows(self.result))

    def report(self, path: str | Path) -> Path:
        """Write report.html, plan.json and candidates.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_plan

        write_plan(self.result, Path(path))
        return Path(path) / "report.html"

    def __repr__(self) -> str:
        return (
            f"<Plan of {len(self.race.candidates)} candidates, chosen {self.result.chosen!r}: "
            f"{self.race.scenario.title!r}>"
        )


def plan(  # noqa: PLR0913 - the public contract, all by keyword
    scenario: Scenario,
    *,
    vary: Vary,
    policies: Sequence[str] | None = None,
    most_runs: int = 6400,
    fresh_runs: int = 4000,
    seed: int | None = None,
    executor: Executor | None = None,
    store: Store | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    command: str = "simab.plan(...)",
) -> Plan:
    """Find the parameters with which a policy meets the requirements of a scenario.

    The candidates are the scenario's policies with all combinations of what varies. They race
    over the scenario's worlds on common random numbers: 100 replications, then twice as many, and
    so on, of those that may still be chosen (`simab.analyse.race` says by which tests). The best by
    the scenario's `prefer` of those that meet all requirements is then judged again on runs with
    another seed. With probability 97.5 % at least, nothing that breaks a requirement is chosen by
    the race, and as surely nothing passes the fresh runs that breaks one.

    Args:
        scenario: its requirements (or the customary ones) are what has to be met.
        vary: parameters of its policies: `{"policies.canary.bake": "10min..60min/6"}`, or texts
            as `policies.canary.bake=10min..60min/6`.
        policies: names of some of its policies; all by default.
        most_runs: replications in each world that the race may take.
        fresh_runs: replications in each world of the last test.
        seed: of the race, by default the scenario's; the fresh runs have the next one.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        store: a mutable mapping that keeps rows by key; rows that it holds are not played again.
        engine: "compiled" (Numba) or "reference" (SimPy, one process per request): same bits.
        progress: a function that is called with how many rows of a round are done, of how many.
        command: what the result says remakes it.

    Raises:
        InvalidInput: an argument of the wrong type, or what varies is no parameter of a policy.
        InvalidScenario: a candidate that breaks a rule.
    """
    require_scenario(scenario)
    _require_runs("most_runs", most_runs)
    _require_runs("fresh_runs", fresh_runs)
    chosen = chosen_policies(scenario, None if policies is None else list(policies))
    found = candidates_of(scenario, list(chosen), variations_of(vary))
    seed = scenario.study.seed if seed is None else seed
    store = {} if store is None else store  # each round plays on from the last
    playing = {"executor": executor, "store": store, "engine": engine, "progress": progress}
    runner = _Runner(scenario, {each.name: each for each in found}, seed, most_runs, playing)
    return Plan(runner.race(fresh_runs), command)


def _require_runs(name: str, runs: object) -> None:
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < _FIRST_RUNS:
        raise InvalidInput(
            f"{name} = {runs!r}: must be a whole number of at least {_FIRST_RUNS}; give 4000, say"
        )


@dataclass(frozen=True, slots=True)
class _Runner:
    """What a race is run with."""

    scenario: Scenario
    candidates: Mapping[str, Candidate]
    seed: int
    most_runs: int
    playing: Mapping[str, Any]

    @property
    def worlds(self) -> tuple[World, ...]:
        """Those of all candidates, whoever is still in the race."""
        return worlds_of(self.scenario, {n: each.policy for n, each in self.candidates.items()})

    @property
    def statements(self) -> tuple[RequirementStatement, ...]:
        """What is required; of a policy that varies, of each of its candidates."""
        stated = [statement_of(each) for each in self.scenario.requirements or CUSTOMARY]
        return tuple(
            replace(statement, policy=name)
            for statement in stated
            for name in self._asked(statement.policy)
        )

    def _asked(self, policy: str | None) -> list[str | None]:
        own = [name for name, each in self.candidates.items() if each.of == policy]
        return [None] if policy is None else [*own]

    def race(self, fresh_runs: int) -> Race:
        """Play on who may be chosen, then test the first on fresh runs."""
        standing: dict[str, PlannedPolicy] = {}
        left, runs = tuple(self.candidates), min(_FIRST_RUNS, self.most_runs)
        while True:
            worlds, weights = self._played(left, runs, self.seed)
            look = looked_at(
                self.statements, worlds, weights, self.scenario.prefer, began=len(self.candidates)
            )
            for name in left:
                candidate = self.candidates[name]
                standing[name] = planned_policy(
                    candidate, look, (worlds, weights), self.scenario.prefer, runs
                )
            left = look.play_on
            if not left or runs >= self.most_runs:
                break
            runs = min(_GROWTH * runs, self.most_runs)
        fresh = self._tested(standing, fresh_runs)
        return Race(
            scenario=self.scenario,
            candidates=self.candidates,
            worlds=self.worlds,
            statements=self.statements,
            seed=self.seed,
            most_runs=self.most_runs,
            exhausted=bool(left),
            standing=standing,
            fresh=fresh,
        )

    def _tested(
        self, standing: Mapping[str, PlannedPolicy], fresh_runs: int
    ) -> tuple[FreshRuns, ...]:
        """The first of those that are through on fresh runs; the next where it does not pass."""
        through = [each for each in standing.values() if each.compliance == Compliance.PASSES]
        tests: list[FreshRuns] = []
        for each in sorted(through, key=lambda each: each.score.mean)[:_MOST_TESTS]:
            seed = (self.seed + 1) % 2**64
            worlds, _ = self._played((each.name,), fresh_runs, seed)
            own = [s for s in self.statements if s.policy in (None, each.name)]
            found = tuple(judged(own, worlds, alpha=ALPHA / _MOST_TESTS))
            compliance = compliance_of(found, each.name)
            tests.append(
                FreshRuns(
                    policy=each.name,
                    seed=seed,
                    runs=fresh_runs,
                    compliance=compliance,
                    judged=found,
                )
            )
            if compliance is Compliance.PASSES:
                break
        return tuple(tests)

    def _played(
        self, names: Sequence[str], runs: int, seed: int
    ) -> tuple[list[PlayedWorld], list[float]]:
        """The distinct worlds as far as they are played, and their weights."""
        study = compare(
            self.scenario,
            policies={name: self.candidates[name].policy for name in names},
            worlds=[world.name for world in self.worlds],
            replications=runs,
            seed=seed,
            **self.playing,
        )
        distinct = [world for world in study.worlds if world.same_as is None]
        played = [study.played[world.name].of(world, runs) for world in distinct]
        return played, weights_of(distinct, study.worlds)
