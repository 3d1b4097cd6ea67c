"""One run told in full: splits, windows, the objective's metric as labels arrive, each decision."""

from __future__ import annotations

import math
from typing import Any

from simab.analyse.outcome import Outcome
from simab.frames import describe_action
from simab.policies.metrics import label_metric
from simab.simulation import Run
from simab.stats.classification import METRICS_WITH_INTERVAL
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.intervals import wilson_interval
from simab.stats.label_totals import LabelTotals
from simab.units import seconds

__all__ = ["example_of"]

Json = dict[str, Any]


def example_of(run: Run, outcome: Outcome, chosen_because: str) -> Json:
    """The story of a run as plain data, for the report."""
    totals = run.totals
    return {
        "policy": run.policy_name,
        "replication": run.replication,
        "chosen_because": chosen_because,
        "outcome": str(outcome.verdict),
        "decided_at_s": outcome.decided_s,
        "weights": [
            {"at_s": seconds(entry.at_ns), "weights": _shares(entry.weights)}
            for entry in run.transcript.splits
        ],
        "windows": _windows(run),
        "metric_series": _metric_series(run),
        "decisions": [
            {
                "at_s": seconds(entry.at_ns),
                "action": type(entry.action).__name__,
                "detail": describe_action(entry.action),
                "accepted": entry.accepted,
                "because": entry.action.because if entry.accepted else entry.refusal,
            }
            for entry in run.transcript.decisions
        ],
        "totals": {name: getattr(totals, name) for name in totals.__slots__},
    }


def _shares(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _windows(run: Run) -> list[Json]:
    """What users got: windows with mirrored copies alone are left out, copies are not counted."""
    books = run.ledger.books
    served = books.user_requests()
    rows = []
    for window in range(len(served)):
        for number, name in enumerate(books.blueprint.names):
            if served[window, number]:
                totals = books.request_totals(number, window, window + 1)
                rows.append(
                    {
                        "start_s": seconds(window * books.blueprint.period_ns),
                        "variant": name,
                        "invocations": int(served[window, number]),
                        "realised_share": int(served[window, number]) / int(served[window].sum()),
                        "error_rate": totals.error_rate,
                        "latency_p50_ms": _ms(totals.latency_quantile_ns(0.5)),
                        "latency_p99_ms": _ms(totals.latency_quantile_ns(0.99)),
                    }
                )
    return rows


def _metric_series(run: Run) -> list[Json]:
    """The objective's metric over all labels arrived by each window's end, with an interval."""
    books, objective = run.ledger.books, run.scenario.objective
    per_window = books.blueprint.period_ns // books.blueprint.label_resolution_ns
    ends_ns = [
        min(window * books.blueprint.period_ns, run.scenario.horizon)
        for window in range(len(books.requests) + 1)
    ]
    rows = []
    for window in range(1, len(books.requests) + 1):
        for name in (objective.control, objective.candidate):
            number = books.blueprint.names.index(name)
            totals = books.label_totals(number, 0, window * per_window)
            if totals.labelled:
                low, high = _interval(objective.metric, totals)
                rows.append(
                    {
                        "at_s": seconds(ends_ns[window]),
                        "variant": name,
                        "labelled": totals.labelled,
                        "value": _or_null(label_metric(objective.metric, totals)),
                        "low": _or_null(low),
                        "high": _or_null(high),
                    }
                )
    return rows


def _interval(metric: str, totals: LabelTotals) -> tuple[float, float]:
    """A 95 % interval where simab has one for the metric; else NaN."""
    if metric in ("accuracy", "success_rate"):
        interval = wilson_interval(totals.correct, totals.labelled)
    elif metric in METRICS_WITH_INTERVAL:
        interval = METRICS_WITH_INTERVAL[metric](totals.confusion).interval
    elif metric == "reward" and totals.rewards.tells_spread:
        margin = two_sided_normal_quantile(0.95) * totals.rewards.standard_error
        return totals.rewards.mean - margin, totals.rewards.mean + margin
    else:
        return math.nan, math.nan
    return interval.low, interval.high


def _ms(duration_ns: float) -> float | None:
    return _or_null(duration_ns / 1e6)


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
