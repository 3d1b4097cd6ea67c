"""A run to what a study of convergence keeps of it: each metric at checkpoints, with its interval.

Labels count when they have arrived, or as a rule counts those of young requests; latencies and
errors when their window is published, as in production. Checkpoints are instants, and counts of
labels that both variants have reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.convergence.metric_estimates import difference_of, estimate_of
from simab.analyse.convergence.request_estimates import RequestSeries, request_series
from simab.policies.metrics import LabelMetric
from simab.run.simulation import Run
from simab.stats.label_totals import LabelTotals, known_scores
from simab.world.run_counts import LabelColumn, RewardColumn, RunCounts

__all__ = ["ConvergenceMeasure", "ConvergenceRecord", "MetricSeries"]

Floats = NDArray[np.float64]
_COUNTED: Final = LabelColumn.FAILURE + 1  # the columns that count each labelled request once


@dataclass(frozen=True, slots=True, eq=False)
class MetricSeries:
    """A metric of control and candidate at each checkpoint, and its difference.

    Shapes: `value`, `low` and `high` (2, checkpoints); `difference`, which is candidate less
    control, its standard `error` and the `p_value` of no difference (checkpoints,). NaN where it is
    not known.
    """

    value: Floats
    low: Floats
    high: Floats
    difference: Floats
    error: Floats
    p_value: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ConvergenceRecord:
    """What is kept of a run.

    `metrics` and `by_labels` hold a series for each label metric, at the instants and at the counts
    asked for; `labelled` has shape (2, instants), and `reached_s` is when each count was reached,
    NaN where it never was. `requests` is None where only labels are looked at.
    """

    replication: int
    metrics: tuple[MetricSeries, ...]
    labelled: NDArray[np.int64]
    by_labels: tuple[MetricSeries, ...]
    reached_s: Floats
    requests: RequestSeries | None


@dataclass(frozen=True)
class ConvergenceMeasure:
    """What to measure: label metrics of two variants, at instants and at counts of labels.

    Instants are multiples of the label resolution, rising; counts rise too.
    """

    variants: tuple[str, str]
    metrics: tuple[LabelMetric, ...]
    times_ns: tuple[int, ...]
    counts: tuple[int, ...]
    labels_alone: bool = False
    reads_requests: bool = False

    def of(self, run: Run) -> ConvergenceRecord:
        """The record of a run."""
        counts = run.data.run_counts
        numbers = [counts.blueprint.names.index(name) for name in self.variants]
        labelled = _labelled(counts, numbers)
        instants = [at // counts.blueprint.label_resolution_ns for at in self.times_ns]
        reached = _reached(labelled, self.counts)
        edges = sorted({*instants, *(each for each in reached if each)} - {0})
        totals = _totals(counts, numbers, edges)
        place = {edge: at for at, edge in enumerate(edges)}
        series = tuple(_series(metric, totals) for metric in self.metrics)
        at_instants, at_counts = (
            [place.get(edge, -1) for edge in wanted] for wanted in (instants, reached)
        )
        resolution_s = counts.blueprint.label_resolution_ns / 1e9
        return ConvergenceRecord(
            replication=run.replication,
            metrics=tuple(_picked(each, at_instants) for each in series),
            labelled=labelled[:, np.array(instants) - 1],
            by_labels=tuple(_picked(each, at_counts) for each in series),
            reached_s=np.array([each * resolution_s if each else math.nan for each in reached]),
            requests=(
                None if self.labels_alone else request_series(counts, numbers, self.times_ns)
            ),
        )


def _labelled(counts: RunCounts, numbers: Sequence[int]) -> NDArray[np.int64]:
    """Labels of each of the variants up to the end of each bucket, shape (2, buckets)."""
    arrived = counts.labels[:, numbers, :_COUNTED].sum(axis=2)
    if len(counts.rewards):
        arrived = arrived + counts.rewards[:, numbers, RewardColumn.COUNT]
    total: NDArray[np.int64] = np.cumsum(arrived, axis=0).T
    return total


def _reached(labelled: NDArray[np.int64], counts: Sequence[int]) -> list[int]:
    """How many buckets it takes until both variants have each count; 0 where they never do."""
    smaller = labelled.min(axis=0)
    places = np.searchsorted(smaller, np.array(counts, dtype=np.int64), side="left")
    return [int(at) + 1 if at < smaller.size else 0 for at in places]


def _totals(
    counts: RunCounts, numbers: Sequence[int], edges: Sequence[int]
) -> list[tuple[LabelTotals, LabelTotals]]:
    """Totals of the labels of both variants in the buckets before each edge; edges rise."""
    until = [_until(each, numbers, edges) for each in (counts.labels, counts.scores)]
    rewards = _until(counts.rewards, numbers, edges) if len(counts.rewards) else None
    empty = np.zeros((len(edges), len(numbers), *counts.scores.shape[2:]), dtype=np.int64)
    labels, scores = until[0], until[1] if len(counts.scores) else empty
    found = []
    for at in range(len(edges)):
        control, candidate = (
            counts.totals_of_labels(
                number,
                counts.matured(number, edges[at], labels[at, which].tolist()),
                None if rewards is None else rewards[at, which].tolist(),
                known_scores(scores[at, which]),
            )
            for which, number in enumerate(numbers)
        )
        found.append((control, candidate))
    return found


def _until(array: NDArray[Any], numbers: Sequence[int], edges: Sequence[int]) -> NDArray[np.int64]:
    """Sums of the rows before each edge, of these variants; each row is added once."""
    if not len(array):
        return np.zeros(0, dtype=np.int64)
    kept = array[: edges[-1]][:, numbers]
    steps = np.add.reduceat(kept, [0, *edges[:-1]], axis=0, dtype=np.int64)
    return np.cumsum(steps, axis=0)


def _series(metric: LabelMetric, totals: Sequence[tuple[LabelTotals, LabelTotals]]) -> MetricSeries:
    estimates = np.array([[estimate_of(metric, each) for each in pair] for pair in totals])
    differences = np.array([difference_of(metric, *pair) for pair in totals])
    value, low, high = estimates.transpose(2, 1, 0)
    return MetricSeries(value, low, high, *differences.T)


def _picked(series: MetricSeries, places: Sequence[int]) -> MetricSeries:
    """The series at these places; NaN where one is -1."""
    wanted = np.array(places, dtype=np.int64)
    known = wanted >= 0

    def of(array: Floats) -> Floats:
        return np.where(known, array[..., np.maximum(wanted, 0)], math.nan)

    return MetricSeries(
        of(series.value),
        of(series.low),
        of(series.high),
        of(series.difference),
        of(series.error),
        of(series.p_value),
    )
