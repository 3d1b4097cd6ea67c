"""Windows in which a guardrail was broken, for all windows of a run at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simab.policies.limits import ErrorRateLimit, LatencyLimit, Limit
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.run.simulation import Run
from simab.stats.request_totals import bucket_floor_ns
from simab.units import seconds
from simab.world.run_counts import CARRY_NS, RequestColumn, RunCounts

__all__ = ["broken_windows", "guardrail_breach_s"]


def guardrail_breach_s(run: Run) -> float:
    """Time until the horizon in windows in which some variant that served users broke a guardrail.

    The horizon may cut the last window short.
    """
    run_counts = run.data.run_counts
    broken = broken_windows(run_counts, run.scenario.objective.guardrails)
    period_ns, horizon_ns = run_counts.blueprint.period_ns, run_counts.blueprint.horizon_ns
    breached_ns = int(broken.sum()) * period_ns
    if broken[-1]:
        breached_ns -= len(broken) * period_ns - horizon_ns
    return seconds(breached_ns)


def broken_windows(run_counts: RunCounts, limits: Iterable[Limit]) -> NDArray[np.bool_]:
    """Whether some variant broke a limit, shape (windows,); mirrored copies do not count.

    A window is broken where `Limit.breached` says so of its totals.
    """
    broken = np.zeros(len(run_counts.requests), dtype=np.bool_)
    served = run_counts.user_requests() > 0
    for limit in limits:
        for number in range(len(run_counts.blueprint.names)):
            broken |= served[:, number] & _breached(run_counts, number, limit)
    return broken


def _breached(run_counts: RunCounts, number: int, limit: Limit) -> NDArray[np.bool_]:
    if isinstance(limit, ErrorRateLimit):
        return _over_error_rate(run_counts.requests[:, number], limit.at_most)
    if limit.metric == "latency_mean":
        return _over_mean(run_counts.requests[:, number], limit)
    probability = LATENCY_PROBABILITIES[limit.metric]
    buckets = run_counts.latency_counts.quantile_buckets(number, [probability])[0]
    # The floors of buckets rise, so "the floor is over the limit" holds from one bucket on.
    over = [bucket for bucket in np.unique(buckets) if bucket >= 0]
    over = [bucket for bucket in over if bucket_floor_ns(int(bucket)) > limit.at_most]
    return buckets >= over[0] if over else np.zeros(len(buckets), dtype=np.bool_)


def _over_error_rate(requests: NDArray[np.int64], at_most: float) -> NDArray[np.bool_]:
    invocations = requests[:, RequestColumn.INVOCATIONS]
    errors = requests[:, RequestColumn.FAILED] + requests[:, RequestColumn.REJECTED]
    return (invocations > 0) & (errors / np.maximum(invocations, 1) > at_most)


def _over_mean(requests: NDArray[np.int64], limit: LatencyLimit) -> NDArray[np.bool_]:
    served = requests[:, RequestColumn.ANSWERED] + requests[:, RequestColumn.FAILED]
    sums = requests[:, [RequestColumn.LATENCY_SUM_NS, RequestColumn.LATENCY_CARRIES]]
    # Whole numbers of Python's: a sum with its carries is too long for 64 bits.
    return np.array(
        [
            many > 0 and (low + carries * CARRY_NS) / many > limit.at_most
            for many, (low, carries) in zip(served.tolist(), sums.tolist(), strict=True)
        ],
        dtype=np.bool_,
    )
