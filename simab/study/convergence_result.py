"""The records of a study of convergence as one result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.convergence.latency_dependence import (
    latency_dependence,
    pooled_truth,
    window_effects,
)
from simab.analyse.convergence.metric_convergence import (
    AskedMetric,
    Checkpoints,
    LabelCheckpoints,
    metric_convergence,
)
from simab.analyse.convergence.over_runs import MetricRuns, label_bias
from simab.analyse.convergence.record import ConvergenceRecord, MetricSeries
from simab.analyse.convergence.request_estimates import REQUEST_METRICS
from simab.errors import InvalidInput
from simab.explain.capacity import candidate_serves
from simab.policies.immature import AsArrived
from simab.policies.metrics import of_labels
from simab.result.convergence_result import ConvergenceResult
from simab.result.studied_convergence import (
    CountingBias,
    LabelBias,
    LatencyDependence,
    MetricConvergence,
    StudiedConvergence,
    WindowEffect,
)
from simab.scenario import dumps
from simab.scenario.world_names import DESCRIBED
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.intervals import mean_interval
from simab.study.convergence_plan import ORACLE, ConvergencePlan, ConvergenceSettings
from simab.study.environment import environment
from simab.study.execution import Executor, Progress
from simab.study.label_countings import counting_biases
from simab.study.measuring import HELD_WEIGHTS, MeasuredRuns, measured_runs, runs_at_a_glance
from simab.study.plan import StudyPlan
from simab.text.dates import UTC_NAME
from simab.units import seconds
from simab.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "convergence_at_a_glance",
    "convergence_result",
    "convergence_runs",
    "convergence_series",
    "studied_convergence",
]

Floats = NDArray[np.float64]
_REQUESTS_AT_A_GLANCE: Final = 10_000_000  # of all runs; they take one or two seconds
_MOST_AT_A_GLANCE: Final = 40
_FEWEST_AT_A_GLANCE: Final = 10
_Z: Final = two_sided_normal_quantile(0.95)


def convergence_result(
    plan: ConvergencePlan, played: MeasuredRuns, command: str
) -> ConvergenceResult:
    """What all runs say together, and how it was made; plays nothing.

    Raises:
        InvalidInput: every run failed.
    """
    scenario = plan.scenario
    return ConvergenceResult(
        simab_version=VERSION,
        command=command,
        title=scenario.title,
        question=scenario.question,
        scenario_yaml=dumps(scenario),
        scenario_hash=plan.plan.world_hashes[DESCRIBED],
        environment=environment(),
        seed=plan.seed,
        found=studied_convergence(plan, played),
    )


def studied_convergence(plan: ConvergencePlan, played: MeasuredRuns) -> StudiedConvergence:
    """What all runs say together.

    Raises:
        InvalidInput: every run failed.
    """
    name, scenario = plan.policy[0], plan.scenario
    runs = played.values  # noqa: PD011 - no pandas
    records: Sequence[ConvergenceRecord] = runs[DESCRIBED, name]
    if not records:
        raise InvalidInput(
            f"policy {name}: failed in every run, first with {played.failures[0].error}"
        )
    others = runs.get((ORACLE, name), [])
    objective, names = scenario.objective, plan.measure.variants
    times_s = tuple(min(seconds(each), seconds(scenario.horizon)) for each in plan.measure.times_ns)
    period_s = seconds(scenario.metrics.period)
    metrics = [*_of_labels(plan, records, others, times_s), *_of_requests(plan, records, times_s)]
    metrics.sort(key=lambda each: each.name != (plan.settings.metric or objective.metric))
    dependences, effects = _of_latency(plan, records, period_s)
    return StudiedConvergence(
        replications=len(records),
        failed=len(played.failures),
        policy=name,
        control=names[0],
        candidate=names[1],
        smallest_effect=objective.smallest_effect,
        horizon_s=seconds(scenario.horizon),
        starts_at=scenario.starts_at,
        period_s=period_s,
        publication_delay_s=seconds(scenario.metrics.publication_delay),
        decision_labels=plan.decision[0],
        decision_rule=plan.decision[1],
        times_s=times_s,
        metrics=tuple(metrics),
        latency=dependences,
        windows=effects,
        no_oracle=plan.no_oracle,
        other_decisions=plan.other_decisions,
        truth_rows=plan.truth_table[0],
        truth_rows_differ=plan.truth_table[1],
        countings=_countings(plan, runs),
        answers_change=bool(scenario.other_answers) or None,
        left_out=tuple(each for each in objective.every_candidate if each not in names) or None,
        time_zone=None if scenario.time_zone == UTC_NAME else scenario.time_zone,
    )


def convergence_runs(
    plan: ConvergencePlan, *, executor: Executor | None = None, progress: Progress | None = None
) -> MeasuredRuns:
    """Play all that the plan compares, as `measured_runs` does."""
    played = measured_runs(
        plan.plan, executor=executor, progress=progress and _part(progress, 0, plan.rows)
    )
    if plan.counted_otherwise is None:
        return played
    done = len(list(plan.plan.cells()))
    others = measured_runs(
        plan.counted_otherwise,
        executor=executor,
        progress=progress and _part(progress, done, plan.rows),
    )
    values = {**played.values, **others.values}  # noqa: PD011 - no pandas
    return MeasuredRuns(values, [*played.failures, *others.failures])


def _part(progress: Progress, before: int, rows: int) -> Progress:
    """Progress of runs that come after others, of all."""
    return lambda done, _: progress(before + done, rows)


def convergence_at_a_glance(study: StudyPlan, world: str, policy: str) -> StudiedConvergence | None:
    """How fast the objective's metric converges in the first runs of a world, at most 40.

    With weights held, where the candidate has one from the start; else under the policy. None where
    a few runs have more requests than a report takes time for, the policy failed in all, or the
    metric is none of labels.
    """
    scenario = study.worlds[world]
    if of_labels(scenario.objective.metric) is None:
        return None
    runs = runs_at_a_glance(
        study,
        world,
        requests=_REQUESTS_AT_A_GLANCE,
        fewest=_FEWEST_AT_A_GLANCE,
        most=_MOST_AT_A_GLANCE,
    )
    if not runs:
        return None
    played_under = (policy, study.policy(world, policy))
    if candidate_serves(scenario):
        played_under = HELD_WEIGHTS
    plan = ConvergencePlan(
        scenario,
        played_under,
        ConvergenceSettings(),
        runs,
        study.seed,
        study.engine,
        at_a_glance=True,
        rules=(policy, *(name for name in study.policies if name != policy)),
    )
    found = measured_runs(plan.plan)
    return studied_convergence(plan, found) if found.of(DESCRIBED, played_under[0]) else None


def _of_latency(
    plan: ConvergencePlan, records: Sequence[ConvergenceRecord], period_s: float
) -> tuple[tuple[LatencyDependence, ...], tuple[WindowEffect, ...]]:
    """What the mean latency of a run is worth, and percentiles of windows, by variant."""
    dependences: list[LatencyDependence | None] = []
    effects: list[WindowEffect] = []
    measured = [each.requests for each in records if each.requests is not None]
    if not measured:
        return (), ()
    for which, name in enumerate(plan.measure.variants):
        runs = [each.whole[which] for each in measured]
        dependences.append(latency_dependence(name, runs, period_s))
        effects += window_effects(name, runs, period_s)
    return tuple(each for each in dependences if each is not None), tuple(effects)


def _of_labels(
    plan: ConvergencePlan,
    records: Sequence[ConvergenceRecord],
    others: Sequence[ConvergenceRecord],
    times_s: tuple[float, ...],
) -> list[MetricConvergence]:
    labelled = np.array([each.labelled for each in records])
    at = Checkpoints(
        plan.measure.variants,
        times_s,
        labelled.min(axis=1).mean(axis=0),
        plan.scenario.starts_at,
    )
    reached = np.array([each.reached_s for each in records])
    found = []
    for which, metric in enumerate(plan.metrics):
        asked = plan.asked(metric)
        counted = LabelCheckpoints(
            plan.measure.counts, reached, _stacked([each.by_labels[which] for each in records])
        )
        found.append(
            metric_convergence(
                asked,
                _stacked([each.metrics[which] for each in records]),
                at,
                counted,
                _bias(plan, which, records, others, asked),
            )
        )
    return found


def _countings(
    plan: ConvergencePlan, runs: Mapping[tuple[str, str], Sequence[ConvergenceRecord]]
) -> tuple[CountingBias, ...] | None:
    """How far every way to count young requests is off; None where none are compared."""
    if not plan.countings:
        return None
    held, arrived = plan.policy[0], AsArrived().kind
    by_name = {
        each.name: runs[DESCRIBED, held if each.immature.kind == arrived else each.name]
        for each in plan.countings
    }
    return counting_biases(plan.countings, by_name, runs[ORACLE, held])


def _bias(
    plan: ConvergencePlan,
    which: int,
    records: Sequence[ConvergenceRecord],
    others: Sequence[ConvergenceRecord],
    asked: AskedMetric,
) -> list[LabelBias]:
    """Of both variants, where an oracle's runs are there; replications that both have."""
    by_replication: Mapping[int, ConvergenceRecord] = {each.replication: each for each in others}
    pairs = [
        (each, by_replication[each.replication])
        for each in records
        if each.replication in by_replication
    ]
    if not pairs:
        return []
    return [
        label_bias(
            name,
            asked.truths[variant],
            *(
                (
                    np.array([pair[side].metrics[which].value[variant, -1] for pair in pairs]),
                    np.array([float(pair[side].labelled[variant, -1]) for pair in pairs]),
                )
                for side in (0, 1)
            ),
        )
        for variant, name in enumerate(plan.measure.variants)
    ]


