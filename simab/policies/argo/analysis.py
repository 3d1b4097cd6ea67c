"""An Argo analysis run: when each metric is measured, its counters, and when which verdict falls.

Source: argo-rollouts analysis/analysis.go (generateMetricTasks, assessMetricStatus and
assessRunStatus). Two sentences of the tool's documentation say otherwise, and the code is followed:
"failureLimit: 3" fails a metric at the fourth failed measurement, not "after three"; and a metric
without conditions is Successful, not Inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from simab.policies.argo.metrics import ArgoMetric, Measurement, Phase, measure
from simab.policies.look_reading import LookReading
from simab.policies.observation import Observation

__all__ = [
    "ERROR_RETRY_NS",
    "AnalysisRun",
    "MetricResult",
    "advance",
    "metric_phase",
    "new_measurements",
    "next_measurement_ns",
    "start",
]

ERROR_RETRY_NS: Final = 10_000_000_000
_WORSE: Final = (
    Phase.SUCCESSFUL,
    Phase.RUNNING,
    Phase.PENDING,
    Phase.INCONCLUSIVE,
    Phase.ERROR,
    Phase.FAILED,
)


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The counters of one metric; errors are not part of `count`."""

    phase: Phase = Phase.PENDING
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    finished_ns: int | None = None
    last: Measurement | None = None


class AnalysisRun(NamedTuple):
    """A run: when it started, how it stands, each metric's counters, and why it stands so."""

    started_ns: int
    results: Mapping[str, MetricResult]
    phase: Phase = Phase.RUNNING
    message: str = ""


def start(metrics: Mapping[str, ArgoMetric], observation: Observation) -> AnalysisRun:
    """A new run, with the measurements that are due at once."""
    run = AnalysisRun(observation.now_ns, {name: MetricResult() for name in metrics})
    return advance(run, metrics, observation)


def advance(
    run: AnalysisRun, metrics: Mapping[str, ArgoMetric], observation: Observation
) -> AnalysisRun:
    """The run after the measurements that were due by now, each taken at its own instant.

    A metric's clock is its own: looks that are further apart than its interval find several
    measurements due, and each reads what was published at the instant when it was.
    """
    while not run.phase.completed:
        due = _due(run, metrics)
        instant_ns = min(due.values(), default=None)
        if instant_ns is None or instant_ns > observation.now_ns:
            break
        then = observation
        if instant_ns < observation.now_ns:
            then = observation.as_of(instant_ns)
        run = _measured(run, metrics, [name for name in due if due[name] == instant_ns], then)
    return run


def next_measurement_ns(run: AnalysisRun | None, metrics: Mapping[str, ArgoMetric]) -> int | None:
    """When the next measurement of a run is due; None when there is no further one, or no run."""
    if run is None or run.phase.completed:
        return None
    return min(_due(run, metrics).values(), default=None)


def new_measurements(
    before: AnalysisRun | None, after: AnalysisRun, metrics: Mapping[str, ArgoMetric]
) -> list[LookReading]:
    """The newest measurement of each metric that was taken since; None: since the start."""
    verdicts = {Phase.SUCCESSFUL: True, Phase.FAILED: False}
    found = []
    for name, metric in metrics.items():
        result = after.results[name]
        known = before.results[name] if before is not None else MetricResult()
        if result.last is None or result.count + result.error == known.count + known.error:
            continue
        words = f"{result.last.words}{metric.bound}{', dry run' if metric.dry_run else ''}"
        found.append(LookReading(name, words, verdicts.get(result.last.phase)))
    return found


def _due(run: AnalysisRun, metrics: Mapping[str, ArgoMetric]) -> dict[str, int]:
    """When the metrics that are still measured are next."""
    due = {name: _due_ns(metric, run.results[name], run) for name, metric in metrics.items()}
    return {name: each for name, each in due.items() if each is not None}


def _measured(
    run: AnalysisRun, metrics: Mapping[str, ArgoMetric], due: Sequence[str], then: Observation
) -> AnalysisRun:
    """The run after the measurements of one instant."""
    results = dict(run.results)
    for name in due:
        result = _counted(results[name], measure(metrics[name], then), then.now_ns)
        results[name] = replace(result, phase=metric_phase(metrics[name], result))
    if any(_violated(results[name], metric) for name, metric in metrics.items()):
        # The others are terminated: their phase is Successful if they are not violated themselves.
        results = {
            name: replace(result, phase=metric_phase(metrics[name], result, terminating=True))
            for name, result in results.items()
        }
    return _assessed(run._replace(results=results), metrics)


