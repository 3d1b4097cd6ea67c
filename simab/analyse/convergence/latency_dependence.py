"""What the mean latency of one run is worth, and what percentiles of windows say of all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simab.analyse.convergence.over_runs import coverage_of
from simab.analyse.convergence.request_estimates import MERGED, METHODS, LatencyRun, quantile_ms
from simab.result.studied_convergence import LatencyDependence, MethodCoverage, WindowEffect
from simab.stats.dependent_means import MeanError, effective_sample_size
from simab.stats.intervals import mean_interval

__all__ = ["latency_dependence", "pooled_truth", "window_effects"]

_TITLES = {
    "independent": "requests taken for independent",
    "batch means": "20 batch means",
    "spectrum": "spectrum at 0",
}
_GROUP = 10  # runs of one interval of runs
_FEWEST_GROUPS = 5


def pooled_truth(runs: Sequence[LatencyRun]) -> tuple[float, float, float, float]:
    """Error rate, mean, median and 99 % latency in ms of all requests of all runs together."""
    histogram = np.sum([each.histogram for each in runs], axis=0)
    served = sum(each.requests for each in runs)
    invocations = sum(each.invocations for each in runs)
    total = math.fsum(each.requests * each.errors[0].mean for each in runs if each.requests)
    return (
        sum(each.failed for each in runs) / invocations if invocations else math.nan,
        total / served if served else math.nan,
        quantile_ms(histogram, 0.5),
        quantile_ms(histogram, 0.99),
    )


def latency_dependence(
    variant: str, runs: Sequence[LatencyRun], period_s: float
) -> LatencyDependence | None:
    """The methods beside one another; None where fewer than two runs served anything."""
    served = [each for each in runs if each.requests > 1]
    if len(served) < 2:
        return None
    truth = pooled_truth(served)[1]
    means = np.array([each.errors[0].mean for each in served])
    methods = [
        _method(name, [each.errors[at] for each in served], truth)
        for at, name in enumerate(METHODS)
    ]
    variance = float(np.mean([each.variance for each in served]))
    return LatencyDependence(
        variant=variant,
        mean_ms=truth,
        requests=float(np.mean([each.requests for each in served])),
        effective=effective_sample_size(variance, float(means.std(ddof=1))),
        warm_up_s=float(np.median([each.warm_up for each in served])) * period_s,
        methods=(*methods, *_of_runs(means, truth)),
    )


def _method(name: str, errors: Sequence[MeanError], truth: float) -> MethodCoverage:
    means = np.array([each.mean for each in errors])
    margins = np.array([each.half_width() for each in errors])
    known = margins[np.isfinite(margins)]
    return MethodCoverage(
        method=_TITLES[name],
        half_width=float(np.median(known)) if known.size else math.nan,
        coverage=coverage_of(means - margins, means + margins, truth),
        reason="" if known.size else str(errors[0].reason),
    )


def _of_runs(means: NDArray[np.float64], truth: float) -> Sequence[MethodCoverage]:
    """Intervals of the means of ten runs each, where there are enough runs for five of them."""
    groups = len(means) // _GROUP
    if groups < _FEWEST_GROUPS:
        return ()
    found = [mean_interval(means[at * _GROUP : (at + 1) * _GROUP]) for at in range(groups)]
    low, high = (
        np.array([getattr(each.interval, end) for each in found]) for end in ("low", "high")
    )
    return (
        MethodCoverage(
            method=f"means of {_GROUP} runs",
            half_width=float(np.median((high - low) / 2.0)),
            coverage=coverage_of(low, high, truth),
        ),
    )


def window_effects(
    variant: str, runs: Sequence[LatencyRun], period_s: float
) -> tuple[WindowEffect, ...]:
    """The mean 99 % latency of windows of the file's period and of longer ones."""
    whole = pooled_truth(runs)[3]
    found = []
    for at, merged in enumerate(MERGED):
        high = [each.window_p99[at] for each in runs if math.isfinite(each.window_p99[at])]
        if high:
            requests = [each.window_requests[at] for each in runs]
            found.append(
                WindowEffect(
                    variant=variant,
                    period_s=merged * period_s,
                    requests=float(np.nanmean(requests)),
                    mean_p99_ms=float(np.mean(high)),
                    p99_ms=whole,
                )
            )
    return tuple(found)
