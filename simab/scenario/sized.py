"""Latency by size among the traffic of a scenario: who sends sizes to whom, and how long it takes.

What is asked before a run (loads, waits, guardrails) needs a distribution: that of the requests of
the traces that may reach a variant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.profiles.by_size import FACTOR_ONE, BySize
from simab.profiles.durations import Samples
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.replay import rows_of
from simab.scenario.trace import Trace

__all__ = ["largest_ns", "reaches", "sized_segments", "with_laws", "work_ns"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)
_ROUNDING = 1e-9
_QUANTILES = 500
_FACTORS = 20


def reaches(segment: Segment, variant: str) -> bool:
    """Whether requests of a segment may come to a variant, at whatever weights."""
    if segment.paired_targets:
        return variant in segment.paired_targets
    by_weight = math.fsum(segment.targets.values()) < 1.0 - _ROUNDING
    return by_weight or variant in segment.targets


def sized_segments(scenario: UncheckedScenario, variant: str) -> Iterator[tuple[str, Segment]]:
    """The segments whose requests may come to a variant."""
    for name, segment in scenario.traffic.items():
        if reaches(segment, variant):
            yield name, segment


def work_ns(latency: BySize, trace: Trace) -> NDArray[np.int64]:
    """What each row of a trace takes, without its factor.

    Raises:
        InvalidInput: the file of the trace cannot be read.
    """
    rows = rows_of(trace)
    found = np.full(len(rows.times_ns), latency.base, dtype=np.int64)
    for name, per_unit_ns in latency.per_unit.items():
        found += rows.sizes[:, trace.sizes.index(name)].astype(np.int64) * per_unit_ns
    return found


def largest_ns(latency: BySize, segment: Segment) -> float:
    """What the largest request of a segment's trace may take at most."""
    assert segment.trace is not None
    rows = rows_of(segment.trace)
    largest = float(latency.base)
    for name, per_unit_ns in latency.per_unit.items():
        column = rows.sizes[:, segment.trace.sizes.index(name)]
        largest += float(column.max(initial=0)) * per_unit_ns
    return largest * float(latency.factors().edges[-1]) / FACTOR_ONE


def with_laws(scenario: AnyScenario) -> AnyScenario:
    """The scenario with distributions in place of latencies by size."""
    variants = {
        name: variant.model_copy(update={"latency": _law(variant.latency, scenario, name)})
        if isinstance(variant.latency, BySize)
        else variant
        for name, variant in scenario.endpoint.variants.items()
    }
    if variants == scenario.endpoint.variants:
        return scenario
    endpoint = scenario.endpoint.model_copy(update={"variants": variants})
    return scenario.model_copy(update={"endpoint": endpoint})


def _law(latency: BySize, scenario: UncheckedScenario, variant: str) -> Samples:
    """The distribution among the requests of all traces that may come; others are refused."""
    traces = (segment.trace for _, segment in sized_segments(scenario, variant))
    return _samples(
        latency,
        tuple(
            trace
            for trace in traces
            if trace is not None and set(latency.per_unit) <= set(trace.sizes)
        ),
    )


@lru_cache(maxsize=32)
def _samples(latency: BySize, traces: tuple[Trace, ...]) -> Samples:
    """Quantiles of what the rows of traces take, each row as heavy as its count."""
    times, weights = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for trace in traces:
        try:
            times.append(work_ns(latency, trace))
        except InvalidInput:  # it is refused
            continue
        counts = rows_of(trace).counts
        weights.append(np.ones(len(times[-1])) if counts is None else counts.astype(np.float64))
    work, weight = np.concatenate(times), np.concatenate(weights)
    if not weight.any():
        return Samples(values=(f"{latency.base}ns", f"{latency.base}ns"), scale=latency.scale)
    order = np.argsort(work, kind="stable")
    # The mean of each of so many equal parts, so that the mean of all is right.
    ends = np.concatenate([[0.0], np.cumsum(weight[order])])
    sums = np.concatenate([[0.0], np.cumsum(work[order] * weight[order])])
    edges = np.linspace(0.0, ends[-1], _QUANTILES + 1)
    quantiles = np.diff(np.interp(edges, ends, sums)) * (_QUANTILES / ends[-1])
    if latency.cv > 0.0:
        table = latency.model_copy(update={"scale": 1.0}).factors()
        shares = (np.arange(_FACTORS) + 0.5) / _FACTORS
        factors = np.array([table.quantile(each) for each in shares]) / table.mean
        quantiles = np.outer(quantiles, factors).ravel()
    values = tuple(round(each) for each in np.sort(quantiles).tolist())
    # Not validated: thousands of durations as texts would take a tenth of a second.
    return Samples.model_construct(values=values, scale=latency.scale)
