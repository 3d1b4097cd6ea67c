"""Traces and sessions made ready to be played: columns by number, laws as tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simab.profiles.outcomes import word_thresholds
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.replay import rows_of
from simab.scenario.trace import Sessions, Trace

__all__ = ["SessionPlan", "TracePlan", "session_plan", "trace_plan"]

_WORD = 2.0**64


@dataclass(frozen=True, slots=True, eq=False)
class TracePlan:
    """A trace; `targets` and `sizes` have an entry for each of its rows, None where not given."""

    described: Trace
    targets: NDArray[np.uint64] | None
    sizes: NDArray[np.int32] | None


@dataclass(frozen=True, slots=True, eq=False)
class SessionPlan:
    """A word is of a session of counts[i] requests where i of the `thresholds` are at or below."""

    thresholds: NDArray[np.uint64]
    counts: NDArray[np.int64]
    gaps: QuantileTable

    def counts_of(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """How many requests each session has."""
        return self.counts[np.searchsorted(self.thresholds, words, side="right")]


def trace_plan(
    trace: Trace | None, variants: Sequence[str], columns: Sequence[str]
) -> TracePlan | None:
    """Targets as words, of variants by name, and sizes in the order of the scenario's columns."""
    if trace is None:
        return None
    rows = rows_of(trace)
    targets = sizes = None
    if rows.targets is not None:
        words = [0, *(variants.index(name) + 1 for name in rows.target_names)]
        targets = np.array(words, dtype=np.uint64)[rows.targets + 1]
    if any(name in columns for name in trace.sizes):
        sizes = np.zeros((len(rows.times_ns), len(columns)), dtype=np.int32)
        for number, name in enumerate(columns):
            if name in trace.sizes:
                sizes[:, number] = rows.sizes[:, trace.sizes.index(name)]
    return TracePlan(trace, targets, sizes)


def session_plan(sessions: Sessions | None) -> SessionPlan | None:
    """Numbers of requests as parts of the range of a word."""
    if sessions is None:
        return None
    gaps = sessions.gap.table()
    if sessions.shares:
        counts = sorted((int(number), share) for number, share in sessions.shares.items())
        thresholds = word_thresholds([Fraction(share) for _, share in counts])
        return SessionPlan(thresholds, np.array([number for number, _ in counts]), gaps)
    mean = sessions.mean_requests
    if sessions.law == "fixed" or mean == 1.0:
        return SessionPlan(np.zeros(0, np.uint64), np.array([int(mean)]), gaps)
    thresholds = _geometric(mean)
    return SessionPlan(thresholds, np.arange(1, len(thresholds) + 2), gaps)


def _geometric(mean: float) -> NDArray[np.uint64]:
    """Where the range of a word is cut between 1, 2, ... requests, to its last bits.

    By products alone: powers differ in their last bit from one machine to the next.
    """
    more = 1.0 - 1.0 / mean
    most = math.ceil(math.log(2.0**-64) / math.log(more))
    survival = np.multiply.accumulate(np.full(most, more))
    shares = 1.0 - survival
    cuts = (shares[shares < 1.0] * _WORD).astype(np.uint64)
    return np.unique(cuts)
