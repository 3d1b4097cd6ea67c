"""Counts of a run that was cut finer than its scenario says, as that scenario would have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.world.blueprint import Blueprint
from simab.world.run_counts import CARRY_NS, RequestColumn, RunCounts

__all__ = ["coarser_counts", "finer_windows"]

_HALF_BITS: Final = 31
_HALF_REST: Final = (1 << _HALF_BITS) - 1
_TIMES: Final = (
    (RequestColumn.LATENCY_SUM_NS, RequestColumn.LATENCY_CARRIES),
    (RequestColumn.WAIT_SUM_NS, RequestColumn.WAIT_CARRIES),
)


def finer_windows(scenario: Scenario, period_ns: int) -> Scenario:
    """The scenario with shorter metric windows, in which the same happens at the same instants.

    Autoscaling goes by datapoints of the length that they had.

    Raises:
        InvalidInput: the scenario's windows are no multiple of the period.
    """
    metrics = scenario.metrics
    if metrics.period % period_ns:
        raise InvalidInput(f"period_ns = {period_ns}: must divide metrics.period, {metrics.period}")
    variants = {
        name: variant
        if variant.autoscaling is None
        else variant.model_copy(
            update={
                "autoscaling": variant.autoscaling.model_copy(
                    update={"datapoint": variant.autoscaling.datapoint or metrics.period}
                )
            }
        )
        for name, variant in scenario.endpoint.variants.items()
    }
    return scenario.model_copy(
        update={
            "metrics": metrics.model_copy(update={"period": period_ns}),
            "endpoint": scenario.endpoint.model_copy(update={"variants": variants}),
        }
    )


def coarser_counts(fine: RunCounts, blueprint: Blueprint) -> RunCounts:
    """The counts in the windows and label buckets of a blueprint, which hold whole finer ones."""
    windows = blueprint.period_ns // fine.blueprint.period_ns
    buckets = blueprint.label_resolution_ns // fine.blueprint.label_resolution_ns
    coarse = RunCounts.open(blueprint)
    coarse.requests[:] = _summed(fine.requests, windows, len(coarse.requests))
    for column, carries in _TIMES:
        passed, rest = _summed_times(fine.requests[:, :, column], windows, len(coarse.requests))
        coarse.requests[:, :, carries] += passed
        coarse.requests[:, :, column] = rest
    coarse.labels[:] = _summed(fine.labels, buckets, len(coarse.labels))
    coarse.scores[:] = _summed(fine.scores, buckets, len(coarse.scores))
    coarse.rewards[:] = _summed(fine.rewards, buckets, len(coarse.rewards))
    coarse.invalid[:] = _summed(fine.invalid, windows, len(coarse.invalid))
    latencies = fine.latency_counts.coarser(windows, coarse.latency_counts)
    return replace(
        coarse, latency_counts=latencies, totals=fine.totals.copy(), clients=fine.clients.copy()
    )


def _summed_times(
    times_ns: NDArray[np.int64], together: int, groups: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """How often sums pass CARRY_NS, and what is left; in two halves, as they outgrow 64 bits."""
    low = _summed(times_ns & _HALF_REST, together, groups)
    high = _summed(times_ns >> _HALF_BITS, together, groups) + (low >> _HALF_BITS)
    passed, rest = np.divmod(high, CARRY_NS >> _HALF_BITS)
    return passed, (rest << _HALF_BITS) + (low & _HALF_REST)


def _summed(counts: NDArray[Any], together: int, groups: int) -> NDArray[Any]:
    """Sums over so many neighbours each; the last group may be cut short."""
    if not len(counts):
        return counts
    starts = np.arange(groups) * together
    return np.add.reduceat(counts, starts, axis=0)
