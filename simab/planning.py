"""Plan a rollout: `plan(...) -> Plan`, parameters with which a policy meets its requirements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from simab.errors import InvalidInput
from simab.result.plan_result import PlanResult, candidate_rows
from simab.run.simulation import require_scenario
from simab.scenario.models import Scenario
from simab.scenario.sweeps.candidates import Candidate, candidates_of
from simab.study.arguments import chosen_policies, require_places
from simab.study.execution import Executor, Means, Progress, Store
from simab.study.plan_result import Race, plan_result
from simab.study.racing import FIRST_RUNS, Racing
from simab.study.sweep_plan import Vary, variations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "plan"]


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

    def _repr_html_(self) -> str:
        from simab.report import plan_table_html

        return plan_table_html(self.result)

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
    the race, and as surely nothing passes the fresh runs that breaks one (shares exactly, means
    for large numbers of runs). The best is so by estimates: a candidate drops out where the paired
    differences so far leave out that it is better by more than 5 %.

    Args:
        scenario: its requirements (or the customary ones) are what has to be met.
        vary: parameters of its policies: `{"policies.canary.bake": "10min..60min/6"}`, or texts
            as `policies.canary.bake=10min..60min/6`.
        policies: names of some of its policies; all by default.
        most_runs: replications in each world that the race may take.
        fresh_runs: replications in each world of the last test.
        seed: of the race, by default the scenario's; that of the fresh runs follows from it and
            from the names of the candidates.
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
    require_places(executor, store)
    _require_runs("most_runs", most_runs)
    _require_runs("fresh_runs", fresh_runs)
    names = policies if policies is None or isinstance(policies, str) else list(policies)
    chosen = chosen_policies(scenario, names)
    variations = variations_of(vary)
    if not chosen or not variations:
        raise InvalidInput(
            f"policies = {list(chosen)}, vary = {vary!r}: a plan chooses among values of "
            'parameters; write {"policies.canary.bake": "10min..60min/6"}'
        )
    racing = Racing(
        scenario,
        _by_name(candidates_of(scenario, list(chosen), variations)),
        scenario.study.seed if seed is None else seed,
        engine,
        most_runs,
        # Each look plays on from the last.
        Means(executor, {} if store is None else store, progress),
    )
    return Plan(racing.run(fresh_runs), command)


def _require_runs(name: str, runs: object) -> None:
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < FIRST_RUNS:
        raise InvalidInput(
            f"{name} = {runs!r}: must be a whole number of at least {FIRST_RUNS}; give 4000, say"
        )


def _by_name(found: Sequence[Candidate]) -> dict[str, Candidate]:
    """The candidates by name; what has the name of another is refused."""
    by_name: dict[str, Candidate] = {}
    for each in found:
        if each.name in by_name:
            raise InvalidInput(
                f"vary: two candidates would be called {each.name!r}; give the policy of the "
                "scenario that has this name another, or no value twice"
            )
        by_name[each.name] = each
    return by_name