def metric_phase(metric: ArgoMetric, result: MetricResult, *, terminating: bool = False) -> Phase:
    """How a metric stands: each check of the counters overrules the ones before it."""
    if result.phase.completed:
        return result.phase
    if result.last is None:
        return Phase.SUCCESSFUL if terminating else Phase.PENDING
    violation = _violation(metric, result)
    if violation is not None:
        return violation[0]
    by_successes = metric.consecutive_success_limit > 0
    if by_successes and result.consecutive_success >= metric.consecutive_success_limit:
        return Phase.SUCCESSFUL
    count = metric.effective_count
    if count is not None and result.count >= count:
        if by_successes:
            return Phase.FAILED if metric.failure_limit < 0 else Phase.INCONCLUSIVE
        return Phase.SUCCESSFUL
    return Phase.SUCCESSFUL if terminating else Phase.RUNNING


def _violation(metric: ArgoMetric, result: MetricResult) -> tuple[Phase, str] | None:
    """The last of the three limits that is passed, with its numbers."""
    found = None
    if 0 <= metric.failure_limit < result.failed:
        words = f"failed {result.failed} > failure_limit {metric.failure_limit}"
        found = Phase.FAILED, words
    if result.inconclusive > metric.inconclusive_limit:
        words = f"inconclusive {result.inconclusive} > inconclusive_limit"
        found = Phase.INCONCLUSIVE, f"{words} {metric.inconclusive_limit}"
    if result.consecutive_error > metric.consecutive_error_limit:
        words = f"errors on end {result.consecutive_error} > consecutive_error_limit"
        found = Phase.ERROR, f"{words} {metric.consecutive_error_limit}"
    return found


def _due_ns(metric: ArgoMetric, result: MetricResult, run: AnalysisRun) -> int | None:
    """When the next measurement is due; None when no further one is."""
    if result.phase.completed:
        return None
    if result.last is None or result.finished_ns is None:
        return run.started_ns + metric.initial_delay
    if metric.interval is None or result.last.phase is Phase.ERROR:
        return result.finished_ns + ERROR_RETRY_NS
    return result.finished_ns + metric.interval


def _counted(result: MetricResult, measurement: Measurement, now_ns: int) -> MetricResult:
    phase = measurement.phase
    is_error, is_success = phase is Phase.ERROR, phase is Phase.SUCCESSFUL
    return MetricResult(
        phase=Phase.RUNNING,
        count=result.count + (not is_error),
        successful=result.successful + is_success,
        failed=result.failed + (phase is Phase.FAILED),
        inconclusive=result.inconclusive + (phase is Phase.INCONCLUSIVE),
        error=result.error + is_error,
        consecutive_error=result.consecutive_error + 1 if is_error else 0,
        consecutive_success=result.consecutive_success + 1 if is_success else 0,
        finished_ns=now_ns,
        last=measurement,
    )


def _violated(result: MetricResult, metric: ArgoMetric) -> bool:
    bad = (Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE)
    return result.phase in bad and not metric.dry_run


def _assessed(run: AnalysisRun, metrics: Mapping[str, ArgoMetric]) -> AnalysisRun:
    """The worst of the metrics that have a say, once all are over; Running until then."""
    if not all(result.phase.completed for result in run.results.values()):
        return run
    counted = [name for name, metric in metrics.items() if not metric.dry_run]
    worst = max(counted, key=lambda name: _WORSE.index(run.results[name].phase), default=None)
    if worst is None:
        return run._replace(phase=Phase.SUCCESSFUL, message="all metrics are dry runs")
    result = run.results[worst]
    return run._replace(phase=result.phase, message=_message(worst, metrics[worst], result))


def _message(name: str, metric: ArgoMetric, result: MetricResult) -> str:
    violation = _violation(metric, result)
    why = f"{result.successful} successful"
    if violation is not None:
        why = violation[1]
    elif result.phase is not Phase.SUCCESSFUL:
        why = f"never {metric.consecutive_success_limit} successful on end"
    seen = f"; last {result.last.words}" if result.last is not None else ""
    return f"metric {name} {result.phase}: {why} in {result.count} measurements{seen}"
