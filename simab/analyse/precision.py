"""How far intervals are from the precision that is asked for, replication by replication."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.requirements import reading_of
from simab.result.columns import COLUMNS, RunLimits
from simab.result.quantities import QUANTITIES
from simab.result.run_summary import RunSummary
from simab.result.truth_summary import TruthSummary
from simab.scenario.precision import Precision
from simab.stats.cost_intervals import cost_mean
from simab.stats.look_ahead import mean_half_widths, share_half_widths

__all__ = ["LEAST", "narrowing", "reported_excess"]

LEAST: Final = 100
"""Replications before an interval is looked at.

Hoad, Robinson and Davies begin at 3; but what a run costs is often 0 and seldom much, and as long
as no run has shown it, Student's interval has no width.
"""

Floats = NDArray[np.float64]


def narrowing(
    asked: Sequence[Precision],
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
    replications: int,
) -> Floats:
    """The widest of all intervals that are asked for, after each replication.

    They are of all quantities in all worlds that these are about, of all policies or those that are
    meant. At index n - 1 stands the half-width after n replications, over the one asked for. A
    quantity that no world is about is narrow: there is nothing to estimate.
    """
    excess = np.zeros(replications)
    for precision in asked:
        for each in _excesses(precision, truths, rows, replications):
            # A NaN stays: an interval that cannot be given is not narrow.
            excess = np.maximum(excess, each)
    return excess


def reported_excess(
    asked: Sequence[Precision],
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
    limits: Mapping[str, RunLimits],
) -> float:
    """The widest of all intervals as a report of these rows has them, over the ones asked for.

    A report's interval of a mean also holds what few runs or none have shown, up to the `limits` of
    a run, by world; that of a share is the one of `narrowing`.
    """
    widest = 0.0
    for precision in asked:
        column = COLUMNS.get(precision.quantity)
        if column is None:
            continue
        for world, _, values in _values(precision, truths, rows):
            if column.of_worse and not truths[world].worse:
                continue  # no run can have any, and none is shown
            found = cost_mean(values, *column.range_of(values, limits[world]))
            half_width = (found.interval.high - found.interval.low) / 2
            wanted = precision.half_width * (abs(found.estimate) if precision.relative else 1.0)
            excess = half_width / wanted if wanted else math.inf if half_width else 0.0
            widest = max(widest, math.inf if math.isnan(excess) else excess)
    return widest


def _excesses(
    precision: Precision,
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
    replications: int,
) -> Iterator[Floats]:
    is_share = QUANTITIES[precision.quantity].is_share_of_runs
    for _, own, values in _values(precision, truths, rows):
        series = np.full(replications, np.nan)
        series[[row.replication for row in own]] = values
        yield _excess(precision, series, is_share=is_share)


def _values(
    precision: Precision,
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
) -> Iterator[tuple[str, Sequence[RunSummary], list[float]]]:
    """World, rows and their values, of each policy that is meant in each world that it is about."""
    reading = reading_of(precision.quantity)
    for world, truth in truths.items():
        for policy, own in rows[world].items():
            if reading.is_about(truth) and precision.policy in (None, policy):
                yield world, own, [reading.value(row, truth) for row in own]


def _excess(precision: Precision, values: Floats, *, is_share: bool) -> Floats:
    if is_share:
        return share_half_widths(values) / precision.half_width
    half_widths, means = mean_half_widths(values)
    if not precision.relative:
        return half_widths / precision.half_width
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0 of a mean of 0 is as narrow as can be.
        relative = np.where(half_widths == 0, 0.0, half_widths / np.abs(means))
    return relative / precision.half_width
