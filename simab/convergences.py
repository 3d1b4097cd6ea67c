"""Say how fast the metrics of a scenario converge: `convergence(...) -> Convergence`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from simab.errors import InvalidInput
from simab.result.convergence_result import ConvergenceResult
from simab.result.measured_policy import HELD
from simab.run.simulation import require_scenario
from simab.scenario.models import Scenario
from simab.study.arguments import require_places
from simab.study.convergence_plan import ConvergencePlan, ConvergenceSettings
from simab.study.convergence_result import convergence_result, convergence_runs, convergence_series
from simab.study.execution import Executor, Progress
from simab.study.measuring import MeasuredRuns, policy_or_held
from simab.world.control import Decider

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Convergence", "convergence", "planned_convergence"]


@dataclass(frozen=True, eq=False)
class Convergence:
    """How fast each metric of a scenario converges, and what its intervals cover."""

    scenario: Scenario
    plan: ConvergencePlan
    runs: MeasuredRuns
    command: str

    @cached_property
    def result(self) -> ConvergenceResult:
        """Everything that was found, as one record; plays nothing."""
        return convergence_result(self.plan, self.runs, self.command)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a metric and purpose: how many requests it takes, by theory and by simulation."""
        import pandas as pd

        from simab.report.convergence_tables import size_rows

        return pd.DataFrame(size_rows(self.result.found))

    @cached_property
    def series(self) -> pd.DataFrame:
        """One row a run, metric, variant and checkpoint: the estimate and its 95 % interval.

        Columns: replication, metric, variant, at_s, samples (labelled or served requests so far),
        value, low, high. What is not known yet is NaN.
        """
        return convergence_series(self.plan, self.runs)

    def report(self, path: str | Path) -> Path:
        """Write report.html, convergence.json and sizes.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_convergence

        write_convergence(self.result, Path(path))
        return Path(path) / "report.html"

    def __repr__(self) -> str:
        return (
            f"<Convergence of {len(self.plan.metrics)} label metrics, {self.plan.replications} "
            f"replications, {len(self.runs.failures)} failed, seed {self.plan.seed}: "
            f"{self.scenario.title!r}>"
        )

    def _repr_html_(self) -> str:
        from simab.report import convergence_table_html

        return convergence_table_html(self.result)


def convergence(  # noqa: PLR0913 - the public contract, all by keyword
    scenario: Scenario,
    *,
    policy: str | Decider | None = None,
    metric: str | None = None,
    half_width: float | None = None,
    labels: int | None = None,
    replications: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    command: str | None = None,
) -> Convergence:
    """Play a scenario many times and say when its metrics distinguish the two variants.

    Estimates with their 95 % intervals are taken at some forty instants, and when both variants
    have 10, 15, 20 and so on labels, as production would see them. Truth is exact for metrics of
    labels; for latencies and errors it is that of all runs together.

    Args:
        scenario: what to play.
        policy: the name of one of its policies, or any object with `decide`, to play under; by
            default weights are held as the file has them.
        metric: what is asked for: a label metric, "error_rate", "latency_mean", "latency_p50" or
            "latency_p99"; by default the objective's. All others are measured as well.
        half_width: half the width that the 95 % interval of its difference is to have; in units of
            the metric, of latencies in ms. By default the smallest effect, of latencies 5 %.
        labels: labelled requests of each variant at which to judge; by default those that the
            file's first rule that counts labels waits for.
        replications: how often it is played; by default what the scenario's `study` says.
        seed: of all random numbers; by default what the scenario's `study` says.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        engine: "compiled" or "reference"; same bits.
        progress: a function that is called with how many runs are done, of how many.
        command: what the report says remakes it.

    Raises:
        InvalidInput: an argument that cannot be, or a policy that failed in every run.
    """
    require_places(executor, None)
    plan = planned_convergence(
        scenario,
        policy,
        ConvergenceSettings(metric, half_width, labels),
        replications=replications,
        seed=seed,
        engine=engine,
    )
    runs = convergence_runs(plan, executor=executor, progress=progress)
    return Convergence(scenario, plan, runs, command or _call(plan))


def planned_convergence(
    scenario: Scenario,
    policy: str | Decider | None = None,
    settings: ConvergenceSettings | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
) -> ConvergencePlan:
    """What a study of convergence with these arguments plays; plays nothing.

    Raises:
        InvalidInput: an argument that cannot be.
    """
    require_scenario(scenario)
    asked = settings or ConvergenceSettings()
    _require_settings(asked)
    chosen = policy_or_held(scenario, policy)
    study = scenario.study
    plan = ConvergencePlan(
        scenario,
        chosen,
        asked,
        study.replications if replications is None else replications,
        study.seed if seed is None else seed,
        engine,
    )
    _ = plan.plan, plan.metrics  # refuse what cannot be, before anything is played
    return plan


def _require_settings(asked: ConvergenceSettings) -> None:
    if asked.half_width is not None and not 0.0 < asked.half_width < float("inf"):
        raise InvalidInput(
            f"half_width = {asked.half_width!r}: must be above 0 and finite; give 0.02, say"
        )
    if asked.labels is not None and not (type(asked.labels) is int and asked.labels >= 1):
        raise InvalidInput(
            f"labels = {asked.labels!r}: must be a whole number of at least 1; give 120, say"
        )


def _call(plan: ConvergencePlan) -> str:
    """The call that makes it again."""
    asked = {
        "policy": None if plan.policy[0] == HELD else plan.policy[0],
        "metric": plan.settings.metric,
        "half_width": plan.settings.half_width,
        "labels": plan.settings.labels,
        "replications": plan.replications,
        "seed": plan.seed,
    }
    words = [f"{name}={value!r}" for name, value in asked.items() if value is not None]
    return f"simab.convergence(scenario, {', '.join(words)})"
