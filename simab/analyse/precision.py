"""How far intervals are from the precision that is asked for, replication by replication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simab.analyse.requirements import reading_of
from simab.result.quantities import QUANTITIES
from simab.result.run_summary import RunSummary
from simab.result.truth_summary import TruthSummary
from simab.scenario.precision import Precision
from simab.stats.look_ahead import mean_half_widths, share_half_widths

__all__ = ["LEAST_FOR_MEANS", "LEAST_FOR_SHARES", "Narrowing", "narrowing"]

LEAST_FOR_SHARES = 100
"""Replications before an interval of a share is looked at."""
LEAST_FOR_MEANS = 3
"""The same of a mean, as Hoad, Robinson and Davies have it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The widest interval of all that are asked for, after each replication.

    `excess` has at index n - 1 its half-width after n replications, over the one asked for; `first`
    is the smallest number of replications that the rule may stop at.
    """

    excess: Floats
    first: int


def narrowing(
    asked: Sequence[Precision],
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
    replications: int,
) -> Narrowing:
    """Of all quantities in all worlds that they are about, of all policies or those that are meant.

    A quantity that no world is about is narrow: there is nothing to estimate.
    """
    excess, first = np.zeros(replications), LEAST_FOR_MEANS
    for precision in asked:
        if QUANTITIES[precision.quantity].is_share_of_runs:
            first = LEAST_FOR_SHARES
        for each in _excesses(precision, truths, rows, replications):
            # A NaN stays: an interval that cannot be given is not narrow.
            excess = np.maximum(excess, each)
    return Narrowing(excess, first)


def _excesses(
    precision: Precision,
    truths: Mapping[str, TruthSummary],
    rows: Mapping[str, Mapping[str, Sequence[RunSummary]]],
    replications: int,
) -> Iterator[Floats]:
    reading = reading_of(precision.quantity)
    is_share = QUANTITIES[precision.quantity].is_share_of_runs
    for world, truth in truths.items():
        if not reading.is_about(truth):
            continue
        for policy, own in rows[world].items():
            if precision.policy not in (None, policy):
                continue
            values = np.full(replications, np.nan)
            for row in own:
                values[row.replication] = reading.value(row, truth)
            yield _excess(precision, values, is_share=is_share)


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
