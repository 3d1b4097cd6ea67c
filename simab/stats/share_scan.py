"""The largest deviation of a realised share over any stretch of time, and what chance makes it.

The scan statistic of window counts: over all intervals of windows, the count of one variant less
what its share promises, in standard deviations of independent draws.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level

__all__ = ["Deviation", "largest_deviation", "scan_p_value"]

_FEWEST: Final = 5.0
"""Requests that are expected of a variant in an interval, and of the others, for it to count."""


class Deviation(NamedTuple):
    """An interval of windows, from `first` up to, not including, `last`, and its deviation.

    `score` is in standard deviations, with the sign of the deviation.
    """

    first: int
    last: int
    score: float


def largest_deviation(hits: ArrayLike, trials: ArrayLike, share: float) -> Deviation:
    """The interval whose share is furthest from `share` (shapes: windows and windows).

    Only intervals count in which at least 5 hits and 5 misses are expected; without any the score
    is 0. Raises InvalidInput unless the share lies strictly between 0 and 1 and each window has as
    many trials as hits at least.
    """
    require_level("share", share)
    counted, asked = _windows(hits, trials)
    return _largest(np.cumsum(counted - asked * share), np.cumsum(asked), share)


def scan_p_value(
    found: Deviation, trials: ArrayLike, share: float, *, simulations: int = 999, seed: int = 1
) -> float:
    """How often independent draws deviate as much over any interval, by so many simulations.

    The share of simulations, the one seen included, that reach its score (Davison and Hinkley
    1997, section 4.2), so that it errs at most as often as it says. Same seed, same value.
    """
    _, asked = _windows(np.zeros(np.shape(trials)), trials)
    generator = np.random.default_rng(seed)
    ends = np.cumsum(asked)
    reached = 0
    for _ in range(simulations):
        drawn = generator.binomial(asked.astype(np.int64), share)
        other = _largest(np.cumsum(drawn - asked * share), ends, share)
        reached += abs(other.score) >= abs(found.score) * (1.0 - 1e-12)
    return (1 + reached) / (1 + simulations)


def _windows(hits: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counted, asked = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if counted.ndim != 1 or counted.shape != asked.shape or not (counted >= 0).all():
        raise InvalidInput("hits, trials: must be two lists of counts of one length, of 0 or more.")
    if not (counted <= asked).all():
        raise InvalidInput("hits: must be at most the trials of their window; count both alike.")
    return counted, asked


def _largest(excess: NDArray[np.float64], ends: NDArray[np.float64], share: float) -> Deviation:
    """From running sums of hits beyond what is expected, and of trials."""
    above, until = np.concatenate(([0.0], excess)), np.concatenate(([0.0], ends))
    best = Deviation(0, 0, 0.0)
    for length in range(1, above.size):
        deviations = above[length:] - above[:-length]
        trials = until[length:] - until[:-length]
        enough = trials * min(share, 1.0 - share) >= _FEWEST
        if not enough.any():
            continue
        scores = deviations / np.sqrt(np.where(enough, trials, np.inf) * share * (1.0 - share))
        first = int(np.argmax(np.abs(scores)))
        if abs(scores[first]) > abs(best.score):
            best = Deviation(first, first + length, float(scores[first]))
    return best