def _stacked(series: Sequence[MetricSeries]) -> MetricRuns:
    return MetricRuns(
        *(
            np.array([getattr(each, field) for each in series])
            for field in ("value", "low", "high", "difference", "error", "p_value")
        )
    )


def _of_requests(
    plan: ConvergencePlan, records: Sequence[ConvergenceRecord], times_s: tuple[float, ...]
) -> list[MetricConvergence]:
    """Errors and latencies, with naive tests of their naive intervals."""
    from scipy.special import ndtr

    series = [each.requests for each in records if each.requests is not None]
    if not series:
        return []
    value, low, high = (
        np.array([getattr(each, field) for each in series]) for field in ("value", "low", "high")
    )
    served = np.array([each.served for each in series])
    at = Checkpoints(
        plan.measure.variants,
        times_s,
        served.min(axis=1).mean(axis=0),
        plan.scenario.starts_at,
    )
    pooled = [pooled_truth([each.whole[which] for each in series]) for which in (0, 1)]
    found = []
    for which, name in enumerate(REQUEST_METRICS):
        difference = value[:, which, 1] - value[:, which, 0]
        errors = (high[:, which] - low[:, which]) / (2.0 * _Z)
        error = np.sqrt((errors**2).sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = 2.0 * ndtr(-np.abs(difference / error))
        runs = MetricRuns(
            value[:, which], low[:, which], high[:, which], difference, error, p_value
        )
        truths = (pooled[0][which], pooled[1][which])
        asked = plan.asked_of_requests(name, truths, differ=_differ(difference[:, -1]))
        found.append(metric_convergence(asked, runs, at))
    return found


def _differ(differences: Floats) -> bool:
    """Whether the runs together show a difference: their 99.9 % interval leaves out 0."""
    known = differences[np.isfinite(differences)]
    interval = mean_interval(known, level=0.999).interval
    return interval.low > 0.0 or interval.high < 0.0


def convergence_series(plan: ConvergencePlan, played: MeasuredRuns) -> pd.DataFrame:
    """One row a run, metric, variant and checkpoint, of the scenario as described."""
    import pandas as pd

    runs = played.values  # noqa: PD011 - no pandas
    records: Sequence[ConvergenceRecord] = runs[DESCRIBED, plan.policy[0]]
    times_s = [seconds(each) for each in plan.measure.times_ns]
    parts = []
    for record in records:
        requests = record.requests
        assert requests is not None, "a study of convergence looks at requests"
        found: list[tuple[str, Floats, Floats, Floats, NDArray[np.int64]]] = [
            (name, each.value, each.low, each.high, record.labelled)
            for name, each in zip(plan.metrics, record.metrics, strict=True)
        ]
        found += [
            (name, requests.value[at], requests.low[at], requests.high[at], requests.served)
            for at, name in enumerate(REQUEST_METRICS)
        ]
        parts += [
            pd.DataFrame(
                {
                    "replication": record.replication,
                    "metric": name,
                    "variant": variant,
                    "at_s": times_s,
                    "samples": samples[which],
                    "value": value[which],
                    "low": low[which],
                    "high": high[which],
                }
            )
            for name, value, low, high, samples in found
            for which, variant in enumerate(plan.measure.variants)
        ]
    return pd.concat(parts, ignore_index=True)
