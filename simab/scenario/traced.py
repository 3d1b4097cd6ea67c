"""What a trace comes to in a run: requests a second, the busiest minute, how counts scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.scenario.replay import end_ns, replay, rows_of
from simab.scenario.trace import Trace

__all__ = [
    "Busiest",
    "busiest",
    "counts_in",
    "dispersion",
    "ends_ns",
    "mean_between_per_s",
    "means_over_per_s",
    "target_shares",
]

_NS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Busiest:
    """The span of a run with the most requests: when it begins, and requests a second in it."""

    begins_ns: int
    per_s: float


def mean_between_per_s(trace: Trace, horizon_ns: int, since_ns: int, until_ns: int) -> float:
    """Requests a second in a part of a run; 0 of a file that cannot be read, which is refused."""
    if not (arrived_ns := _arrived_ns(trace, horizon_ns)).size:
        return 0.0
    first, last = (int(each) for each in np.searchsorted(arrived_ns, (since_ns, until_ns)))
    return (last - first) * trace.keep / ((until_ns - since_ns) / _NS)


def means_over_per_s(
    trace: Trace, horizon_ns: int, starts_ns: NDArray[np.int64], span_ns: int
) -> NDArray[np.float64]:
    """The same of many parts of the same length."""
    arrived_ns = _arrived_ns(trace, horizon_ns)
    first, last = (np.searchsorted(arrived_ns, at) for at in (starts_ns, starts_ns + span_ns))
    return np.asarray((last - first) * trace.keep / (span_ns / _NS), dtype=np.float64)


def busiest(trace: Trace, horizon_ns: int, span_ns: int) -> Busiest:
    """The span with the most requests, of those that begin at multiples of it."""
    counts = counts_in(_arrived_ns(trace, horizon_ns), span_ns, horizon_ns)
    place = int(counts.argmax())
    return Busiest(place * span_ns, int(counts[place]) * trace.keep / (span_ns / _NS))


def counts_in(arrived_ns: NDArray[np.int64], span_ns: int, horizon_ns: int) -> NDArray[np.int64]:
    """How many requests come in each whole span of a run; in the run, if that is shorter."""
    spans = max(horizon_ns // span_ns, 1)
    places = arrived_ns // span_ns
    found: NDArray[np.int64] = np.bincount(places[places < spans], minlength=spans)
    return found


def dispersion(counts: NDArray[np.int64]) -> float:
    """The index of dispersion: the variance of counts over their mean, 1 for Poisson arrivals."""
    return float(counts.var(ddof=1) / counts.mean()) if len(counts) > 1 and counts.any() else 1.0


def ends_ns(trace: Trace) -> int | None:
    """When the trace is at its end; None where it loops, or cannot be read."""
    try:
        return end_ns(trace)
    except InvalidInput:
        return None


def target_shares(trace: Trace | None) -> dict[str, float]:
    """The shares of a trace's requests that name a target variant."""
    if trace is None or trace.target is None:
        return {}
    try:
        rows = rows_of(trace)
    except InvalidInput:
        return {}
    assert rows.targets is not None
    weights = np.ones(len(rows.targets)) if rows.counts is None else rows.counts
    sums = np.bincount(rows.targets + 1, weights=weights, minlength=len(rows.target_names) + 1)
    shares = sums / max(sums.sum(), 1.0)
    return {name: float(shares[place + 1]) for place, name in enumerate(rows.target_names)}


def _arrived_ns(trace: Trace, horizon_ns: int) -> NDArray[np.int64]:
    try:
        return replay(trace, horizon_ns).arrived_ns
    except InvalidInput:
        return np.zeros(0, dtype=np.int64)
